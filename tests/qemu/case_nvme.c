/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_nvme.c - a disk: every command takes some DMA of its own beside the data, and lists name many pages.
 *
 * QEMU's takes no notice when data is refused, and says that all went well: what counts is what is in memory
 * and on the disk.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/tap.h"

#define PAGES  32u
#define MARK   UINT64_C(0x0dd0000000000000)
#define SECRET UINT64_C(0x5ec0000000000000)
#define SPARE  1000u /* a page of the disk */
#define SOURCE (RIG_SMALL + UINT64_C(0x800000))
#define TARGET (RIG_LARGE + UINT64_C(0x400000))

static uint64_t pages[PAGES];

static volatile uint64_t *word(uint64_t page)
{
	return (volatile uint64_t *)page;
}

/* Pages of @start .. in an order of their own. */
static void name_pages(uint64_t start)
{
	for (unsigned i = 0; i < PAGES; i++)
		pages[i] = start + i * 5 % PAGES * UINT64_C(3) * NVME_PAGE;
}

static void fill_disk(void)
{
	name_pages(SOURCE);
	for (unsigned i = 0; i < PAGES; i++) {
		word(pages[i])[0] = MARK | i;
		word(pages[i])[511] = ~(MARK | i);
	}
	check_equal(nvme_copy(&rig.nvme, true, 0, pages, PAGES), 0);
	name_pages(TARGET);
}

static void clear(void)
{
	for (unsigned i = 0; i < PAGES; i++)
		word(pages[i])[0] = word(pages[i])[511] = 0;
}

/* Page @i has what is on the disk, or it has nothing of it. */
static bool has(unsigned i)
{
	return word(pages[i])[0] == (MARK | i) && word(pages[i])[511] == ~(MARK | i);
}

static bool untouched(unsigned i)
{
	return !word(pages[i])[0] && !word(pages[i])[511];
}

void case_nvme(void)
{
	const struct rig_shape shape = { .nvme = true };

	if (!rig_start(&shape))
		return;
	fill_disk();
	for (unsigned round = 0; round < 8; round++) {
		unsigned gone = round * 11 % PAGES;

		clear();
		check_equal(nvme_copy(&rig.nvme, false, 0, pages, PAGES), 0);
		for (unsigned i = 0; i < PAGES; i++)
			check(has(i));

		rig_revoke(0, pages[gone], 1);
		clear();
		(void)nvme_copy(&rig.nvme, false, 0, pages, PAGES);
		for (unsigned i = 0; i < PAGES; i++)
			check(i == gone ? untouched(i) : has(i));

		word(pages[gone])[0] = SECRET + round;
		(void)nvme_copy(&rig.nvme, true, SPARE, &pages[gone], 1);
		check_equal(nvme_copy(&rig.nvme, false, SPARE, &pages[gone ^ 1], 1), 0);
		check(word(pages[gone ^ 1])[0] != SECRET + round);

		rig_grant(0, pages[gone], 1, SHADOW_ACCESS_RW);
		check_equal(nvme_copy(&rig.nvme, false, gone, &pages[gone], 1), 0);
		check(has(gone));
	}
	rig_stop();
}

/* The disk's own queue: once it is gone, commands are not even fetched, and nothing is written. */
void case_nvme_queue(void)
{
	const struct rig_shape shape = { .nvme = true };

	if (!rig_start(&shape))
		return;
	fill_disk();
	clear();
	rig_revoke(0, (uintptr_t)rig.nvme.list, 1);
	check(nvme_copy(&rig.nvme, false, 0, pages, PAGES) != 0); /* its list of pages cannot be read */
	for (unsigned i = 0; i < PAGES; i++)
		check(untouched(i));
	rig_grant(0, (uintptr_t)rig.nvme.list, 1, SHADOW_ACCESS_RW);
	check_equal(nvme_copy(&rig.nvme, false, 0, pages, PAGES), 0);
	check(has(0) && has(PAGES - 1));
	rig_stop();
}
