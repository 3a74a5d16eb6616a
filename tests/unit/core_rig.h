/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * core_rig.h - engine and target over software SMMUs, with everything between them written down.
 *
 * For the suites of engine, flush and target: each step of the set-up can be done alone and may fail,
 * commands and doorbells are recorded in order, time is the test's own and the SMMUs move only when somebody
 * waits.
 */
#ifndef TESTS_UNIT_CORE_RIG_H
#define TESTS_UNIT_CORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "bench/replay/observed.h"
#include "engine/platform/linux.h"
#include "smmuv3/model/model.h"

#define CORE_SMMUS_MAX	 5u
#define CORE_SID	 5u
#define CORE_VMID	 9u
#define CORE_IA_BITS	 36u
#define CORE_POOL_PA	 UINT64_C(0x100000000000)
#define CORE_HOST_PA	 UINT64_C(0x200000000000)
#define CORE_HOST_PAGES	 64u
#define CORE_LOG_MAX	 16384u
#define CORE_REPORTS_MAX 64u
#define CORE_WAIT_NS	 100000u
#define CORE_ECMDQS	 4u
#define CORE_GIB	 UINT64_C(0x40000000)
#define CORE_MEMORY_PAGE (CORE_GIB >> 12) /* memory is [1 GiB, 2 GiB) unless a test says otherwise */

#define CORE_TLBI_NH_ALL    0x10u
#define CORE_TLBI_S12_VMALL 0x28u
#define CORE_TLBI_S2_IPA    0x2au
#define CORE_ATC_INV	    0x40u
#define CORE_SYNC	    0x46u

enum core_event {
	CORE_COMMAND,
	CORE_DOORBELL,
	CORE_CONS_READ
};

struct core_entry {
	enum core_event event;
	unsigned smmu;
	uint64_t word[2]; /* of a command */
};

struct core_report {
	enum platform_report what;
	uint64_t a, b;
};

struct core;

struct core_smmu {
	struct core *core;
	unsigned number;
	struct model *model;
	struct shadow_smmu *smmu;
	uintptr_t registers;
	uint64_t ring_pa;
	unsigned ring_lg2;
	uint32_t prod;
	bool stalled; /* makes no step while the driver waits */
};

struct core {
	/* What a test may change between core_init() and core_up(). */
	struct shadow_range memory[4], reserved[4];
	struct shadow_address_map map;
	unsigned bbml, smmu_count, cpu_count, queue_slots, cmdq_lg2;
	enum shadow_collapse collapse;
	bool nested, no_ril, ats, hyp, sev, msi;
	bool no_ecmdq;	     /* SMMUs without; else they have CORE_ECMDQS, */
	unsigned ecmdq;	     /* of which so many are asked for */
	unsigned completion; /* enum shadow_completion, ored */
	uint32_t iidr;	     /* of the SMMUs, */
	unsigned model_errata; /* what they really do wrong, */
	unsigned errata;     /* and what the driver is told beside IIDR */
	struct shadow_page_bits pending, consent;
	uint64_t pool_bytes; /* 0: what shadow_smmu_pool_bytes() says */
	uint64_t wait_ns;    /* of each SMMU */
	/* What one SMMU has, or is used for, that others do not. */
	void (*model_differs)(unsigned smmu, struct model_config *config);
	void (*smmu_differs)(unsigned smmu, struct shadow_smmu_config *config);

	struct shadow_engine *engine;
	struct shadow_target *target;
	struct shadow_pool pool;
	struct shadow_host_table host;
	struct core_smmu smmu[CORE_SMMUS_MAX];
	void *engine_memory, *target_memory;
	size_t engine_bytes, target_bytes;
	uint64_t *host_memory;
	unsigned host_used;
	uint64_t number; /* of the last transition that changed access */

	struct core_entry log[CORE_LOG_MAX];
	unsigned log_count;
	struct core_report reports[CORE_REPORTS_MAX];
	unsigned report_count;
	uint64_t time_ns, violations, stores;
};

/* ---- devices ------------------------------------------------------------------------------------------ */

static inline struct core_entry *core_log(struct core *core, enum core_event event, unsigned smmu)
{
	struct core_entry *entry = &core->log[core->log_count];

	assert_true(core->log_count < CORE_LOG_MAX);
	core->log_count++;
	*entry = (struct core_entry){ .event = event, .smmu = smmu };
	return entry;
}

static inline uint32_t core_read32(void *ctx, uint32_t offset)
{
	struct core_smmu *smmu = ctx;

	if (offset == 0x9c)
		core_log(smmu->core, CORE_CONS_READ, smmu->number);
	return model_read32(smmu->model, offset);
}

static inline uint64_t core_read64(void *ctx, uint32_t offset)
{
	return model_read64(((struct core_smmu *)ctx)->model, offset);
}

/* The doorbell: what it publishes is read from the ring before the SMMU sees it. */
static inline void core_doorbell(struct core_smmu *smmu, uint32_t prod)
{
	uint32_t mask = (2u << smmu->ring_lg2) - 1;

	for (; smmu->prod != (prod & mask); smmu->prod = (smmu->prod + 1) & mask) {
		const uint64_t *slot = platform_virt(
			(shadow_pa_t){ smmu->ring_pa + 16 * (uint64_t)(smmu->prod & (mask >> 1)) }, 16);
		struct core_entry *entry = core_log(smmu->core, CORE_COMMAND, smmu->number);

		assert_non_null(slot);
		entry->word[0] = slot[0];
		entry->word[1] = slot[1];
	}
	core_log(smmu->core, CORE_DOORBELL, smmu->number);
}

static inline void core_write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct core_smmu *smmu = ctx;

	if (offset == 0x98 && model_read32(smmu->model, 0x24) & 8)
		core_doorbell(smmu, value);
	else if (offset == 0x98)
		smmu->prod = value;
	model_write32(smmu->model, offset, value);
}

static inline void core_write64(void *ctx, uint32_t offset, uint64_t value)
{
	struct core_smmu *smmu = ctx;

	if (offset == 0x90) {
		smmu->ring_pa = value & UINT64_C(0x00ffffffffffffe0);
		smmu->ring_lg2 = (unsigned)(value & 31);
	}
	model_write64(smmu->model, offset, value);
}

static inline const void *core_pa_read(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return platform_virt((shadow_pa_t){ pa }, bytes);
}

static inline void *core_pa_write(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return platform_virt((shadow_pa_t){ pa }, bytes);
}

static inline void core_violated(void *ctx, const struct model_violation *violation)
{
	struct core *core = ctx;

	print_error("model: %s: %s\n", model_rule_name(violation->rule), violation->what);
	core->violations++;
}

/* ---- platform ----------------------------------------------------------------------------------------- */

static inline uint64_t core_time(void *ctx)
{
	struct core *core = ctx;

	return core->time_ns++;
}

static inline void core_relax(void *ctx)
{
	struct core *core = ctx;

	core->time_ns += 100;
	for (unsigned i = 0; i < core->smmu_count; i++)
		for (unsigned steps = 3; core->smmu[i].model && !core->smmu[i].stalled && steps; steps--)
			model_step(core->smmu[i].model);
}

static inline void core_reported(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	struct core *core = ctx;

	assert_true(core->report_count < CORE_REPORTS_MAX);
	core->reports[core->report_count++] = (struct core_report){ what, a, b };
}

static inline void core_panicked(void *ctx, const char *where)
{
	(void)ctx;
	mock_assert(0, where, __FILE__, __LINE__);
}

static inline void core_stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	struct core *core = ctx;
	uint64_t pa = core->pool.base.addr + (uint64_t)((char *)where - (char *)core->pool.virt);

	core->stores++;
	for (unsigned i = 0; i < core->smmu_count; i++)
		if (core->smmu[i].model)
			model_observe_store(core->smmu[i].model, pa, old_value, value);
}

/* ---- set-up ------------------------------------------------------------------------------------------- */

static inline void core_init(struct core *core)
{
	memset(core, 0, sizeof(*core));
	core->memory[0] = (struct shadow_range){ CORE_GIB, 2 * CORE_GIB };
	core->map = (struct shadow_address_map){ .ia_bits = CORE_IA_BITS, .memory_count = 1 };
	core->bbml = 2;
	core->collapse = SHADOW_COLLAPSE_EAGER;
	core->smmu_count = core->cpu_count = 1;
	core->queue_slots = 16;
	core->cmdq_lg2 = 6;
	core->wait_ns = CORE_WAIT_NS;
	platform_linux_set_time(core_time, core);
	platform_linux_set_relax(core_relax, core);
	platform_linux_set_report(core_reported, core);
	platform_linux_set_panic(core_panicked, core);
	platform_linux_set_host_lock(true);
	observed_set(core_stored, core);
}

static inline void *core_alloc(size_t bytes)
{
	void *memory = platform_linux_alloc(bytes, 4096);

	assert_non_null(memory);
	return memory;
}

static inline struct shadow_engine_config core_engine_config(struct core *core)
{
	core->map.memory = core->memory;
	core->map.reserved = core->reserved;
	return (struct shadow_engine_config){ .cpu_count = core->cpu_count,
					      .queue_slots = core->queue_slots,
					      .map = core->map,
					      .pending = core->pending,
					      .consent = core->consent };
}

static inline void core_engine_up(struct core *core)
{
	struct shadow_engine_config config = core_engine_config(core);

	core->engine_bytes = shadow_engine_bytes(&config);
	assert_true(core->engine_bytes > 0);
	core->engine_memory = core_alloc(core->engine_bytes);
	assert_int_equal(shadow_engine_init(core->engine_memory, core->engine_bytes, &config, &core->engine),
			 0);
}

static inline struct shadow_smmu_config core_smmu_config(const struct core *core, unsigned number)
{
	struct shadow_smmu_config config = {
		.registers = core->smmu[number].registers,
		.cmdq_lg2 = core->cmdq_lg2,
		.evtq_lg2 = 4,
		.sid_bits = 6,
		.no_ril = core->no_ril,
		.nested = core->nested,
		.errata = core->errata,
		.ecmdq = core->ecmdq,
		.completion = core->completion,
		.wait_ns = core->wait_ns,
	};

	if (core->smmu_differs)
		core->smmu_differs(number, &config);
	return config;
}

static inline struct shadow_smmu_target_config core_target_config(struct core *core)
{
	struct shadow_smmu_config smmus[CORE_SMMUS_MAX];
	struct shadow_smmu_target_config config = { .bbml = core->bbml, .collapse = core->collapse,
						    .vmid = CORE_VMID,
						    .runs_max = core->cpu_count * core->queue_slots };

	core->map.memory = core->memory;
	core->map.reserved = core->reserved;
	config.map = core->map;
	config.pool.base.addr = CORE_POOL_PA;
	for (unsigned i = 0; i < core->smmu_count; i++)
		smmus[i] = core_smmu_config(core, i);
	config.pool.bytes = core->pool_bytes ? core->pool_bytes :
					       shadow_smmu_pool_bytes(&config, smmus, core->smmu_count);
	return config;
}

static inline void core_target_up(struct core *core)
{
	struct shadow_smmu_target_config config = core_target_config(core);

	config.pool.virt = core_alloc(config.pool.bytes);
	core->pool = config.pool;
	assert_int_equal(platform_linux_add_memory(config.pool.base, config.pool.virt, config.pool.bytes), 0);
	core->target_bytes = shadow_smmu_target_bytes(&config);
	core->target_memory = core_alloc(core->target_bytes);
	assert_int_equal(
		shadow_smmu_target_init(core->target_memory, core->target_bytes, &config, &core->target), 0);
}

static inline void core_model_up(struct core *core, unsigned number)
{
	static const struct platform_linux_device device = { core_read32, core_read64, core_write32,
							     core_write64 };
	struct core_smmu *smmu = &core->smmu[number];
	struct model_config config = { 0 };

	model_config_default(&config);
	config.s1p = core->nested;
	config.iidr = core->iidr;
	config.errata = core->model_errata;
	config.ats = core->ats;
	config.hyp = core->hyp;
	config.sev = core->sev;
	config.msi = core->msi;
	config.ecmdq = !core->no_ecmdq;
	config.ecmdq_lg2nump = config.ecmdq_lg2numq = 1;
	config.bbml = core->bbml;
	config.seed = 1 + number;
	config.memory = (struct model_memory){ core, core_pa_read, core_pa_write };
	config.report_ctx = core;
	config.report = core_violated;
	if (core->model_differs)
		core->model_differs(number, &config);
	smmu->core = core;
	smmu->number = number;
	smmu->model = model_new(&config);
	assert_non_null(smmu->model);
	smmu->registers = platform_linux_add_device(&device, smmu, 0x40000);
	assert_int_not_equal(smmu->registers, 0);
}

static inline int core_attach(struct core *core, unsigned number)
{
	struct shadow_smmu_config config;

	core_model_up(core, number);
	config = core_smmu_config(core, number);
	return shadow_smmu_attach(core->target, &config, &core->smmu[number].smmu);
}

/* An empty host table: everything is read-write. */
static inline void core_host_up(struct core *core)
{
	core->host_memory = core_alloc(CORE_HOST_PAGES * 4096);
	core->host_used = 1;
	core->host = (struct shadow_host_table){ .root = { CORE_HOST_PA }, .ia_bits = core->map.ia_bits,
						 .start_level = 1 };
	assert_int_equal(
		platform_linux_add_memory(core->host.root, core->host_memory, CORE_HOST_PAGES * 4096), 0);
}

/* The entry of @level (1 .. 3) for @page in the host's table. */
static inline uint64_t *core_host_entry(struct core *core, uint64_t page, unsigned level)
{
	uint64_t *entry = &core->host_memory[page >> 18];

	for (unsigned at = 1; at < level; at++) {
		if (!(*entry & 1)) {
			assert_true(core->host_used < CORE_HOST_PAGES);
			*entry = (CORE_HOST_PA + 4096 * (uint64_t)core->host_used++) | 3;
		}
		entry = &core->host_memory[((*entry & ~UINT64_C(0xfff)) - CORE_HOST_PA) / 8 +
					   (page >> 9 * (2 - at) & 511)];
	}
	return entry;
}

/* All but the snapshot. */
static inline void core_up_to_snapshot(struct core *core)
{
	core_engine_up(core);
	core_target_up(core);
	for (unsigned i = 0; i < core->smmu_count; i++) {
		assert_int_equal(core_attach(core, i), 0);
		assert_int_equal(shadow_smmu_stream(core->smmu[i].smmu, CORE_SID), 0);
	}
	assert_int_equal(shadow_engine_register(core->engine, core->target), 0);
	core_host_up(core);
}

static inline void core_forget(struct core *core)
{
	core->log_count = core->report_count = 0;
	core->stores = 0;
}

static inline void core_up(struct core *core)
{
	core_up_to_snapshot(core);
	assert_int_equal(shadow_snapshot(core->engine, &core->host), 0);
	assert_int_equal(core->violations, 0);
	core_forget(core);
}

static inline void core_down(struct core *core)
{
	observed_set(NULL, NULL);
	for (unsigned i = 0; i < core->smmu_count; i++) {
		if (!core->smmu[i].model)
			continue;
		platform_linux_remove_device(core->smmu[i].registers);
		model_free(core->smmu[i].model);
	}
	if (core->pool.virt)
		platform_linux_remove_memory(core->pool.base);
	if (core->host_memory)
		platform_linux_remove_memory((shadow_pa_t){ CORE_HOST_PA });
	platform_linux_free(core->pool.virt, core->pool.bytes);
	platform_linux_free(core->host_memory, CORE_HOST_PAGES * 4096);
	platform_linux_free(core->engine_memory, core->engine_bytes);
	platform_linux_free(core->target_memory, core->target_bytes);
	memset(core, 0, sizeof(*core));
}

/* ---- the host ----------------------------------------------------------------------------------------- */

static inline struct shadow_transition
core_transition(uint64_t page, uint64_t count, enum shadow_state old_state, enum shadow_state new_state)
{
	return (struct shadow_transition){
		.start = { page << 12 }, .page_count = count, .old_state = old_state, .new_state = new_state
	};
}

/* Reserve and queue. Return: as shadow_reserve(). */
static inline int core_change_on(struct core *core, unsigned cpu, uint64_t page, uint64_t count,
				 enum shadow_state old_state, enum shadow_state new_state)
{
	struct shadow_transition transition = core_transition(page, count, old_state, new_state);
	int error = shadow_reserve(core->engine, cpu, &transition, CORE_WAIT_NS);

	if (!error && shadow_queue(core->engine, cpu, core->number + 1, &transition))
		core->number++;
	return error;
}

static inline void core_revoke(struct core *core, uint64_t page, uint64_t count)
{
	assert_int_equal(core_change_on(core, 0, page, count, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE), 0);
}

static inline void core_grant(struct core *core, uint64_t page, uint64_t count)
{
	assert_int_equal(core_change_on(core, 0, page, count, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED), 0);
}

static inline void core_finish(struct core *core)
{
	assert_int_equal(shadow_wait(core->engine, shadow_flush(core->engine), CORE_WAIT_NS), 0);
	shadow_reclaim(core->engine);
	assert_int_equal(core->violations, 0);
}

/* ---- what devices see, and what was recorded ---------------------------------------------------------- */

/* A device's access, kept in the TLB. */
static inline bool core_reaches(struct core *core, unsigned smmu, uint64_t page)
{
	struct model_access access = model_dma(core->smmu[smmu].model, CORE_SID, page << 12, true);

	if (access.fault)
		return false;
	assert_false(access.bypass);
	assert_int_equal(access.pa, page << 12);
	return true;
}

/* All devices stop between two commands, or go on. */
static inline void core_stall(struct core *core, bool stalled)
{
	for (unsigned i = 0; i < core->smmu_count; i++)
		core->smmu[i].stalled = stalled;
}

/* All devices do what they have been told, stalled or not. */
static inline void core_run_models(struct core *core)
{
	for (unsigned i = 0; i < core->smmu_count; i++)
		model_run(core->smmu[i].model);
}

static inline unsigned core_count(const struct core *core, enum core_event event, unsigned smmu)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core->log_count; i++)
		count += core->log[i].event == event && core->log[i].smmu == smmu;
	return count;
}

/* The command at @index among those of an SMMU. */
static inline const struct core_entry *core_command(const struct core *core, unsigned smmu, unsigned index)
{
	for (unsigned i = 0; i < core->log_count; i++)
		if (core->log[i].event == CORE_COMMAND && core->log[i].smmu == smmu && !index--)
			return &core->log[i];
	fail_msg("SMMU %u has no such command", smmu);
	return NULL;
}

static inline unsigned core_opcode(const struct core *core, unsigned smmu, unsigned index)
{
	return (unsigned)(core_command(core, smmu, index)->word[0] & 0xff);
}

static inline struct shadow_stats core_stats(const struct core *core)
{
	struct shadow_stats stats;

	shadow_engine_stats(core->engine, &stats);
	return stats;
}

static inline struct shadow_smmu_stats core_smmu_stats(const struct core *core, unsigned smmu)
{
	struct shadow_smmu_stats stats;

	shadow_smmu_stats(core->smmu[smmu].smmu, &stats);
	return stats;
}

static inline struct shadow_table_stats core_table_stats(const struct core *core)
{
	struct shadow_table_stats stats;

	shadow_smmu_table_stats(core->target, &stats);
	return stats;
}

#endif
