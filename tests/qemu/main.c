/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * main.c - the payload: all cases that go with the number of CPUs, one after the other; then the machine is
 * turned off.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/machine.h"
#include "tests/qemu/tap.h"

/* On one CPU, in virtual time. */
static const struct tap_case alone[] = {
	{ "devices reach the host's memory after the snapshot", case_inside },
	{ "devices do not reach the hypervisor", case_outside },
	{ "devices do not reach a page that was not the host's at the snapshot", case_not_the_hosts },
	{ "devices do not write where the host may only read", case_readable },
	{ "queues, stream table, tables of every level and registers of the SMMU are out of reach", case_hypervisor },
	{ "a page is revoked, its neighbours are not", case_revoke_page },
	{ "a run of pages is revoked, its neighbours are not", case_revoke_run },
	{ "a page of a 2 MiB block is revoked while devices use the rest", case_revoke_in_2m },
	{ "a page of a 1 GiB block is revoked while devices use the rest", case_revoke_in_1g },
	{ "a run inside a 1 GiB block is revoked while devices use the rest", case_revoke_run_in_1g },
	{ "the same at break-before-make levels 1 and 0", case_revoke_bbm },
	{ "pages of contiguous groups are revoked while devices use the rest", case_revoke_in_group },
	{ "pages, blocks and runs with a granule of 16 KiB", case_revoke_16k },
	{ "pages, blocks and runs with a granule of 64 KiB", case_revoke_64k },
	{ "runs with odd ends are revoked to the page, with range commands and without", case_revoke_odd },
	{ "odd runs are invalidated to the page, or rounded up by less than a sixteenth", case_range_commands },
	{ "a granted page is reachable at once, and costs no command", case_grant },
	{ "a page granted for reading alone cannot be written", case_grant_readable },
	{ "a grant of the hypervisor's memory grants nothing and is reported", case_grant_reserved },
	{ "tables become blocks again and serve elsewhere while devices use both", case_collapse },
	{ "a stale TLB entry lets a device in until it is invalidated", case_stale_until_invalidated },
	{ "a ticket is not complete before a slow SMMU is done", case_stale_until_complete },
	{ "revokes on a slow SMMU are in force when their trips end", case_slow },
	{ "a stream aborts until it is let in", case_stream_later },
	{ "a stream that was made to abort does so at once, and comes back", case_stream_abort },
	{ "all streams that were made to abort do so at once, and come back one by one", case_abort_all },
	{ "an SMMU that was shut down aborts for good", case_shutdown },
	{ "a detached SMMU aborts, and comes back without what was revoked meanwhile", case_detach },
	{ "an SMMU that lost its power meanwhile comes back the same way", case_power },
	{ "an SMMU that lost its power without a word is shut by whoever looks next", case_reset },
	{ "an SMMU in use is taken over without a moment of bypass", case_take_over },
	{ "a refused command is replaced by one that covers it", case_refused_command },
	{ "so is one about the configuration", case_refused_configuration },
	{ "an SMMU that refuses what nothing covers is shut, and comes back", case_unknown_command },
	{ "an SMMU that cannot read its commands is shut, and comes back", case_unreadable_queue },
	{ "a small command queue goes round many times", case_queue_wrap },
	{ "events beyond the queue are counted as lost, and later ones are seen", case_event_overflow },
	{ "an event raises its interrupt, and an access that is allowed does not", case_irq_events },
	{ "a refused command raises the error interrupt, and is repaired before anybody waits",
	  case_irq_gerror },
	{ "events that cannot be written down raise the error interrupt, and are acknowledged",
	  case_unwritable_events },
	{ "a disk reads into what it may of a list of pages", case_nvme },
	{ "a disk whose list of pages is revoked writes nothing", case_nvme_queue },
	{ "a page costs so many instructions", case_cost },
	/* The last one: QEMU's SMMU never goes back to a table of one level. */
	{ "a stream table of two levels lets in who is in it, and refuses the rest", case_two_levels },
};

/* On several, in real time, where edu takes 100 ms each time. */
static const struct tap_case together[] = {
	{ "a disk reads into what it may of a list of pages", case_nvme },
	{ "CPUs queue, flush and wait at once while a disk is busy between their pages", case_cpus },
};

void payload_main(void)
{
	machine_start(0);
	if (machine_cpus() == 1)
		tap_run(alone, sizeof(alone) / sizeof(alone[0]));
	else
		tap_run(together, sizeof(together) / sizeof(together[0]));
	machine_off();
}
