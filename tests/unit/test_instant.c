/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_instant.c - the SMMU that completes at once: handshakes, the queue, what it claims.
 */
#include "bench/policy/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <shadow/platform.h>

#define PROD 0x98u
#define CONS 0x9cu

static struct instant instant;

static uint32_t read32(uint32_t offset)
{
	return platform_mmio_read32(instant.registers + offset);
}

static void write32(uint32_t offset, uint32_t value)
{
	platform_mmio_write32(instant.registers + offset, value);
}

static void cons_follows_prod(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, true, false), 0);

	write32(PROD, 0x1234);

	assert_int_equal(read32(CONS), 0x1234);
	assert_int_equal(read32(PROD), 0x1234);
	instant_remove(&instant);
}

static void handshakes_are_acknowledged_at_once(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, true, false), 0);

	write32(0x20, 0xd);
	write32(0x44, UINT32_C(0x80100000));
	write32(0x50, 7);
	write32(0x100a8, 5);

	assert_int_equal(read32(0x24), 0xd);
	assert_int_equal(read32(0x44), 0x100000);
	assert_int_equal(read32(0x54), 7);
	assert_int_equal(read32(0x100a8), 5);
	instant_remove(&instant);
}

static void it_claims_what_it_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, false, false), 0);
	assert_int_equal(read32(0) & 3, 1);
	assert_int_equal(read32(0xc) & 1u << 10, 0);
	instant_remove(&instant);

	assert_int_equal(instant_add(&instant, true, true), 0);
	assert_int_equal(read32(0) & 3, 3);
	assert_int_equal(read32(0xc) & 1u << 10, 1u << 10);
	assert_int_equal(read32(0xc) >> 11 & 3, 2);
	assert_int_equal(read32(0) & 1u << 4, 1u << 4);
	instant_set_coherent(&instant, false);
	assert_int_equal(read32(0) & 0x1f, 0xb);
	instant_set_coherent(&instant, true);
	assert_int_equal(read32(0) & 0x1f, 0x1b);
	instant_remove(&instant);
}

static void registers_it_does_not_have_read_as_zero(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, true, true), 0);

	write32(0x4000, 99);

	assert_int_equal(read32(0x4000), 0);
	assert_int_equal(read32(0x60), 0);
	instant_remove(&instant);
}

static unsigned doorbells, polls;

static void listen(void *ctx, unsigned number, enum instant_event event, uint32_t value)
{
	if (ctx != &instant || number != 3 || value != 17)
		return;
	doorbells += event == INSTANT_DOORBELL;
	polls += event == INSTANT_POLL;
}

static void it_tells_of_doorbells_and_polls(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, true, true), 0);
	instant.listen = listen;
	instant.ctx = &instant;
	instant.number = 3;

	write32(PROD, 17);
	read32(CONS);
	read32(CONS);

	assert_int_equal(doorbells, 1);
	assert_int_equal(polls, 2);
	instant_remove(&instant);
}

static void it_knows_where_the_ring_is(void **state)
{
	(void)state;
	assert_int_equal(instant_add(&instant, true, true), 0);

	platform_mmio_write64(instant.registers + 0x90, UINT64_C(0x4000400012340000) | 0xc);

	assert_int_equal(instant_ring(&instant), UINT64_C(0x400012340000));
	assert_int_equal(platform_mmio_read64(instant.registers + 0x90), UINT64_C(0x400040001234000c));
	instant_remove(&instant);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cons_follows_prod),
		cmocka_unit_test(handshakes_are_acknowledged_at_once),
		cmocka_unit_test(it_claims_what_it_was_asked_for),
		cmocka_unit_test(registers_it_does_not_have_read_as_zero),
		cmocka_unit_test(it_tells_of_doorbells_and_polls),
		cmocka_unit_test(it_knows_where_the_ring_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
