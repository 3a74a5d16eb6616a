/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_world.c - the machine that is simulated: memory, SMMUs, engine; how it boots.
 *
 * Memory is small, so that a block is cut and made whole again many times: two regions with a hole of odd size
 * between them, room for a few blocks in the first and less than one in the second. The pool lies in the address
 * space, above.
 */
#include "bench/simulate/simulate_world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/simulate/simulate_smmu.h"
#include "bench/simulate/simulate_trace.h"
#include "engine/platform/linux.h"

#define IA_BITS	     32u
#define VMID	     5u
#define CMDQ_PROD    0x98u
#define ECMDQ_PAGES  0x20000u	       /* registers of the others, from here on; PROD of each */
#define ECMDQ_STRIDE 16u
#define ECMDQ_PROD   8u
#define MEMORY_PA    (UINT64_C(1) << 30)
#define POOL_PA	     (UINT64_C(2) << 30)
#define POOL_ALIGN   (UINT64_C(2) << 20)
#define HOST_PA	     (UINT64_C(1) << 50)
#define REGISTERS    (UINT64_C(1) << 46)
#define REGISTER_LG2 20u
#define HOLE_PAGES   5u
#define TAIL_PAGES   66u

/* ---- memory ------------------------------------------------------------------------------------------------- */

unsigned simulate_block_lg2(const struct simulate *world)
{
	return world->shape.granule_lg2 - 3;
}

static void lay_out_memory(struct simulate *world)
{
	unsigned granule_lg2 = world->shape.granule_lg2;
	uint64_t blocks = granule_lg2 == SHADOW_PAGE_LG2 ? 4 : 1;
	uint64_t end = MEMORY_PA + (blocks << (simulate_block_lg2(world) + granule_lg2));
	uint64_t second = end + ((uint64_t)HOLE_PAGES << granule_lg2);

	world->memory[0] = (struct shadow_range){ MEMORY_PA, end };
	world->memory[1] = (struct shadow_range){ second, second + ((uint64_t)TAIL_PAGES << granule_lg2) };
	world->regions = 2;
}

static uint64_t region_pages(const struct simulate *world, unsigned region)
{
	return (world->memory[region].end - world->memory[region].start) >> world->shape.granule_lg2;
}

uint64_t simulate_pages(const struct simulate *world)
{
	uint64_t pages = 0;

	for (unsigned region = 0; region < world->regions; region++)
		pages += region_pages(world, region);
	return pages;
}

uint64_t simulate_page_at(const struct simulate *world, uint64_t index)
{
	unsigned region = 0;

	while (region + 1 < world->regions && index >= region_pages(world, region))
		index -= region_pages(world, region++);
	return (world->memory[region].start >> world->shape.granule_lg2) + index;
}

bool simulate_index(const struct simulate *world, uint64_t page, uint64_t *index)
{
	uint64_t before = 0;

	for (unsigned region = 0; region < world->regions; region++) {
		uint64_t offset = page - (world->memory[region].start >> world->shape.granule_lg2);

		if (offset < region_pages(world, region)) {
			*index = before + offset;
			return true;
		}
		before += region_pages(world, region);
	}
	return false;
}

/* What lies at @pa in one of the pool's faces: the CPU's, memory behind the caches, or as the models were told. */
static void *pool_at(const struct simulate *world, void *face, uint64_t pa, size_t bytes)
{
	uint64_t offset = pa - world->pool.base.addr;

	return offset < world->pool.bytes && bytes <= world->pool.bytes - offset ? (char *)face + offset : NULL;
}

static void *memory_write(void *ctx, uint64_t pa, size_t bytes)
{
	const struct simulate_smmu *smmu = ctx;
	const struct simulate *world = smmu->world;
	bool behind = world->shape.smmu[smmu - world->smmu].non_coherent;

	return pool_at(world, behind ? model_cache_view(world->cache) : world->pool.virt, pa, bytes);
}

static const void *memory_read(void *ctx, uint64_t pa, size_t bytes)
{
	return memory_write(ctx, pa, bytes);
}

static const void *memory_peek(void *ctx, uint64_t pa, size_t bytes)
{
	const struct simulate_smmu *smmu = ctx;

	return pool_at(smmu->world, smmu->world->told, pa, bytes);
}

/* ---- what the platform asks for ------------------------------------------------------------------------------- */

static struct simulate_smmu *smmu_at(struct simulate *world, uintptr_t address, uint32_t *offset)
{
	*offset = (uint32_t)address & ((1u << REGISTER_LG2) - 1);
	return &world->smmu[(address - REGISTERS) >> REGISTER_LG2];
}

static uint32_t hook_read32(void *ctx, uintptr_t address)
{
	uint32_t offset;
	struct simulate_smmu *smmu = smmu_at(ctx, address, &offset);

	return model_read32(smmu->model, offset);
}

static uint64_t hook_read64(void *ctx, uintptr_t address)
{
	uint32_t offset;
	struct simulate_smmu *smmu = smmu_at(ctx, address, &offset);

	return model_read64(smmu->model, offset);
}

static void rung(struct simulate *world, const struct simulate_smmu *smmu, uint32_t prod)
{
	if (world->cache)
		model_cache_doorbell(world->cache);
	simulate_note(world, HISTORY_DOORBELL, (uint64_t)(smmu - world->smmu), 0, prod);
}

static void doorbell(struct simulate *world, struct simulate_smmu *smmu, uint32_t prod)
{
	world->counts.wraps += (prod ^ smmu->prod) >> world->shape.smmu[smmu - world->smmu].cmdq_lg2 & 1;
	smmu->prod = prod;
	rung(world, smmu, prod);
}

static void doorbell_enhanced(struct simulate *world, const struct simulate_smmu *smmu, uint32_t prod)
{
	world->counts.enhanced++;
	rung(world, smmu, prod);
}

static void hook_write32(void *ctx, uintptr_t address, uint32_t value)
{
	struct simulate *world = ctx;
	uint32_t offset;
	struct simulate_smmu *smmu = smmu_at(world, address, &offset);

	if (offset == CMDQ_PROD)
		doorbell(world, smmu, value);
	else if (offset >= ECMDQ_PAGES && offset % ECMDQ_STRIDE == ECMDQ_PROD)
		doorbell_enhanced(world, smmu, value);
	model_write32(smmu->model, offset, value);
}

static void hook_write64(void *ctx, uintptr_t address, uint64_t value)
{
	uint32_t offset;
	struct simulate_smmu *smmu = smmu_at(ctx, address, &offset);

	model_write64(smmu->model, offset, value);
}

static void *hook_virt(void *ctx, shadow_pa_t pa, size_t bytes)
{
	struct simulate *world = ctx;
	uint64_t offset = pa.addr - HOST_PA;

	if (world->trace && host_stage2_virt(&world->host_stage2, pa.addr))
		return host_stage2_virt(&world->host_stage2, pa.addr);
	if (offset < sizeof(world->host_table) && bytes <= sizeof(world->host_table) - offset)
		return (char *)world->host_table + offset;
	return pool_at(world, world->pool.virt, pa.addr, bytes);
}

static void hook_cleaned(void *ctx, const void *start, size_t bytes)
{
	struct simulate *world = ctx;

	if (world->cache)
		model_cache_clean(world->cache, (size_t)((const char *)start - (const char *)world->pool.virt), bytes);
}

static void hook_stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	struct simulate *world = ctx;

	uint64_t offset = (uint64_t)((char *)where - (char *)world->pool.virt);

	world->stored[world->stored_count++ % SIMULATE_RECENT] = offset;
	world->told[offset / 8] = value;
	for (unsigned i = 0; i < world->shape.smmus; i++)
		model_observe_store(world->smmu[i].model, world->pool.base.addr + offset, old_value, value);
}

static void hook_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	struct simulate *world = ctx;
	unsigned number = simulate_smmu_number(world, what == PLATFORM_REPORT_EVENT ? a >> 32 : a);

	simulate_note(world, HISTORY_REPORT, number, 0, (int64_t)what);
	if (what == PLATFORM_REPORT_COMMAND_ERROR)
		world->counts.repaired++;
	else if (what == PLATFORM_REPORT_STREAM_ABORTED)
		simulate_smmu_stream_aborted(world, number, (uint32_t)b);
	else if (what == PLATFORM_REPORT_SMMU_CLOSED)
		simulate_smmu_closed(world, number, b);
	else if (what == PLATFORM_REPORT_ISOLATION_LOST)
		simulate_smmu_lost(world, number);
}

static void hook_failed(void *ctx, const char *what)
{
	simulate_violate(ctx, 0, 0, "%s", what);
}

static void hook_violated(void *ctx, const struct model_violation *violation)
{
	const struct simulate_smmu *smmu = ctx;

	/* What one that is lost does not know of cannot be waited for. */
	if (smmu->lost)
		return;
	simulate_violate(smmu->world, 0, 0, "model of SMMU %u: %s: %s (pa %llx: %llx -> %llx)",
			 (unsigned)(smmu - smmu->world->smmu), model_rule_name(violation->rule), violation->what,
			 (unsigned long long)violation->pa,
			 (unsigned long long)violation->old_value, (unsigned long long)violation->new_value);
}

void simulate_violate(struct simulate *world, uint64_t page, uint64_t count, const char *format, ...)
{
	va_list arguments;

	if (world->violated)
		return;
	world->violated = true;
	world->violation_page = page;
	world->violation_count = count;
	va_start(arguments, format);
	vsnprintf(world->violation, sizeof(world->violation), format, arguments);
	va_end(arguments);
	sim_stop();
}

void simulate_note(struct simulate *world, enum history_kind kind, uint64_t page, uint64_t count, int64_t value)
{
	unsigned cpu = sim_cpu();

	simulate_history_add(&world->history, &(struct history_event){ .time_ns = sim_now(),
							      .cpu = cpu == SIM_NOBODY ? HISTORY_DEVICE : cpu,
							      .kind = kind, .page = page, .count = count,
							      .value = value });
}

/* What each erratum does to an SMMU that is not treated for it. */
static unsigned model_errata(unsigned errata)
{
	return (errata & SHADOW_ERRATUM_SYNC_OFTEN ? MODEL_ERRATUM_LOSES_LATE : 0) |
	       (errata & SHADOW_ERRATUM_NO_MIXING ? MODEL_ERRATUM_LOSES_MIXED : 0) |
	       (errata & SHADOW_ERRATUM_REPEAT ? MODEL_ERRATUM_LOSES_FIRST : 0);
}

static struct model_config model_config_of(struct simulate *world, unsigned number)
{
	const struct simulate_smmu_shape *shape = &world->shape.smmu[number];
	struct model_config config = { 0 };

	model_config_default(&config);
	config.s1p = shape->nested;
	config.hyp = shape->hyp;
	config.ats = shape->ats;
	config.bbml = world->shape.bbml;
	config.ril = !shape->no_ril;
	config.oas_bits = shape->oas_bits;
	config.cohacc = !shape->non_coherent;
	config.errata = model_errata(shape->errata);
	config.memory = (struct model_memory){ &world->smmu[number], memory_read, memory_write };
	config.peek = memory_peek;
	config.seed = world->seed + number + 1;
	config.ecmdq = shape->ecmdq;
	config.ecmdq_lg2nump = config.ecmdq_lg2numq = SIMULATE_ECMDQ_MAX / 4;
	config.msi = shape->completion & SHADOW_COMPLETION_MSI;
	config.sev = shape->completion & SHADOW_COMPLETION_EVENT;
	config.gbpa_abort_at_reset = shape->aborts_at_reset;
	config.report = hook_violated;
	config.report_ctx = &world->smmu[number];
	return config;
}

/* ---- boot ----------------------------------------------------------------------------------------------------- */

static struct shadow_address_map map_of(const struct simulate *world)
{
	return (struct shadow_address_map){ .ia_bits = world->ia_bits, .granule_lg2 = world->shape.granule_lg2,
					    .memory = world->memory, .memory_count = world->regions };
}

static struct shadow_host_table host_table_of(const struct simulate *world)
{
	if (world->trace)
		return (struct shadow_host_table){ .root = { world->host_stage2.pa }, .ia_bits = world->ia_bits,
						   .start_level = (int)world->host_stage2.start_level };
	return (struct shadow_host_table){ .root = { HOST_PA }, .ia_bits = world->ia_bits,
					   .start_level = world->shape.granule_lg2 == SHADOW_PAGE_LG2 ? 1 : 2,
					   .granule_lg2 = world->shape.granule_lg2 };
}

void simulate_boot(void *ctx, unsigned cpu)
{
	struct simulate *world = ctx;
	const struct shadow_host_table host = host_table_of(world);
	int error = simulate_smmu_boot(world);
	const struct model_config first = model_config_of(world, 0);
	uint64_t ste[8];

	(void)cpu;
	if (!error)
		error = shadow_engine_register(world->engine, world->target);
	sim_host_lock();
	if (!error)
		error = shadow_snapshot(world->engine, &host);
	world->live = !error;
	world->boot_error = error;
	if (!error) {
		simulate_smmu_booted(world);
		shadow_smmu_ste(world->smmu[0].smmu, SIMULATE_SID, ste);
		world->stage2 = model_decode_ste(ste, &first);
	}
	sim_host_unlock();
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

/* In the address space, behind memory. */
static uint64_t pool_pa(const struct simulate *world)
{
	uint64_t end = world->memory[world->regions - 1].end;

	return world->trace ? (end + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1) : POOL_PA;
}

static int open_target(struct simulate *world)
{
	struct shadow_smmu_target_config config = {
		.map = map_of(world), .bbml = world->shape.bbml, .vmid = VMID, .collapse = world->shape.collapse,
		.contiguous = world->shape.contiguous, .runs_max = world->shape.cpus * world->shape.queue_slots,
		.pool.base = { pool_pa(world) },
	};
	struct shadow_smmu_config smmu[SIMULATE_SMMUS_MAX];

	for (unsigned i = 0; i < world->shape.smmus; i++)
		smmu[i] = simulate_smmu_config(world, i);
	config.pool.bytes = shadow_smmu_pool_bytes(&config, smmu, world->shape.smmus);
	config.pool.virt = platform_linux_alloc(config.pool.bytes, 4096);
	world->told = calloc(1, config.pool.bytes);
	world->pool = config.pool;
	world->target_bytes = shadow_smmu_target_bytes(&config);
	world->target_memory = platform_linux_alloc(world->target_bytes, 64);
	if (!world->pool.virt || !world->told || !world->target_memory)
		return -1;
	return shadow_smmu_target_init(world->target_memory, world->target_bytes, &config, &world->target);
}

static int open_engine(struct simulate *world)
{
	struct shadow_engine_config config = { .cpu_count = world->shape.cpus,
					       .queue_slots = world->shape.queue_slots, .map = map_of(world) };
	uint64_t mask = (UINT64_C(64) << world->shape.granule_lg2) - 1;
	struct shadow_range all = { world->memory[0].start & ~mask,
				    (world->memory[world->regions - 1].end + mask) & ~mask };

	world->pending_bits = calloc(1, shadow_page_bits_bytes(all, world->shape.granule_lg2));
	world->consent_bits = calloc(1, shadow_page_bits_bytes(all, world->shape.granule_lg2));
	if (!world->pending_bits || !world->consent_bits)
		return -1;
	config.pending = (struct shadow_page_bits){ world->pending_bits, all };
	config.consent = (struct shadow_page_bits){ world->consent_bits, all };
	world->engine_bytes = shadow_engine_bytes(&config);
	world->engine_memory = platform_linux_alloc(world->engine_bytes, 64);
	if (!world->engine_memory)
		return -1;
	return shadow_engine_init(world->engine_memory, world->engine_bytes, &config, &world->engine);
}

static int open_models(struct simulate *world)
{
	for (unsigned i = 0; i < world->shape.smmus; i++) {
		struct model_config config = model_config_of(world, i);

		if (!config.cohacc && !world->cache)
			world->cache = model_cache_new(world->pool.virt, world->pool.bytes);
		world->smmu[i].world = world;
		world->smmu[i].breaks_at = world->shape.smmu[i].breaks_at;
		world->smmu[i].model = model_new(&config);
		if (!world->smmu[i].model || (!config.cohacc && !world->cache))
			return -1;
		/* At the end the tables are judged as an SMMU finds them that does not look into caches, if there is one. */
		if (i == 0 || !config.cohacc)
			world->model_config = config;
	}
	return 0;
}

static int open_oracle(struct simulate *world)
{
	world->page = calloc(simulate_pages(world), sizeof(*world->page));
	if (!world->page)
		return -1;
	for (uint64_t i = 0; i < simulate_pages(world); i++)
		world->page[i] = (struct simulate_page){ .state = SHADOW_STATE_OWNED, .access = SHADOW_ACCESS_RW };
	if (world->trace)
		simulate_trace_states(world);
	return 0;
}

int simulate_open(struct simulate *world, const struct simulate_shape *shape, const struct trace *trace, uint64_t seed)
{
	const struct sim_hooks hooks = { world,	      hook_read32,  hook_read64, hook_write32,	hook_write64, hook_virt,
					 hook_cleaned, hook_stored, simulate_turn, hook_report, hook_failed };

	*world = (struct simulate){ .shape = *shape, .seed = seed, .ia_bits = IA_BITS, .trace = trace };
	if (!trace)
		lay_out_memory(world);
	else if (simulate_trace_open(world))
		return -1;
	if (sim_open(shape->cpus, seed, &hooks))
		return -1;
	if (open_target(world) || open_engine(world) || open_models(world) || open_oracle(world))
		return -1;
	return 0;
}

void simulate_close(struct simulate *world)
{
	sim_close();
	for (unsigned i = 0; i < world->shape.smmus; i++)
		model_free(world->smmu[i].model);
	model_cache_free(world->cache);
	free(world->told);
	platform_linux_free(world->pool.virt, world->pool.bytes);
	platform_linux_free(world->target_memory, world->target_bytes);
	platform_linux_free(world->engine_memory, world->engine_bytes);
	if (world->trace)
		host_stage2_free(&world->host_stage2);
	free(world->page);
	free(world->pending_bits);
	free(world->consent_bits);
}
