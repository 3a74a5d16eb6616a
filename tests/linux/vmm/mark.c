/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * mark.c - tells the recorder at EL2 what to record. Without one, nothing happens.
 */
#include "tests/linux/vmm/mark.h"

#include <stdio.h>

#include "tests/linux/vmm/file.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/ring.h"
#include "tests/linux/vmm/say.h"

#define CONTROL "/sys/kernel/debug/s2record/control"

static bool in_ring;

void mark_start(void)
{
	unsigned kib = (unsigned)option_number("ring", 0);
	char text[32];

	if (!kib) {
		file_write(CONTROL, "start");
		return;
	}
	snprintf(text, sizeof(text), "start %u", kib);
	if (!file_write(CONTROL, text))
		die(CONTROL);
	in_ring = true;
	ring_start();
}

void mark_stop(void)
{
	file_write(CONTROL, "stop");
	if (in_ring)
		ring_finish();
}

void mark_phase(unsigned phase)
{
	char text[32];

	snprintf(text, sizeof(text), "mark %x", phase);
	file_write(CONTROL, text);
}
