/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * device.h - the software SMMUv3 behind the driver's register accesses.
 *
 * Forwards to the model and tells what passes by: each command published, each doorbell, each SYNC that a
 * read of CONS shows complete. The pass that is timed has the device of instant.h instead.
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/model/model.h"

/* What a model device tells, in order. Positions count that SMMU's commands from 0. */
struct device_events {
	void *ctx;
	void (*command)(void *ctx, unsigned smmu, uint64_t position, uint64_t word0, uint64_t word1);
	void (*doorbell)(void *ctx, unsigned smmu, uint64_t position);
	void (*sync_seen)(void *ctx, unsigned smmu, uint64_t position);
};

struct device_model {
	struct model *model;
	struct model_memory memory;
	const struct device_events *events;
	unsigned number;
	uintptr_t registers; /* for platform_mmio_*() */
	uint64_t ring_pa;
	unsigned ring_lg2;
	bool enabled;		      /* CR0.CMDQEN was written as 1 */
	uint64_t published, consumed; /* positions: by doorbells; as CONS reads showed */
};

/* @events: kept. Return: 0; -1 if memory is short. */
int device_model_add(struct device_model *device, unsigned number, const struct model_config *config,
		     const struct device_events *events) __attribute__((warn_unused_result));
void device_model_remove(struct device_model *device);

/* Everything published has been seen consumed. */
static inline bool device_model_idle(const struct device_model *device)
{
	return device->consumed == device->published;
}

#endif
