/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_revoke.c - the host loses pages; all that is beside them stays reachable, at every moment.
 *
 * What is revoked has been used right before, so a TLB entry that outlives it would let the device in.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

static uint64_t neighbour;
static bool reached;

static void try_neighbour(void)
{
	reached = edu_writes(&rig.edu[0], neighbour);
}

/* Revoke @count pages at @start. Device 1 has a DMA to the page before it under way from before the revoke
 * until after it; device 0 tries the page behind it between the store to the table and the invalidation. */
static void revoke(uint64_t start, uint64_t count)
{
	uint64_t end = start + count * rig.page_bytes, middle = start + count / 2 * rig.page_bytes;

	check(edu_writes(&rig.edu[0], start));
	check(edu_reads(&rig.edu[1], middle + 8));
	check(edu_writes(&rig.edu[1], end - 8));
	check(edu_writes(&rig.edu[0], end));

	neighbour = end + 8;
	reached = false;
	edu_begin(&rig.edu[1], start - 8);
	spy_before_doorbell(try_neighbour);
	rig_revoke(0, start, count);

	check(reached);
	check(edu_end(&rig.edu[1], start - 8));
	check(rig_closed(start));
	check(rig_closed(middle));
	check(rig_closed(end - 8));
	check(!edu_reads(&rig.edu[0], start + 16));
	check(!edu_writes(&rig.edu[1], end - 16));
	check(edu_writes(&rig.edu[0], start - 16));
	check(edu_reads(&rig.edu[0], start - 24));
	check(edu_writes(&rig.edu[1], end + 16));
}

static void in_shape(const struct rig_shape *shape, uint64_t area, uint64_t first, uint64_t count)
{
	if (!rig_start(shape))
		return;
	revoke(area + first * rig.page_bytes, count);
	rig_stop();
}

void case_revoke_page(void)
{
	in_shape(&(struct rig_shape){ .pages = true }, RIG_SMALL, 77, 1);
}

void case_revoke_run(void)
{
	in_shape(&(struct rig_shape){ .pages = true }, RIG_SMALL, 300, 700);
}

void case_revoke_in_2m(void)
{
	in_shape(&(struct rig_shape){ 0 }, RIG_SMALL + (UINT64_C(6) << 20), 100, 1);
}

void case_revoke_in_1g(void)
{
	in_shape(&(struct rig_shape){ 0 }, RIG_LARGE, 123456, 1);
}

void case_revoke_run_in_1g(void)
{
	in_shape(&(struct rig_shape){ 0 }, RIG_LARGE, 1000, 2000);
}

/* Level 1: the block is marked first, which QEMU's SMMU takes no notice of. Level 0: there was no block. */
void case_revoke_bbm(void)
{
	in_shape(&(struct rig_shape){ .bbm_less = 1 }, RIG_LARGE, 123456, 1);
	in_shape(&(struct rig_shape){ .bbm_less = 1 }, RIG_LARGE, 1000, 2000);
	in_shape(&(struct rig_shape){ .bbm_less = 2 }, RIG_LARGE, 123456, 1);
	in_shape(&(struct rig_shape){ .bbm_less = 2 }, RIG_LARGE, 1000, 2000);
}

/* A group of the contiguous hint goes as a whole. */
void case_revoke_in_group(void)
{
	in_shape(&(struct rig_shape){ .pages = true, .contiguous = true }, RIG_SMALL, 1607, 1);
	in_shape(&(struct rig_shape){ .contiguous = true }, RIG_LARGE, 1607, 3);
}

void case_revoke_16k(void)
{
	in_shape(&(struct rig_shape){ .granule_lg2 = 14, .pages = true }, RIG_SMALL, 77, 1);
	in_shape(&(struct rig_shape){ .granule_lg2 = 14 }, RIG_LARGE, 12345, 1);
	in_shape(&(struct rig_shape){ .granule_lg2 = 14 }, RIG_LARGE, 2000, 3000);
}

void case_revoke_64k(void)
{
	in_shape(&(struct rig_shape){ .granule_lg2 = 16, .pages = true }, RIG_SMALL, 77, 1);
	in_shape(&(struct rig_shape){ .granule_lg2 = 16 }, RIG_LARGE, 1234, 1);
	in_shape(&(struct rig_shape){ .granule_lg2 = 16 }, RIG_LARGE, 5, 8000);
}

/* Ranges that no power of two fits, each in use up to both ends. */
void case_revoke_odd(void)
{
	static const struct {
		uint64_t first, count;
	} odd[] = { { 1, 1 },	  { 3, 5 },	  { 511, 2 },	 { 513, 31 },
		    { 600, 424 }, { 1535, 1025 }, { 4095, 513 }, { 7, 8191 } };

	for (unsigned no_ril = 0; no_ril < 2; no_ril++) {
		if (!rig_start(&(struct rig_shape){ .pages = true, .no_ril = no_ril }))
			return;
		for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
			uint64_t start = RIG_SMALL + odd[i].first * rig.page_bytes;

			revoke(start, odd[i].count);
			rig_grant(0, start, odd[i].count, SHADOW_ACCESS_RW);
		}
		rig_stop();
	}
}
