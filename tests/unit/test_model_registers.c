/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_registers.c - the model's register file.
 *
 * Proves: identification says what the configuration says; CR0, GBPA and IRQ_CTRL answer only after steps;
 * each guarded register refuses and reports a write at a forbidden time; errors are toggles that only
 * software clears; page 1 is not page 0; 64-bit registers take both widths and no other register does;
 * misaligned queues and stream tables are reported when they are enabled.
 */
#include "model_rig.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_new(&rig);
	return 0;
}

static int setup_up(void **state)
{
	(void)state;
	rig_config(&rig);
	rig_up(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void expect_refused(uint32_t offset, uint32_t value)
{
	uint32_t before = model_read32(rig.model, offset);
	unsigned violations = rig.violations;

	model_write32(rig.model, offset, value);

	assert_int_equal(rig.violations, violations + 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_REGISTER);
	assert_int_equal(rig.last.pa, offset);
	assert_int_equal(model_read32(rig.model, offset), before);
}

static void identification_of_the_default_configuration(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.sid_bits = 16;
	rig.config.cmdq_lg2 = rig.config.evtq_lg2 = 19;
	rig.config.iidr = 0x4870043b;
	rig_new(&rig);

	/* S2P, TTF=2, COHACC, VMID16, TTENDIAN=2, STALL_MODEL=1, TERM_MODEL, ST_LEVEL=1 */
	assert_int_equal(model_read32(rig.model, 0x00), 0x0d440019);
	assert_int_equal(model_read32(rig.model, 0x04), 0x02730010);
	assert_int_equal(model_read32(rig.model, 0x0c), 0x1400);
	assert_int_equal(model_read32(rig.model, 0x14), 0x75);
	assert_int_equal(model_read32(rig.model, 0x18), 0x4870043b);
	assert_int_equal(model_read32(rig.model, 0x1c), 2);
}

static void identification_of_52_bit_addresses_fwb_and_small_tables(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.oas_bits = 52;
	rig.config.ds = rig.config.fwb = rig.config.stt = true;
	rig_new(&rig);

	assert_int_equal(model_read32(rig.model, 0x0c), 0x1700);
	assert_int_equal(model_read32(rig.model, 0x14), 0xf6);
}

static void identification_follows_the_configuration(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.s1p = true;
	rig.config.s2p = rig.config.ril = rig.config.cohacc = rig.config.st_level2 = false;
	rig.config.hyp = rig.config.sev = rig.config.msi = rig.config.ats = true;
	rig.config.bbml = 0;
	rig.config.oas_bits = 40;
	rig.config.gran16k = rig.config.gran64k = false;
	rig_new(&rig);

	assert_int_equal(model_read32(rig.model, 0x00), 0x0544760a);
	assert_int_equal(model_read32(rig.model, 0x0c), 0);
	assert_int_equal(model_read32(rig.model, 0x14), 0x12);
	assert_int_equal(model_read32(rig.model, 0x1c), 1);
}

static void cr0_is_acknowledged_by_steps_and_not_by_the_write(void **state)
{
	unsigned steps = 0;

	(void)state;
	model_write32(rig.model, 0x20, 0x8);

	assert_int_equal(model_read32(rig.model, 0x24), 0);
	for (; model_read32(rig.model, 0x24) != 0x8; steps++)
		assert_true(model_step(rig.model));
	assert_in_range(steps, 1, 8);
	assert_false(model_step(rig.model));
}

static void cr0_field_rewritten_before_its_ack_is_reported(void **state)
{
	(void)state;
	model_write32(rig.model, 0x20, 0x8);
	model_write32(rig.model, 0x20, 0x0);

	assert_int_equal(rig.violations, 1);
	assert_int_equal(rig.last.rule, MODEL_RULE_REGISTER);
}

static void cr0_field_that_is_not_offered_is_reported_and_stays_clear(void **state)
{
	(void)state;
	model_write32(rig.model, 0x20, 0x2);
	model_run(rig.model);

	assert_int_equal(rig.violations, 1);
	assert_int_equal(model_read32(rig.model, 0x24), 0);
}

static void gbpa_takes_an_update_that_completes_after_steps(void **state)
{
	(void)state;
	assert_int_equal(model_read32(rig.model, 0x44), 0x1000);
	model_write32(rig.model, 0x44, 0x80101000);

	assert_int_equal(model_read32(rig.model, 0x44), 0x80001000);
	assert_int_equal(rig_read(&rig, 0x5000).fault, MODEL_OK);
	model_run(rig.model);
	assert_int_equal(model_read32(rig.model, 0x44), 0x101000);
	assert_int_equal(rig_read(&rig, 0x5000).fault, MODEL_ABORT);
}

static void gbpa_without_update_is_ignored_and_reported(void **state)
{
	(void)state;
	expect_refused(0x44, 0x101000);
}

static void gbpa_written_while_update_is_pending_is_ignored_and_reported(void **state)
{
	(void)state;
	model_write32(rig.model, 0x44, 0x80101000);
	model_write32(rig.model, 0x44, 0x80001000);
	model_run(rig.model);

	assert_int_equal(rig.violations, 1);
	assert_int_equal(model_read32(rig.model, 0x44), 0x101000);
}

static void gbpa_abort_can_be_the_reset_state(void **state)
{
	(void)state;
	rig_free(&rig);
	rig_config(&rig);
	rig.config.gbpa_abort_at_reset = true;
	rig_new(&rig);

	assert_int_equal(model_read32(rig.model, 0x44), 0x101000);
	assert_int_equal(rig_read(&rig, 0x5000).fault, MODEL_ABORT);
}

static void irq_ctrl_is_acknowledged_by_steps(void **state)
{
	(void)state;
	model_write32(rig.model, 0x50, 0x5);

	assert_int_equal(model_read32(rig.model, 0x54), 0);
	model_run(rig.model);
	assert_int_equal(model_read32(rig.model, 0x54), 0x5);
	expect_refused(0x70, 3);
	expect_refused(0xb8, 3);
}

static void guarded_registers_refuse_writes_while_enabled(void **state)
{
	(void)state;
	expect_refused(0x28, 0x001); /* CR1, queue attributes */
	expect_refused(0x28, 0x040); /* CR1, table attributes */
	expect_refused(0x2c, 0x2);
	expect_refused(0x80, 0x50000000);
	expect_refused(0x88, 0x4);
	expect_refused(0x90, 0x50000000);
	expect_refused(0x9c, 0x1);
	expect_refused(0xa0, 0x50000000);
	expect_refused(0x100a8, 0x1);
}

static void guarded_registers_stay_guarded_until_the_disable_is_acknowledged(void **state)
{
	(void)state;
	model_write32(rig.model, 0x20, 0);

	expect_refused(0x9c, 0x1);
	model_run(rig.model);
	model_write32(rig.model, 0x9c, 0x1);
	assert_int_equal(model_read32(rig.model, 0x9c), 0x1);
}

static void cr1_and_cr2_are_plain_registers_while_everything_is_off(void **state)
{
	(void)state;
	model_write32(rig.model, 0x28, 0xd75);
	model_write32(rig.model, 0x2c, 0x6);

	assert_int_equal(model_read32(rig.model, 0x28), 0xd75);
	assert_int_equal(model_read32(rig.model, 0x2c), 0x6);
	assert_int_equal(rig.violations, 0);
}

static void gerrorn_clears_an_active_error_only(void **state)
{
	(void)state;
	rig_queue(&rig, 0xff, 0);
	rig_run(&rig);
	assert_int_equal(model_read32(rig.model, 0x60), 1);

	model_write32(rig.model, 0x64, 0x1 | 0x100);

	assert_int_equal(rig.violations, 1); /* bit 8 was not active */
	assert_int_equal(model_read32(rig.model, 0x64), 1);
	model_write32(rig.model, 0x64, 0);
	assert_int_equal(rig.violations, 2);
	assert_int_equal(model_read32(rig.model, 0x64), 1);
}

static void wide_registers_take_both_widths_and_others_do_not(void **state)
{
	(void)state;
	model_write64(rig.model, 0x80, UINT64_C(0x4000123456789aff));
	assert_int_equal(model_read64(rig.model, 0x80), UINT64_C(0x4000123456789ac0));
	model_write32(rig.model, 0x84, 0x1);
	model_write32(rig.model, 0x80, 0x80);
	assert_int_equal(model_read64(rig.model, 0x80), UINT64_C(0x100000080));
	assert_int_equal(rig.violations, 0);

	model_write64(rig.model, 0x98, 1);
	assert_int_equal(rig.violations, 1);
	model_read64(rig.model, 0x20);
	assert_int_equal(rig.violations, 2);
	model_read32(rig.model, 0x22);
	assert_int_equal(rig.violations, 3);
}

static void event_registers_are_in_page_one_only(void **state)
{
	(void)state;
	model_write32(rig.model, 0x100a8, 3);
	model_write32(rig.model, 0x100ac, 2);

	assert_int_equal(model_read32(rig.model, 0x100a8), 3);
	assert_int_equal(model_read32(rig.model, 0x100ac), 2);
	assert_int_equal(model_read32(rig.model, 0xa8), 0);
	expect_refused(0xac, 1);
	expect_refused(0x10020, 1);
}

static void read_only_and_absent_registers_report_writes(void **state)
{
	(void)state;
	expect_refused(0x00, 1);
	expect_refused(0x24, 1);
	expect_refused(0x60, 1);
	expect_refused(0xc0, 1);
}

static void misaligned_bases_are_reported_when_they_are_enabled(void **state)
{
	(void)state;
	model_write64(rig.model, 0x80, RIG_STRTAB + 0x40);
	model_write32(rig.model, 0x88, RIG_SID_BITS);
	model_write64(rig.model, 0x90, (RIG_CMDQ + 0x20) | RIG_CMDQ_LG2);
	model_write64(rig.model, 0xa0, (RIG_EVTQ + 0x20) | RIG_EVTQ_LG2);
	assert_int_equal(rig.violations, 0);

	rig_cr0(&rig, 0xd);

	assert_int_equal(rig.violations, 3);
	assert_int_equal(model_counters(rig.model)->violations[MODEL_RULE_ALIGNMENT], 3);
}

static void doorbell_that_overruns_or_goes_back_is_reported(void **state)
{
	(void)state;
	rig_queue(&rig, RIG_SYNC, 0);
	rig_queue(&rig, RIG_SYNC, 0);
	model_write32(rig.model, 0x98, 1);
	assert_int_equal(rig.violations, 1);
	model_write32(rig.model, 0x98, 17);
	assert_int_equal(rig.violations, 2);
	model_write32(rig.model, 0x98, 16);
	assert_int_equal(rig.violations, 2); /* exactly full is legal */
	assert_int_equal(model_counters(rig.model)->doorbells, 5);
}

static void disabling_translation_reverts_to_gbpa_and_keeps_caches(void **state)
{
	(void)state;
	*rig_word(&rig, rig_table(0)) = RIG_BLOCK;
	rig_expect_pa(&rig, 0x1000, 0x1000);
	*rig_word(&rig, rig_table(0)) = 0;

	rig_cr0(&rig, 0xc);
	assert_true(rig_read(&rig, 0x123456000).bypass);
	rig_cr0(&rig, 0xd);

	rig_expect_pa(&rig, 0x1000, 0x1000); /* 1 -> 0 -> 1 invalidates nothing */
}

static void stalled_handshakes_are_not_answered(void **state)
{
	(void)state;
	model_stall_registers(rig.model, true);
	model_write32(rig.model, 0x20, 0x8);
	model_write32(rig.model, 0x44, 0x80101000);
	model_run(rig.model);
	assert_int_equal(model_read32(rig.model, 0x24), 0);
	assert_int_equal(model_read32(rig.model, 0x44), 0x80001000);

	model_stall_registers(rig.model, false);
	model_run(rig.model);
	assert_int_equal(model_read32(rig.model, 0x24), 0x8);
	assert_int_equal(model_read32(rig.model, 0x44), 0x101000);
}

static void raised_error_is_active_until_it_is_acknowledged(void **state)
{
	(void)state;
	model_raise_gerror(rig.model, 0x104);
	model_raise_gerror(rig.model, 0x100);
	assert_int_equal(model_read32(rig.model, 0x60), 0x104);
	model_write32(rig.model, 0x64, 0x104);
	model_raise_gerror(rig.model, 0x100);
	assert_int_equal(model_read32(rig.model, 0x60), 0x4);
	assert_int_equal(rig.violations, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(identification_of_the_default_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(identification_of_52_bit_addresses_fwb_and_small_tables,
						setup, teardown),
		cmocka_unit_test_setup_teardown(identification_follows_the_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(cr0_is_acknowledged_by_steps_and_not_by_the_write, setup,
						teardown),
		cmocka_unit_test_setup_teardown(cr0_field_rewritten_before_its_ack_is_reported, setup,
						teardown),
		cmocka_unit_test_setup_teardown(cr0_field_that_is_not_offered_is_reported_and_stays_clear,
						setup, teardown),
		cmocka_unit_test_setup_teardown(gbpa_takes_an_update_that_completes_after_steps, setup,
						teardown),
		cmocka_unit_test_setup_teardown(gbpa_without_update_is_ignored_and_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(gbpa_written_while_update_is_pending_is_ignored_and_reported,
						setup, teardown),
		cmocka_unit_test_setup_teardown(gbpa_abort_can_be_the_reset_state, setup, teardown),
		cmocka_unit_test_setup_teardown(irq_ctrl_is_acknowledged_by_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(guarded_registers_refuse_writes_while_enabled, setup_up,
						teardown),
		cmocka_unit_test_setup_teardown(
			guarded_registers_stay_guarded_until_the_disable_is_acknowledged, setup_up, teardown),
		cmocka_unit_test_setup_teardown(cr1_and_cr2_are_plain_registers_while_everything_is_off,
						setup, teardown),
		cmocka_unit_test_setup_teardown(gerrorn_clears_an_active_error_only, setup_up, teardown),
		cmocka_unit_test_setup_teardown(wide_registers_take_both_widths_and_others_do_not, setup,
						teardown),
		cmocka_unit_test_setup_teardown(event_registers_are_in_page_one_only, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_and_absent_registers_report_writes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(misaligned_bases_are_reported_when_they_are_enabled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(doorbell_that_overruns_or_goes_back_is_reported, setup_up,
						teardown),
		cmocka_unit_test_setup_teardown(stalled_handshakes_are_not_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(raised_error_is_active_until_it_is_acknowledged, setup,
						teardown),
		cmocka_unit_test_setup_teardown(disabling_translation_reverts_to_gbpa_and_keeps_caches,
						setup_up, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
