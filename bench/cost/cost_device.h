/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_device.h - the description of an SMMU and what it keeps, from a text file; docs/invalidation.md has the form.
 *
 * Every figure comes with its origin: "from" and a source, or "assumed".
 */
#ifndef BENCH_COST_DEVICE_H
#define BENCH_COST_DEVICE_H

#include <stdio.h>

#include "bench/cost/cost_tlb.h"

#define COST_NAME_BYTES	  64u
#define COST_SOURCE_BYTES 160u

/* Nanoseconds of the SMMU: */
enum cost_time {
	COST_NS_COMMAND,	       /* an S2_IPA of one page */
	COST_NS_RANGE,		       /* one with a range, and for each aligned power of two that it consists of: */
	COST_NS_PIECE,
	COST_NS_VMID,		       /* S12_VMALL */
	COST_NS_STAGE1,		       /* NH_ALL */
	COST_NS_SYNC,		       /* a SYNC, with the doorbell's way there and the answer's way back */
	COST_NS_MAIN,		       /* the micro TLB misses and the main one has it */
	COST_NS_WALK,		       /* both miss: to the walker and back, */
	COST_NS_READ,		       /* and each table that it reads */
	COST_TIMES,
};

/* Keys of a description: the times begin at COST_KEY_TIMES. */
#define COST_KEY_TIMES 2u
#define COST_KEYS (2u + COST_TIMES + 3u + 2u * COST_LEVELS)

struct cost_origin {
	bool given, assumed;
	char source[COST_SOURCE_BYTES];
};

struct cost_device {
	char name[COST_NAME_BYTES];
	bool ranges;		       /* IDR3.RIL */
	double ns[COST_TIMES];
	struct cost_shape shape;
	struct cost_origin origin[COST_KEYS];
};

const char *cost_device_key(unsigned key);

/* From an open file. @path: for messages. Return: 0; -1 after one line on standard error. */
int cost_device_read(struct cost_device *device, FILE *file, const char *path) __attribute__((warn_unused_result));

/* One that is built in, else a file. Return: as above. */
int cost_device_load(struct cost_device *device, const char *name) __attribute__((warn_unused_result));

/* Those that are built in: their names, and NULL behind them. */
const char *cost_device_builtin(unsigned index);

#endif
