/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * instant.h - an SMMUv3 register file that completes every command at once: CONS follows PROD.
 *
 * For measuring the CPU's side alone. It has no TLB, translates nothing and reads no memory. It may tell who
 * listens about each doorbell and each look at CONS, in order, which is how tests see the order of waits.
 */
#ifndef BENCH_INSTANT_H
#define BENCH_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#define INSTANT_REGISTER_BYTES 0x20000u /* two 64 KiB pages */
#define INSTANT_QUEUE_LG2_MAX  19u

enum instant_event {
	INSTANT_DOORBELL, /* PROD was written */
	INSTANT_POLL,	  /* CONS was read */
};

struct instant {
	uintptr_t registers;	       /* for struct shadow_smmu_config; 0: not added */
	uint32_t value[0x100 / 4];     /* page 0 up to the queues' registers */
	uint32_t evtq_prod, evtq_cons; /* page 1 */
	uint32_t nowhere;	       /* all other registers: zero */
	void (*listen)(void *ctx, unsigned number, enum instant_event event, uint32_t value);
	void *ctx;
	unsigned number;
};

/* A device in its reset state, added to the platform. Return: 0; -1 if the platform has no room. */
int instant_add(struct instant *instant, bool ril, bool nested);

/* Whether it claims to look into the CPU's caches; it does when it is added. Before it is brought up. */
void instant_set_coherent(struct instant *instant, bool coherent);

void instant_remove(struct instant *instant);

/* Physical address of the command ring, as the driver has programmed it. */
uint64_t instant_ring(const struct instant *instant);

#endif
