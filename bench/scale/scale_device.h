/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_device.h - an SMMUv3 register file whose SYNCs take their time, on the clocks of scale_time.h.
 */
#ifndef BENCH_SCALE_DEVICE_H
#define BENCH_SCALE_DEVICE_H

#include "bench/scale/scale_time.h"

#define SCALE_DEVICE_SYNCS 1024u       /* outstanding; more than its ring holds */
#define SCALE_DEVICE_RING_LG2 9u

struct scale_device {
	uint64_t sync_ps, busy_ps;     /* 0 until it is to take time */
	uint64_t free_ps;	       /* it begins with what comes next then */
	uint32_t value[0x100 / 4];
	uint64_t *ring;
	uint64_t published;	       /* commands, from PROD */
	struct {
		uint64_t position, done_ps;
	} sync[SCALE_DEVICE_SYNCS];
	uint64_t syncs, syncs_done;
};

/** scale_device_init() - in its reset state, with stage 2, range invalidation, BBM level 2; nested: stage 1 as well. */
void scale_device_init(struct scale_device *device, bool nested);

uint32_t scale_device_read(struct scale_device *device, uint32_t offset);
/* @virt: memory as CPUs see it. */
void scale_device_write(struct scale_device *device, uint32_t offset, uint32_t value,
			void *(*virt)(void *ctx, shadow_pa_t pa, size_t bytes), void *ctx);

#endif
