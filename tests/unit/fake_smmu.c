/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fake_smmu.c - a register file with a command queue and no translation; see fake_smmu.h.
 *
 * Offsets and bits are written out as the specification's numbers: the driver's headers are under test.
 */
#include "tests/unit/fake_smmu.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/platform/linux.h"

struct fake_smmu fake;

#define LINE_BYTES	64u
#define ALLOCATIONS_MAX 64u

static struct allocation {
	char *memory, *image; /* image: behind the caches */
	size_t bytes;
} fake_allocations[ALLOCATIONS_MAX];
static unsigned fake_allocation_count;

static void fake_free_all(void)
{
	while (fake_allocation_count > 0) {
		free(fake_allocations[--fake_allocation_count].memory);
		free(fake_allocations[fake_allocation_count].image);
	}
}

uint32_t fake_get(uint32_t offset)
{
	return fake.reg[offset / 4];
}

void fake_set(uint32_t offset, uint32_t value)
{
	fake.reg[offset / 4] = value;
}

uint64_t *fake_memory(size_t bytes)
{
	void *memory = aligned_alloc(bytes, bytes), *image = malloc(bytes);

	if (memory == NULL || image == NULL || bytes < LINE_BYTES || fake_allocation_count == ALLOCATIONS_MAX)
		abort();
	if (fake_allocation_count == 0)
		atexit(fake_free_all);
	memset(memory, 0, bytes);
	memset(image, 0xa5, bytes);
	fake_allocations[fake_allocation_count++] = (struct allocation){ memory, image, bytes };
	return memory;
}

/* The allocation that @bytes from @start on are in, and where in it; fails the test if there is none. */
static const struct allocation *fake_allocation(const void *start, size_t bytes, size_t *offset)
{
	for (unsigned i = 0; i < fake_allocation_count; i++) {
		const struct allocation *allocation = &fake_allocations[i];

		*offset = (uintptr_t)start - (uintptr_t)allocation->memory;
		if (*offset < allocation->bytes && bytes <= allocation->bytes - *offset)
			return allocation;
	}
	fail_msg("%zu bytes at %p are no memory of the device", bytes, start);
	return NULL;
}

const uint64_t *fake_seen(const uint64_t *address)
{
	size_t offset;

	if (!fake.incoherent)
		return address;
	return (const uint64_t *)(const void *)(fake_allocation(address, 8, &offset)->image + offset);
}

void fake_set_incoherent(void)
{
	fake.incoherent = true;
	fake_set(0x00, fake_get(0x00) & ~(1u << 4));
}

static void fake_clean(void *ctx, const void *start, size_t bytes)
{
	size_t offset, first, end;
	const struct allocation *allocation = fake_allocation(start, bytes, &offset);

	(void)ctx;
	assert_true(fake.clean_count < FAKE_LOG_MAX && bytes > 0);
	fake.cleans[fake.clean_count] = (struct fake_clean){ start, bytes, fake.write_count };
	first = offset / LINE_BYTES * LINE_BYTES;
	end = (offset + bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	fake.clean_lines += (unsigned)((end - first) / LINE_BYTES);
	if (fake.clean_count++ != fake.clean_dropped)
		memcpy(allocation->image + first, allocation->memory + first, end - first);
}

unsigned fake_find_write(uint32_t offset, unsigned from, uint64_t mask, uint64_t value)
{
	for (unsigned i = from; i < fake.write_count; i++)
		if (fake.writes[i].offset == offset && (fake.writes[i].value & mask) == value)
			return i;
	fail_msg("no write of %#llx to register %#x", (unsigned long long)value, offset);
	return 0;
}

void fake_step(unsigned count)
{
	uint64_t base = (uint64_t)fake_get(0x94) << 32 | fake_get(0x90);
	uint32_t lg2 = base & 31, wrap = (2u << lg2) - 1;
	const uint64_t *ring;

	base &= 0x00ffffffffffffe0;
	ring = (const uint64_t *)(uintptr_t)base;
	for (; count > 0; count--) {
		uint32_t cons = fake_get(0x9c) & wrap;
		struct fake_command command = { .position = fake.position };

		if (fake.stalled || !(fake_get(0x24) & 8) || cons == (fake_get(0x98) & wrap))
			return;
		if ((fake_get(0x60) ^ fake_get(0x64)) & 1)
			return;
		if (fake.position == fake.refuse_position && fake.refuse_times > 0) {
			fake.refuse_times--;
			fake_set(0x9c, cons | fake.refuse_error << 24);
			fake_set(0x60, fake_get(0x60) ^ 1);
			return;
		}
		memcpy(command.word, fake_seen(&ring[2 * (cons & (wrap >> 1))]), sizeof(command.word));
		if (fake.executing != NULL)
			fake.executing(&command);
		if (fake.command_count < FAKE_LOG_MAX)
			fake.commands[fake.command_count++] = command;
		fake.position++;
		/* CONS.ERR stays stale, as some devices leave it. */
		fake_set(0x9c, (fake_get(0x9c) & 0x7f000000) | ((cons + 1) & wrap));
	}
}

static void fake_log_write(uint32_t offset, uint64_t value)
{
	if (fake.writing != NULL)
		fake.writing(offset);
	if (fake.write_count < FAKE_LOG_MAX)
		fake.writes[fake.write_count++] = (struct fake_write){ offset, value };
}

static uint32_t fake_read32(void *ctx, uint32_t offset)
{
	(void)ctx;
	fake.reads++;
	return fake_get(offset);
}

static uint64_t fake_read64(void *ctx, uint32_t offset)
{
	return (uint64_t)fake_read32(ctx, offset + 4) << 32 | fake_read32(ctx, offset);
}

static void fake_write32(void *ctx, uint32_t offset, uint32_t value)
{
	(void)ctx;
	fake_log_write(offset, value);
	if (offset == 0x44) {
		if (fake.update_stuck || !(value & 1u << 31)) {
			fake_set(offset, fake_get(offset) | (value & 1u << 31));
			return;
		}
		value &= fake.abort_ignored ? ~(1u << 31 | 1u << 20) : ~(1u << 31);
	}
	fake_set(offset, value);
	if (offset == 0x20)
		fake_set(0x24, (fake_get(0x24) & fake.ack_blocked) | (value & ~fake.ack_blocked));
	if (offset == 0x50)
		fake_set(0x54, value);
	if (offset == 0x98 && fake.prompt)
		fake_step(UINT32_MAX);
}

static void fake_write64(void *ctx, uint32_t offset, uint64_t value)
{
	(void)ctx;
	fake_log_write(offset, value);
	fake_set(offset, (uint32_t)value);
	fake_set(offset + 4, (uint32_t)(value >> 32));
}

static uint64_t fake_time_ns(void *ctx)
{
	(void)ctx;
	return fake.time_ns++;
}

static void fake_relax(void *ctx)
{
	(void)ctx;
	fake.time_ns += 10;
	fake_step(fake.steps_per_relax);
}

static void fake_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	(void)ctx;
	assert_true(fake.report_count < 16);
	fake.reports[fake.report_count++] = (struct fake_report){ what, a, b };
}

static void fake_panic(void *ctx, const char *where)
{
	(void)ctx;
	mock_assert(0, where, __FILE__, __LINE__);
}

void fake_reset(void)
{
	static const struct platform_linux_device device = {
		.read32 = fake_read32,
		.read64 = fake_read64,
		.write32 = fake_write32,
		.write64 = fake_write64,
	};
	static uintptr_t registers;

	if (registers == 0) {
		registers = platform_linux_add_device(&device, NULL, sizeof(fake.reg));
		platform_linux_set_time(fake_time_ns, NULL);
		platform_linux_set_relax(fake_relax, NULL);
		platform_linux_set_report(fake_report, NULL);
		platform_linux_set_panic(fake_panic, NULL);
		platform_linux_set_clean(fake_clean, NULL);
		platform_linux_set_host_lock(true);
	}
	assert_true(registers != 0);

	fake_free_all();
	memset(&fake, 0, sizeof(fake));
	fake.registers = registers;
	fake_set(0x00, 1u << 0 | 1u << 1 | 2u << 2 | 1u << 4 | 1u << 18 | 2u << 21 | 1u << 24);
	fake_set(0x04, 19u << 21 | 19u << 16 | 16u);
	fake_set(0x0c, 1u << 10 | 2u << 11);
	fake_set(0x14, 1u << 4 | 5u);
	fake_set(0x18, 0x4831043b);
	fake_set(0x44, 0x1000);
	fake.steps_per_relax = 1;
	fake.refuse_position = UINT64_MAX;
	fake.clean_dropped = UINT_MAX;
}
