/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * threads_rig.h - a system that real threads share: engine, target, software SMMUs, a host lock.
 *
 * The SMMUs differ: the first has a command queue for each of some CPUs, the second says by MSIs what is
 * complete and has no ranges, the third says it by events. Each model has a lock, as a device does one
 * thing at a time. ThreadSanitizer is told to take no notice of what goes on behind it: neither of the
 * model's own data, nor of the lock, which would order more than a device does. What the model reads of
 * the driver's memory it reads with single-copy atomic loads, and these are looked at. They are ordered
 * behind the core's barriers alone, and the core's looks at a register or at what a device wrote behind
 * them, by the two words of engine/order.h.
 */
#ifndef TESTS_UNIT_THREADS_RIG_H
#define TESTS_UNIT_THREADS_RIG_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "smmuv3/model/model.h"

#define THREADS_SMMUS_MAX  3u
#define THREADS_ECMDQS	   4u /* of the first SMMU: flushes of several CPUs are in different queues */
#define THREADS_PAGE_FIRST (UINT64_C(1) << 18)
#define THREADS_PAGES	   4096u /* of memory, from THREADS_PAGE_FIRST on: eight blocks */
#define THREADS_WAIT_NS	   SHADOW_WAIT_NS_MAX

struct threads_smmu {
	struct threads_rig *rig;
	struct model *model;
	struct shadow_smmu *smmu;
	pthread_mutex_t lock; /* the model's */
	uintptr_t registers;
	uint64_t refused[1 + THREADS_ECMDQS]; /* the last position of each queue that was; the model's lock */
	_Atomic uint32_t turn; /* odd: on, for a device to count on; rises with each change */
};

struct threads_config {
	unsigned cpus;	  /* of the engine */
	unsigned smmus;	  /* attached before the snapshot */
	unsigned later;	  /* that threads_attach() brings, beside those */
	bool nested;	  /* all of them */
	unsigned bbml;
	bool marks;	  /* pages can be pending, and give consent */
	bool errors;	  /* commands may be refused; interrupts are on */
	uint64_t seed;
};

struct threads_rig {
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct threads_config config;
	struct threads_smmu smmu[THREADS_SMMUS_MAX];
	pthread_mutex_t lock; /* the host's, with platform_host_lock_held() */
	uint64_t number;      /* of the last transition that changed access; host lock */
	struct shadow_pool pool;
	void *engine_memory, *target_memory, *host_memory, *marks[2];
	size_t engine_bytes, target_bytes;
	_Atomic uint32_t violations;
	_Atomic uint32_t troubles; /* reports of anything but events */
};

void threads_open(struct threads_rig *rig, const struct threads_config *config);
void threads_close(struct threads_rig *rig);

void threads_lock(struct threads_rig *rig);
void threads_unlock(struct threads_rig *rig);

/* A device writes to a page. Return: whether it got there; a wrong address counts as a violation. */
bool threads_dma(struct threads_rig *rig, unsigned smmu, uint64_t page);

/* What has no device in between orders nothing either: for the tests' own books. */
uint32_t threads_look(const _Atomic uint32_t *where);

/* Beside flushes and waits; one thread at a time for one SMMU. Return: as the calls behind them. */
int threads_attach(struct threads_rig *rig, unsigned smmu); /* and enable it */
int threads_detach(struct threads_rig *rig, unsigned smmu);
int threads_enable(struct threads_rig *rig, unsigned smmu);

/* A command that comes next in queue @queue of an SMMU is refused; at most one at each position, since a cover that is refused
 * as well shuts the SMMU. @queue: 0 is the main one, the first SMMU has THREADS_ECMDQS beside it. */
void threads_refuse(struct threads_rig *rig, unsigned smmu, unsigned queue);

/* Let an SMMU work. Return: whether there was anything to do. */
bool threads_step(struct threads_rig *rig, unsigned smmu);

#endif
