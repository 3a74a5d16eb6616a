/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_refusal.c - an SMMU that is refused is told why, for every reason that there is, and nothing is taken or touched.
 */
#include "core_rig.h"

#include "smmuv3/target.h"

static struct core core;

/* What an identification register says instead of the truth. */
static uint32_t forged_offset, forged_clear, forged_set;
static unsigned register_writes;

static uint32_t forged_read32(void *ctx, uint32_t offset)
{
	uint32_t value = core_read32(ctx, offset);

	return offset == forged_offset ? (value & ~forged_clear) | forged_set : value;
}

static void counted_write32(void *ctx, uint32_t offset, uint32_t value)
{
	register_writes++;
	core_write32(ctx, offset, value);
}

static void counted_write64(void *ctx, uint32_t offset, uint64_t value)
{
	register_writes++;
	core_write64(ctx, offset, value);
}

/* What the configuration of the SMMU or of its target asks for beside the usual. */
enum ask {
	ASK_NOTHING,
	ASK_NESTED,
	ASK_TWO_LEVELS,
	ASK_MSI,
	ASK_IRQ_MSI,
	ASK_WITHOUT_END,
	ASK_FWB,
	ASK_VMID,
	ASK_16K,
	ASK_52_BITS,
	ASK_MUCH,
};

static void ask_smmu(enum ask ask, struct shadow_smmu_config *config)
{
	config->nested = ask == ASK_NESTED;
	if (ask == ASK_TWO_LEVELS) {
		config->sid_bits = 16;
		config->sid_split = 8;
		config->sid_tables = 1;
	}
	if (ask == ASK_MSI)
		config->completion = SHADOW_COMPLETION_MSI;
	if (ask == ASK_IRQ_MSI) {
		config->irq = SHADOW_IRQ_EVENTS;
		config->events_msi.address.addr = 0x8000;
	}
	if (ask == ASK_WITHOUT_END)
		config->wait_ns = 0;
	if (ask == ASK_MUCH)
		config->evtq_lg2 = 19;
}

static void ask_target(enum ask ask, struct shadow_smmu_target_config *config)
{
	config->fwb = ask == ASK_FWB;
	if (ask == ASK_VMID)
		config->vmid = 0x100;
	if (ask == ASK_16K)
		config->map.granule_lg2 = 14;
	if (ask == ASK_52_BITS)
		config->map.ia_bits = 52;
}

static const struct refusal {
	enum shadow_smmu_refusal refusal;
	enum ask ask;
	uint32_t offset, clear, set;
	int error;
} refusals[] = {
	{ SHADOW_REFUSAL_NONE, ASK_NOTHING, 0, 0, 0, 0 },
	{ SHADOW_REFUSAL_CONFIG, ASK_WITHOUT_END, 0, 0, 0, SHADOW_EINVAL },
	{ SHADOW_REFUSAL_STAGE_2, ASK_NOTHING, 0x00, 1u << 0, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_STAGE_1, ASK_NESTED, 0x00, 1u << 1, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_AARCH64, ASK_NOTHING, 0x00, 1u << 3, 1u << 2, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_ENDIAN, ASK_NOTHING, 0x00, 0, 3u << 21, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_STALL, ASK_NOTHING, 0x00, 3u << 24, 2u << 24, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_TABLE_PRESET, ASK_NOTHING, 0x04, 0, 1u << 30, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_QUEUES_PRESET, ASK_NOTHING, 0x04, 0, 1u << 29, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_CMDQ_SIZE, ASK_NOTHING, 0x04, 31u << 21, 5u << 21, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_EVTQ_SIZE, ASK_NOTHING, 0x04, 31u << 16, 3u << 16, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_SID_SIZE, ASK_NOTHING, 0x04, 63u, 5u, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_ST_LEVEL, ASK_TWO_LEVELS, 0x00, 3u << 27, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_GRANULE, ASK_NOTHING, 0x14, 1u << 4, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_BBML, ASK_NOTHING, 0x0c, 3u << 11, 1u << 11, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_FWB, ASK_FWB, 0x0c, 1u << 8, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_LARGE, ASK_52_BITS, 0x14, 7u, 5u, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_NESTING, ASK_NESTED, 0x18, UINT32_MAX, 0x4830043b, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_COMPLETION, ASK_MSI, 0x00, 1u << 13, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_MSI, ASK_IRQ_MSI, 0x00, 1u << 13, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_VMID, ASK_VMID, 0x00, 1u << 18, 0, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_OUTPUT_SIZE, ASK_NOTHING, 0x14, 7u, 1u, SHADOW_ENODEV },
	{ SHADOW_REFUSAL_POOL, ASK_MUCH, 0, 0, 0, SHADOW_ENOMEM },
};

static void up(const struct refusal *refusal)
{
	static const struct platform_linux_device device = { forged_read32, core_read64, counted_write32,
							     counted_write64 };
	struct shadow_smmu_target_config config;

	forged_offset = refusal->offset;
	forged_clear = refusal->clear;
	forged_set = refusal->set;
	register_writes = 0;
	core_init(&core);
	core.nested = refusal->ask == ASK_NESTED;
	core_model_up(&core, 0);
	platform_linux_remove_device(core.smmu[0].registers);
	core.smmu[0].registers = platform_linux_add_device(&device, &core.smmu[0], 0x40000);
	config = core_target_config(&core);
	ask_target(refusal->ask, &config);
	if (refusal->ask == ASK_52_BITS)
		config.pool.bytes = 64u << 20;
	config.pool.virt = core_alloc(config.pool.bytes);
	core.pool = config.pool;
	assert_int_equal(platform_linux_add_memory(config.pool.base, config.pool.virt, config.pool.bytes), 0);
	core.target_bytes = shadow_smmu_target_bytes(&config);
	core.target_memory = core_alloc(core.target_bytes);
	assert_int_equal(shadow_smmu_target_init(core.target_memory, core.target_bytes, &config, &core.target), 0);
}

static int attach(enum ask ask)
{
	struct shadow_smmu_config config = core_smmu_config(&core, 0);

	ask_smmu(ask, &config);
	return shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu);
}

static void every_reason_is_told_and_nothing_is_written(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		int error;

		up(refusal);
		error = attach(refusal->ask);

		if (error != -refusal->error || shadow_smmu_refusal(core.target) != refusal->refusal)
			fail_msg("case %u: error %d, refusal %d instead of %d", i, error,
				 shadow_smmu_refusal(core.target), refusal->refusal);
		assert_int_equal(register_writes > 0, !refusal->error);
		assert_int_equal(core.report_count, 0);
		core_down(&core);
	}
}

static const struct refusal *refusal_of(enum shadow_smmu_refusal refusal)
{
	unsigned i = 0;

	while (refusals[i].refusal != refusal)
		i++;
	return &refusals[i];
}

static void an_smmu_that_was_refused_may_be_attached_otherwise(void **state)
{
	(void)state;
	up(refusal_of(SHADOW_REFUSAL_COMPLETION));
	assert_int_equal(attach(ASK_MSI), -SHADOW_ENODEV);

	assert_int_equal(attach(ASK_NOTHING), 0);

	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_NONE);
	core_down(&core);
}

static void what_is_told_is_about_the_last_attach(void **state)
{
	struct shadow_smmu_config twice, never;
	struct shadow_smmu *smmu;

	(void)state;
	up(refusal_of(SHADOW_REFUSAL_NONE));
	assert_int_equal(attach(ASK_NOTHING), 0);
	twice = never = core_smmu_config(&core, 0);
	never.registers = 0;
	never.wait_ns = 0;
	assert_int_equal(shadow_smmu_attach(core.target, &never, &smmu), -SHADOW_EINVAL);
	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_CONFIG);

	assert_int_equal(shadow_smmu_attach(core.target, &twice, &smmu), -SHADOW_EBUSY);

	assert_int_equal(shadow_smmu_refusal(core.target), SHADOW_REFUSAL_NONE);
	core_down(&core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_is_told_and_nothing_is_written),
		cmocka_unit_test(an_smmu_that_was_refused_may_be_attached_otherwise),
		cmocka_unit_test(what_is_told_is_about_the_last_attach),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
