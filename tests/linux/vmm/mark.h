/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * mark.h - tells the recorder at EL2, in a kernel that has one, what to record.
 */
#ifndef TESTS_LINUX_VMM_MARK_H
#define TESTS_LINUX_VMM_MARK_H

void mark_start(void);
void mark_stop(void);
void mark_phase(unsigned phase);

#endif
