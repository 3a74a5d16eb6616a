/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace.h - a recorded trace of host page-state transitions, read whole into compact arrays.
 *
 * trace_load() reads a `.txt` or `.txt.xz` file (docs/trace-format.md describes the format), checks
 * everything that can be checked without replaying it, and either returns all of it or one error.
 * What a record means for DMA is oracle.c's business; building the host's tables is host_stage2.c's.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_PAGE_LG2 12
#define TRACE_PAGE_BYTES 4096u
#define TRACE_IA_BITS_MIN 25u
#define TRACE_IA_BITS_MAX 48u
#define TRACE_CPUS_MAX 256u
#define TRACE_MESSAGE_BYTES 200

/* The host's state of a page. N is the only state in which a transition leaves no access. */
enum trace_state {
	TRACE_STATE_OWNED,	     /* O */
	TRACE_STATE_SHARED_OWNED,    /* S */
	TRACE_STATE_SHARED_BORROWED, /* B */
	TRACE_STATE_NOPAGE,	     /* N */
};

/* Access rights, as bits. The X of an L line has no meaning for a device and is not kept. */
enum trace_access {
	TRACE_ACCESS_NONE = 0,
	TRACE_ACCESS_R = 1,
	TRACE_ACCESS_W = 2,
	TRACE_ACCESS_RW = 3,
};

/* Record types, each the letter that starts its line. */
enum trace_type {
	TRACE_T = 'T', /* transition */
	TRACE_X = 'X', /* end of a trip into EL2 */
	TRACE_M = 'M', /* lazy host mapping */
	TRACE_F = 'F', /* refused host abort */
	TRACE_U = 'U', /* MMIO mappings dropped */
	TRACE_K = 'K', /* mark */
};

enum trace_why {
	TRACE_WHY_HVC,
	TRACE_WHY_ABORT,
	TRACE_WHY_SMC,
	TRACE_WHY_GUEST,
};

#define TRACE_FLAG_UPDATE 1u /* u: changed through __host_update_page_state() */
#define TRACE_FLAG_DIRECT 2u /* d: set in the page directly */
#define TRACE_FLAG_PIECE 4u  /* +: a further piece of the same call */

/* One record. Which fields count depends on the type; the others are zero. */
struct trace_record {
	uint64_t seq;
	uint64_t time_ns;
	uint64_t start;	  /* T, M: first byte; F: the address; K: the mark */
	uint64_t bytes;	  /* T, M */
	uint32_t line;	  /* of the file, from 1 */
	uint32_t name;	  /* T: cause, X: id; index for trace_name() */
	uint32_t trip_ns; /* X, saturated */
	uint32_t quiet;	  /* X: quiet trips before, saturated */
	uint8_t type;	  /* enum trace_type */
	uint8_t cpu;
	uint8_t old_state; /* T: enum trace_state */
	uint8_t new_state; /* T */
	uint8_t flags;	   /* T: TRACE_FLAG_* */
	uint8_t why;	   /* X: enum trace_why */
	bool mmio;	   /* M: kind is mmio */
};

/* R line: a memory region of the hypervisor. */
struct trace_region {
	uint64_t start;
	uint64_t end;
	uint32_t flags; /* 4 is no-map; memory all the same */
	uint32_t line;
};

/* S line: a run of pages with one state. */
struct trace_state_run {
	uint64_t start;
	uint64_t end;
	uint32_t line;
	uint8_t state; /* enum trace_state */
};

enum trace_leaf_kind {
	TRACE_LEAF_VALID,
	TRACE_LEAF_OWNER_HYP,
	TRACE_LEAF_OWNER_GUEST,
};

/* L line: a run of host stage-2 leaves of one level. */
struct trace_leaf_run {
	uint64_t start;
	uint64_t end;
	uint32_t line;
	uint8_t level;	 /* 0..3 */
	uint8_t kind;	 /* enum trace_leaf_kind */
	uint8_t access;	 /* enum trace_access; NONE for an owner */
	bool executable; /* X of a valid leaf: only for the host's descriptor */
};

/* A snapshot. Runs are sorted by address and do not overlap. */
struct trace_snapshot {
	uint64_t seq;
	size_t position; /* records before it */
	uint32_t line;	 /* of its "# snapshot" line */
	struct trace_state_run *states;
	size_t states_count;
	struct trace_leaf_run *leaves;
	size_t leaves_count;
};

struct trace {
	char *name; /* of the "# name" line; the file's name without suffixes if there is none */
	unsigned ia_bits;
	unsigned start_level;
	unsigned pgd_pages;
	unsigned scale_lg2; /* 0 as loaded; see trace_scale.h */
	struct trace_region *regions; /* as in the file, sorted by address, disjoint */
	size_t regions_count;
	struct trace_region *memory; /* regions with adjoining ones as one */
	size_t memory_count;
	struct trace_record *records;
	size_t records_count;
	struct trace_snapshot *snapshots; /* [0] precedes the first record and gives the initial state */
	size_t snapshots_count;
	char **names;
	size_t names_count;
};

struct trace_error {
	unsigned long line; /* 0: the file as a whole */
	char message[TRACE_MESSAGE_BYTES];
};

/**
 * trace_load() - read and check a trace.
 * @path:  a text file, or one compressed with xz (decided by its first bytes).
 * @trace: filled on success; release with trace_free().
 * @error: filled on failure; print it as "s2shadow: PATH:LINE: message".
 *
 * Return: 0; -1 with @trace zeroed and @error set.
 */
int trace_load(const char *path, struct trace *trace, struct trace_error *error)
	__attribute__((warn_unused_result));

/* Release what trace_load() allocated; @trace is zeroed. A zeroed trace is allowed. */
void trace_free(struct trace *trace);

/* A page of the trace as it stands: 4 KiB as loaded. */
static inline unsigned trace_page_lg2(const struct trace *trace)
{
	return TRACE_PAGE_LG2 + trace->scale_lg2;
}

/* The text of a record's cause (T) or id (X). */
const char *trace_name(const struct trace *trace, uint32_t name);

/* The letter of a state: O, S, B or N. */
char trace_state_letter(unsigned state);

/* Whether all of [start, end) is memory. */
bool trace_is_memory(const struct trace *trace, uint64_t start, uint64_t end);

/* Whether [start, end) touches any memory. */
bool trace_touches_memory(const struct trace *trace, uint64_t start, uint64_t end);

/* T record that removes access (revoke), gives rw (grant), or either. */
static inline bool trace_record_revokes(const struct trace_record *record)
{
	return record->type == TRACE_T && record->new_state == TRACE_STATE_NOPAGE &&
	       record->old_state != TRACE_STATE_NOPAGE;
}

static inline bool trace_record_grants(const struct trace_record *record)
{
	return record->type == TRACE_T && record->old_state == TRACE_STATE_NOPAGE &&
	       record->new_state != TRACE_STATE_NOPAGE;
}

static inline bool trace_record_changes_access(const struct trace_record *record)
{
	return trace_record_revokes(record) || trace_record_grants(record);
}

#endif
