/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ring.h - takes what the recorder at EL2 keeps in memory, as a machine without semihosting has to.
 */
#ifndef TESTS_LINUX_VMM_RING_H
#define TESTS_LINUX_VMM_RING_H

/* Begin to write the recording to the second virtio disk. */
void ring_start(void);

/* After the recording was stopped: wait for its end, and say how long it is. */
void ring_finish(void);

#endif
