/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_stale.c - a TLB entry that has become wrong is there, lets a device in, and is gone when the ticket is
 * complete.
 *
 * These show that the other cases could fail: the SMMU does remember.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

#define PAGE (RIG_SMALL + UINT64_C(0x9000))
#define SLOW 6u /* reads of CONS until the SMMU looks */

static const struct rig_shape plain;
static const struct shadow_transition donate = { .start = { PAGE },
						 .page_count = 1,
						 .new_state = SHADOW_STATE_NOPAGE };
static bool got_in;

static void try_page(void)
{
	got_in = edu_writes(&rig.edu[0], PAGE);
}

void case_stale_until_invalidated(void)
{
	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	got_in = false;
	spy_before_doorbell(try_page);
	rig_revoke(0, PAGE, 1);
	check(got_in); /* the descriptor was gone by then */
	check(rig_closed(PAGE));
	rig_stop();
}

/* An SMMU that takes its time: until the ticket is complete, the page is the device's. */
void case_stale_until_complete(void)
{
	shadow_ticket_t ticket;

	if (!rig_start(&plain))
		return;
	check(edu_writes(&rig.edu[0], PAGE));
	spy_delay(SLOW);
	ticket = rig_queue(0, &donate);
	check(!shadow_complete(rig.engine, ticket));
	check(edu_writes(&rig.edu[0], PAGE));
	check(!shadow_complete(rig.engine, ticket));
	rig_wait(ticket);
	check(shadow_complete(rig.engine, ticket));
	check(!edu_writes(&rig.edu[0], PAGE));
	check(rig_closed(PAGE));
	rig_stop();
}

/* The same for a run of trips: each waits for its own. */
void case_slow(void)
{
	if (!rig_start(&plain))
		return;
	spy_delay(SLOW);
	for (uint64_t i = 0; i < 20; i++) {
		uint64_t page = RIG_LARGE + i * UINT64_C(0x1235000);

		check(edu_writes(&rig.edu[0], page));
		rig_revoke(0, page, 1 + i % 3);
		check(!edu_writes(&rig.edu[0], page));
	}
	rig_stop();
}
