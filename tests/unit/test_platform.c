/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_platform.c - the hosted platform: devices, memory map, hooks.
 */
#include "engine/platform/linux.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct registers {
	_Atomic uint64_t value;
	_Atomic uint32_t offset; /* of the last access */
	_Atomic bool gone;	 /* removed: nobody may call any more */
	_Atomic unsigned late;	 /* who did */
};

static void touch(struct registers *registers, uint32_t offset)
{
	if (registers->gone)
		registers->late++;
	registers->offset = offset;
}

static uint32_t read32(void *ctx, uint32_t offset)
{
	struct registers *registers = ctx;

	touch(registers, offset);
	return (uint32_t)registers->value;
}

static uint64_t read64(void *ctx, uint32_t offset)
{
	struct registers *registers = ctx;

	touch(registers, offset);
	return registers->value;
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct registers *registers = ctx;

	touch(registers, offset);
	registers->value = value;
}

static void write64(void *ctx, uint32_t offset, uint64_t value)
{
	struct registers *registers = ctx;

	touch(registers, offset);
	registers->value = value;
}

static const struct platform_linux_device device_ops = {
	.read32 = read32,
	.read64 = read64,
	.write32 = write32,
	.write64 = write64,
};

static shadow_pa_t pa(uint64_t addr)
{
	return (shadow_pa_t){ addr };
}

/* ---- devices ---- */

static void an_access_reaches_its_device_at_its_offset(void **state)
{
	struct registers first = { 0 }, second = { 0 };
	uintptr_t first_registers = platform_linux_add_device(&device_ops, &first, 0x20000);
	uintptr_t second_registers = platform_linux_add_device(&device_ops, &second, 0x20000);

	(void)state;
	platform_mmio_write32(first_registers + 0x98, 7);
	platform_mmio_write64(second_registers + 0x1fff8, UINT64_C(0x123456789abcdef0));

	assert_int_equal(first.value, 7);
	assert_int_equal(first.offset, 0x98);
	assert_int_equal(second.offset, 0x1fff8);
	assert_int_equal(platform_mmio_read32(first_registers), 7);
	assert_int_equal(platform_mmio_read64(second_registers), UINT64_C(0x123456789abcdef0));
	platform_linux_remove_device(first_registers);
	platform_linux_remove_device(second_registers);
}

static void a_removed_device_reads_as_ones_and_ignores_writes(void **state)
{
	struct registers registers = { 0 };
	uintptr_t address = platform_linux_add_device(&device_ops, &registers, 0x1000);

	(void)state;
	platform_linux_remove_device(address);
	platform_mmio_write32(address, 5);
	platform_mmio_write64(address, 5);

	assert_int_equal(platform_mmio_read32(address), UINT32_MAX);
	assert_int_equal(platform_mmio_read64(address), UINT64_MAX);
	assert_int_equal(registers.value, 0);
}

static void an_access_past_the_end_of_a_device_does_not_reach_it(void **state)
{
	struct registers registers = { 0 };
	uintptr_t address = platform_linux_add_device(&device_ops, &registers, 0x1000);

	(void)state;
	platform_mmio_write32(address + 0x1000, 5);

	assert_int_equal(platform_mmio_read32(address + 0x1000), UINT32_MAX);
	assert_int_equal(registers.value, 0);
	platform_linux_remove_device(address);
}

static void a_device_of_no_or_too_many_bytes_is_refused(void **state)
{
	struct registers registers = { 0 };

	(void)state;
	assert_int_equal(platform_linux_add_device(&device_ops, &registers, 0), 0);
	assert_int_equal(platform_linux_add_device(&device_ops, &registers, 0x100001), 0);
}

static void one_device_more_than_fits_is_refused_and_a_freed_slot_is_used_again(void **state)
{
	struct registers registers = { 0 };
	uintptr_t address[PLATFORM_LINUX_DEVICES_MAX];

	(void)state;
	for (unsigned i = 0; i < PLATFORM_LINUX_DEVICES_MAX; i++) {
		address[i] = platform_linux_add_device(&device_ops, &registers, 0x1000);
		assert_int_not_equal(address[i], 0);
	}

	assert_int_equal(platform_linux_add_device(&device_ops, &registers, 0x1000), 0);
	platform_linux_remove_device(address[7]);
	assert_int_equal(platform_linux_add_device(&device_ops, &registers, 0x1000), address[7]);
	for (unsigned i = 0; i < PLATFORM_LINUX_DEVICES_MAX; i++)
		platform_linux_remove_device(address[i]);
}

static jmp_buf left_device;

static uint32_t leave(void *ctx, uint32_t offset)
{
	(void)ctx;
	(void)offset;
	longjmp(left_device, 1);
}

static void a_device_that_a_failing_test_jumped_out_of_can_be_removed(void **state)
{
	static const struct platform_linux_device jumper = { .read32 = leave };
	static uintptr_t address;

	(void)state;
	address = platform_linux_add_device(&jumper, NULL, 0x1000);
	if (!setjmp(left_device))
		platform_mmio_read32(address);
	platform_linux_remove_device(address);

	assert_int_equal(platform_mmio_read32(address), UINT32_MAX);
}

/* ---- devices that come and go while others are in use ---- */

#define READERS 3
#define ROUNDS	200

static struct {
	_Atomic uintptr_t coming_and_going, staying;
	_Atomic bool stop;
	_Atomic unsigned wrong;
	_Atomic uint64_t accesses;
} shared;

static void *reader(void *ctx)
{
	(void)ctx;
	while (!shared.stop) {
		uint32_t value = platform_mmio_read32(shared.coming_and_going + 4);

		if (value != 0x51 && value != UINT32_MAX)
			shared.wrong++;
		platform_mmio_write64(shared.coming_and_going + 8, 0x51);
		if (platform_mmio_read32(shared.staying) != 0x77)
			shared.wrong++;
		shared.accesses++;
	}
	return NULL;
}

static void no_device_is_called_after_its_removal_while_other_threads_use_it(void **state)
{
	static struct registers devices[ROUNDS];
	struct registers staying = { .value = 0x77 };
	pthread_t threads[READERS];
	unsigned late = 0;

	(void)state;
	shared.staying = platform_linux_add_device(&device_ops, &staying, 0x1000);
	devices[0].value = 0x51;
	shared.coming_and_going = platform_linux_add_device(&device_ops, &devices[0], 0x1000);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, NULL), 0);
	while (shared.accesses == 0)
		usleep(100);
	for (unsigned i = 1; i < ROUNDS; i++) {
		platform_linux_remove_device(shared.coming_and_going);
		devices[i - 1].gone = true;
		devices[i].value = 0x51;
		shared.coming_and_going = platform_linux_add_device(&device_ops, &devices[i], 0x1000);
		usleep(50);
	}
	shared.stop = true;
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);

	for (unsigned i = 0; i < ROUNDS; i++)
		late += devices[i].late;
	assert_int_equal(late, 0);
	assert_int_equal(shared.wrong, 0);
	platform_linux_remove_device(shared.coming_and_going);
	platform_linux_remove_device(shared.staying);
}

/* ---- memory map ---- */

static void virt_finds_memory_by_its_physical_address(void **state)
{
	static char low[0x2000], high[0x1000];

	(void)state;
	assert_int_equal(platform_linux_add_memory(pa(0x80000000), high, sizeof(high)), 0);
	assert_int_equal(platform_linux_add_memory(pa(0x1000), low, sizeof(low)), 0);

	assert_ptr_equal(platform_virt(pa(0x1000), sizeof(low)), low);
	assert_ptr_equal(platform_virt(pa(0x2ff8), 8), low + 0x1ff8);
	assert_ptr_equal(platform_virt(pa(0x80000010), 1), high + 0x10);
	assert_null(platform_virt(pa(0x2ff8), 9));
	assert_null(platform_virt(pa(0xfff), 1));
	assert_null(platform_virt(pa(0x3000), 1));
	assert_null(platform_virt(pa(UINT64_MAX), 2));
	platform_linux_remove_memory(pa(0x1000));
	assert_null(platform_virt(pa(0x1000), 1));
	assert_ptr_equal(platform_virt(pa(0x80000000), 1), high);
	platform_linux_remove_memory(pa(0x80000000));
}

static void memory_that_overlaps_wraps_or_is_empty_is_refused(void **state)
{
	static char memory[0x3000];

	(void)state;
	assert_int_equal(platform_linux_add_memory(pa(0x4000), memory, 0x2000), 0);

	assert_int_equal(platform_linux_add_memory(pa(0x3000), memory, 0x1001), -SHADOW_EBUSY);
	assert_int_equal(platform_linux_add_memory(pa(0x5fff), memory, 1), -SHADOW_EBUSY);
	assert_int_equal(platform_linux_add_memory(pa(0x3000), memory, 0), -SHADOW_EINVAL);
	assert_int_equal(platform_linux_add_memory(pa(UINT64_MAX), memory, 2), -SHADOW_EINVAL);
	assert_int_equal(platform_linux_add_memory(pa(0x3000), memory, 0x1000), 0);
	assert_int_equal(platform_linux_add_memory(pa(0x6000), memory, 0x1000), 0);
	platform_linux_remove_memory(pa(0x3000));
	platform_linux_remove_memory(pa(0x4000));
	platform_linux_remove_memory(pa(0x6000));
	platform_linux_remove_memory(pa(0x7000));
}

/* ---- hooks ---- */

static uint64_t time_of_ctx(void *ctx)
{
	return *(uint64_t *)ctx;
}

static void advance(void *ctx)
{
	*(uint64_t *)ctx += 10;
}

static void time_and_relax_can_be_virtual_and_real_again(void **state)
{
	uint64_t now = 5, before;

	(void)state;
	platform_linux_set_time(time_of_ctx, &now);
	platform_linux_set_relax(advance, &now);
	platform_relax();
	platform_relax();
	assert_int_equal(platform_time_ns(), 25);

	platform_linux_set_time(NULL, NULL);
	platform_linux_set_relax(NULL, NULL);
	before = platform_time_ns();
	platform_relax();
	assert_true(platform_time_ns() >= before);
	assert_int_equal(now, 25);
}

static void *lock_of_another_thread(void *ctx)
{
	*(bool *)ctx = platform_host_lock_held();
	return NULL;
}

static void the_host_lock_is_held_by_one_thread_only(void **state)
{
	bool elsewhere = true;
	pthread_t thread;

	(void)state;
	platform_linux_set_host_lock(true);
	assert_int_equal(pthread_create(&thread, NULL, lock_of_another_thread, &elsewhere), 0);
	pthread_join(thread, NULL);

	assert_true(platform_host_lock_held());
	assert_false(elsewhere);
	platform_linux_set_host_lock(false);
	assert_false(platform_host_lock_held());
}

struct reported {
	enum platform_report what;
	uint64_t a, b;
};

static void take_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	*(struct reported *)ctx = (struct reported){ what, a, b };
}

static void a_report_reaches_its_hook(void **state)
{
	struct reported reported = { 0 };

	(void)state;
	platform_linux_set_report(take_report, &reported);
	platform_report(PLATFORM_REPORT_SMMU_CLOSED, 3, 4);

	assert_int_equal(reported.what, PLATFORM_REPORT_SMMU_CLOSED);
	assert_int_equal(reported.a, 3);
	assert_int_equal(reported.b, 4);
	platform_linux_set_report(NULL, NULL);
}

struct cleaned {
	const void *start;
	size_t bytes;
	unsigned count;
};

static void take_clean(void *ctx, const void *start, size_t bytes)
{
	struct cleaned *cleaned = ctx;

	*cleaned = (struct cleaned){ start, bytes, cleaned->count + 1 };
}

static void what_is_cleaned_reaches_its_hook_and_is_left_alone_without_one(void **state)
{
	struct cleaned cleaned = { 0 };
	char bytes[100] = "unchanged";

	(void)state;
	platform_linux_set_clean(take_clean, &cleaned);
	platform_clean(bytes + 3, 77);

	assert_ptr_equal(cleaned.start, bytes + 3);
	assert_int_equal(cleaned.bytes, 77);
	platform_linux_set_clean(NULL, NULL);
	platform_clean(bytes, sizeof(bytes));
	assert_int_equal(cleaned.count, 1);
	assert_string_equal(bytes, "unchanged");
}

static jmp_buf panicked;
static const char *panic_where;

static void jump(void *ctx, const char *where)
{
	(void)ctx;
	panic_where = where;
	longjmp(panicked, 1);
}

static void a_panic_can_be_caught_by_its_hook(void **state)
{
	(void)state;
	platform_linux_set_panic(jump, NULL);
	if (!setjmp(panicked)) {
		platform_panic("here");
	}

	assert_string_equal(panic_where, "here");
	platform_linux_set_panic(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_access_reaches_its_device_at_its_offset),
		cmocka_unit_test(a_removed_device_reads_as_ones_and_ignores_writes),
		cmocka_unit_test(an_access_past_the_end_of_a_device_does_not_reach_it),
		cmocka_unit_test(a_device_of_no_or_too_many_bytes_is_refused),
		cmocka_unit_test(one_device_more_than_fits_is_refused_and_a_freed_slot_is_used_again),
		cmocka_unit_test(a_device_that_a_failing_test_jumped_out_of_can_be_removed),
		cmocka_unit_test(no_device_is_called_after_its_removal_while_other_threads_use_it),
		cmocka_unit_test(virt_finds_memory_by_its_physical_address),
		cmocka_unit_test(memory_that_overlaps_wraps_or_is_empty_is_refused),
		cmocka_unit_test(time_and_relax_can_be_virtual_and_real_again),
		cmocka_unit_test(the_host_lock_is_held_by_one_thread_only),
		cmocka_unit_test(a_report_reaches_its_hook),
		cmocka_unit_test(what_is_cleaned_reaches_its_hook_and_is_left_alone_without_one),
		cmocka_unit_test(a_panic_can_be_caught_by_its_hook),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
