/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * mark.c - tells the recorder at EL2 what to record. Without one, nothing happens.
 */
#include "tests/linux/vmm/mark.h"

#include <stdio.h>

#include "tests/linux/vmm/file.h"

#define CONTROL "/sys/kernel/debug/s2record/control"

void mark_start(void)
{
	file_write(CONTROL, "start");
}

void mark_stop(void)
{
	file_write(CONTROL, "stop");
}

void mark_phase(unsigned phase)
{
	char text[32];

	snprintf(text, sizeof(text), "mark %x", phase);
	file_write(CONTROL, text);
}
