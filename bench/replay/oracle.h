/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * oracle.h - the flat truth of a replay: per page its host state and what a device may reach.
 *
 * Knows nothing of queues, tables or commands, and shares no code with them, so that it can judge
 * them. Applying a T costs its pages; memory follows the pages that were ever treated apart.
 *
 * Rules (docs/trace-format.md, "Replay"): initial access from the L lines (owner: none; valid: its
 * R and W; no line: rw); initial states from the S lines, used for the check of `old` alone. A T
 * with new=N and old!=N removes all access, one with old=N and new!=N gives rw, any other changes
 * none. Reserved ranges and the pool are never reachable, whatever the trace says. Beside the trace there may
 * be consents (docs/batching.md): a page that has given one is out of a device's reach, whatever its state, until a T grants it.
 */
#ifndef BENCH_ORACLE_H
#define BENCH_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/trace/trace.h"

/* [start, end), page aligned; may reach beyond 2^ia_bits. */
struct oracle_range {
	uint64_t start;
	uint64_t end;
};

struct oracle_node;

struct oracle {
	const struct trace *trace;
	uint64_t *roots; /* one entry per GiB of 0..2^ia_bits, see oracle.c */
	size_t roots_count;
	struct oracle_node *nodes;  /* all nodes, to free them */
	uint64_t pages_nopage;	    /* pages whose state is N */
	uint64_t pages_unreachable; /* memory pages without access; reserved ones are not counted */
	uint64_t contradictions;    /* T records so far whose `old` was wrong */
};

/* What one T did. */
struct oracle_change {
	bool revokes;			      /* new=N, old!=N */
	bool grants;			      /* old=N, new!=N */
	uint64_t pages_revoked;		      /* pages that lost all access, outside reserved ranges */
	uint64_t pages_granted;		      /* pages that gained a right (none or ro to rw), likewise */
	uint64_t pages_contradicting;	      /* pages whose replayed state is not the record's old */
	uint64_t contradiction_addr;	      /* the first of them ... */
	enum trace_state contradiction_state; /* ... and the state found there */
};

/**
 * oracle_init() - the state and access at the trace's first snapshot.
 * @oracle:         filled; release with oracle_free().
 * @trace:          must outlive the oracle.
 * @reserved:       ranges no device may reach, in any order, may overlap; the pool is one of them.
 * @reserved_count: how many.
 *
 * Return: 0; -1 if memory is short.
 */
int oracle_init(struct oracle *oracle, const struct trace *trace, const struct oracle_range *reserved,
		size_t reserved_count) __attribute__((warn_unused_result));

void oracle_free(struct oracle *oracle);

/**
 * oracle_apply() - apply a T record; any other type changes nothing.
 *
 * A wrong `old` is reported in @change and counted; the record is applied all the same, by its own
 * old and new: every page of it gets the state `new`, and access changes as old and new say. So the
 * caller chooses whether a contradiction ends the replay (default) or not (--lenient).
 *
 * Return: 0; -1 if memory is short.
 */
int oracle_apply(struct oracle *oracle, const struct trace_record *record, struct oracle_change *change)
	__attribute__((warn_unused_result));

/* The pages of [@start, @end) whose state is not N give consent. Return: 0; -1 if memory is short. */
int oracle_consent(struct oracle *oracle, uint64_t start, uint64_t end, struct oracle_change *change)
	__attribute__((warn_unused_result));

/* Whether the page of @addr has given consent since it was last granted. */
bool oracle_has_consent(const struct oracle *oracle, uint64_t addr);

/* What a device may do at the page of @addr: enum trace_access bits. Beyond 2^ia_bits: none. */
unsigned oracle_access(const struct oracle *oracle, uint64_t addr);

/* The host's state of the page of @addr; OWNED outside memory. */
enum trace_state oracle_state(const struct oracle *oracle, uint64_t addr);

/* Whether the page of @addr lies in a memory region; all else is MMIO. */
bool oracle_is_memory(const struct oracle *oracle, uint64_t addr);

/* Whether the page of @addr lies in a reserved range or the pool. */
bool oracle_is_reserved(const struct oracle *oracle, uint64_t addr);

/* Where the replayed states and a snapshot's S lines differ first. */
struct oracle_mismatch {
	uint64_t addr;
	enum trace_state replayed;
	enum trace_state recorded;
};

/* Compare all replayed states with the S lines of @snapshot. Return: whether they agree. */
bool oracle_check_snapshot(const struct oracle *oracle, const struct trace_snapshot *snapshot,
			   struct oracle_mismatch *mismatch);

/* A maximal run of pages that a device can reach, with one access and one memory type. */
struct oracle_run {
	uint64_t start;
	uint64_t end;
	unsigned access; /* never NONE */
	bool memory;
};

/* Call @visit for every run of 0..2^ia_bits in order; it returns false to stop. */
void oracle_map(const struct oracle *oracle, bool (*visit)(void *context, const struct oracle_run *run),
		void *context);

/* Write the map as lines "START END rw|ro|wo mem|mmio". Return: 0; -1 on a write error. */
int oracle_map_write(const struct oracle *oracle, FILE *file) __attribute__((warn_unused_result));

/* Places of a trace at which maps are worth comparing, as values for --until. */
#define ORACLE_SPREAD_MAX 64
struct oracle_points {
	bool any;		   /* there is a T record at all */
	uint64_t first_seq;	   /* the first T */
	uint64_t peak_seq;	   /* the first T after which the most memory pages are without access */
	uint64_t last_seq;	   /* the last record */
	uint64_t peak_unreachable; /* memory pages without access at the peak */
	uint64_t peak_nopage;	   /* most pages in state N at any time, the start included */
	size_t spread_count;
	uint64_t spread_seq[ORACLE_SPREAD_MAX]; /* T records at even distances, not the first */
};

/**
 * oracle_points() - replay the trace once and find its points.
 * @spread: how many evenly spread T to name, at most ORACLE_SPREAD_MAX; fewer in short traces.
 *
 * Return: 0; -1 if memory is short.
 */
int oracle_points(const struct trace *trace, size_t spread, struct oracle_points *points)
	__attribute__((warn_unused_result));

#endif
