/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_device.c - what passes by between the driver's registers and the model is told in order, once.
 */
#include "bench/replay/device.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/linux.h"

#define RING_LG2 3u
#define RING_PA	 UINT64_C(0x10000)
#define CFGI_ALL UINT64_C(0x04), UINT64_C(0x1f)
#define SYNC	 UINT64_C(0x46), UINT64_C(0)

enum {
	CR0 = 0x20,
	CMDQ_BASE = 0x90,
	CMDQ_PROD = 0x98,
	CMDQ_CONS = 0x9c
};

static uint64_t ring[2 << RING_LG2];
static char told[512];
static struct device_model device;

static const void *ring_read(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return pa >= RING_PA && pa + bytes <= RING_PA + sizeof(ring) ? (char *)ring + (pa - RING_PA) : NULL;
}

static void *ring_write(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	(void)pa;
	(void)bytes;
	return NULL;
}

static void tell(char what, unsigned smmu, uint64_t position)
{
	size_t length = strlen(told);

	snprintf(told + length, sizeof(told) - length, "%c%u:%" PRIu64 " ", what, smmu, position);
}

static void command(void *ctx, unsigned smmu, uint64_t position, uint64_t word0, uint64_t word1)
{
	(void)ctx;
	(void)word1;
	tell((word0 & 0xff) == 0x46 ? 's' : 'c', smmu, position);
}

static void doorbell(void *ctx, unsigned smmu, uint64_t position)
{
	(void)ctx;
	tell('D', smmu, position);
}

static void sync_seen(void *ctx, unsigned smmu, uint64_t position)
{
	(void)ctx;
	tell('S', smmu, position);
}

static const struct device_events events = { .command = command,
					     .doorbell = doorbell,
					     .sync_seen = sync_seen };

static int set_up(void **state)
{
	struct model_config config = { 0 };

	(void)state;
	memset(ring, 0, sizeof(ring));
	model_config_default(&config);
	config.cmdq_lg2 = RING_LG2;
	config.memory = (struct model_memory){ .read = ring_read, .write = ring_write };
	if (device_model_add(&device, 5, &config, &events))
		return -1;
	platform_mmio_write64(device.registers + CMDQ_BASE, RING_PA | RING_LG2);
	platform_mmio_write32(device.registers + CMDQ_PROD, 0);
	platform_mmio_write32(device.registers + CMDQ_CONS, 0);
	platform_mmio_write32(device.registers + CR0, 8);
	told[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_model_remove(&device);
	return 0;
}

static void put(uint64_t position, uint64_t word0, uint64_t word1)
{
	uint64_t slot = position % (1u << RING_LG2);

	ring[2 * slot] = word0;
	ring[2 * slot + 1] = word1;
}

/* The index with its wrap bit. */
static void ring_doorbell(uint64_t position)
{
	platform_mmio_write32(device.registers + CMDQ_PROD, (uint32_t)(position % (2u << RING_LG2)));
}

static void poll(void)
{
	(void)platform_mmio_read32(device.registers + CMDQ_CONS);
}

static void programming_a_queue_that_is_off_is_no_doorbell(void **state)
{
	(void)state;
	platform_mmio_write32(device.registers + CR0, 0);
	platform_mmio_write32(device.registers + CMDQ_PROD, 0);
	poll();

	assert_string_equal(told, "");
}

static void commands_are_told_before_their_doorbell(void **state)
{
	(void)state;
	put(0, CFGI_ALL);
	put(1, SYNC);
	ring_doorbell(2);

	assert_string_equal(told, "c5:0 s5:1 D5:2 ");
	assert_false(device_model_idle(&device));
}

static void a_sync_is_told_when_cons_is_read_and_not_before(void **state)
{
	(void)state;
	put(0, SYNC);
	ring_doorbell(1);
	model_run(device.model);
	assert_string_equal(told, "s5:0 D5:1 ");
	poll();
	poll();

	assert_string_equal(told, "s5:0 D5:1 S5:0 ");
	assert_true(device_model_idle(&device));
}

static void one_read_of_cons_tells_every_sync_that_it_passed(void **state)
{
	(void)state;
	put(0, SYNC);
	put(1, CFGI_ALL);
	put(2, SYNC);
	ring_doorbell(3);
	model_run(device.model);
	poll();

	assert_string_equal(told, "s5:0 c5:1 s5:2 D5:3 S5:0 S5:2 ");
}

static void positions_go_on_when_the_ring_wraps(void **state)
{
	(void)state;
	for (uint64_t position = 0; position < 40; position += 8) {
		told[0] = '\0';
		for (uint64_t i = 0; i < 7; i++)
			put(position + i, CFGI_ALL);
		put(position + 7, SYNC);
		ring_doorbell(position + 8);
		model_run(device.model);
		poll();
	}

	assert_string_equal(told, "c5:32 c5:33 c5:34 c5:35 c5:36 c5:37 c5:38 s5:39 D5:40 S5:39 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(programming_a_queue_that_is_off_is_no_doorbell, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(commands_are_told_before_their_doorbell, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_sync_is_told_when_cons_is_read_and_not_before, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_read_of_cons_tells_every_sync_that_it_passed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(positions_go_on_when_the_ring_wraps, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
