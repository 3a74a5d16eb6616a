/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_rig.h - a whole system for the suites: engine, target, software SMMUs, and a flat oracle beside it.
 *
 * The oracle is one byte a page of the memory regions: what the host's order of transitions says.
 */
#ifndef TESTS_UNIT_SYSTEM_RIG_H
#define TESTS_UNIT_SYSTEM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "smmuv3/model/model.h"

#define SYSTEM_SID 0x10u
#define SYSTEM_SMMUS_MAX 4u
#define SYSTEM_WAIT_NS UINT64_C(1000000000)
#define SYSTEM_POOL_PA UINT64_C(0x100000000)	/* 4 GiB: outside memory, inside the address space */

struct system_config {
	unsigned ia_bits, bbml, smmu_count, cpu_count, queue_slots, cmdq_lg2;
	bool ril, nested;
	uint64_t seed;
	uint64_t pool_bytes;	       /* 0: what shadow_smmu_pool_bytes() says */
	const struct shadow_range *reserved;
	unsigned reserved_count;
};

struct system_smmu {
	struct model *model;
	struct shadow_smmu *smmu;
	uintptr_t registers;
};

struct system {
	struct system_config config;
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct system_smmu smmu[SYSTEM_SMMUS_MAX];
	struct shadow_pool pool;
	void *engine_memory, *target_memory, *host_memory;
	size_t engine_bytes, target_bytes;
	uint64_t number;	       /* of the last transition that changed access */
	uint8_t *state;		       /* oracle: enum shadow_state of each page from page_first on */
	uint64_t page_first, page_count;
	uint64_t random;
	uint64_t violations;
	bool stalled;		       /* the SMMUs execute nothing while the driver waits */
	void (*stored)(struct system *system, uint64_t pa); /* after each descriptor store, or NULL */
};

/* Two memory regions with a hole of odd size between them: [1 GiB, 3 GiB) and a little above. */
extern const struct shadow_range system_memory[2];

struct system_config system_config_default(void);
void system_open(struct system *system, const struct system_config *config);
void system_close(struct system *system);

/* splitmix64, from the system's seed. */
uint64_t system_random(struct system *system);

/* The seed to use: S2SHADOW_SEED if set, else @seed; printed. */
uint64_t system_seed(uint64_t seed);

/* Host side: reserve, commit in the oracle, queue. Return: what shadow_reserve() said. */
int system_transition(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
		      enum shadow_state new_state);

enum shadow_state system_state(const struct system *system, uint64_t page);

/* Does the oracle let a device reach @page? Pages outside memory are reachable unless reserved. */
bool system_reachable(const struct system *system, uint64_t page);

/* Device side: one access on every SMMU. Fails the test unless it works, or faults, as the oracle says. */
void system_expect(struct system *system, uint64_t page);

/* One access on one SMMU. Return: whether it got through; a wrong address fails the test. */
bool system_touch(struct system *system, unsigned smmu, uint64_t page);

/* Walk the raw tables with the model's decoder: every address of the space against the oracle, and no
 * smaller leaves than the policy allows. */
void system_check_tables(struct system *system);

void system_flush_and_wait(struct system *system);

#endif
