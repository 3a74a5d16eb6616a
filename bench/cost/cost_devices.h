/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_devices.h - the descriptions of bench/devices, as a part of the program.
 */
#ifndef BENCH_COST_DEVICES_H
#define BENCH_COST_DEVICES_H

/* The last one's name is NULL. */
extern const struct cost_devices {
	const char *name, *text, *end;
} cost_devices[];

#endif
