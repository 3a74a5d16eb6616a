/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_fault.h - SMMUs that fail: what goes wrong, when, and what may be seen of it.
 */
#ifndef BENCH_SIMULATE_FAULT_H
#define BENCH_SIMULATE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct simulate;
struct simulate_smmu_shape;

/* The first is repaired and may happen any number of times; the others end an SMMU. */
enum simulate_fault {
	FAULT_REFUSED,		       /* a command, with CERROR_ILL */
	FAULT_FETCH,		       /* CERROR_ABT */
	FAULT_UNCOVERED,	       /* a command is refused that nothing may stand in for */
	FAULT_SILENT,		       /* a sync that never completes */
	FAULT_SERVICE,		       /* service failure mode */
	FAULT_STOPPED,		       /* the command queue turns itself off */
	FAULT_RESET,		       /* the SMMU resets itself */
	FAULT_CONS,		       /* garbage in CONS */
	FAULT_STUCK,		       /* silent, and it cannot be shut */
	FAULT_KINDS,
};

const char *simulate_fault_name(enum simulate_fault fault);

/** simulate_fault_is_final() - does a refused command end such an SMMU, or may it? */
bool simulate_fault_is_final(const struct simulate_smmu_shape *shape);

/** simulate_fault_turn() - perhaps something breaks now. */
void simulate_fault_turn(struct simulate *world);

#endif
