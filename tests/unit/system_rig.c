/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_rig.c - see system_rig.h.
 */
#include "system_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/observed.h"
#include "engine/platform/linux.h"

#define HOST_PA (UINT64_C(1) << 50)
#define HOST_BYTES UINT64_C(0x10000)
#define GIB (UINT64_C(1) << 30)

const struct shadow_range system_memory[2] = {
	{ GIB, 3 * GIB },
	{ 3 * GIB + 0x5000, 3 * GIB + 0x1203000 },
};

static uint32_t device_read32(void *ctx, uint32_t offset)
{
	return model_read32(ctx, offset);
}

static uint64_t device_read64(void *ctx, uint32_t offset)
{
	return model_read64(ctx, offset);
}

static void device_write32(void *ctx, uint32_t offset, uint32_t value)
{
	model_write32(ctx, offset, value);
}

static void device_write64(void *ctx, uint32_t offset, uint64_t value)
{
	model_write64(ctx, offset, value);
}

static const struct platform_linux_device device = { device_read32, device_read64, device_write32, device_write64 };

static const void *pool_read(void *ctx, uint64_t pa, size_t bytes)
{
	const struct shadow_pool *pool = ctx;

	if (pa < pool->base.addr || pa - pool->base.addr + bytes > pool->bytes)
		return NULL;
	return (const char *)pool->virt + (pa - pool->base.addr);
}

static void *pool_write(void *ctx, uint64_t pa, size_t bytes)
{
	return (void *)(uintptr_t)pool_read(ctx, pa, bytes);
}

static void violated(void *ctx, const struct model_violation *violation)
{
	struct system *system = ctx;

	print_error("model: %s: %s (pa %llx: %llx -> %llx)\n", model_rule_name(violation->rule), violation->what,
		    (unsigned long long)violation->pa, (unsigned long long)violation->old_value,
		    (unsigned long long)violation->new_value);
	system->violations++;
}

static void relax(void *ctx)
{
	struct system *system = ctx;

	for (unsigned i = 0; i < system->config.smmu_count && !system->stalled; i++)
		for (unsigned steps = system_random(system) % 4; steps; steps--)
			if (system->smmu[i].model)
				model_step(system->smmu[i].model);
}

static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	struct system *system = ctx;
	uint64_t pa = system->pool.base.addr + (uint64_t)((char *)where - (char *)system->pool.virt);

	for (unsigned i = 0; i < system->config.smmu_count; i++)
		if (system->smmu[i].model)
			model_observe_store(system->smmu[i].model, pa, old_value, value);
	if (system->stored)
		system->stored(system, pa);
}

uint64_t system_random(struct system *system)
{
	uint64_t z = system->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t system_seed(uint64_t seed)
{
	const char *given = getenv("S2SHADOW_SEED");

	if (given)
		seed = strtoull(given, NULL, 0);
	print_message("seed: S2SHADOW_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

struct system_config system_config_default(void)
{
	return (struct system_config){ .ia_bits = 40, .bbml = 2, .smmu_count = 1, .cpu_count = 4,
				       .queue_slots = 64, .cmdq_lg2 = 8, .ril = true, .seed = 1 };
}

static void *zeroed(size_t bytes)
{
	void *memory = platform_linux_alloc(bytes, 4096);

	assert_non_null(memory);
	return memory;
}

static void open_smmu(struct system *system, unsigned number, const struct shadow_smmu_config *smmu_config)
{
	struct system_smmu *smmu = &system->smmu[number];
	struct shadow_smmu_config config = *smmu_config;
	struct model_config model = { 0 };

	model_config_default(&model);
	model.s1p = system->config.nested;
	model.bbml = system->config.bbml;
	model.ril = system->config.ril;
	model.seed = system_random(system);
	model.memory = (struct model_memory){ &system->pool, pool_read, pool_write };
	model.report_ctx = system;
	model.report = violated;
	smmu->model = model_new(&model);
	assert_non_null(smmu->model);
	smmu->registers = platform_linux_add_device(&device, smmu->model, 0x20000);
	assert_int_not_equal(smmu->registers, 0);
	config.registers = smmu->registers;
	assert_int_equal(shadow_smmu_attach(system->target, &config, &smmu->smmu), 0);
	assert_int_equal(shadow_smmu_stream(smmu->smmu, SYSTEM_SID), 0);
}

void system_open(struct system *system, const struct system_config *config)
{
	struct shadow_smmu_config smmu = { .cmdq_lg2 = config->cmdq_lg2, .evtq_lg2 = 4, .sid_bits = 6,
					   .nested = config->nested, .wait_ns = SYSTEM_WAIT_NS };
	struct shadow_smmu_config smmus[SYSTEM_SMMUS_MAX] = { smmu, smmu, smmu, smmu };
	struct shadow_address_map map = { .ia_bits = config->ia_bits, .memory = system_memory, .memory_count = 2,
					  .reserved = config->reserved, .reserved_count = config->reserved_count };
	struct shadow_engine_config engine = { .cpu_count = config->cpu_count, .queue_slots = config->queue_slots,
					       .map = map };
	struct shadow_smmu_target_config target = { .map = map, .bbml = config->bbml, .vmid = 5,
						    .runs_max = config->cpu_count * config->queue_slots };

	*system = (struct system){ .config = *config, .random = config->seed };
	observed_set(stored, system);
	platform_linux_set_relax(relax, system);
	platform_linux_set_host_lock(true);
	target.pool.base.addr = SYSTEM_POOL_PA;
	target.pool.bytes = config->pool_bytes;
	if (!config->pool_bytes)
		target.pool.bytes = shadow_smmu_pool_bytes(&target, smmus, config->smmu_count);
	target.pool.virt = zeroed(target.pool.bytes);
	system->pool = target.pool;
	assert_int_equal(platform_linux_add_memory(target.pool.base, target.pool.virt, target.pool.bytes), 0);
	system->host_memory = zeroed(HOST_BYTES);
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ HOST_PA }, system->host_memory, HOST_BYTES), 0);

	system->engine_bytes = shadow_engine_bytes(&engine);
	system->engine_memory = zeroed(system->engine_bytes);
	assert_int_equal(shadow_engine_init(system->engine_memory, system->engine_bytes, &engine, &system->engine), 0);
	system->target_bytes = shadow_smmu_target_bytes(&target);
	system->target_memory = zeroed(system->target_bytes);
	assert_int_equal(shadow_smmu_target_init(system->target_memory, system->target_bytes, &target,
						 &system->target), 0);
	for (unsigned i = 0; i < config->smmu_count; i++)
		open_smmu(system, i, &smmu);
	assert_int_equal(shadow_engine_register(system->engine, system->target), 0);

	system->page_first = system_memory[0].start >> 12;
	system->page_count = (system_memory[1].end >> 12) - system->page_first;
	system->state = zeroed(system->page_count);
	assert_int_equal(shadow_snapshot(system->engine, &(struct shadow_host_table){
		.root = { HOST_PA }, .ia_bits = config->ia_bits, .start_level = config->ia_bits > 43 ? 0 : 1 }), 0);
}

void system_close(struct system *system)
{
	observed_set(NULL, NULL);
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		platform_linux_remove_device(system->smmu[i].registers);
		model_free(system->smmu[i].model);
	}
	platform_linux_remove_memory(system->pool.base);
	platform_linux_remove_memory((shadow_pa_t){ HOST_PA });
	platform_linux_set_relax(NULL, NULL);
	platform_linux_free(system->pool.virt, system->pool.bytes);
	platform_linux_free(system->host_memory, HOST_BYTES);
	platform_linux_free(system->state, system->page_count);
	platform_linux_free(system->engine_memory, system->engine_bytes);
	platform_linux_free(system->target_memory, system->target_bytes);
}

static bool in_memory(uint64_t page)
{
	for (unsigned i = 0; i < 2; i++)
		if (page >= system_memory[i].start >> 12 && page < system_memory[i].end >> 12)
			return true;
	return false;
}

enum shadow_state system_state(const struct system *system, uint64_t page)
{
	return in_memory(page) ? (enum shadow_state)system->state[page - system->page_first] : SHADOW_STATE_OWNED;
}

bool system_reachable(const struct system *system, uint64_t page)
{
	uint64_t pa = page << 12;

	if (pa >= system->pool.base.addr && pa < system->pool.base.addr + system->pool.bytes)
		return false;
	for (unsigned i = 0; i < system->config.reserved_count; i++)
		if (pa >= system->config.reserved[i].start && pa < system->config.reserved[i].end)
			return false;
	return system_state(system, page) != SHADOW_STATE_NOPAGE;
}

int system_transition(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
		      enum shadow_state new_state)
{
	uint8_t *state = &system->state[page - system->page_first];
	struct shadow_transition transition = { .start = { page << 12 }, .page_count = count, .old_states = state,
						.new_state = new_state };
	int error = shadow_reserve(system->engine, cpu, &transition, SYSTEM_WAIT_NS);

	if (error)
		return error;
	if (shadow_queue(system->engine, cpu, system->number + 1, &transition))
		system->number++;
	memset(state, new_state, count);
	return 0;
}

bool system_touch(struct system *system, unsigned smmu, uint64_t page)
{
	struct model_access access = model_dma(system->smmu[smmu].model, SYSTEM_SID, page << 12, true);

	if (access.fault)
		return false;
	assert_false(access.bypass);
	assert_int_equal(access.pa, page << 12);
	assert_int_equal(access.device, !in_memory(page));
	return true;
}

void system_expect(struct system *system, uint64_t page)
{
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		bool reached = system_touch(system, i, page);

		if (reached != system_reachable(system, page))
			fail_msg("seed %llu: SMMU %u %s page %llx", (unsigned long long)system->config.seed, i,
				 reached ? "still reaches" : "faults on", (unsigned long long)page);
	}
}

/* Follows the walk: what the oracle says of every page of a leaf; leaves no smaller than they could be. */
struct table_check {
	struct system *system;
	uint64_t next;		       /* page */
};

/* Could the aligned block of @level around @page be one leaf: one type, all reachable, none closed? */
static bool could_be_block(const struct system *system, uint64_t page, unsigned level)
{
	uint64_t size = UINT64_C(1) << 9 * (3 - level), start = page & ~(size - 1);
	bool memory = in_memory(start);

	if (memory && !system->config.bbml)
		return false;
	for (uint64_t at = start; at < start + size; at += 1)
		if (in_memory(at) != memory || !system_reachable(system, at))
			return false;
	return true;
}

static void check_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct table_check *check = ctx;
	struct system *system = check->system;
	uint64_t start = leaf->start >> 12, end = leaf->end >> 12;
	uint64_t first = system->page_first - 512, last = (SYSTEM_POOL_PA + system->pool.bytes) >> 12;

	assert_int_equal(start, check->next);
	check->next = end;
	if (leaf->valid) {
		assert_int_equal(leaf->pa, leaf->start);
		assert_true(leaf->read && leaf->write);
	}
	/* Far from memory and pool there is MMIO in large blocks, and a few holes: the ends stand for all. */
	if (end <= first || start >= last) {
		assert_int_equal(leaf->valid, system_reachable(system, start));
		assert_int_equal(leaf->valid, system_reachable(system, end - 1));
		assert_true(!leaf->valid || leaf->device);
		return;
	}
	for (uint64_t page = start; page < end; page++) {
		if (leaf->valid != system_reachable(system, page))
			fail_msg("seed %llu: table %s page %llx", (unsigned long long)system->config.seed,
				 leaf->valid ? "maps" : "lacks", (unsigned long long)page);
		if (leaf->valid)
			assert_int_equal(leaf->device, !in_memory(page));
	}
	if (leaf->valid && leaf->level == 3 && !(start & 511) && could_be_block(system, start, 2))
		fail_msg("pages where a 2 MiB block would do: %llx", (unsigned long long)start);
	if (leaf->valid && leaf->level == 2 && !(start & 0x3ffff) && could_be_block(system, start, 1))
		fail_msg("2 MiB blocks where 1 GiB would do: %llx", (unsigned long long)start);
}

void system_check_tables(struct system *system)
{
	struct model_memory memory = { &system->pool, pool_read, pool_write };
	struct table_check check = { .system = system };
	struct model_stage2 stage2;
	struct model_config model = { 0 };
	uint64_t ste[8];

	model_config_default(&model);
	model.s1p = system->config.nested;
	shadow_smmu_ste(system->smmu[0].smmu, SYSTEM_SID, ste);
	stage2 = model_decode_ste(ste, &model);
	assert_true(stage2.valid);
	assert_int_equal(stage2.ia_bits, system->config.ia_bits);
	assert_int_equal(model_walk_all(&memory, &stage2, &check, check_leaf), MODEL_OK);
	assert_int_equal(check.next, UINT64_C(1) << (system->config.ia_bits - 12));
}

void system_flush_and_wait(struct system *system)
{
	assert_int_equal(shadow_wait(system->engine, shadow_flush(system->engine), SYSTEM_WAIT_NS), 0);
}
