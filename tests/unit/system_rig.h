/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_rig.h - a whole system for the suites: engine, target, software SMMUs, and a flat oracle beside it.
 *
 * The oracle is two bytes a page of the memory regions: what the host's order of transitions says of its
 * state, and what a device may do. Pages are of the configured granule.
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

#include "smmuv3/model/cache.h"
#include "smmuv3/model/model.h"

#define SYSTEM_SID	   0x10u
#define SYSTEM_SMMUS_MAX   4u
#define SYSTEM_REGIONS_MAX 4u
#define SYSTEM_WAIT_NS	   UINT64_C(1000000000)

struct system_config {
	unsigned ia_bits, bbml, smmu_count, cpu_count, queue_slots, cmdq_lg2;
	unsigned granule_lg2; /* 12, 14 or 16 */
	unsigned unit_lg2;    /* pages: the first memory region is two of these long and begins at one */
	enum shadow_start start;
	enum shadow_collapse collapse;
	bool ril, nested, contiguous, fwb;
	bool coherent; /* else the SMMUs see what was cleaned, or evicted at random */
	bool no_evictions;
	uint64_t seed;
	uint64_t pool_bytes; /* 0: what shadow_smmu_pool_bytes() says */
	const struct shadow_range *reserved;
	unsigned reserved_count;
	const struct shadow_region *regions;
	unsigned region_count;
};

struct system_smmu {
	struct system *system;
	struct model *model;
	struct shadow_smmu *smmu;
	uintptr_t registers;
};

struct system {
	struct system_config config;
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct system_smmu smmu[SYSTEM_SMMUS_MAX];
	struct shadow_range memory[2]; /* regions; see system_open() */
	struct shadow_pool pool;
	struct model_cache *cache; /* NULL: walks are coherent */
	void *engine_memory, *target_memory, *host_memory;
	size_t engine_bytes, target_bytes;
	uint64_t number; /* of the last transition that changed access */
	uint8_t *state;	 /* oracle: enum shadow_state of each page from page_first on */
	uint8_t *access; /* and enum shadow_access */
	uint64_t page_first, page_count;
	uint64_t random;
	int start_level; /* of the tables, once they have been looked at */
	uint64_t violations;
	bool quiet;	     /* a violation is wanted: do not print it */
	uint64_t time_ns;    /* the driver's clock: moves with each look, and while it waits */
	uint64_t cleans;     /* calls of platform_clean() */
	uint64_t drop_clean; /* this one does nothing; 0: none */
	void (*stored)(struct system *system, uint64_t pa); /* after each descriptor store, or NULL */
};

/* Where memory is by default: two regions with a hole of odd size between them, [1 GiB, 3 GiB) and a little
 * above. */
extern const struct shadow_range system_memory[2];

struct system_config system_config_default(void);

/* Pages in a unit, which is smaller than asked for where the space is too small. */
uint64_t system_unit(const struct system_config *config);

/* Memory lies at the same pages for every granule, and lower in an address space that is small in pages; the
 * pool follows it, at four units, or lies above the space. */
void system_open(struct system *system, const struct system_config *config);
void system_close(struct system *system);

/* The same where it may be refused. Return: what init, attach or snapshot said; to be closed in any case. */
int system_try_open(struct system *system, const struct system_config *config);

/* splitmix64, from the system's seed. */
uint64_t system_random(struct system *system);

/* The seed to use: S2SHADOW_SEED if set, else @seed; printed. */
uint64_t system_seed(uint64_t seed);

/* Host side: reserve, commit in the oracle, queue. Return: what shadow_reserve() said. */
int system_transition(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
		      enum shadow_state new_state);

/* The same with what a grant gives. */
int system_transition_access(struct system *system, unsigned cpu, uint64_t page, uint64_t count,
			     enum shadow_state new_state, enum shadow_access access);

enum shadow_state system_state(const struct system *system, uint64_t page);

/* What the oracle lets a device do with @page. Outside memory everything, unless the page is reserved. */
enum shadow_access system_access(const struct system *system, uint64_t page);

/* Does the oracle let a device write to @page? */
bool system_reachable(const struct system *system, uint64_t page);

/* Device side: one access on every SMMU. Fails the test unless it works, or faults, as the oracle says. */
void system_expect(struct system *system, uint64_t page);

/* One access on one SMMU. Return: whether it got through; a wrong address fails the test. */
bool system_touch(struct system *system, unsigned smmu, uint64_t page);
bool system_try(struct system *system, unsigned smmu, uint64_t page, bool write);

/* Walk the raw tables with the model's decoder, as the SMMUs see them: every address of the space against the
 * oracle, and no smaller leaves than the policy allows if it collapses eagerly. All that was flushed is
 * complete. */
void system_check_tables(struct system *system);

/* The same after system_compact(): no smaller leaves whatever the policy. */
void system_check_compacted(struct system *system);

/* shadow_compact(), @blocks at a time, until nothing is left. */
void system_compact(struct system *system, unsigned blocks);

void system_flush_and_wait(struct system *system);

#endif
