/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_device.c - registers that acknowledge at once, and CONS that follows PROD when the SYNCs are done.
 *
 * What stands before a SYNC is done with it. A SYNC is done a sync time after its doorbell, or after the one before it
 * of the same doorbell, and not before the SMMU had time for it. It has no TLB and translates nothing.
 * Spec: IHI 0070, Register formats; Command queue.
 */
#include "bench/scale/scale_device.h"

#include <string.h>

#include "bench/policy/smmu_registers.h"

/* Stage 2, AArch64 tables, coherent, 16-bit VMIDs, linear stream table, little-endian. */
#define IDR0_VALUE  (1u << 0 | 2u << 2 | 1u << 4 | 1u << 18 | 2u << 21)
#define IDR0_S1P    (1u << 1)
#define IDR1_VALUE  (SCALE_DEVICE_RING_LG2 << 21 | 19u << 16 | 16u) /* SIDSIZE 16 */
#define IDR3_VALUE  (2u << 11 | 1u << 10) /* BBML 2, RIL */
#define IDR5_VALUE  (1u << 4 | 5u)     /* 4 KiB granule, 48 bits */

#define BASE_ADDR   UINT64_C(0x00ffffffffffffe0)
#define OPCODE	    0xffu
#define OPCODE_SYNC 0x46u

void scale_device_init(struct scale_device *device, bool nested)
{
	memset(device, 0, sizeof(*device));
	device->value[IDR0 / 4] = IDR0_VALUE | (nested ? IDR0_S1P : 0);
	device->value[IDR1 / 4] = IDR1_VALUE;
	device->value[IDR3 / 4] = IDR3_VALUE;
	device->value[IDR5 / 4] = IDR5_VALUE;
}

static uint32_t ring_mask(const struct scale_device *device)
{
	return (2u << (device->value[CMDQ_BASE / 4] & 0x1f)) - 1;
}

/* One more is done at @done_ps; done is done in order. */
static void sync_add(struct scale_device *device, uint64_t position, uint64_t done_ps)
{
	device->sync[device->syncs % SCALE_DEVICE_SYNCS].position = position;
	device->sync[device->syncs % SCALE_DEVICE_SYNCS].done_ps = done_ps;
	device->syncs++;
}

static void doorbell(struct scale_device *device, uint32_t prod)
{
	uint64_t slots = (ring_mask(device) + UINT64_C(1)) / 2;
	uint64_t end = device->published + ((prod - device->published) & ring_mask(device));
	uint64_t start = scale_now_ps() > device->free_ps ? scale_now_ps() : device->free_ps;

	device->free_ps = start;
	for (; device->published < end; device->published++) {
		if ((device->ring[2 * (device->published % slots)] & OPCODE) != OPCODE_SYNC)
			continue;
		start += device->sync_ps;
		sync_add(device, device->published + 1, start);
		device->free_ps += device->busy_ps;
	}
}

static uint32_t consumed(struct scale_device *device)
{
	while (device->syncs_done < device->syncs) {
		uint64_t at = device->syncs_done % SCALE_DEVICE_SYNCS;

		if (device->sync[at].done_ps > scale_now_ps())
			break;
		device->value[CMDQ_CONS / 4] = (uint32_t)device->sync[at].position & ring_mask(device);
		device->syncs_done++;
	}
	return device->value[CMDQ_CONS / 4];
}

uint32_t scale_device_read(struct scale_device *device, uint32_t offset)
{
	if (offset == CMDQ_CONS)
		return consumed(device);
	return offset < sizeof(device->value) ? device->value[offset / 4] : 0;
}

static void set_ring(struct scale_device *device, void *(*virt)(void *ctx, shadow_pa_t pa, size_t bytes), void *ctx)
{
	uint64_t base = device->value[CMDQ_BASE / 4] | (uint64_t)device->value[CMDQ_BASE / 4 + 1] << 32;

	device->ring = virt(ctx, (shadow_pa_t){ base & BASE_ADDR }, 16);
	device->published = 0;
}

void scale_device_write(struct scale_device *device, uint32_t offset, uint32_t value,
			void *(*virt)(void *ctx, shadow_pa_t pa, size_t bytes), void *ctx)
{
	if (offset >= sizeof(device->value))
		return;
	if (offset == CMDQ_PROD && device->value[CR0 / 4])
		doorbell(device, value);
	if (offset == GBPA)
		value &= ~GBPA_UPDATE;
	device->value[offset / 4] = value;
	if (offset == CR0)
		device->value[CR0ACK / 4] = value;
	else if (offset == IRQ_CTRL)
		device->value[IRQ_CTRLACK / 4] = value;
	else if (offset == CMDQ_BASE + 4)
		set_ring(device, virt, ctx);
}
