/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_smmu.h - SMMUs of a simulated machine: booted, attached late, detached, mended, enabled; their events read.
 */
#ifndef BENCH_SIMULATE_SMMU_H
#define BENCH_SIMULATE_SMMU_H

#include "bench/simulate/simulate_world.h"

/** simulate_smmu_config() - what the engine is told of SMMU @number. */
struct shadow_smmu_config simulate_smmu_config(const struct simulate *world, unsigned number);

/** simulate_smmu_boot() - before the snapshot: those that are there from the start. Return: 0 or an error. */
int simulate_smmu_boot(struct simulate *world);
/** simulate_smmu_booted() - after it: they are on. */
void simulate_smmu_booted(struct simulate *world);

/* Of the queues that SMMUs of this kind may have beside the first one, those that CPUs use. */
unsigned simulate_smmu_queues(const struct simulate_smmu_shape *shape);

/* Is a SYNC seen complete by a word in memory? */
bool simulate_smmu_writes_word(const struct simulate_smmu_shape *shape);

/** simulate_smmu_manage() - look after one of them, as an operator would. Host lock not held. */
void simulate_smmu_manage(struct simulate *world);

/** simulate_smmu_turn() - perhaps a device stops to confirm invalidations. */
void simulate_smmu_turn(struct simulate *world);

/* What platform_report() says, and of which SMMU: the engine has numbers of its own. */
unsigned simulate_smmu_number(const struct simulate *world, uint64_t reported);
void simulate_smmu_closed(struct simulate *world, unsigned number, uint64_t why);
void simulate_smmu_lost(struct simulate *world, unsigned number);
void simulate_smmu_stream_aborted(struct simulate *world, unsigned number, uint32_t sid);

#endif
