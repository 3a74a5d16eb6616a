/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stats.h - what the hypervisor counts and logs, from debugfs.
 */
#ifndef TESTS_LINUX_VMM_STATS_H
#define TESTS_LINUX_VMM_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* Show all there are, each in a line "stats LABEL NAME VALUE...". */
void stats_show(const char *label);

/* Is that the mode? */
bool stats_mode(const char *mode);

/* One of them; 0 when there is none. */
uint64_t stats_value(const char *name);

/* Was there an event of that stream at an address of the same page as @address, among the last ones? */
bool stats_event(unsigned stream, uint64_t address);

/* A test case, unless s2shadow is off: EL2's walk of the shadow and of the page states finds no difference.
 */
void stats_audit(void);

#endif
