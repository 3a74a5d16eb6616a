/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_cpus.c - several CPUs queue, flush and wait at once, while a disk is busy in the pages between theirs.
 *
 * CPUs 0 to 2 make trips. Their pages lie side by side in the same tables. CPU 3 has the disk: it reads into
 * pages that nobody revokes, over and over, makes a trip each time while the disk is at work, and has it read
 * into a page of another CPU's when that asks for it.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/lock.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/tap.h"

#define TRIPPERS 3u
#define DRIVER	 3u
#define TRIPS	 960u
#define ASK	 8u /* each so many trips */
#define PAGES	 16u
#define MARK	 UINT64_C(0xcb0)

static uint64_t asked[TRIPPERS];  /* page to read into, 0: none */
static unsigned answer[TRIPPERS]; /* the disk's status */
static uint32_t trippers;
static uint64_t reads;

/* Four pages in turn: three are the CPUs', the last one the disk's. */
static uint64_t page_of(unsigned cpu, uint64_t i)
{
	return RIG_LARGE + (i * 4 + cpu) * rig.page_bytes;
}

static volatile uint64_t *word(uint64_t page)
{
	return (volatile uint64_t *)page;
}

static unsigned disk_reads(unsigned cpu, uint64_t page)
{
	*word(page) = 0;
	__atomic_store_n(&asked[cpu], page, __ATOMIC_RELEASE);
	while (__atomic_load_n(&asked[cpu], __ATOMIC_ACQUIRE))
		machine_sleep_ns(1000);
	return answer[cpu];
}

/* Group commit, as docs/locking.md has it: whoever comes first flushes for all. */
static void revoke_in_group(unsigned cpu, uint64_t page)
{
	struct shadow_transition donate = { .start = { page },
					    .page_count = 1,
					    .new_state = SHADOW_STATE_NOPAGE };
	shadow_ticket_t ticket = rig_queue_only(cpu, &donate);
	int error;

	while ((error = shadow_wait(rig.engine, ticket, RIG_WAIT_NS)) == -SHADOW_EAGAIN) {
		lock_take(&rig.lock);
		(void)shadow_flush(rig.engine);
		lock_give(&rig.lock);
	}
	check_equal((uint64_t)-error, 0);
}

static void revoke_either_way(unsigned cpu, uint64_t page, bool in_group)
{
	if (in_group)
		revoke_in_group(cpu, page);
	else
		rig_revoke(cpu, page, 1);
}

static void make_trips(unsigned cpu)
{
	for (uint64_t i = 0; i < TRIPS; i++) {
		uint64_t page = page_of(cpu, i * 7 % 1000);

		if (i % ASK == 0) {
			check_equal(disk_reads(cpu, page), 0);
			check_equal(*word(page), MARK + 1);
		}
		revoke_either_way(cpu, page, (i + i / ASK) & 1);
		if (i % ASK == 0) {
			(void)disk_reads(cpu, page); /* it does not notice, see case_nvme.c */
			check_equal(*word(page), 0);
		}
		if (i & 2)
			rig_grant(cpu, page, 1, SHADOW_ACCESS_RW);
	}
	__atomic_fetch_sub(&trippers, 1, __ATOMIC_RELEASE);
}

/* The driver's own page: gone while the disk is at work, and the disk does not reach it afterwards. */
static void make_driver_trip(unsigned cpu, uint64_t round, const uint64_t *pages)
{
	uint64_t page = page_of(DRIVER, 1000 + round * 13 % 1000);

	check_equal(nvme_copy(&rig.nvme, false, 1, &page, 1), 0);
	check_equal(*word(page), MARK + 1);
	*word(page) = 0;
	nvme_begin(&rig.nvme, false, 0, pages, PAGES);
	revoke_either_way(cpu, page, round & 1);
	check_equal(nvme_end(&rig.nvme), 0);
	(void)nvme_copy(&rig.nvme, false, 1, &page, 1);
	check_equal(*word(page), 0);
	rig_grant(cpu, page, 1, SHADOW_ACCESS_RW);
}

static void drive(unsigned cpu)
{
	uint64_t pages[PAGES];

	for (uint64_t round = 0; __atomic_load_n(&trippers, __ATOMIC_ACQUIRE); round++) {
		for (unsigned i = 0; i < PAGES; i++) {
			pages[i] = page_of(DRIVER, (round * PAGES + i) * 3 % 1000);
			*word(pages[i]) = 0;
		}
		make_driver_trip(cpu, round, pages);
		for (unsigned i = 0; i < PAGES; i++)
			check_equal(*word(pages[i]), MARK + i);
		reads++;
		for (unsigned i = 0; i < TRIPPERS; i++) {
			uint64_t page = __atomic_load_n(&asked[i], __ATOMIC_ACQUIRE);

			if (!page)
				continue;
			answer[i] = nvme_copy(&rig.nvme, false, 1, &page, 1);
			__atomic_store_n(&asked[i], 0, __ATOMIC_RELEASE);
		}
	}
}

void case_cpus(void)
{
	const struct rig_shape shape = { .nvme = true, .cmdq_lg2 = 4 };
	uint64_t pages[PAGES];

	if (!rig_start(&shape))
		return;
	for (unsigned i = 0; i < PAGES; i++) {
		pages[i] = page_of(DRIVER, i);
		*word(pages[i]) = MARK + i;
	}
	check_equal(nvme_copy(&rig.nvme, true, 0, pages, PAGES), 0);
	trippers = TRIPPERS;
	reads = 0;
	check(machine_cpu_on(DRIVER, drive));
	for (unsigned cpu = 1; cpu < TRIPPERS; cpu++)
		check(machine_cpu_on(cpu, make_trips));
	make_trips(0);
	machine_cpus_wait();
	check(reads > 0);

	/* All is as the trips have left it. */
	for (uint64_t i = 0; i < 1000; i += 97)
		check(edu_writes(&rig.edu[0], page_of(DRIVER, i)));
	rig_stop();
}
