/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_world.h - one simulated machine: virtual CPUs, software SMMUs, the engine, and an oracle beside it.
 *
 * The oracle has an entry for each page of memory: its state in the host's order, which number changed its access
 * last, and whose trip it is pending for. A device is judged at every access by what was flushed and completed.
 */
#ifndef BENCH_SIMULATE_WORLD_H
#define BENCH_SIMULATE_WORLD_H

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "bench/simulate/simulate_counts.h"
#include "bench/simulate/simulate_fault.h"
#include "bench/simulate/simulate_history.h"
#include "bench/trace/host_stage2.h"
#include "engine/platform/sim.h"
#include "smmuv3/model/cache.h"
#include "smmuv3/model/model.h"

#define SIMULATE_SMMUS_MAX 8u
#define SIMULATE_REGIONS_MAX 64u
#define SIMULATE_SID	   0x10u
#define SIMULATE_ATS_SID   0x18u       /* and the next ones: devices that keep translations */
#define SIMULATE_ATS_MAX   3u
#define SIMULATE_ECMDQ_MAX 4u
#define SIMULATE_WAIT_NS   UINT64_C(100000000) /* longer than an SMMU may stay silent */
#define SIMULATE_QUARANTINE UINT16_MAX
#define SIMULATE_RECENT	   64u
#define SIMULATE_TEXT	   160u

/* What one of the SMMUs looks like, and how it fails. */
struct simulate_smmu_shape {
	bool nested, non_coherent, no_ril, ats, hyp;
	bool late;		       /* attached while trips go on */
	bool aborts_at_reset;
	unsigned cmdq_lg2, oas_bits;
	unsigned errata;	       /* enum shadow_erratum, ored */
	unsigned ecmdq;		       /* queues that CPUs are to use beside the one that all have; 0: none */
	unsigned completion;	       /* enum shadow_completion, ored: what it has */
	enum simulate_fault breaks;
	uint64_t breaks_at;	       /* after so many transitions; 0: never */
};

/* What a machine looks like. */
struct simulate_shape {
	unsigned cpus, smmus, bbml;
	unsigned granule_lg2;
	bool contiguous;
	enum shadow_collapse collapse;
	unsigned queue_slots;
	unsigned drop_percent;	       /* of revoking trips: the host lock is dropped while they wait */
	unsigned join_percent;	       /* of those: they leave the flush to others as well */
	bool refuses;		       /* commands are refused now and then */
	bool moves;		       /* SMMUs are detached and enabled while trips go on; */
	bool restless;		       /* often */
	bool holds;		       /* stores stay buffered for long at times */
	unsigned lazy_percent;	       /* of grants, lists and failed trips: they leave the flush to others */
	bool no_pending;	       /* a host that does not mark pages pending: its trips go wrong */
	struct simulate_smmu_shape smmu[SIMULATE_SMMUS_MAX];
};

enum simulate_phase {
	PHASE_ABSENT,		       /* not attached */
	PHASE_OFF,
	PHASE_MOVING,		       /* on its way from one to another */
	PHASE_ON,
};

/* A device that keeps translations. */
enum simulate_keeper {
	KEEPER_SHUT,		       /* its stream aborts until it is let in */
	KEEPER_ENTERING,
	KEEPER_IN,
	KEEPER_RISK,		       /* let in, but it may be shut out at any time from now on */
};

struct simulate_smmu {
	struct simulate *world;
	struct model *model;
	struct shadow_smmu *smmu;
	enum simulate_phase phase;
	bool busy;		       /* some CPU is about to change its phase, or reads its events */
	bool broken;		       /* by a fault that ends it: it may be shut at any time from now on */
	enum simulate_fault fault;
	uint64_t breaks_at;
	bool closed;		       /* reported so: nothing may get through any more */
	bool lost;		       /* reported so: it neither obeys nor can it be shut */
	enum simulate_keeper keeper[SIMULATE_ATS_MAX];
	uint64_t shut_out[SIMULATE_ATS_MAX]; /* so many times; */
	uint64_t told_out[SIMULATE_ATS_MAX]; /* as one CPU passes it on to others */
	bool mute[SIMULATE_ATS_MAX];   /* for good: it confirms nothing */
	unsigned atc_watched;
	uint64_t injected[1 + SIMULATE_ECMDQ_MAX]; /* position of the newest refusal in each queue; 0: none so far */
	uint32_t prod;
};

struct simulate_page {
	uint64_t number;	       /* that changed its access last; 0: none so far */
	uint64_t revoked;	       /* the last one that took access away */
	uint8_t state, access;
	bool ahead;		       /* gave consent: the host has it, and devices must not reach it */
	uint8_t taken;		       /* the access that it had before that */
	uint16_t pending;	       /* CPU + 1 whose trip waits for it; or SIMULATE_QUARANTINE: nobody ever gets it */
};

struct simulate {
	struct simulate_shape shape;
	uint64_t seed;
	uint64_t transitions_wanted, accesses_wanted;
	uint64_t points_most;	       /* then it is taken to hang */
	struct simulate_counts counts;
	struct history history;
	/* The machine. */
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct simulate_smmu smmu[SIMULATE_SMMUS_MAX];
	unsigned attached[SIMULATE_SMMUS_MAX]; /* in this order, which is how the engine counts them */
	unsigned attached_count;
	struct shadow_range memory[SIMULATE_REGIONS_MAX];
	unsigned regions;
	const struct trace *trace;     /* NULL: the workload is made up */
	size_t trace_next;	       /* record whose trip is next */
	struct host_stage2 host_stage2;
	struct shadow_pool pool;
	struct model_cache *cache;     /* NULL: every SMMU is coherent */
	uint64_t *told;		       /* the pool, each descriptor as the models were told of it */
	void *engine_memory, *target_memory;
	size_t engine_bytes, target_bytes;
	unsigned ia_bits;
	_Alignas(1024) uint64_t host_table[128];
	struct model_config model_config;
	struct model_stage2 stage2;    /* as the streams say it */
	int boot_error;
	/* The oracle. */
	struct simulate_page *page;
	uint64_t *pending_bits, *consent_bits;
	uint64_t number;	       /* of the last transition that changed access */
	uint64_t visible;	       /* grants up to here were flushed, and the flush has returned */
	uint64_t complete;	       /* someone was told that all up to here is complete */
	uint64_t given;		       /* someone has a ticket that covers all up to here */
	uint64_t torn_down;	       /* guests, so far */
	uint64_t joined[SIM_CPUS_MAX]; /* what each CPU waits for and leaves to others to flush; 0: nothing */
	unsigned joined_count;
	bool live;		       /* the snapshot is done */
	bool lost;		       /* an SMMU could not be shut: nothing completes any more */
	uint64_t trips_left;	       /* then */
	bool stuck;		       /* one has become so that it cannot be shut */
	uint64_t recent[SIMULATE_RECENT]; /* pages that changed, by index */
	unsigned recent_count;
	uint64_t stored[SIMULATE_RECENT]; /* offsets in the pool */
	unsigned stored_count;
	/* How it ended. */
	bool violated;
	char violation[SIMULATE_TEXT];
	uint64_t violation_page, violation_count;
};

/** simulate_open() - a machine that has not booted; @trace: whose memory and first state it has, or NULL. Return: 0, or -1
 * if memory is short. */
__attribute__((warn_unused_result)) int simulate_open(struct simulate *world, const struct simulate_shape *shape,
						      const struct trace *trace, uint64_t seed);
void simulate_close(struct simulate *world);

/** simulate_boot() - what the host does first; on a virtual CPU. */
void simulate_boot(void *ctx, unsigned cpu);

/** simulate_violate() - the run ends here. @page, @count: what the history is to be about. */
void simulate_violate(struct simulate *world, uint64_t page, uint64_t count, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void simulate_note(struct simulate *world, enum history_kind kind, uint64_t page, uint64_t count, int64_t value);

/* ---- memory and the oracle; pages of memory have indices from 0 on --------------------------------------------- */

uint64_t simulate_pages(const struct simulate *world);
uint64_t simulate_page_at(const struct simulate *world, uint64_t index); /* its page number */
bool simulate_index(const struct simulate *world, uint64_t page, uint64_t *index);
unsigned simulate_block_lg2(const struct simulate *world);

/** simulate_access() - a device tries, and is judged. */
void simulate_access(struct simulate *world, unsigned smmu, uint64_t page, bool write);

/** simulate_keep() - a device asks for a translation to keep, or uses one that it keeps, and is judged. */
void simulate_keep(struct simulate *world, unsigned smmu, uint64_t page, bool write);

/** simulate_turn() - devices, DMA and caches have a turn. */
void simulate_turn(void *ctx);

/** simulate_check_tables() - everything is complete: do the tables say what the oracle says? */
void simulate_check_tables(struct simulate *world);

#endif
