/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * verify.h - devices that access pages around every change, judged by flat oracles.
 *
 * Two oracles: `done` is the state as of the last completed K, `now` has every T taken in. What both say must
 * hold for a device at any time; what they differ in is open until the next K. Before a revoke is queued its
 * pages and both neighbours are touched on every SMMU, as far as `done` leaves them reachable, so that the
 * TLBs hold them; until the K the models' adversaries keep accessing them. While a flush is under way a page
 * beside or around the changes is accessed between any two stores and steps; in idle time one that was
 * touched before. After the K: the pages revoked, the pages granted, their neighbours, and others that were
 * touched before.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/policy/schedule.h"
#include "bench/replay/oracle.h"
#include "bench/replay/tables.h"
#include "smmuv3/model/model.h"

#define VERIFY_TOUCHED 4096u /* pages remembered to be accessed again */

struct verify_counts {
	uint64_t accesses;
	uint64_t touched_before_revoke, untouchable; /* pages, once an SMMU */
	uint64_t stale_hits;			     /* a device got further than it may */
	uint64_t spurious_faults;		     /* or not as far as it may */
	uint64_t wrong_translations;		     /* to another address or with another memory type */
};

struct verify {
	struct verify_counts counts;
	const struct trace *trace;
	const char *policy; /* for messages */
	struct model **model;
	unsigned model_count;
	uint32_t sid;
	const struct oracle_range *closed;
	size_t closed_count;
	struct oracle done, now;
	bool initialised;
	const struct op **batch; /* taken in since the last K */
	size_t batch_count, batch_capacity;
	uint64_t touched[VERIFY_TOUCHED]; /* pages */
	uint64_t touched_count;
	uint64_t random;
	uint64_t seq; /* for messages: of the T whose pages are accessed, or the last one taken in */
};

/* @models, @closed: stay the caller's; @closed as for oracle_init(). Return: 0; -1 if memory is short. */
int verify_init(struct verify *verify, const struct trace *trace, const char *policy, struct model **models,
		unsigned model_count, uint32_t sid, const struct oracle_range *closed, size_t closed_count,
		uint64_t seed) __attribute__((warn_unused_result));
void verify_free(struct verify *verify);

/* During bring-up: a device tries one access, which may fail but not succeed where it must not. What an SMMU
 * caches of a stream that is still closed must be gone once it is open. */
void verify_early(struct verify *verify, unsigned smmu);
/* Before @op, a transition or a consent, is handed over: touch the pages that it revokes and their neighbours. */
void verify_before(struct verify *verify, const struct op *op);
/* @op is taken in. Return: 0; -1 if memory is short. */
int verify_taken(struct verify *verify, const struct op *op) __attribute__((warn_unused_result));
/* In the middle of a flush, or of idle time: one access that must go well, or must not. */
void verify_between(struct verify *verify);
/* Everything taken in is complete. Return: 0; -1 if memory is short. */
int verify_complete(struct verify *verify) __attribute__((warn_unused_result));
/* At the end: every address, by the raw tables. Return: 0; -1 if they are malformed or memory is short. */
int verify_tables(struct verify *verify, const struct tables *tables) __attribute__((warn_unused_result));

/* Whether a device ever got a wrong answer. */
bool verify_failed(const struct verify *verify);

#endif
