/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_cmdq.c - command queue: wraps, room, publication, refused commands.
 */
#include "smmuv3/cmdq.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <shadow/error.h>
#include <shadow/smmu.h>

#include "tests/unit/fake_smmu.h"

#define WAIT_NS 1000000

static struct cmdq cmdq;
static _Atomic uint32_t completing;

/* A queue of 2^lg2 slots behind the fake device, whose CMDQEN is on. */
static void start(unsigned lg2)
{
	uint64_t *ring;
	uint64_t base;

	fake_reset();
	ring = fake_memory((size_t)16 << lg2);
	base = (uintptr_t)ring | lg2;
	fake_set(0x90, (uint32_t)base);
	fake_set(0x94, (uint32_t)(base >> 32));
	fake_set(0x24, 8);
	cmdq_init(&cmdq, ring, lg2, fake.registers, 7, true, &completing);
}

/* The same, but the device reads memory behind the caches. */
static void start_incoherent(unsigned lg2)
{
	start(lg2);
	fake_set_incoherent();
	cmdq.coherent = false;
}

/* A command that can be told from all others. */
static struct smmu_cmd marked(uint64_t mark)
{
	return smmu_cmd_tlbi_s2_ipa(5, mark << 12, true);
}

static void assert_executed(unsigned index, struct smmu_cmd cmd)
{
	assert_true(index < fake.command_count);
	assert_int_equal(fake.commands[index].word[0], cmd.word[0]);
	assert_int_equal(fake.commands[index].word[1], cmd.word[1]);
}

static void batches_of_every_size_wrap_at_every_position(void **state)
{
	(void)state;

	for (unsigned lg2 = 2; lg2 <= 4; lg2++) {
		for (unsigned batch = 1; batch <= 1u << lg2; batch++) {
			uint64_t next = 0;

			start(lg2);
			fake.prompt = true;
			/* Coprime or not, 4 * entries batches pass every slot and both wrap bits. */
			for (unsigned turn = 0; turn < 4u << lg2; turn++) {
				fake.command_count = 0;
				for (unsigned i = 0; i < batch; i++)
					assert_int_equal(cmdq_write(&cmdq, marked(next + i)), next + i);
				assert_int_equal(fake.command_count, 0);
				cmdq_publish(&cmdq);
				assert_int_equal(fake.command_count, batch);
				for (unsigned i = 0; i < batch; i++)
					assert_executed(i, marked(next + i));
				next += batch;

				assert_int_equal(cmdq_poll(&cmdq), 0);
				assert_true(cmdq_passed(&cmdq, next - 1));
				assert_false(cmdq_passed(&cmdq, next));
				assert_int_equal(cmdq_room(&cmdq), 1u << lg2);
			}
			assert_int_equal(cmdq.stats.doorbells, 4u << lg2);
			assert_int_equal(fake.write_count, 4u << lg2);
		}
	}
}

/* As if so many commands had gone before. */
static void start_at(unsigned lg2, uint64_t position)
{
	start(lg2);
	cmdq.written = position;
	cmdq.published = position;
	cmdq.consumed = position;
	fake_set(0x98, (uint32_t)position & ((2u << lg2) - 1));
	fake_set(0x9c, (uint32_t)position & ((2u << lg2) - 1));
}

static void positions_go_on_beyond_32_bits(void **state)
{
	(void)state;

	for (unsigned first = 0; first < 24; first++) {
		uint64_t position = (UINT64_C(1) << 32) - 16 + first, oldest = position;

		start_at(2, position);
		fake.prompt = true;
		for (unsigned i = 0; i < 40; i++, position++) {
			assert_int_equal(cmdq_write(&cmdq, marked(i)), position);
			assert_false(cmdq_passed(&cmdq, position));
			cmdq_publish(&cmdq);
			assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), 0);
			assert_true(cmdq_passed(&cmdq, oldest));
			assert_true(cmdq_passed(&cmdq, position));
			assert_false(cmdq_passed(&cmdq, position + 1));
			assert_executed(i, marked(i));
		}
	}
}

/* A ring with every fill, from every position: what is written in one go fits, and waits for the rest. */
static void a_full_ring_waits_and_keeps_the_order_at_every_position(void **state)
{
	(void)state;

	for (unsigned lg2 = 2; lg2 <= 4; lg2++) {
		for (unsigned first = 0; first < 2u << lg2; first++) {
			start_at(lg2, (UINT64_C(1) << 32) + first);
			for (unsigned i = 0; i < 5u << lg2; i++) {
				assert_int_equal(cmdq_wait_room(&cmdq, 1, WAIT_NS), 0);
				cmdq_write(&cmdq, marked(i));
			}
			cmdq_publish(&cmdq);
			assert_int_equal(cmdq_wait_passed(&cmdq, cmdq.written - 1, WAIT_NS), 0);
			assert_int_equal(fake.command_count, 5u << lg2);
			for (unsigned i = 0; i < 5u << lg2; i++)
				assert_executed(i, marked(i));
			assert_int_equal(cmdq.failed, SHADOW_SMMU_SOUND);
		}
	}
}

static void nothing_is_visible_and_no_doorbell_rings_before_publication(void **state)
{
	(void)state;
	start(3);

	cmdq_write(&cmdq, marked(1));
	fake_step(10);
	assert_int_equal(fake.command_count, 0);
	assert_int_equal(fake.write_count, 0);

	cmdq_publish(&cmdq);
	assert_int_equal(fake.write_count, 1);
	cmdq_publish(&cmdq);
	assert_int_equal(fake.write_count, 1);
	assert_int_equal(cmdq.stats.doorbells, 1);
}

static void writing_and_publishing_reads_no_register(void **state)
{
	(void)state;
	start(9);

	for (unsigned i = 0; i < 512; i++)
		cmdq_write(&cmdq, marked(i));
	cmdq_publish(&cmdq);

	assert_int_equal(fake.reads, 0);
	assert_int_equal(fake.write_count, 1);
}

static void commands_are_counted_by_kind(void **state)
{
	(void)state;
	start(4);

	cmdq_write(&cmdq, marked(1));
	cmdq_write(&cmdq, smmu_cmd_tlbi_nsnh_all());
	cmdq_write(&cmdq, smmu_cmd_tlbi_nh_all(5));
	cmdq_write(&cmdq, smmu_cmd_cfgi_ste(1, true));
	cmdq_write(&cmdq, smmu_cmd_cfgi_all());
	cmdq_write(&cmdq, smmu_cmd_sync());

	assert_int_equal(cmdq.stats.tlbi, 3);
	assert_int_equal(cmdq.stats.cfgi, 2);
	assert_int_equal(cmdq.stats.syncs, 1);
}

static void a_full_ring_makes_room_as_the_device_goes_on(void **state)
{
	(void)state;
	start(2);
	for (unsigned i = 0; i < 4; i++)
		cmdq_write(&cmdq, marked(i));
	assert_int_equal(cmdq_room(&cmdq), 0);
	cmdq_publish(&cmdq);
	assert_int_equal(cmdq_poll(&cmdq), 0);
	assert_int_equal(cmdq_room(&cmdq), 0);

	fake_step(1);
	assert_int_equal(cmdq_poll(&cmdq), 0);
	assert_int_equal(cmdq_room(&cmdq), 1);
	assert_true(cmdq_passed(&cmdq, 0));
	assert_false(cmdq_passed(&cmdq, 1));

	assert_int_equal(cmdq_wait_room(&cmdq, 4, WAIT_NS), 0);
	assert_int_equal(fake.command_count, 4);
}

static void waiting_for_room_publishes_what_is_in_the_way(void **state)
{
	(void)state;
	start(2);
	for (unsigned i = 0; i < 4; i++)
		cmdq_write(&cmdq, marked(i));

	assert_int_equal(cmdq_wait_room(&cmdq, 1, WAIT_NS), 0);

	assert_true(cmdq_room(&cmdq) >= 1);
	assert_int_equal(cmdq.stats.doorbells, 1);
}

static void waiting_for_room_that_is_there_touches_no_register(void **state)
{
	(void)state;
	start(2);
	cmdq_write(&cmdq, marked(0));

	assert_int_equal(cmdq_wait_room(&cmdq, 3, WAIT_NS), 0);

	assert_int_equal(fake.reads + fake.write_count, 0);
}

static void a_device_that_stands_still_times_out(void **state)
{
	uint64_t position, start_ns;

	(void)state;
	start(2);
	fake.stalled = true;
	position = cmdq_write(&cmdq, smmu_cmd_sync());
	cmdq_publish(&cmdq);

	start_ns = fake.time_ns;
	assert_int_equal(cmdq_wait_passed(&cmdq, position, 5000), -SHADOW_ETIMEDOUT);
	assert_in_range(fake.time_ns - start_ns, 5000, 6000);
	assert_int_equal(cmdq_wait_room(&cmdq, 4, 5000), -SHADOW_ETIMEDOUT);

	fake.stalled = false;
	assert_int_equal(cmdq_wait_passed(&cmdq, position, 5000), 0);
}

static void cons_beyond_what_was_published_is_a_failure(void **state)
{
	(void)state;

	for (unsigned published = 0; published < 4; published++) {
		for (unsigned cons = 0; cons < 8; cons++) {
			start(2);
			for (unsigned i = 0; i < published; i++)
				cmdq_write(&cmdq, marked(i));
			cmdq_publish(&cmdq);
			cmdq_write(&cmdq, marked(9));
			fake_set(0x9c, cons);

			assert_int_equal(cmdq_poll(&cmdq), cons <= published ? 0 : -SHADOW_EIO);
			assert_int_equal(cmdq.failed, cons > published ? SHADOW_SMMU_CONS : SHADOW_SMMU_SOUND);
			assert_int_equal(cmdq.consumed, cons <= published ? cons : 0);
		}
	}
}

static void a_stale_error_code_in_cons_is_not_an_error(void **state)
{
	(void)state;
	start(2);
	fake_set(0x9c, 1u << 24);
	fake.prompt = true;

	for (unsigned i = 0; i < 20; i++) {
		cmdq_write(&cmdq, marked(i));
		cmdq_publish(&cmdq);
		assert_int_equal(cmdq_poll(&cmdq), 0);
		assert_true(cmdq_passed(&cmdq, i));
	}
	assert_int_equal(cmdq.repaired, 0);
}

static void a_refused_command_is_covered_before_the_sync_behind_it(void **state)
{
	const struct {
		struct smmu_cmd refused, cover;
	} cases[] = {
		{ marked(3), smmu_cmd_tlbi_nsnh_all() },
		{ smmu_cmd_tlbi_s12_vmall(5), smmu_cmd_tlbi_nsnh_all() },
		{ smmu_cmd_tlbi_nh_all(5), smmu_cmd_tlbi_nsnh_all() },
		{ smmu_cmd_tlbi_nsnh_all(), smmu_cmd_tlbi_nsnh_all() },
		{ smmu_cmd_cfgi_ste(3, true), smmu_cmd_cfgi_all() },
		{ smmu_cmd_cfgi_all(), smmu_cmd_cfgi_all() },
		{ smmu_cmd_sync(), smmu_cmd_sync() },
	};

	(void)state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint64_t before = 0; before < 8; before++) {
			uint64_t position;

			start(2);
			fake_set(0x64, 1u << 2);
			fake_set(0x60, 1u << 2 | 1u << 4);
			for (uint64_t j = 0; j < before; j++) {
				cmdq_write(&cmdq, marked(j));
				assert_int_equal(cmdq_wait_room(&cmdq, 3, WAIT_NS), 0);
			}
			fake.refuse_position = before;
			fake.refuse_times = 1;
			fake.refuse_error = 1;
			cmdq_write(&cmdq, cases[i].refused);
			position = cmdq_write(&cmdq, smmu_cmd_sync());
			cmdq_publish(&cmdq);
			assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), 0);

			assert_int_equal(fake.command_count, before + 2);
			assert_executed((unsigned)before, cases[i].cover);
			assert_executed((unsigned)before + 1, smmu_cmd_sync());
			assert_int_equal(cmdq.repaired, 1);
			/* Only CMDQ_ERR was acknowledged; the other active error was left. */
			assert_int_equal(fake_get(0x64), 1u << 2 | 1u << 0);
			assert_int_equal(fake.report_count, 1);
			assert_int_equal(fake.reports[0].what, PLATFORM_REPORT_COMMAND_ERROR);
			assert_int_equal(fake.reports[0].a, 7);
			assert_int_equal(fake.reports[0].b, 1);
		}
	}
}

static void two_refused_commands_in_a_row_are_both_covered(void **state)
{
	uint64_t position;

	(void)state;
	start(2);

	for (unsigned round = 0; round < 6; round++) {
		cmdq_write(&cmdq, marked(round));
		position = cmdq_write(&cmdq, smmu_cmd_sync());
		fake.refuse_position = position - 1;
		fake.refuse_times = 1;
		fake.refuse_error = 1;
		cmdq_publish(&cmdq);
		assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), 0);
	}

	assert_int_equal(cmdq.repaired, 6);
	for (unsigned i = 0; i < 12; i += 2)
		assert_executed(i, smmu_cmd_tlbi_nsnh_all());
}

static void assert_fails_for_good(uint64_t position)
{
	assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), -SHADOW_EIO);
	assert_true(cmdq.failed);
	assert_int_equal(cmdq_poll(&cmdq), -SHADOW_EIO);
	assert_int_equal(cmdq_wait_room(&cmdq, 1, WAIT_NS), -SHADOW_EIO);
	assert_false(cmdq_passed(&cmdq, position));
}

static void a_cover_that_is_refused_too_fails_the_queue(void **state)
{
	(void)state;
	start(2);
	cmdq_write(&cmdq, marked(1));
	cmdq_write(&cmdq, smmu_cmd_sync());
	fake.refuse_position = 0;
	fake.refuse_times = 2;
	fake.refuse_error = 1;
	cmdq_publish(&cmdq);

	assert_fails_for_good(1);
	assert_int_equal(cmdq.repaired, 1);
	assert_int_equal(fake.command_count, 0);
}

static void a_refused_command_of_unknown_kind_fails_the_queue(void **state)
{
	(void)state;
	start(2);
	cmdq_write(&cmdq, (struct smmu_cmd){ .word = { 0x99, 0 } });
	fake.refuse_position = 0;
	fake.refuse_times = 1;
	fake.refuse_error = 1;
	cmdq_publish(&cmdq);

	assert_fails_for_good(0);
	assert_int_equal(fake_get(0x64), 0);
}

static void every_other_error_fails_the_queue_and_is_not_acknowledged(void **state)
{
	(void)state;

	for (unsigned error = 0; error < 128; error++) {
		if (error == 1)
			continue;
		start(2);
		cmdq_write(&cmdq, marked(1));
		cmdq_write(&cmdq, smmu_cmd_sync());
		fake.refuse_position = 0;
		fake.refuse_times = 1;
		fake.refuse_error = error;
		cmdq_publish(&cmdq);

		assert_fails_for_good(1);
		assert_int_equal(fake_get(0x64), 0);
	}
}

static void an_error_with_nothing_published_fails_the_queue(void **state)
{
	(void)state;
	start(2);
	fake_set(0x60, 1);
	fake_set(0x9c, 1u << 24);

	assert_int_equal(cmdq_poll(&cmdq), -SHADOW_EIO);
	assert_true(cmdq.failed);
}

static void service_failure_fails_the_queue(void **state)
{
	(void)state;
	start(2);
	cmdq_write(&cmdq, smmu_cmd_sync());
	cmdq_publish(&cmdq);
	fake_set(0x60, 1u << 8);
	fake.stalled = true;

	assert_fails_for_good(0);
}

static void a_queue_that_is_off_fails_when_it_stands_still(void **state)
{
	(void)state;
	for (unsigned reset = 0; reset < 2; reset++) {
		start(2);
		cmdq_write(&cmdq, smmu_cmd_sync());
		cmdq_publish(&cmdq);
		fake_set(0x20, reset ? 0 : 1);
		fake_set(0x24, reset ? 0 : 1);

		assert_fails_for_good(0);
		assert_int_equal(cmdq.failed, reset ? SHADOW_SMMU_RESET : SHADOW_SMMU_STOPPED);
	}
}

/* Bits that CONS has not are what a device reads as that is not there. */
static void cons_with_reserved_bits_is_no_position(void **state)
{
	static const uint32_t bits[] = { 1u << 31, 1u << 23, 1u << 22, 1u << 21, 1u << 20, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		start(2);
		for (unsigned j = 0; j < 4; j++)
			cmdq_write(&cmdq, marked(j));
		cmdq_publish(&cmdq);
		fake.stalled = true;
		fake_set(0x9c, bits[i] | 2);

		assert_fails_for_good(1);
		assert_int_equal(cmdq.failed, SHADOW_SMMU_CONS);
		assert_int_equal(cmdq.consumed, 0);
	}
}

static void errors_of_other_parts_do_not_stop_the_queue(void **state)
{
	(void)state;
	start(2);
	fake_set(0x60, 1u << 2 | 1u << 3 | 1u << 7);
	cmdq_write(&cmdq, smmu_cmd_sync());
	cmdq_publish(&cmdq);

	assert_int_equal(cmdq_wait_passed(&cmdq, 0, WAIT_NS), 0);
	assert_int_equal(fake_get(0x64), 0);
}

/* ---- a device that reads memory behind the caches ------------------------------------------------ */

/* Lines of four slots that @count slots from @position on lie in, of a ring that is not coherent. */
static unsigned lines_of(uint64_t position, unsigned count, unsigned lg2)
{
	bool touched[16] = { false };
	unsigned lines = 0;

	for (uint64_t i = position; i < position + count; i++) {
		uint64_t line = (i & ((1u << lg2) - 1)) / 4;

		lines += !touched[line];
		touched[line] = true;
	}
	return lines;
}

static void a_device_behind_the_caches_finds_every_command_in_memory(void **state)
{
	const unsigned lg2 = 5;

	(void)state;

	/* One line less than the ring: a batch whose ends lie in one line has that line cleaned twice. */
	for (unsigned batch = 1; batch <= 28; batch++) {
		uint64_t next = 0;

		start_incoherent(lg2);
		fake.prompt = true;
		for (unsigned turn = 0; turn < 100; turn++) {
			fake.command_count = fake.clean_lines = fake.clean_count = 0;
			for (unsigned i = 0; i < batch; i++)
				cmdq_write(&cmdq, marked(next + i));
			assert_int_equal(fake.clean_count, 0);
			cmdq_publish(&cmdq);

			assert_int_equal(fake.command_count, batch);
			for (unsigned i = 0; i < batch; i++)
				assert_executed(i, marked(next + i));
			assert_int_equal(fake.clean_lines, lines_of(next, batch, lg2));
			assert_in_range(fake.clean_count, 1, 2);
			next += batch;
			assert_int_equal(cmdq_poll(&cmdq), 0);
		}
	}
}

static void a_whole_ring_is_cleaned_wherever_it_starts(void **state)
{
	(void)state;

	for (unsigned lg2 = 2; lg2 <= 4; lg2++) {
		for (uint64_t first = 0; first < 1u << lg2; first++) {
			start_incoherent(lg2);
			fake.prompt = true;
			for (uint64_t i = 0; i < first; i++) {
				cmdq_write(&cmdq, marked(i));
				cmdq_publish(&cmdq);
				assert_int_equal(cmdq_poll(&cmdq), 0);
			}
			fake.command_count = 0;
			for (uint64_t i = 0; i < 1u << lg2; i++)
				cmdq_write(&cmdq, marked(first + i));
			cmdq_publish(&cmdq);

			assert_int_equal(fake.command_count, 1u << lg2);
			for (unsigned i = 0; i < 1u << lg2; i++)
				assert_executed(i, marked(first + i));
		}
	}
}

static void nothing_is_cleaned_for_a_coherent_device(void **state)
{
	(void)state;
	start(2);
	fake.refuse_position = 1;
	fake.refuse_times = 1;
	fake.refuse_error = 1;

	for (unsigned i = 0; i < 20; i++) {
		uint64_t position = cmdq_write(&cmdq, marked(i));

		cmdq_publish(&cmdq);
		assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), 0);
	}

	assert_int_equal(cmdq.repaired, 1);
	assert_int_equal(fake.clean_count, 0);
}

static void a_doorbell_without_a_command_cleans_nothing(void **state)
{
	(void)state;
	start_incoherent(2);

	cmdq_publish(&cmdq);
	cmdq_write(&cmdq, marked(1));
	cmdq_publish(&cmdq);
	cmdq_publish(&cmdq);

	assert_int_equal(fake.clean_count, 1);
}

static void a_cover_is_in_memory_before_the_error_is_acknowledged(void **state)
{
	(void)state;

	for (uint64_t before = 0; before < 8; before++) {
		uint64_t position = 0;

		start_incoherent(2);
		for (uint64_t i = 0; i < before; i++) {
			cmdq_write(&cmdq, marked(i));
			assert_int_equal(cmdq_wait_room(&cmdq, 4, WAIT_NS), 0);
		}
		fake.refuse_position = before;
		fake.refuse_times = 1;
		fake.refuse_error = 1;
		cmdq_write(&cmdq, marked(before));
		position = cmdq_write(&cmdq, smmu_cmd_sync());
		cmdq_publish(&cmdq);
		assert_int_equal(cmdq_wait_passed(&cmdq, position, WAIT_NS), 0);

		assert_int_equal(fake.command_count, before + 2);
		assert_executed((unsigned)before, smmu_cmd_tlbi_nsnh_all());
		assert_executed((unsigned)before + 1, smmu_cmd_sync());
		/* One slot, and the next register written is GERRORN. */
		assert_int_equal(fake.cleans[fake.clean_count - 1].bytes, 16);
		assert_int_equal(fake.writes[fake.cleans[fake.clean_count - 1].write_count].offset, 0x64);
	}
}

/* Five batches, one of them refused once, one of them round the end of the ring: seven cleans. The batch that
 * is refused has slots in a line that its repair does not clean. */
static bool device_executed_what_was_written(unsigned clean_dropped)
{
	bool right = true;

	start_incoherent(3);
	fake.clean_dropped = clean_dropped;
	fake.refuse_position = 3;
	fake.refuse_times = 1;
	fake.refuse_error = 1;
	for (uint64_t i = 0; i < 15; i += 3) {
		cmdq_write(&cmdq, marked(i));
		cmdq_write(&cmdq, marked(i + 1));
		cmdq_write(&cmdq, marked(i + 2));
		cmdq_publish(&cmdq);
		assert_int_equal(cmdq_wait_passed(&cmdq, i + 2, WAIT_NS), 0);
	}
	assert_int_equal(fake.command_count, 15);
	for (unsigned i = 0; i < 15; i++) {
		struct smmu_cmd expected = i == 3 ? smmu_cmd_tlbi_nsnh_all() : marked(i);

		right = right && fake.commands[i].word[0] == expected.word[0] &&
			fake.commands[i].word[1] == expected.word[1];
	}
	return right;
}

static void every_clean_of_the_queue_is_needed(void **state)
{
	(void)state;

	assert_true(device_executed_what_was_written(UINT_MAX));
	assert_int_equal(fake.clean_count, 7);
	for (unsigned i = 0; i < 7; i++)
		if (device_executed_what_was_written(i))
			fail_msg("clean %u was dropped, and the device did not notice", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_of_every_size_wrap_at_every_position),
		cmocka_unit_test(positions_go_on_beyond_32_bits),
		cmocka_unit_test(a_full_ring_waits_and_keeps_the_order_at_every_position),
		cmocka_unit_test(nothing_is_visible_and_no_doorbell_rings_before_publication),
		cmocka_unit_test(writing_and_publishing_reads_no_register),
		cmocka_unit_test(commands_are_counted_by_kind),
		cmocka_unit_test(a_full_ring_makes_room_as_the_device_goes_on),
		cmocka_unit_test(waiting_for_room_publishes_what_is_in_the_way),
		cmocka_unit_test(waiting_for_room_that_is_there_touches_no_register),
		cmocka_unit_test(a_device_that_stands_still_times_out),
		cmocka_unit_test(cons_beyond_what_was_published_is_a_failure),
		cmocka_unit_test(a_stale_error_code_in_cons_is_not_an_error),
		cmocka_unit_test(a_refused_command_is_covered_before_the_sync_behind_it),
		cmocka_unit_test(two_refused_commands_in_a_row_are_both_covered),
		cmocka_unit_test(a_cover_that_is_refused_too_fails_the_queue),
		cmocka_unit_test(a_refused_command_of_unknown_kind_fails_the_queue),
		cmocka_unit_test(every_other_error_fails_the_queue_and_is_not_acknowledged),
		cmocka_unit_test(an_error_with_nothing_published_fails_the_queue),
		cmocka_unit_test(service_failure_fails_the_queue),
		cmocka_unit_test(a_queue_that_is_off_fails_when_it_stands_still),
		cmocka_unit_test(cons_with_reserved_bits_is_no_position),
		cmocka_unit_test(errors_of_other_parts_do_not_stop_the_queue),
		cmocka_unit_test(a_device_behind_the_caches_finds_every_command_in_memory),
		cmocka_unit_test(a_whole_ring_is_cleaned_wherever_it_starts),
		cmocka_unit_test(nothing_is_cleaned_for_a_coherent_device),
		cmocka_unit_test(a_doorbell_without_a_command_cleans_nothing),
		cmocka_unit_test(a_cover_is_in_memory_before_the_error_is_acknowledged),
		cmocka_unit_test(every_clean_of_the_queue_is_needed),
	};

	return cmocka_run_group_tests_name("cmdq", tests, NULL, NULL);
}
