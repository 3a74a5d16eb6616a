/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * batched.h - what is behind the batched policy, for the runner and for benchmarks of a part of it.
 */
#ifndef BENCH_BATCHED_H
#define BENCH_BATCHED_H

#include "bench/policy/policy.h"

/* @policy: opened by policy_batched. */
struct shadow_engine *batched_engine(const struct policy *policy);

/* What its target is made with. */
struct shadow_smmu_target_config batched_target_config(const struct policy_world *world);

#endif
