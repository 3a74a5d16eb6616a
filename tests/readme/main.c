/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * main.c - the hypervisor and the device around README.md's example: gives 512 pages away and says what it cost.
 *
 * Built with the example by scripts/check-readme, against the library as it is installed.
 */
#include <shadow/shadow.h>
#include <shadow/smmu.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/platform/linux.h"

#define PAGES 512u
#define WAIT_NS UINT64_C(1000000000)
#define QUEUE_SLOTS (4u * 256u)	       /* as the example configures its engine */
#define DEVICE_BYTES 0x20000u

int bring_up(void *engine_memory, void *target_memory, const struct shadow_smmu_target_config *config,
	     const struct shadow_smmu_config *device, const struct shadow_host_table *host,
	     struct shadow_engine **engine);
int give_away(struct shadow_engine *engine, unsigned cpu, uint64_t number, shadow_ipa_t page, uint64_t wait_ns);
int finish(struct shadow_engine *engine, uint64_t wait_ns);

/* ---- an SMMU's registers that obey at once ------------------------------------------------------------ */

#define CR0 0x20u
#define GBPA 0x44u
#define GBPA_UPDATE (UINT32_C(1) << 31)
#define IRQ_CTRL 0x50u
#define CMDQ_PROD 0x98u

static uint32_t registers[DEVICE_BYTES / 4] = { 0x440019, 0x2730010, 0, 0x1400, 0, 0x15 }; /* IDR0 .. IDR5 */
static uint64_t doorbells;

static uint32_t read32(void *ctx, uint32_t offset)
{
	(void)ctx;
	return registers[offset / 4];
}

static uint64_t read64(void *ctx, uint32_t offset)
{
	return read32(ctx, offset) | (uint64_t)read32(ctx, offset + 4) << 32;
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	(void)ctx;
	registers[offset / 4] = offset == GBPA ? value & ~GBPA_UPDATE : value;
	doorbells += offset == CMDQ_PROD;
	/* What acknowledges CR0 and IRQ_CTRL, and CONS that follows PROD, are the next register each. */
	if (offset == CR0 || offset == IRQ_CTRL || offset == CMDQ_PROD)
		registers[offset / 4 + 1] = value;
}

static void write64(void *ctx, uint32_t offset, uint64_t value)
{
	write32(ctx, offset, (uint32_t)value);
	write32(ctx, offset + 4, (uint32_t)(value >> 32));
}

static const struct platform_linux_device stand_in = { read32, read64, write32, write64 };

/* ---- the hypervisor ------------------------------------------------------------------------------------- */

static void check(int error)
{
	if (!error)
		return;
	fprintf(stderr, "readme: failed with %d\n", error);
	exit(1);
}

int main(void)
{
	static _Alignas(4096) uint64_t host_root[512]; /* the host has touched nothing yet */
	const struct shadow_range memory = { 0x40000000, 0x80000000 };
	const struct shadow_address_map map = { .ia_bits = 39, .memory = &memory, .memory_count = 1 };
	const struct shadow_engine_config cpus = { .cpu_count = 4, .queue_slots = 256, .map = map };
	const struct shadow_host_table host = { .root = { 0x1000 }, .ia_bits = 39, .start_level = 1 };
	struct shadow_smmu_target_config config = { .map = map, .bbml = 2, .vmid = 1, .runs_max = QUEUE_SLOTS };
	struct shadow_smmu_config device = { .cmdq_lg2 = 8, .evtq_lg2 = 7, .sid_bits = 8, .wait_ns = WAIT_NS };
	struct shadow_engine *engine;
	struct shadow_stats stats;
	uint64_t before;

	check(platform_linux_add_memory(host.root, host_root, sizeof(host_root)));
	device.registers = platform_linux_add_device(&stand_in, NULL, sizeof(registers));
	config.pool.base.addr = memory.end;
	config.pool.bytes = shadow_smmu_pool_bytes(&config, &device, 1);
	config.pool.virt = platform_linux_alloc(config.pool.bytes, 2 << 20);
	platform_linux_set_host_lock(true);
	check(bring_up(platform_linux_alloc(shadow_engine_bytes(&cpus), 64),
		       platform_linux_alloc(shadow_smmu_target_bytes(&config), 64), &config, &device, &host, &engine));

	before = doorbells;
	for (uint64_t page = 0; page < PAGES; page++)
		check(give_away(engine, 0, page + 1, (shadow_ipa_t){ memory.start + page * SHADOW_PAGE_BYTES },
				WAIT_NS));
	check(finish(engine, WAIT_NS));

	shadow_engine_stats(engine, &stats);
	printf("pages %u, slots %llu, flushes %llu, doorbells %llu\n", PAGES, (unsigned long long)stats.slots,
	       (unsigned long long)stats.flushes, (unsigned long long)(doorbells - before));
	return stats.slots != 1 || stats.flushes != 1 || doorbells - before != 1;
}
