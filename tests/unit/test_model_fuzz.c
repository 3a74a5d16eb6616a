/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_model_fuzz.c - random bits at every door of the model.
 *
 * Proves, under sanitizers: no command, register access, stream table entry or descriptor makes the model
 * read out of bounds or stop answering; a command is either consumed or refused with CONS on it.
 */
#include "model_rig.h"

#include "seeded.h"

static struct rig rig;
static uint64_t random_state;

static int setup_with(bool large)
{
	rig_config(&rig);
	rig.config.s1p = rig.config.hyp = rig.config.ats = rig.config.msi = rig.config.httu = true;
	rig.config.ds = rig.config.fwb = rig.config.stt = large;
	rig.config.oas_bits = large ? 52 : 48;
	rig.config.bbml = large ? 1 : 2;
	rig_up_mapped(&rig);
	random_state = seeded_start();
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(false);
}

/* With 52-bit addresses, FWB and small tables. */
static int setup_large(void **state)
{
	(void)state;
	return setup_with(true);
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static uint64_t below(uint64_t limit)
{
	return seeded_below(&random_state, limit);
}

/* A few bits set, or many, or a small number. */
static uint64_t word(void)
{
	uint64_t value = seeded_next(&random_state);

	switch (below(4)) {
	case 0:
		return value;
	case 1:
		return value & seeded_next(&random_state) & seeded_next(&random_state);
	case 2:
		return UINT64_C(1) << below(64);
	default:
		return value % 64;
	}
}

static void every_command_is_consumed_or_refused(void **state)
{
	static const uint8_t opcodes[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13,
					   0x20, 0x21, 0x22, 0x23, 0x28, 0x2a, 0x30, 0x40, 0x46 };
	unsigned step, refused = 0;

	(void)state;
	for (step = 0; step < 100000; step++) {
		uint32_t cons = model_read32(rig.model, 0x9c) & 0xffffff;
		uint64_t word0 = (word() & ~UINT64_C(0xff)) | opcodes[below(sizeof(opcodes))];

		rig_queue(&rig, word0, word());
		rig_run(&rig);
		if (model_read32(rig.model, 0x60) == model_read32(rig.model, 0x64)) {
			assert_int_equal(model_read32(rig.model, 0x9c) & 0xffffff, (cons + 1) % 32);
			if (step % 8 == 0)
				rig_read(&rig, below(64) << 12);
			continue;
		}
		if ((model_read32(rig.model, 0x60) ^ model_read32(rig.model, 0x64)) !=
		    1) { /* an MSI nowhere */
			model_write32(rig.model, 0x64, model_read32(rig.model, 0x60));
			continue;
		}
		refused++;
		assert_int_equal(model_read32(rig.model, 0x9c), cons | 1 << 24);
		*rig_word(&rig, RIG_CMDQ + 16 * (cons & 15)) = RIG_SYNC;
		*rig_word(&rig, RIG_CMDQ + 16 * (cons & 15) + 8) = 0;
		model_write32(rig.model, 0x64, model_read32(rig.model, 0x60));
		rig_run(&rig);
		assert_int_equal(model_read32(rig.model, 0x9c) & 0xffffff, (cons + 1) % 32);
	}
	assert_in_range(refused, 1000, 99000);
}

static void registers_take_anything(void **state)
{
	unsigned step;

	(void)state;
	for (step = 0; step < 100000; step++) {
		uint32_t offset = below(8) ? below(0x100) & ~3u : below(0x20000);

		switch (below(5)) {
		case 0:
			model_write64(rig.model, offset, word());
			break;
		case 1:
		case 2:
			model_write32(rig.model, offset, word());
			break;
		case 3:
			model_read64(rig.model, offset);
			break;
		default:
			model_read32(rig.model, offset);
			break;
		}
		if (below(16) == 0) {
			unsigned limit = 1000;

			while (limit-- && model_step(rig.model))
				;
		}
		if (below(64) == 0)
			model_dma(rig.model, below(300), word(), below(2));
	}
}

/* Any granule, input size, start level and output size, legal or not. */
static void ste_random_format(uint64_t *ste)
{
	ste[1] ^= below(2) << 25;
	ste[2] = (ste[2] & ~(UINT64_C(0xc0ff) << 32 | UINT64_C(7) << 48)) | (12 + below(40)) << 32 |
		 below(4) << 38 | below(3) << 46 | (4 + below(4)) << 48;
	ste[3] = (ste[3] & ~UINT64_C(0xc)) | below(4) << 2;
}

static void entries_and_descriptors_take_anything(void **state)
{
	unsigned step;

	(void)state;
	for (step = 0; step < 100000; step++) {
		uint64_t slot = rig_table(below(8)) + 8 * below(512);
		uint64_t *ste = rig_word(&rig, RIG_STRTAB + 64 * (RIG_SID + below(4)));

		switch (below(8)) {
		case 0:
			rig_ste(&rig, RIG_SID + below(4), 6 + below(2), below(4), rig_table(0));
			if (rig.config.ds)
				ste_random_format(rig_word(&rig, RIG_STRTAB + 64 * (RIG_SID + below(4))));
			break;
		case 1:
			ste[below(8)] ^= UINT64_C(1) << below(64);
			break;
		case 2:
			rig_sync(&rig, RIG_CFGI_ALL, 31);
			break;
		case 3:
			rig_sync(&rig, RIG_NSNH_ALL, 0);
			break;
		case 4:
			rig_store(&rig, slot, rig_table(below(8)) | 3);
			break;
		case 5:
			rig_store(&rig, slot, word());
			break;
		default:
			rig_store(&rig, slot,
				  (word() & ~UINT64_C(0xfff)) | (below(2) ? RIG_PAGE : RIG_BLOCK));
			break;
		}
		model_dma(rig.model, RIG_SID + below(4), below(2) ? word() : below(512) << 12, below(2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)	 cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_LARGE(name) cmocka_unit_test_setup_teardown(name, setup_large, teardown)
		TEST(every_command_is_consumed_or_refused),
		TEST(registers_take_anything),
		TEST(entries_and_descriptors_take_anything),
		TEST_LARGE(every_command_is_consumed_or_refused),
		TEST_LARGE(entries_and_descriptors_take_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
