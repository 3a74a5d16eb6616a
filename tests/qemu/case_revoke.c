/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * case_revoke.c - the host loses pages; all that is beside them stays reachable, at every moment.
 *
 * What is revoked has been used right before, so a TLB entry that outlives it would let the device in.
 */
#include "smmuv3/cmd.h"
#include "smmuv3/regs.h"
#include "tests/qemu/cases.h"
#include "tests/qemu/rig.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

static uint64_t neighbour;
static bool reached;
static uint64_t named;	  /* pages from the first to the last that the last revoke's invalidations are about */
static unsigned commands; /* so many: where there are two, they overlap or adjoin */

static uint64_t pages_of(const uint64_t *command)
{
	if (!field_get(SMMU_CMD_TLBI_W1_TG, command[1]))
		return 1;
	return (field_get(SMMU_CMD_TLBI_W0_NUM, command[0]) + 1)
	       << field_get(SMMU_CMD_TLBI_W0_SCALE, command[0]);
}

/* What stands in the queue up to the SYNC. */
static void read_commands(void)
{
	uint64_t base = platform_mmio_read64(MACHINE_SMMU + SMMU_CMDQ_BASE), start = UINT64_MAX, end = 0;
	uint32_t mask = (1u << (base & 0x1f)) - 1, index = platform_mmio_read32(MACHINE_SMMU + SMMU_CMDQ_CONS);
	const uint64_t *ring = (const uint64_t *)(base & UINT64_C(0x00ffffffffffffe0));
	const uint64_t *command = &ring[2 * (index & mask)];

	for (commands = 0; field_get(SMMU_CMD_W0_OPCODE, command[0]) == SMMU_OP_TLBI_S2_IPA; commands++) {
		uint64_t page = command[1] / rig.page_bytes, last = page + pages_of(command);

		start = page < start ? page : start;
		end = last > end ? last : end;
		command = &ring[2 * (++index & mask)];
	}
	named = commands ? end - start : 0;
}

static void try_neighbour(void)
{
	read_commands();
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
static const struct {
	uint64_t first, count;
} odd[] = { { 1, 1 }, { 3, 5 }, { 511, 2 }, { 513, 31 }, { 600, 424 }, { 1535, 1025 }, { 4095, 513 }, { 7, 8191 } };

#define ODD (sizeof(odd) / sizeof(odd[0]))

static void revoke_odd(const struct rig_shape *shape, void (*look)(uint64_t count))
{
	if (!rig_start(shape))
		return;
	for (unsigned i = 0; i < ODD; i++) {
		uint64_t start = RIG_SMALL + odd[i].first * rig.page_bytes;

		revoke(start, odd[i].count);
		if (look)
			look(odd[i].count);
		rig_grant(0, start, odd[i].count, SHADOW_ACCESS_RW);
	}
	rig_stop();
}

void case_revoke_odd(void)
{
	revoke_odd(&(struct rig_shape){ .pages = true }, NULL);
	revoke_odd(&(struct rig_shape){ .pages = true, .no_ril = true }, NULL);
	revoke_odd(&(struct rig_shape){ .granule_lg2 = 14, .pages = true }, NULL);
}

static unsigned exact_commands, rounded_commands, wider;

static void is_exact(uint64_t count)
{
	check_equal(named, count);
	exact_commands += commands;
}

static void is_rounded(uint64_t count)
{
	check(named >= count && named < count + count / SHADOW_TLBI_COST_SHARE + 1);
	wider += named > count;
	rounded_commands += commands;
}

/* Each range with commands that name it and nothing else, and with one that names a little more. */
void case_range_commands(void)
{
	exact_commands = rounded_commands = wider = 0;
	revoke_odd(&(struct rig_shape){ .pages = true,
					.cost = { .command = 1,
						  .entry = SHADOW_TLBI_COST_MAX,
						  .table = SHADOW_TLBI_COST_MAX,
						  .vmid = SHADOW_TLBI_COST_MAX,
						  .share = SHADOW_TLBI_COST_MAX } },
		   is_exact);
	revoke_odd(&(struct rig_shape){ .pages = true,
					.cost = { .command = SHADOW_TLBI_COST_COMMAND,
						  .vmid = SHADOW_TLBI_COST_MAX,
						  .share = SHADOW_TLBI_COST_SHARE } },
		   is_rounded);
	check(wider > 0);
	check(rounded_commands < exact_commands);
}
