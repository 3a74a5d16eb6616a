/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_rig.c - see system_rig.h.
 */
#include "system_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/replay/observed.h"
#include "engine/platform/linux.h"

#define HOST_PA	    (UINT64_C(1) << 50)
#define HOST_BYTES  UINT64_C(0x10000)
#define UNIT_LG2    18u	    /* 1 GiB of 4 KiB pages */
#define EXTRA_FIRST 5u	    /* pages from the first memory region to the second */
#define EXTRA_PAGES 0x11feu /* of the second, or half a unit */
#define RELAX_NS    1000u
#define CMDQ_PROD   0x98u
#define NT	    (UINT64_C(1) << 16)

const struct shadow_range system_memory[2] = {
	{ UINT64_C(1) << 30, UINT64_C(3) << 30 },
	{ (UINT64_C(3) << 30) + (EXTRA_FIRST << 12),
	  (UINT64_C(3) << 30) + ((EXTRA_FIRST + EXTRA_PAGES) << 12) },
};

/* ---- the SMMUs and what they see --------------------------------------------------------------------- */

static uint32_t device_read32(void *ctx, uint32_t offset)
{
	return model_read32(((struct system_smmu *)ctx)->model, offset);
}

static uint64_t device_read64(void *ctx, uint32_t offset)
{
	return model_read64(((struct system_smmu *)ctx)->model, offset);
}

static void device_write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct system_smmu *smmu = ctx;

	if (offset == CMDQ_PROD && smmu->system->cache)
		model_cache_doorbell(smmu->system->cache);
	model_write32(smmu->model, offset, value);
}

static void device_write64(void *ctx, uint32_t offset, uint64_t value)
{
	model_write64(((struct system_smmu *)ctx)->model, offset, value);
}

static const struct platform_linux_device device = { device_read32, device_read64, device_write32,
						     device_write64 };

/* What lies at @pa in one of the pool's two faces: the CPU's, or memory behind the caches. */
static void *pool_at(const struct system *system, void *face, uint64_t pa, size_t bytes)
{
	const struct shadow_pool *pool = &system->pool;

	if (pa < pool->base.addr || pa - pool->base.addr + bytes > pool->bytes)
		return NULL;
	return (char *)face + (pa - pool->base.addr);
}

static void *memory_write(void *ctx, uint64_t pa, size_t bytes)
{
	const struct system *system = ctx;

	return pool_at(system, system->cache ? model_cache_view(system->cache) : system->pool.virt, pa,
		       bytes);
}

static const void *memory_read(void *ctx, uint64_t pa, size_t bytes)
{
	return memory_write(ctx, pa, bytes);
}

static const void *memory_peek(void *ctx, uint64_t pa, size_t bytes)
{
	const struct system *system = ctx;

	return pool_at(system, system->pool.virt, pa, bytes);
}

static void clean(void *ctx, const void *start, size_t bytes)
{
	struct system *system = ctx;
	uintptr_t offset = (uintptr_t)start - (uintptr_t)system->pool.virt;

	assert_non_null(system->cache);
	assert_true(offset < system->pool.bytes && bytes <= system->pool.bytes - offset);
	if (++system->cleans != system->drop_clean)
		model_cache_clean(system->cache, offset, bytes);
}

static void violated(void *ctx, const struct model_violation *violation)
{
	struct system *system = ctx;

	if (!system->violations++ && !system->quiet)
		print_error("model: %s: %s (pa %llx: %llx -> %llx)\n", model_rule_name(violation->rule),
			    violation->what, (unsigned long long)violation->pa,
			    (unsigned long long)violation->old_value,
			    (unsigned long long)violation->new_value);
}

static uint64_t now(void *ctx)
{
	return ((struct system *)ctx)->time_ns++;
}

static void relax(void *ctx)
{
	struct system *system = ctx;

	system->time_ns += RELAX_NS;
	for (unsigned i = 0; i < system->config.smmu_count; i++)
		for (unsigned steps = system_random(system) % 4; steps; steps--)
			if (system->smmu[i].model)
				model_step(system->smmu[i].model);
}

static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	struct system *system = ctx;
	uint64_t offset = (uint64_t)((char *)where - (char *)system->pool.virt);
	uint64_t pa = system->pool.base.addr + offset;

	for (unsigned i = 0; i < system->config.smmu_count; i++)
		if (system->smmu[i].model)
			model_observe_store(system->smmu[i].model, pa, old_value, value);
	/* What was stored last is most likely not cleaned yet. */
	if (system->cache && !system->config.no_evictions && old_value != value &&
	    system_random(system) % 8 == 0)
		(void)model_cache_evict(system->cache, offset / MODEL_CACHE_LINE);
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
	return (struct system_config){ .ia_bits = 40,
				       .bbml = 2,
				       .smmu_count = 1,
				       .cpu_count = 4,
				       .queue_slots = 64,
				       .cmdq_lg2 = 8,
				       .granule_lg2 = 12,
				       .unit_lg2 = UNIT_LG2,
				       .collapse = SHADOW_COLLAPSE_EAGER,
				       .ril = true,
				       .coherent = true,
				       .seed = 1 };
}

/* ---- up and down ----------------------------------------------------------------------------------------
 */

static void *zeroed(size_t bytes)
{
	void *memory = platform_linux_alloc(bytes, 4096);

	assert_non_null(memory);
	return memory;
}

static unsigned oas_bits(const struct system_config *config)
{
	return config->ia_bits > 48 ? 52 : 48;
}

static struct model_config model_of(struct system *system)
{
	struct model_config model = { 0 };

	model_config_default(&model);
	model.s1p = system->config.nested;
	model.bbml = system->config.bbml;
	model.ril = system->config.ril;
	model.fwb = system->config.fwb;
	model.cohacc = system->config.coherent;
	model.oas_bits = oas_bits(&system->config);
	model.ds = system->config.ia_bits > 48;
	model.memory = (struct model_memory){ system, memory_read, memory_write };
	model.peek = system->config.coherent ? NULL : memory_peek;
	model.report_ctx = system;
	model.report = violated;
	return model;
}

static struct shadow_smmu_config smmu_of(const struct system_config *config)
{
	return (struct shadow_smmu_config){ .cmdq_lg2 = config->cmdq_lg2,
					    .evtq_lg2 = 4,
					    .sid_bits = 6,
					    .nested = config->nested,
					    .wait_ns = SYSTEM_WAIT_NS };
}

static int open_smmu(struct system *system, unsigned number)
{
	struct system_smmu *smmu = &system->smmu[number];
	struct shadow_smmu_config config = smmu_of(&system->config);
	struct model_config model = model_of(system);
	int error;

	model.seed = system_random(system);
	smmu->system = system;
	smmu->model = model_new(&model);
	assert_non_null(smmu->model);
	smmu->registers = platform_linux_add_device(&device, smmu, 0x20000);
	assert_int_not_equal(smmu->registers, 0);
	config.registers = smmu->registers;
	error = shadow_smmu_attach(system->target, &config, &smmu->smmu);
	return error ? error : shadow_smmu_stream(smmu->smmu, SYSTEM_SID);
}

/* Everything is empty, so any start level does: the first one whose table is full enough. */
static int host_start_level(const struct system_config *config)
{
	unsigned index_lg2 = config->granule_lg2 - 3;
	int level = 3;

	while (config->ia_bits > config->granule_lg2 + index_lg2 * (unsigned)(4 - level))
		level--;
	return config->granule_lg2 == 14 && config->ia_bits == 48 ? 1 : level;
}

uint64_t system_unit(const struct system_config *config)
{
	unsigned most = config->ia_bits - config->granule_lg2 - 2;

	return UINT64_C(1) << (config->unit_lg2 < most ? config->unit_lg2 : most);
}

static struct shadow_address_map place_memory(struct system *system, const struct system_config *config)
{
	uint64_t unit = system_unit(config), extra = unit > 2 * EXTRA_PAGES ? EXTRA_PAGES : unit / 2 - 2;
	unsigned granule = config->granule_lg2;

	system->page_first = unit;
	system->page_count = 2 * unit + EXTRA_FIRST + extra;
	system->memory[0].start = unit << granule;
	system->memory[0].end = 3 * unit << granule;
	system->memory[1].start = (3 * unit + EXTRA_FIRST) << granule;
	system->memory[1].end = (system->page_first + system->page_count) << granule;
	system->pool.base.addr = 4 * unit << granule;
	return (struct shadow_address_map){ .ia_bits = config->ia_bits,
					    .granule_lg2 = granule,
					    .memory = system->memory,
					    .memory_count = 2,
					    .reserved = config->reserved,
					    .reserved_count = config->reserved_count };
}

static int open_target(struct system *system, const struct system_config *config)
{
	struct shadow_smmu_config smmu = smmu_of(config),
				  smmus[SYSTEM_SMMUS_MAX] = { smmu, smmu, smmu, smmu };
	struct shadow_smmu_target_config target = { .map = place_memory(system, config),
						    .bbml = config->bbml,
						    .vmid = 5,
						    .start = config->start,
						    .collapse = config->collapse,
						    .fwb = config->fwb,
						    .contiguous = config->contiguous,
						    .regions = config->regions,
						    .region_count = config->region_count,
						    .runs_max = config->cpu_count * config->queue_slots };

	target.pool.base = system->pool.base;
	target.pool.bytes = config->pool_bytes;
	if (!config->pool_bytes)
		target.pool.bytes = shadow_smmu_pool_bytes(&target, smmus, config->smmu_count);
	if (!target.pool.bytes)
		return -SHADOW_EINVAL;
	target.pool.virt = zeroed(target.pool.bytes);
	system->pool = target.pool;
	system->target_bytes = shadow_smmu_target_bytes(&target);
	if (!system->target_bytes)
		return -SHADOW_EINVAL;
	system->target_memory = zeroed(system->target_bytes);
	return shadow_smmu_target_init(system->target_memory, system->target_bytes, &target, &system->target);
}

static void open_engine(struct system *system)
{
	struct shadow_engine_config engine = { .cpu_count = system->config.cpu_count,
					       .queue_slots = system->config.queue_slots,
					       .map = place_memory(system, &system->config) };

	system->engine_bytes = shadow_engine_bytes(&engine);
	system->engine_memory = zeroed(system->engine_bytes);
	assert_int_equal(
		shadow_engine_init(system->engine_memory, system->engine_bytes, &engine, &system->engine), 0);
}

static int open_rest(struct system *system)
{
	const struct system_config *config = &system->config;
	static shadow_pa_t earlier;
	int error = 0;

	observed_set(stored, system);
	platform_linux_set_relax(relax, system);
	platform_linux_set_time(now, system);
	platform_linux_set_host_lock(true);
	/* A test that failed leaves its memory behind. */
	platform_linux_remove_memory(earlier);
	platform_linux_remove_memory((shadow_pa_t){ HOST_PA });
	earlier = system->pool.base;
	assert_int_equal(platform_linux_add_memory(system->pool.base, system->pool.virt, system->pool.bytes),
			 0);
	system->host_memory = zeroed(HOST_BYTES);
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ HOST_PA }, system->host_memory, HOST_BYTES),
			 0);
	if (!config->coherent) {
		system->cache = model_cache_new(system->pool.virt, system->pool.bytes);
		assert_non_null(system->cache);
		platform_linux_set_clean(clean, system);
	}
	open_engine(system);
	for (unsigned i = 0; i < config->smmu_count && !error; i++)
		error = open_smmu(system, i);
	if (error)
		return error;
	assert_int_equal(shadow_engine_register(system->engine, system->target), 0);
	system->state = zeroed(system->page_count);
	system->access = zeroed(system->page_count);
	memset(system->access, SHADOW_ACCESS_RW, system->page_count);
	return shadow_snapshot(system->engine,
			       &(struct shadow_host_table){ .root = { HOST_PA },
							    .ia_bits = config->ia_bits,
							    .start_level = host_start_level(config),
							    .granule_lg2 = config->granule_lg2 });
}

int system_try_open(struct system *system, const struct system_config *config)
{
	int error;

	*system = (struct system){ .config = *config, .random = config->seed };
	error = open_target(system, config);
	return error ? error : open_rest(system);
}

void system_open(struct system *system, const struct system_config *config)
{
	assert_int_equal(system_try_open(system, config), 0);
}

void system_close(struct system *system)
{
	observed_set(NULL, NULL);
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		if (!system->smmu[i].model)
			continue;
		platform_linux_remove_device(system->smmu[i].registers);
		model_free(system->smmu[i].model);
	}
	platform_linux_set_clean(NULL, NULL);
	model_cache_free(system->cache);
	platform_linux_remove_memory(system->pool.base);
	platform_linux_remove_memory((shadow_pa_t){ HOST_PA });
	platform_linux_set_relax(NULL, NULL);
	platform_linux_set_time(NULL, NULL);
	platform_linux_free(system->pool.virt, system->pool.bytes);
	platform_linux_free(system->host_memory, HOST_BYTES);
	platform_linux_free(system->state, system->page_count);
	platform_linux_free(system->access, system->page_count);
	platform_linux_free(system->engine_memory, system->engine_bytes);
	platform_linux_free(system->target_memory, system->target_bytes);
}

/* ---- the oracle ------------------------------------------------------------------------------------------
 */

static unsigned granule(const struct system *system)
{
	return system->config.granule_lg2;
}

static bool in_memory(const struct system *system, uint64_t page)
{
	for (unsigned i = 0; i < 2; i++)
		if (page >= system->memory[i].start >> granule(system) &&
		    page < system->memory[i].end >> granule(system))
			return true;
	return false;
}

static bool is_reserved(const struct system *system, uint64_t page)
{
	uint64_t pa = page << granule(system);

	if (pa >= system->pool.base.addr && pa < system->pool.base.addr + system->pool.bytes)
		return true;
	for (unsigned i = 0; i < system->config.reserved_count; i++)
		if (pa + (UINT64_C(1) << granule(system)) > system->config.reserved[i].start &&
		    pa < system->config.reserved[i].end)
			return true;
	return false;
}

enum shadow_state system_state(const struct system *system, uint64_t page)
{
	return in_memory(system, page) ? (enum shadow_state)system->state[page - system->page_first] :
					 SHADOW_STATE_OWNED;
}

enum shadow_access system_access(const struct system *system, uint64_t page)
{
	if (is_reserved(system, page))
		return SHADOW_ACCESS_NONE;
	return in_memory(system, page) ? (enum shadow_access)system->access[page - system->page_first] :
					 SHADOW_ACCESS_RW;
}

bool system_reachable(const struct system *system, uint64_t page)
{
	return system_access(system, page) & SHADOW_ACCESS_W;
}

int system_transition_access(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
			     enum shadow_state new_state, enum shadow_access access)
{
	uint8_t *state = &system->state[page - system->page_first];
	uint8_t *allowed = &system->access[page - system->page_first];
	struct shadow_transition transition = { .start = { page << granule(system) },
						.page_count = count,
						.old_states = state,
						.new_state = new_state,
						.access = access };
	int error = shadow_reserve(system->engine, cpu, &transition, SYSTEM_WAIT_NS);

	if (error)
		return error;
	if (shadow_queue(system->engine, cpu, system->number + 1, &transition))
		system->number++;
	for (uint64_t i = 0; i < count; i++) {
		if (new_state == SHADOW_STATE_NOPAGE)
			allowed[i] = SHADOW_ACCESS_NONE;
		else if (state[i] == SHADOW_STATE_NOPAGE)
			allowed[i] = access ? access : SHADOW_ACCESS_RW;
	}
	memset(state, new_state, count);
	return 0;
}

int system_transition(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
		      enum shadow_state new_state)
{
	return system_transition_access(system, cpu, page, count, new_state, SHADOW_ACCESS_NONE);
}

/* ---- devices ----------------------------------------------------------------------------------------------
 */

bool system_try(struct system *system, unsigned smmu, uint64_t page, bool write)
{
	struct model_access access =
		model_dma(system->smmu[smmu].model, SYSTEM_SID, page << granule(system), write);

	if (access.fault)
		return false;
	assert_false(access.bypass);
	assert_int_equal(access.pa, page << granule(system));
	assert_int_equal(access.device, !in_memory(system, page));
	return true;
}

bool system_touch(struct system *system, unsigned smmu, uint64_t page)
{
	return system_try(system, smmu, page, true);
}

void system_expect(struct system *system, uint64_t page)
{
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		bool write = system_random(system) % 2, reached = system_try(system, i, page, write);
		enum shadow_access wanted = write ? SHADOW_ACCESS_W : SHADOW_ACCESS_R;

		if (reached != ((system_access(system, page) & wanted) != 0))
			fail_msg("seed %llu: SMMU %u %s page %llx", (unsigned long long)system->config.seed,
				 i, reached ? "still reaches" : "faults on", (unsigned long long)page);
	}
}

/* ---- raw tables -------------------------------------------------------------------------------------------
 */

/* Follows the walk: what the oracle says of every page of a leaf; leaves no smaller than they could be;
 * groups whole or not at all. */
struct table_check {
	struct system *system;
	uint64_t next;	/* page */
	bool largest;	/* blocks wherever they may be */
	bool complete;	/* every sync: no block is on its way */
	uint64_t group; /* first page of the group that the leaf before was in */
	int group_level;
	unsigned members, hinted; /* of that group, up to the leaf before; alike */
};

/* Pages of an entry of @level. */
static uint64_t level_pages(const struct system *system, int level)
{
	return UINT64_C(1) << (granule(system) - 3) * (unsigned)(3 - level);
}

/* First level with blocks, as the architecture has it. */
static int block_level(const struct system *system)
{
	return (granule(system) == 12 ? 1 : 2) - (system->config.ia_bits > 48);
}

static unsigned group_members(const struct system *system, int level)
{
	if (granule(system) == 12)
		return level >= 1 ? 16 : 1;
	if (level < 2)
		return 1;
	return granule(system) == 14 && level == 3 ? 128 : 32;
}

/* What was declared for the pages around @page: the range and how it is mapped; NULL if nothing was. */
static const struct shadow_region *declared(const struct system *system, uint64_t page,
					    struct shadow_range *range)
{
	*range = (struct shadow_range){ 0, UINT64_MAX };
	for (unsigned i = 0; i < system->config.region_count; i++) {
		const struct shadow_region *region = &system->config.regions[i];
		uint64_t start = region->range.start >> granule(system),
			 end = region->range.end >> granule(system);

		if (page < start) {
			range->end = start;
			return NULL;
		}
		range->start = end;
		if (page < end) {
			*range = (struct shadow_range){ start, end };
			return region;
		}
	}
	return NULL;
}

/* May there be a leaf of @level around @page, by what was configured? */
static bool may_be_block(const struct system *system, uint64_t page, int level)
{
	uint64_t size = level_pages(system, level), start = page & ~(size - 1);
	struct shadow_range range;
	const struct shadow_region *region = declared(system, page, &range);

	if (level < block_level(system) || level < system->start_level || start < range.start ||
	    start + size > range.end ||
	    start + size > UINT64_C(1) << (system->config.ia_bits - granule(system)))
		return false;
	if (region)
		return region->mapping == SHADOW_MAPPING_BLOCKS;
	return system->config.bbml || !in_memory(system, page);
}

/* Could the aligned block of @level around @page be one leaf: one type, all open to reads and writes? */
static bool could_be_block(const struct system *system, uint64_t page, int level)
{
	uint64_t size = level_pages(system, level), start = page & ~(size - 1);
	bool memory = in_memory(system, start);

	/* At BBM level 0 pages that transitioned where blocks were declared stay pages. */
	if (!may_be_block(system, page, level) || (memory && !system->config.bbml && system->number))
		return false;
	for (uint64_t at = start; at < start + size; at++)
		if (in_memory(system, at) != memory || system_access(system, at) != SHADOW_ACCESS_RW)
			return false;
	return true;
}

/* May a group of leaves have the hint here? */
static bool may_have_hint(const struct system *system, uint64_t page)
{
	struct shadow_range range;
	const struct shadow_region *region = declared(system, page, &range);

	return system->config.contiguous &&
	       (system->config.bbml || (region && region->mapping == SHADOW_MAPPING_BLOCKS));
}

static void check_hint(struct table_check *check, const struct model_leaf *leaf, uint64_t start)
{
	struct system *system = check->system;
	uint64_t size = level_pages(system, leaf->level);
	unsigned members = group_members(system, leaf->level);
	uint64_t group = start & ~(members * size - 1);

	if (leaf->contiguous && (members == 1 || !may_have_hint(system, start)))
		fail_msg("hint where there may be none: %llx", (unsigned long long)start);
	if (group != check->group || leaf->level != check->group_level || group == start)
		check->members = check->hinted = 0;
	check->group = group;
	check->group_level = leaf->level;
	check->members++;
	check->hinted += leaf->contiguous;
	if (check->hinted && check->hinted != check->members)
		fail_msg("hint on a part of a group: %llx", (unsigned long long)start);
	if (leaf->contiguous && start == group + (members - 1) * size && check->members != members)
		fail_msg("hint on a group that is not whole: %llx", (unsigned long long)start);
}

static void check_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct table_check *check = ctx;
	struct system *system = check->system;
	uint64_t start = leaf->start >> granule(system), end = leaf->end >> granule(system);
	uint64_t first = system->page_first - 512;
	uint64_t last = (system->pool.base.addr + system->pool.bytes) >> granule(system);

	assert_int_equal(start, check->next);
	check->next = end;
	if (leaf->valid) {
		assert_int_equal(leaf->pa, leaf->start);
		assert_true(leaf->read || leaf->write);
		assert_false(check->complete && leaf->level < 3 && leaf->descriptor & NT);
		if (leaf->level < 3)
			assert_true(may_be_block(system, start, leaf->level));
		check_hint(check, leaf, start);
	} else {
		check->members = check->hinted = 0;
	}
	/* Far from memory and pool there is MMIO in large blocks, and a few holes: the ends stand for all. */
	if (end <= first || start >= last) {
		assert_int_equal(leaf->valid, system_reachable(system, start));
		assert_int_equal(leaf->valid, system_reachable(system, end - 1));
		assert_true(!leaf->valid || leaf->device);
		return;
	}
	for (uint64_t page = start; page < end; page++) {
		if ((leaf->read * SHADOW_ACCESS_R | leaf->write * SHADOW_ACCESS_W) !=
		    (int)system_access(system, page))
			fail_msg("seed %llu: table %s page %llx", (unsigned long long)system->config.seed,
				 leaf->valid ? "maps" : "lacks", (unsigned long long)page);
		if (leaf->valid)
			assert_int_equal(leaf->device, !in_memory(system, page));
	}
	if (check->largest && leaf->valid && !(start & (level_pages(system, leaf->level - 1) - 1)) &&
	    could_be_block(system, start, leaf->level - 1))
		fail_msg("leaves of level %d where one above would do: %llx", leaf->level,
			 (unsigned long long)start);
}

static void check_tables(struct system *system, bool largest, bool complete)
{
	struct model_config model = model_of(system);
	struct table_check check = { .system = system, .largest = largest, .complete = complete };
	struct model_stage2 stage2;
	uint64_t ste[8];

	shadow_smmu_ste(system->smmu[0].smmu, SYSTEM_SID, ste);
	stage2 = model_decode_ste(ste, &model);
	assert_true(stage2.valid);
	assert_int_equal(stage2.ia_bits, system->config.ia_bits);
	assert_int_equal(stage2.granule_lg2, system->config.granule_lg2);
	system->start_level = stage2.start_level;
	assert_int_equal(model_walk_all(&model.memory, &stage2, &check, check_leaf), MODEL_OK);
	assert_int_equal(check.next, UINT64_C(1) << (system->config.ia_bits - granule(system)));
}

void system_check_tables(struct system *system)
{
	check_tables(system, system->config.collapse == SHADOW_COLLAPSE_EAGER, false);
}

void system_check_compacted(struct system *system)
{
	check_tables(system, true, true);
}

void system_compact(struct system *system, unsigned blocks)
{
	shadow_ticket_t ticket;
	bool more;

	do {
		more = shadow_compact(system->engine, blocks, &ticket);
		assert_int_equal(shadow_wait(system->engine, ticket, SYSTEM_WAIT_NS), 0);
	} while (more);
	system_flush_and_wait(system);
}

void system_flush_and_wait(struct system *system)
{
	assert_int_equal(shadow_wait(system->engine, shadow_flush(system->engine), SYSTEM_WAIT_NS), 0);
}
