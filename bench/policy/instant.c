/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * instant.c - an SMMUv3 register file that completes every command at once.
 *
 * Handshakes (CR0, GBPA.UPDATE, IRQ_CTRL) are acknowledged by the write itself.
 * Spec: IHI 0070, Register formats.
 */
#include "bench/policy/instant.h"

#include <string.h>

#include "bench/policy/smmu_registers.h"
#include "engine/platform/linux.h"

#define EVENTQ_PROD 0x100a8u
#define EVENTQ_CONS 0x100acu

/* Stage 2, AArch64 tables, 16-bit VMIDs, linear stream table, little-endian. */
#define IDR0_VALUE  (1u << 0 | 2u << 2 | 1u << 18 | 2u << 21)
#define IDR0_S1P    (1u << 1)
#define IDR0_COHACC (1u << 4)
#define IDR1_VALUE  (INSTANT_QUEUE_LG2_MAX << 21 | INSTANT_QUEUE_LG2_MAX << 16 | 16u) /* SIDSIZE 16 */
#define IDR3_BBML_2 (2u << 11)
#define IDR3_RIL    (1u << 10)
#define IDR3_FWB    (1u << 8)
#define IDR5_VALUE  (7u << 4 | 5u) /* 4, 16 and 64 KiB granules, 48 bits */

static uint32_t *slot(struct instant *instant, uint32_t offset)
{
	if (offset < sizeof(instant->value))
		return &instant->value[offset / 4];
	if (offset == EVENTQ_PROD)
		return &instant->evtq_prod;
	if (offset == EVENTQ_CONS)
		return &instant->evtq_cons;
	instant->nowhere = 0;
	return &instant->nowhere;
}

static uint32_t read32(void *ctx, uint32_t offset)
{
	struct instant *instant = ctx;
	uint32_t value = *slot(instant, offset);

	if (offset == CMDQ_CONS && instant->listen)
		instant->listen(instant->ctx, instant->number, INSTANT_POLL, value);
	return value;
}

static uint64_t read64(void *ctx, uint32_t offset)
{
	return read32(ctx, offset) | (uint64_t)read32(ctx, offset + 4) << 32;
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct instant *instant = ctx;

	switch (offset) {
	case CMDQ_PROD:
		instant->value[CMDQ_CONS / 4] = value;
		if (instant->listen)
			instant->listen(instant->ctx, instant->number, INSTANT_DOORBELL, value);
		break;
	case CR0:
		instant->value[CR0ACK / 4] = value;
		break;
	case GBPA:
		value &= ~GBPA_UPDATE;
		break;
	case IRQ_CTRL:
		instant->value[IRQ_CTRLACK / 4] = value;
		break;
	default:
		break;
	}
	*slot(instant, offset) = value;
}

static void write64(void *ctx, uint32_t offset, uint64_t value)
{
	write32(ctx, offset, (uint32_t)value);
	write32(ctx, offset + 4, (uint32_t)(value >> 32));
}

static const struct platform_linux_device instant_ops = {
	.read32 = read32,
	.read64 = read64,
	.write32 = write32,
	.write64 = write64,
};

int instant_add(struct instant *instant, bool ril, bool nested)
{
	memset(instant, 0, sizeof(*instant));
	instant->value[IDR0 / 4] = IDR0_VALUE | IDR0_COHACC | (nested ? IDR0_S1P : 0);
	instant->value[IDR1 / 4] = IDR1_VALUE;
	instant->value[IDR3 / 4] = IDR3_BBML_2 | IDR3_FWB | (ril ? IDR3_RIL : 0);
	instant->value[IDR5 / 4] = IDR5_VALUE;
	instant->registers = platform_linux_add_device(&instant_ops, instant, INSTANT_REGISTER_BYTES);
	return instant->registers ? 0 : -1;
}

void instant_set_coherent(struct instant *instant, bool coherent)
{
	instant->value[IDR0 / 4] &= ~IDR0_COHACC;
	instant->value[IDR0 / 4] |= coherent ? IDR0_COHACC : 0;
}

void instant_remove(struct instant *instant)
{
	if (instant->registers)
		platform_linux_remove_device(instant->registers);
	instant->registers = 0;
}

uint64_t instant_ring(const struct instant *instant)
{
	uint64_t base = instant->value[CMDQ_BASE / 4] | (uint64_t)instant->value[CMDQ_BASE / 4 + 1] << 32;

	return base & UINT64_C(0x00ffffffffffffe0);
}
