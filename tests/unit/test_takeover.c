/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_takeover.c - an SMMU that firmware has left on, in any of many states, is taken over without a moment of bypass.
 *
 * Before and after each register write, and whenever somebody waits, every stream is used. What firmware lets through may go on
 * until it is stopped; what was stopped once, or never was let through, gets nowhere until the shadow translates it; and
 * from then on the shadow's word counts, whatever the SMMU has cached of before.
 */
#include "core_rig.h"

#define PAGE	CORE_MEMORY_PAGE
#define TAKEN	(PAGE + 77)	       /* not the host's when the snapshot is made */
#define FW_PA	UINT64_C(0x300000000000)
#define FW_BYTES 0x10000u
#define FW_STRTAB 0x0u
#define FW_CMDQ	 0x1000u
#define FW_EVTQ	 0x2000u
#define FW_TABLE 0x4000u	       /* four start tables side by side: 64 GiB in blocks of 1 GiB from level 1 on */
#define SIDS	 4u		       /* CORE_SID - 2 .. CORE_SID + 1 */

static struct core core;
static uint64_t *firmware;

/* What firmware has left. */
static struct state {
	const char *what;
	bool on;		       /* SMMUEN */
	bool gbpa_abort;
	bool updating;		       /* GBPA is on its way to what it is */
	unsigned config;	       /* of CORE_SID and the stream behind it: 4 bypass, 6 stage 2, 0 abort */
	bool pending;		       /* commands in its queue that were not consumed */
	bool error;		       /* GERROR */
	bool ecmdq;		       /* an enhanced queue is on */
} states[] = {
	{ "off, bypass", false, false, false, 0, false, false, false },
	{ "off, abort", false, true, false, 0, false, false, false },
	{ "off, about to bypass", false, false, true, 0, false, false, false },
	{ "on, bypass behind abort", true, true, false, 4, false, false, false },
	{ "on, bypass behind bypass", true, false, false, 4, false, false, false },
	{ "on, translating, bypass behind", true, false, false, 6, false, false, false },
	{ "on, translating, abort behind", true, true, false, 6, false, false, false },
	{ "on, translating, about to bypass behind", true, false, true, 6, false, false, false },
	{ "on, aborting, bypass behind", true, false, false, 0, false, false, false },
	{ "on, translating, commands pending", true, false, false, 6, true, false, false },
	{ "on, bypass, an error active", true, false, false, 4, true, true, false },
	{ "on, translating, an enhanced queue on", true, false, false, 6, false, false, true },
};

static const struct state *state_now;
static bool shadowed;		       /* CORE_SID may translate with our table */
static bool stopped[SIDS];	       /* did not get through once */
static unsigned moments;
static bool listening, touched;	       /* touched: we have written a register */

/* ---- every stream at every moment ----------------------------------------------------------------------- */

static bool firmware_lets(unsigned stream)
{
	if (!state_now->on)
		return !state_now->gbpa_abort || state_now->updating;
	return stream >= 2 && state_now->config;
}

static void use(unsigned stream, uint64_t page)
{
	uint32_t sid = CORE_SID - 2 + stream;
	struct model_access access = model_dma(core.smmu[0].model, sid, page << 12, true);

	if (access.fault) {
		/* What firmware is about to let through is not stopped by us. */
		stopped[stream] = touched || !state_now->updating;
		return;
	}
	if (shadowed && sid == CORE_SID && !access.bypass) {
		if (page == TAKEN)
			fail_msg("%s: the stream reaches what is not the host's", state_now->what);
		return;
	}
	if (stopped[stream] || !firmware_lets(stream))
		fail_msg("%s: stream %u gets through at moment %u", state_now->what, stream, moments);
}

static void use_all(void)
{
	if (!listening)
		return;
	moments++;
	for (unsigned stream = 0; stream < SIDS; stream++) {
		/* Once each address is cached somewhere. */
		use(stream, moments & 1 ? TAKEN : PAGE);
		use(stream, moments & 1 ? PAGE : TAKEN);
	}
}

static void used_write32(void *ctx, uint32_t offset, uint32_t value)
{
	use_all();
	touched = true;
	core_write32(ctx, offset, value);
	use_all();
}

static void used_write64(void *ctx, uint32_t offset, uint64_t value)
{
	use_all();
	core_write64(ctx, offset, value);
	use_all();
}

static void use_and_relax(void *ctx)
{
	use_all();
	core_relax(ctx);
	use_all();
}

/* ---- firmware -------------------------------------------------------------------------------------------- */

static void firmware_entry(unsigned stream, unsigned config)
{
	uint64_t *ste = &firmware[FW_STRTAB / 8 + 8 * (CORE_SID - 2 + stream)];

	memset(ste, 0, 64);
	ste[0] = 1 | config << 1;
	/* Our VMID, by chance: what the SMMU keeps of it looks like ours. */
	ste[2] = CORE_VMID | UINT64_C(28) << 32 | UINT64_C(1) << 38 | UINT64_C(5) << 40 | UINT64_C(3) << 44 |
		 UINT64_C(5) << 48 | UINT64_C(1) << 51 | UINT64_C(1) << 53 | UINT64_C(1) << 58;
	ste[3] = FW_PA + FW_TABLE;
}

static void firmware_writes(struct model *model, uint32_t offset, uint32_t value)
{
	model_write32(model, offset, value);
	model_run(model);
}

static void firmware_up(struct model *model)
{
	uint32_t gbpa = 0x1000 | (state_now->gbpa_abort ? 1u << 20 : 0) | 1u << 31;

	for (unsigned sid = 0; sid < 64; sid++)
		firmware[FW_STRTAB / 8 + 8 * sid] = 1;
	for (unsigned i = 0; i < 64; i++)
		firmware[FW_TABLE / 8 + i] = (uint64_t)i << 30 | 0x7fd;
	firmware_entry(2, state_now->config);
	firmware_entry(3, state_now->config);
	firmware_writes(model, 0x44, gbpa ^ (state_now->updating ? 1u << 20 : 0));
	if (state_now->on) {
		model_write64(model, 0x80, FW_PA + FW_STRTAB);
		model_write32(model, 0x88, 6);
		model_write64(model, 0x90, FW_PA + FW_CMDQ + 4);
		model_write64(model, 0xa0, FW_PA + FW_EVTQ + 4);
		firmware_writes(model, 0x20, 0xc);
		firmware_writes(model, 0x20, 0xd);
		firmware_writes(model, 0x50, 5);
	}
	if (state_now->pending) {
		firmware[FW_CMDQ / 8] = state_now->error ? 0xff : 0x30;
		firmware[FW_CMDQ / 8 + 2] = 0x46;
		model_write32(model, 0x98, 2);
	}
	if (state_now->error)
		model_run(model);
	if (state_now->ecmdq) {
		uint32_t page = (uint32_t)model_read64(model, 0x4000) & 0xffff0000;

		model_write64(model, page, FW_PA + FW_CMDQ + 4);
		model_write32(model, page + 8, 1u << 31);
		model_run(model);
		assert_true(model_read32(model, page + 12) & 1u << 31);
	}
	/* Only now, as the last thing that it did, and not answered yet. */
	if (state_now->updating)
		model_write32(model, 0x44, gbpa);
}

static void up(void)
{
	static const struct platform_linux_device device = { core_read32, core_read64, used_write32, used_write64 };

	shadowed = listening = touched = false;
	memset(stopped, 0, sizeof(stopped));
	moments = 0;
	core_init(&core);
	core.ecmdq = state_now->ecmdq ? 1 : 0;
	platform_linux_set_relax(use_and_relax, &core);
	core_engine_up(&core);
	core_target_up(&core);
	firmware = core_alloc(FW_BYTES);
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ FW_PA }, firmware, FW_BYTES), 0);
	core_model_up(&core, 0);
	platform_linux_remove_device(core.smmu[0].registers);
	core.smmu[0].registers = platform_linux_add_device(&device, &core.smmu[0], 0x40000);
	firmware_up(core.smmu[0].model);
	core_host_up(&core);
	*core_host_entry(&core, TAKEN, 3) = UINT64_C(2) << 2;
}

static void down(void)
{
	listening = false;
	core_down(&core);
	platform_linux_remove_memory((shadow_pa_t){ FW_PA });
	platform_linux_free(firmware, FW_BYTES);
}

static int attach(void)
{
	struct shadow_smmu_config config = core_smmu_config(&core, 0);

	return shadow_smmu_attach(core.target, &config, &core.smmu[0].smmu);
}

static bool gets_through(unsigned stream)
{
	return model_dma(core.smmu[0].model, CORE_SID - 2 + stream, PAGE << 12, true).fault == MODEL_OK;
}

/* ---- tests ----------------------------------------------------------------------------------------------- */

static void nothing_passes_that_was_stopped_whatever_firmware_has_left(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		state_now = &states[i];
		up();
		/* It is as bad as it was meant to be. */
		if (!state_now->updating)
			assert_int_equal(gets_through(2), firmware_lets(2));
		listening = true;
		use_all();

		assert_int_equal(attach(), 0);

		for (unsigned stream = 0; stream < SIDS; stream++)
			assert_true(stopped[stream]);
		assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), 0);
		assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
		use_all();
		shadowed = true;
		assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
		use_all();

		assert_true(moments > 40);
		listening = false;
		for (unsigned stream = 0; stream < SIDS; stream++)
			assert_int_equal(gets_through(stream), stream == 2);
		core_revoke(&core, PAGE, 1);
		core_finish(&core);
		assert_false(gets_through(2));
		assert_int_equal(core.report_count, 0);
		assert_int_equal(core.violations, 0);
		down();
	}
}

/* It is taken over with a hung queue or with registers that do not answer: whatever becomes of it, nothing passes again. */
static void one_that_does_not_follow_ends_in_abort_on_the_way(void **state)
{
	(void)state;
	for (unsigned i = 3; i < 9; i++) {
		state_now = &states[i];
		up();
		if (state_now->updating)
			model_run(core.smmu[0].model);
		model_stall_commands(core.smmu[0].model, true);
		listening = true;

		assert_int_equal(attach(), -SHADOW_ETIMEDOUT);

		use_all();
		for (unsigned stream = 0; stream < SIDS; stream++)
			assert_true(stopped[stream]);
		assert_int_equal(core.reports[0].what, PLATFORM_REPORT_SMMU_CLOSED);
		down();
	}
}

/* What comes back from being without power bypasses until its first register is written; that is its embedder's matter. From
 * then on it does not. */
static void one_that_had_no_power_is_taken_over_as_well(void **state)
{
	(void)state;
	for (unsigned kept = 0; kept < 4; kept++) {
		state_now = &states[0];
		up();
		assert_int_equal(attach(), 0);
		assert_int_equal(shadow_smmu_stream(core.smmu[0].smmu, CORE_SID), 0);
		assert_int_equal(shadow_engine_register(core.engine, core.target), 0);
		assert_int_equal(shadow_snapshot(core.engine, &core.host), 0);
		assert_true(gets_through(2));
		assert_int_equal(shadow_smmu_detach(core.smmu[0].smmu), 0);
		model_power_cycle(core.smmu[0].model, kept);
		memset(stopped, 0, sizeof(stopped));
		listening = shadowed = true;
		use_all();

		assert_int_equal(shadow_smmu_enable(core.smmu[0].smmu), 0);

		use_all();
		listening = false;
		for (unsigned stream = 0; stream < SIDS; stream++)
			assert_int_equal(gets_through(stream), stream == 2);
		down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_passes_that_was_stopped_whatever_firmware_has_left),
		cmocka_unit_test(one_that_does_not_follow_ends_in_abort_on_the_way),
		cmocka_unit_test(one_that_had_no_power_is_taken_over_as_well),
	};

	return cmocka_run_group_tests_name("takeover", tests, NULL, NULL);
}
