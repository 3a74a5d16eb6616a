/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_help.h - what `s2shadow profile --help` says.
 */
#ifndef BENCH_COST_HELP_H
#define BENCH_COST_HELP_H

extern const char cost_help[];

#endif
