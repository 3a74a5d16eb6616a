/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_flush.h - the commands of one flush, built and published by the core's own code, in a way that is asked for.
 *
 * Under s2shadow profile. The core plans, writes rings and rings doorbells as in a flush; what stands for a batch is a
 * list of spans, and what stands for an SMMU completes at once (instant.h). Strategies that the planner would not choose
 * are forced by the parameters that it is given for the flush; cost_flush.c says which.
 * One thread, which plays the host and holds its lock.
 */
#ifndef BENCH_COST_FLUSH_H
#define BENCH_COST_FLUSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shadow/smmu.h>

#define COST_IA_BITS  48u
#define COST_FLUSH_VMID 5u
#define COST_CMDQ_LG2 15u

/* What a batch replaced: pages START .. END - 1, leaves of LEVEL; LEAF: no table among them. As struct tlbi_span. */
struct cost_span {
	uint64_t start, end;
	uint8_t level;
	bool leaf;
};

enum cost_strategy {
	COST_PAGE,		       /* one command for each leaf, as if the SMMU had no ranges */
	COST_RANGE,		       /* one range for each span, rounded up by less than 1/16 */
	COST_EXACT,		       /* at most two ranges for each span that name nothing else */
	COST_BRIDGED,		       /* ranges, also over small gaps: the planner, but for the whole VMID */
	COST_VMID,		       /* the whole VMID */
	COST_PLANNED,		       /* whatever the planner chooses */
	COST_STRATEGIES,
};

const char *cost_strategy_name(enum cost_strategy strategy);

/* Can an SMMU without range invalidation do it? */
bool cost_strategy_needs_ranges(enum cost_strategy strategy);

struct cost_flush_config {
	unsigned smmus;		       /* 1 .. SHADOW_SMMUS_MAX */
	bool nested;
	bool ril;		       /* SMMUs have range invalidation */
};

/* What the SMMUs are told. @smmu: which; @word: the command in CPU order. */
struct cost_listener {
	void *ctx;
	void (*command)(void *ctx, unsigned smmu, const uint64_t word[2]);
	void (*doorbell)(void *ctx, unsigned smmu);
};

struct cost_flush;

/* Bring up SMMUs. Return: 0 or a negative SHADOW_E*, with nothing left open. */
int cost_flush_open(struct cost_flush **flush, const struct cost_flush_config *config) __attribute__((warn_unused_result));
void cost_flush_close(struct cost_flush *flush);

/* Of the flushes that follow. @cost: of the planner, for bridged and planned; all zero: its defaults. */
void cost_flush_use(struct cost_flush *flush, enum cost_strategy strategy, const struct shadow_tlbi_cost *cost);

/* The planner's parameters: those given, or its defaults if they are all zero. */
struct shadow_tlbi_cost cost_flush_cost(const struct shadow_tlbi_cost *cost);

/* The batch of the flushes that follow. Return: 0; -SHADOW_ENOMEM. */
int cost_flush_load(struct cost_flush *flush, const struct cost_span *span, size_t count)
	__attribute__((warn_unused_result));

/* One flush, which @listener hears of, and wait for it. Return: 0 or a negative SHADOW_E*. */
int cost_flush_run(struct cost_flush *flush, const struct cost_listener *listener) __attribute__((warn_unused_result));

/* @times flushes of the same batch: close the spans, write the lists, ring. @ns: CPU time of one. */
int cost_flush_time(struct cost_flush *flush, unsigned times, double *ns) __attribute__((warn_unused_result));

#endif
