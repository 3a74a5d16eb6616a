/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_main.h - `s2shadow scale`.
 */
#ifndef BENCH_SCALE_MAIN_H
#define BENCH_SCALE_MAIN_H

/* Return: the exit status. */
int scale_main(int argc, char **argv);

#endif
