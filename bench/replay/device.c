/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * device.c - the software SMMUv3 behind the driver's register accesses.
 *
 * Register numbers are written again here, as in the model, so that a wrong one in the driver's headers
 * does not go unnoticed. Spec: IHI 0070, Registers; Command queue.
 */
#include "bench/replay/device.h"

#include <string.h>

#include "engine/platform/linux.h"

enum {
	REG_CR0 = 0x20,
	REG_CMDQ_BASE = 0x90,
	REG_CMDQ_PROD = 0x98,
	REG_CMDQ_CONS = 0x9c,
	REGISTER_BYTES = 0x20000,
};

#define CR0_CMDQEN	   (1u << 3)
#define CMDQ_BASE_ADDR	   UINT64_C(0x00ffffffffffffe0)
#define CMDQ_BASE_LOG2SIZE UINT64_C(0x1f)
#define CMD_OPCODE	   UINT64_C(0xff)
#define CMD_SYNC	   0x46

static bool ring_read(const struct device_model *device, uint64_t position, uint64_t word[2])
{
	uint64_t slot = position & ((UINT64_C(1) << device->ring_lg2) - 1);
	const void *memory = device->memory.read(device->memory.ctx, device->ring_pa + slot * 16, 16);

	if (!memory)
		return false;
	memcpy(word, memory, 16);
	return true;
}

/* Commands from @from on, until the index that a register shows, wrap bit included. */
static uint64_t position_after(const struct device_model *device, uint64_t from, uint32_t index)
{
	uint64_t mask = (UINT64_C(2) << device->ring_lg2) - 1;

	return from + ((index - from) & mask);
}

static void published(struct device_model *device, uint32_t prod)
{
	uint64_t end = position_after(device, device->published, prod), word[2];

	while (device->published < end) {
		if (!ring_read(device, device->published, word))
			word[0] = word[1] = 0;
		device->events->command(device->events->ctx, device->number, device->published, word[0],
					word[1]);
		device->published++;
	}
	device->events->doorbell(device->events->ctx, device->number, end);
}

static void consumed(struct device_model *device, uint32_t cons)
{
	uint64_t end = position_after(device, device->consumed, cons), word[2];

	if (end > device->published)
		return; /* no place in the queue: the driver must see it, not we */
	while (device->consumed < end) {
		uint64_t position = device->consumed++;

		if (ring_read(device, position, word) && (word[0] & CMD_OPCODE) == CMD_SYNC)
			device->events->sync_seen(device->events->ctx, device->number, position);
	}
}

static uint32_t model_device_read32(void *ctx, uint32_t offset)
{
	struct device_model *device = ctx;
	uint32_t value = model_read32(device->model, offset);

	if (offset == REG_CMDQ_CONS && device->enabled)
		consumed(device, value);
	return value;
}

static uint64_t model_device_read64(void *ctx, uint32_t offset)
{
	struct device_model *device = ctx;

	return model_read64(device->model, offset);
}

static void model_device_write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct device_model *device = ctx;

	if (offset == REG_CR0)
		device->enabled = value & CR0_CMDQEN;
	else if (offset == REG_CMDQ_PROD && device->enabled)
		published(device, value);
	model_write32(device->model, offset, value);
}

static void model_device_write64(void *ctx, uint32_t offset, uint64_t value)
{
	struct device_model *device = ctx;

	if (offset == REG_CMDQ_BASE) {
		device->ring_pa = value & CMDQ_BASE_ADDR;
		device->ring_lg2 = (unsigned)(value & CMDQ_BASE_LOG2SIZE);
	}
	model_write64(device->model, offset, value);
}

static const struct platform_linux_device model_device = {
	.read32 = model_device_read32,
	.read64 = model_device_read64,
	.write32 = model_device_write32,
	.write64 = model_device_write64,
};

int device_model_add(struct device_model *device, unsigned number, const struct model_config *config,
		     const struct device_events *events)
{
	*device = (struct device_model){ .memory = config->memory, .events = events, .number = number };
	device->model = model_new(config);
	if (!device->model)
		return -1;
	device->registers = platform_linux_add_device(&model_device, device, REGISTER_BYTES);
	if (!device->registers) {
		device_model_remove(device);
		return -1;
	}
	return 0;
}

void device_model_remove(struct device_model *device)
{
	if (device->registers)
		platform_linux_remove_device(device->registers);
	if (device->model)
		model_free(device->model);
	*device = (struct device_model){ 0 };
}
