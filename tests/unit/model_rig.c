/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * model_rig.c - the model's test bench; see model_rig.h.
 *
 * rig_up_mapped() makes these tables, for input addresses of 40 bits:
 *   rig_table(0), rig_table(1)  start level 1, two concatenated tables of 512 x 1 GiB
 *     entry 0: rig_table(2); entry 1: a 1 GiB identity block; entry 512 (512 GiB): rig_table(4)
 *   rig_table(2)                level 2 of 0 .. 1 GiB
 *     entry 0: rig_table(3); entry 1: a 2 MiB identity block; entry 2: invalid; entry 3: Device block
 *   rig_table(3)                level 3 of 0 .. 2 MiB: identity pages, but page 7 invalid, page 8 read-only
 *   rig_table(4)                level 2 of 512 GiB ..: entry 0 a 2 MiB block to 16 MiB
 */
#include "model_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_at(void *memory, uint64_t pa, size_t bytes)
{
	if (pa < RIG_BASE || pa + bytes > RIG_BASE + RIG_BYTES)
		return NULL;
	return (char *)memory + (pa - RIG_BASE);
}

static void *memory_write(void *ctx, uint64_t pa, size_t bytes)
{
	struct rig *rig = ctx;

	return memory_at(rig->cache ? model_cache_view(rig->cache) : rig->memory, pa, bytes);
}

static const void *memory_read(void *ctx, uint64_t pa, size_t bytes)
{
	return memory_write(ctx, pa, bytes);
}

static const void *memory_peek(void *ctx, uint64_t pa, size_t bytes)
{
	struct rig *rig = ctx;

	return memory_at(rig->memory, pa, bytes);
}

static void report(void *ctx, const struct model_violation *violation)
{
	struct rig *rig = ctx;

	rig->violations++;
	rig->last = *violation;
}

static uint64_t seed_choose(void)
{
	const char *text = getenv("S2SHADOW_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 1;

	return seed;
}

void rig_config(struct rig *rig)
{
	*rig = (struct rig){ .violations = 0 };
	model_config_default(&rig->config);
	rig->config.sid_bits = RIG_SID_BITS;
	rig->config.cmdq_lg2 = RIG_CMDQ_LG2;
	rig->config.evtq_lg2 = RIG_EVTQ_LG2;
	rig->config.seed = seed_choose();
}

void rig_new(struct rig *rig)
{
	rig->memory = aligned_alloc(MODEL_CACHE_LINE, RIG_BYTES);
	assert_non_null(rig->memory);
	memset(rig->memory, 0, RIG_BYTES);
	rig->config.memory = (struct model_memory){ rig, memory_read, memory_write };
	if (rig->noncoherent) {
		rig->cache = model_cache_new(rig->memory, RIG_BYTES);
		assert_non_null(rig->cache);
		rig->config.cohacc = false;
		rig->config.peek = memory_peek;
	}
	rig->config.report_ctx = rig;
	rig->config.report = report;
	rig->model = model_new(&rig->config);
	assert_non_null(rig->model);
}

void rig_free(struct rig *rig)
{
	model_free(rig->model);
	model_cache_free(rig->cache);
	free(rig->memory);
}

uint64_t *rig_word(struct rig *rig, uint64_t pa)
{
	assert_true(pa >= RIG_BASE && pa < RIG_BASE + RIG_BYTES);
	return &rig->memory[(pa - RIG_BASE) / 8];
}

void rig_clean(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	if (rig->cache)
		model_cache_clean(rig->cache, pa - RIG_BASE, bytes);
}

uint64_t rig_table(unsigned number)
{
	return RIG_TABLES + 0x1000 * (uint64_t)number;
}

void rig_store(struct rig *rig, uint64_t pa, uint64_t value)
{
	uint64_t *word = rig_word(rig, pa), old_value = *word;

	*word = value;
	model_observe_store(rig->model, pa, old_value, value);
}

void rig_ste(struct rig *rig, uint32_t sid, unsigned config, unsigned vmid, uint64_t ttb)
{
	uint64_t *ste = rig_word(rig, RIG_STRTAB + 64 * (uint64_t)sid);

	memset(ste, 0, 64);
	ste[2] = vmid | UINT64_C(24) << 32 /* 40 bits */ | UINT64_C(1) << 38 /* level 1 */ |
		 UINT64_C(1) << 40 | UINT64_C(1) << 42 | UINT64_C(3) << 44 |
		 UINT64_C(5) << 48 /* 48 bits out */ | UINT64_C(1) << 51 /* AArch64 */ | UINT64_C(1) << 54 |
		 UINT64_C(1) << 58 /* record faults */;
	ste[3] = ttb;
	ste[0] = 1 | config << 1;
	rig_clean(rig, RIG_STRTAB + 64 * (uint64_t)sid, 64);
}

void rig_cr0(struct rig *rig, uint32_t value)
{
	model_write32(rig->model, 0x20, value);
	model_run(rig->model);
	assert_int_equal(model_read32(rig->model, 0x24), value);
}

void rig_enable(struct rig *rig)
{
	model_write64(rig->model, 0x80, RIG_STRTAB);
	model_write32(rig->model, 0x88, RIG_SID_BITS);
	model_write64(rig->model, 0x90, RIG_CMDQ | RIG_CMDQ_LG2);
	model_write32(rig->model, 0x98, 0);
	model_write32(rig->model, 0x9c, 0);
	model_write64(rig->model, 0xa0, RIG_EVTQ | RIG_EVTQ_LG2);
	model_write32(rig->model, 0x100a8, 0);
	model_write32(rig->model, 0x100ac, 0);
	rig_cr0(rig, 0xc);
	rig_cr0(rig, 0xd);
}

void rig_up(struct rig *rig)
{
	rig_new(rig);
	rig_ste(rig, RIG_SID, rig->config.s1p ? 7 : 6, RIG_VMID, rig_table(0));
	rig_enable(rig);
}

void rig_up_mapped(struct rig *rig)
{
	unsigned page;

	rig_up(rig);
	*rig_word(rig, rig_table(0)) = rig_table(2) | RIG_TABLE;
	*rig_word(rig, rig_table(0) + 8) = UINT64_C(0x40000000) | RIG_BLOCK;
	*rig_word(rig, rig_table(1)) = rig_table(4) | RIG_TABLE;
	*rig_word(rig, rig_table(2)) = rig_table(3) | RIG_TABLE;
	*rig_word(rig, rig_table(2) + 8) = UINT64_C(0x200000) | RIG_BLOCK;
	*rig_word(rig, rig_table(2) + 24) = UINT64_C(0x600000) | 0x4c5;
	for (page = 0; page < 512; page++)
		*rig_word(rig, rig_table(3) + 8 * page) = page << 12 | RIG_PAGE;
	*rig_word(rig, rig_table(3) + 8 * 7) = 0;
	*rig_word(rig, rig_table(3) + 8 * 8) = 0x8000 | (RIG_PAGE & ~RIG_WRITE);
	*rig_word(rig, rig_table(4)) = UINT64_C(0x1000000) | RIG_BLOCK;
	rig_clean(rig, rig_table(0), 5 * 0x1000);
}

void rig_queue(struct rig *rig, uint64_t word0, uint64_t word1)
{
	uint32_t prod = model_read32(rig->model, 0x98), mask = (2u << RIG_CMDQ_LG2) - 1;
	uint64_t *slot = rig_word(rig, RIG_CMDQ + 16 * (prod & mask >> 1));

	slot[0] = word0;
	slot[1] = word1;
	rig_clean(rig, RIG_CMDQ + 16 * (prod & mask >> 1), 16);
	if (rig->cache)
		model_cache_doorbell(rig->cache);
	model_write32(rig->model, 0x98, (prod + 1) & mask);
}

void rig_run(struct rig *rig)
{
	model_run(rig->model);
}

void rig_sync(struct rig *rig, uint64_t word0, uint64_t word1)
{
	rig_queue(rig, word0, word1);
	rig_queue(rig, RIG_SYNC, 0);
	rig_run(rig);
	assert_int_equal(model_read32(rig->model, 0x98), model_read32(rig->model, 0x9c) & 0xffffff);
}

struct model_access rig_read(struct rig *rig, uint64_t iova)
{
	return model_dma(rig->model, RIG_SID, iova, false);
}

struct model_access rig_write(struct rig *rig, uint64_t iova)
{
	return model_dma(rig->model, RIG_SID, iova, true);
}

void rig_expect_fault_at(struct rig *rig, uint64_t iova, enum model_fault fault, const char *file, int line)
{
	struct model_access access = rig_read(rig, iova);

	if (access.fault != fault)
		print_error("address %llx: fault %d, pa %llx\n", (unsigned long long)iova, access.fault,
			    (unsigned long long)access.pa);
	_assert_int_equal(access.fault, fault, file, line);
}

void rig_expect_pa_at(struct rig *rig, uint64_t iova, uint64_t pa, const char *file, int line)
{
	struct model_access access = rig_read(rig, iova);

	if (access.fault)
		print_error("address %llx: fault %d\n", (unsigned long long)iova, access.fault);
	_assert_int_equal(access.fault, MODEL_OK, file, line);
	_assert_int_equal(access.pa, pa, file, line);
}
