/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * shadow.h - the engine: queue host page-state transitions, apply them to a target in batches.
 *
 * Order of calls: shadow_engine_init(), a target (shadow/smmu.h), shadow_engine_register(),
 * shadow_snapshot(); then for each transition shadow_reserve() in the host's check phase, the host's own
 * edit, shadow_queue(), shadow_flush(), shadow_wait(), hand-over. Without a target every call succeeds
 * and does nothing. Pages, and all that is counted in them, are of the size that the map's granule_lg2 says.
 */
#ifndef SHADOW_SHADOW_H
#define SHADOW_SHADOW_H

#include <shadow/error.h>
#include <shadow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shadow_engine;
struct shadow_target;

/* A bit for each page of a range, in memory that the embedder gives, zeroed, and leaves alone from then on. */
struct shadow_page_bits {
	uint64_t *word;		   /* shadow_page_bits_bytes(); NULL: there are none */
	struct shadow_range range; /* bytes; both ends aligned to 64 pages of the map's granule */
};

/** shadow_page_bits_bytes() - memory for a bit for each page of @range. Return: bytes; 0 if it is not aligned. */
size_t shadow_page_bits_bytes(struct shadow_range range, unsigned granule_lg2);

struct shadow_engine_config {
	unsigned cpu_count;	   /* 1 .. SHADOW_CPUS_MAX */
	unsigned queue_slots;	   /* per CPU, a power of two, 2 .. 65536 */
	struct shadow_address_map map; /* its arrays are copied. Reserved ranges are rounded outwards to pages */
	struct shadow_page_bits pending; /* for shadow_pending(): hosts that drop their lock while they wait */
	struct shadow_page_bits consent; /* for shadow_consent(): hosts that give DMA up ahead of donations */
};

/**
 * shadow_engine_bytes() - memory that an engine of this shape needs.
 * Return: bytes, to be aligned to 64; 0 if the configuration is out of range.
 */
size_t shadow_engine_bytes(const struct shadow_engine_config *config);

/**
 * shadow_engine_init() - make an engine in the caller's memory.
 * @memory: shadow_engine_bytes() bytes, aligned to 64; the engine's as long as it is used.
 * @engine: the engine, on success.
 * Context: one CPU, before any other call. Return: 0; -SHADOW_EINVAL; -SHADOW_ENOMEM.
 */
__attribute__((warn_unused_result)) int shadow_engine_init(void *memory, size_t bytes,
							   const struct shadow_engine_config *config,
							   struct shadow_engine **engine);

/**
 * shadow_engine_register() - give the engine its target. At most once. The target's pool becomes reserved.
 * Context: one CPU, before the snapshot. Return: 0; -SHADOW_EBUSY if there is one already; -SHADOW_EINVAL if
 * its ia_bits or its granule are not the engine's.
 */
__attribute__((warn_unused_result)) int shadow_engine_register(struct shadow_engine *engine,
							       struct shadow_target *target);

/* A host stage-2 table as the CPU walks it: VMSAv8-64 descriptors, in the 52-bit formats if ia_bits are above 48. */
struct shadow_host_table {
	shadow_pa_t root;	   /* start-level tables, up to 16 side by side, aligned to their size together and
				    * to 64; read through platform_virt() */
	unsigned ia_bits;	   /* must equal the target's */
	int start_level;	   /* as Arm counts: 3 is pages, -1 the first; any that the architecture allows */
	unsigned granule_lg2;	   /* must equal the map's: 12, 14 or 16; 0 stands for 12 */
};

/**
 * shadow_snapshot() - build the whole shadow from the host's stage-2 table, then let transitions pass.
 *
 * A valid leaf is mapped with its own R and W, an annotated entry (invalid, not zero) stays unmapped, a
 * zero entry is mapped R/W. Waits for each SMMU at most its own config.wait_ns. Reserved ranges are left out. Transitions before it are ignored.
 * Context: host lock held, one CPU. Return: 0; -SHADOW_ENOMEM if the pool is short, -SHADOW_EINVAL if the
 * table is malformed or of another size, -SHADOW_EBUSY if begun before, -SHADOW_EIO or -SHADOW_ETIMEDOUT
 * if all SMMUs have failed or one could not be shut; one of several that fails is shut, and the others go on.
 * After a failure the target stays in abort and transitions stay ignored, for good.
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Concatenated translation tables.
 */
__attribute__((warn_unused_result)) int shadow_snapshot(struct shadow_engine *engine,
							const struct shadow_host_table *table);

/* One change of the host's state of a page range. */
struct shadow_transition {
	shadow_ipa_t start;	   /* aligned to a page of the map's granule */
	uint64_t page_count;	   /* 1 .. */
	enum shadow_state new_state;
	enum shadow_state old_state; /* of every page, if old_states is NULL */
	const uint8_t *old_states; /* or one state a page */
	unsigned access;	   /* what a grant gives: SHADOW_ACCESS_* bits; 0 stands for R and W */
};

/**
 * shadow_reserve() - make sure that a transition can be queued and flushed without running out.
 * @cpu: the CPU that will queue it.
 *
 * Sets aside queue slots and table pages until the transition is queued or the next shadow_flush(). May flush
 * and wait, when slots or tables are short, when a page of the range has a revoke that is still queued and would
 * now be granted, or when it grants where a flush that is not complete has unlinked a table: a device could
 * still walk that one. A trip may take back, before it ends, what it has itself revoked: if no ticket that covers the revoke was
 * given out, and the page gets exactly the access that it had, the two cancel each other. A trip may reserve several transitions before it queues them.
 * Context: the host's check phase, host lock held, nothing committed. Return: 0; -SHADOW_ENOMEM if
 * slots or tables do not suffice even then; -SHADOW_EAGAIN if a flush would be needed, but could take tables that
 * were reserved and not queued yet (not with a pool for the worst case); -SHADOW_EOPNOTSUPP if the target's policy cannot change this range;
 * -SHADOW_EINVAL for a bad range or @wait_ns; -SHADOW_EIO, -SHADOW_ETIMEDOUT from a wait. Nothing is changed then.
 */
__attribute__((warn_unused_result)) int shadow_reserve(struct shadow_engine *engine, unsigned cpu,
						       const struct shadow_transition *transition,
						       uint64_t wait_ns);

/**
 * shadow_queue() - take in one transition that the host has committed.
 * @number: its place in the host's order: one more than the last that changed access, from 1.
 *
 * Decided page by page: to NOPAGE revokes, from NOPAGE grants, all else is ignored.
 * An unknown bit of access is reported and grants nothing by itself.
 * Context: host lock held, on @cpu, after shadow_reserve(); never waits, fails or allocates; writes only
 * this CPU's queue. Return: whether it changes access, that is, whether it used up @number.
 */
bool shadow_queue(struct shadow_engine *engine, unsigned cpu, uint64_t number,
		  const struct shadow_transition *transition);

/**
 * shadow_trip_end() - the trip on @cpu ends: a grant cannot take back any more what was revoked so far.
 * Context: host lock held, on @cpu; before anyone else is given the pages, and before control returns.
 */
void shadow_trip_end(struct shadow_engine *engine, unsigned cpu);

/** shadow_queued() - is a transition of any of these pages queued and not yet flushed? Host lock held. */
bool shadow_queued(const struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count);

/** shadow_ticket() - the place of the last transition queued so far. Host lock held. */
shadow_ticket_t shadow_ticket(struct shadow_engine *engine);

/**
 * shadow_flush() - apply everything queued so far, by any CPU: tables, invalidations, doorbells.
 * Publishes and never waits for that sync. What makes it wait: a command queue that is full, for room; and at
 * break-before-make level 1 a live block that it cuts, for one sync of the marks that go before.
 * Context: host lock held. Return: a ticket that covers all of it.
 */
shadow_ticket_t shadow_flush(struct shadow_engine *engine);

/**
 * shadow_flush_some() - the same for the oldest slots alone, so that a call does not take long.
 * @slots: at most so many slots of the queues, 1 .. ; a slot is a contiguous range of pages with one access, and
 *         its cost are the tables at its ends, those that it leaves or fills in between, and a command or two.
 * @more:  set to: is there anything left?
 *
 * What is left stays queued, in its order, and reserved. Where the pool cannot keep that reserved (it is not one
 * for the worst case, or too much of it is on its way back) everything is flushed after all.
 * Context: host lock held. Return: a ticket that covers what was taken, and all before it.
 */
shadow_ticket_t shadow_flush_some(struct shadow_engine *engine, unsigned slots, bool *more);

/**
 * shadow_prepare() - before the host changes its own table: begin what takes time, so that both invalidations overlap.
 * @number: the next in the host's order; one more if the transition used it up.
 * @ticket: what shadow_finish() waits for.
 *
 * Reserves. A revoke is queued and flushed as well: its doorbell has rung while the CPUs' own TLBs are invalidated. The
 * host must be past all that could still refuse the transition but this call.
 * Context: host lock held from here to shadow_finish(). Return: as shadow_reserve(); on an error nothing is changed.
 */
__attribute__((warn_unused_result)) int shadow_prepare(struct shadow_engine *engine, unsigned cpu, uint64_t *number,
						       const struct shadow_transition *transition, uint64_t wait_ns,
						       shadow_ticket_t *ticket);

/**
 * shadow_finish() - after the host changed its own table: queue and flush a grant, wait for a revoke.
 * Arguments as of shadow_prepare(). Context: host lock held. Return: as shadow_wait().
 */
__attribute__((warn_unused_result)) int shadow_finish(struct shadow_engine *engine, unsigned cpu, uint64_t *number,
						      const struct shadow_transition *transition, uint64_t wait_ns,
						      shadow_ticket_t ticket);

/**
 * shadow_pending() - pages are about to change hands, or no longer are, while the host lock is not held.
 * Who drops the host lock to wait for a ticket marks his pages first: their host state is NOPAGE, they have no owner, and
 * ticket and intended owner are his to remember. Until he has taken the lock again, looked whether that owner still exists
 * and unmarked them, shadow_reserve() and shadow_consent() refuse every transition of them, with -SHADOW_EAGAIN. If the
 * hand-over is off, he unmarks them and grants them back as a new transition.
 * Context: host lock held. Return: 0; -SHADOW_EINVAL: not in config.pending's range; -SHADOW_EBUSY: one is marked already, and
 * nothing is changed.
 */
__attribute__((warn_unused_result)) int shadow_pending(struct shadow_engine *engine, shadow_ipa_t start,
						       uint64_t page_count);
void shadow_pending_end(struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count);

/**
 * shadow_consent() - the host agrees to lose DMA to pages that it is about to donate.
 * @number: in the host's order; used up if the call returns more than 0.
 * @states: the host's state of each page, or NULL: OWNED.
 *
 * One flush then serves many donations: a later transition of such a page to NOPAGE revokes nothing, since devices cannot reach
 * it already, but has to wait for shadow_consent_ticket(). Pages whose state is NOPAGE, and such that have given consent,
 * are left out. A grant takes the consent back, and so does shadow_withdraw().
 * Context: host lock held, nothing committed; reserves as shadow_reserve() does, and queues. Return: pages that lose DMA, at most
 * INT_MAX; -SHADOW_EINVAL also outside of config.consent's range; -SHADOW_EAGAIN also if a page is pending; else as shadow_reserve().
 */
__attribute__((warn_unused_result)) int shadow_consent(struct shadow_engine *engine, unsigned cpu, uint64_t number,
						       shadow_ipa_t start, uint64_t page_count, const uint8_t *states,
						       uint64_t wait_ns);

/**
 * shadow_withdraw() - the host wants DMA back: pages that gave consent and are still its own are granted, R and W.
 * Arguments, context and errors as of shadow_consent(). Return: pages that get DMA back.
 */
__attribute__((warn_unused_result)) int shadow_withdraw(struct shadow_engine *engine, unsigned cpu, uint64_t number,
							shadow_ipa_t start, uint64_t page_count, const uint8_t *states,
							uint64_t wait_ns);

/** shadow_consent_ticket() - covers every consent so far: what a donation waits for beside its own. Host lock held. */
shadow_ticket_t shadow_consent_ticket(struct shadow_engine *engine);

/**
 * shadow_compact() - use idle time: let blocks take the place of tables whose leaves all say the same again.
 * @blocks: most tables that go, 1 .. ; bounds what this call takes.
 * @ticket: NULL, or set to what shadow_complete() and shadow_wait() take: complete when these tables are back in the
 *          pool, and at once if there were none. It has no place in the order: its number says nothing.
 *
 * No device gains or loses access. Tables were set aside for what is queued or reserved as things are, so while there
 * is any of it nothing is done: flush first. Publishes as shadow_flush() does; any later wait or poll that comes
 * past gives the tables back as well.
 * Context: host lock held, between trips. Return: are there more that a further call could replace now? False
 * without a target and before the snapshot.
 */
bool shadow_compact(struct shadow_engine *engine, unsigned blocks, shadow_ticket_t *ticket);

/**
 * shadow_reclaim() - give back the tables whose invalidation was seen complete.
 * shadow_reserve(), shadow_flush() and shadow_compact() do so by themselves; this is for who wants the pool's figures
 * to be up to date. Context: host lock held.
 */
void shadow_reclaim(struct shadow_engine *engine);

/**
 * shadow_complete() - is everything up to the ticket in force? Asks the devices, does not wait for them.
 * Context: any CPU, no lock needed.
 */
bool shadow_complete(struct shadow_engine *engine, shadow_ticket_t ticket);

/**
 * shadow_wait() - wait until every transition that a ticket covers is in force for DMA.
 * @ticket:  from shadow_flush(), shadow_ticket() or shadow_compact().
 * @wait_ns: longest wait for the devices, 1 .. SHADOW_WAIT_NS_MAX.
 *
 * On success no device can use an access revoked before the ticket, and the next shadow_reserve(), shadow_flush() or
 * shadow_reclaim() gives back the tables that it retired.
 * Context: any CPU, with or without the host lock; any number of waiters at once; never allocates.
 * Return: 0; -SHADOW_EINVAL: @wait_ns; -SHADOW_EAGAIN: not flushed yet; -SHADOW_ETIMEDOUT: grants are made,
 * revokes are written but unconfirmed; -SHADOW_EIO: an SMMU failed and could not be shut.
 * Spec: IHI 0070, CMD_SYNC; DDI 0487, break-before-make.
 */
__attribute__((warn_unused_result)) int shadow_wait(struct shadow_engine *engine, shadow_ticket_t ticket,
						    uint64_t wait_ns);

struct shadow_stats {
	uint64_t transitions;	      /* queued, those that change nothing included */
	uint64_t transitions_access;  /* that changed access; counted when flushed */
	uint64_t slots;		      /* opened: the others extended one */
	uint64_t flushes;	      /* that found something to do */
	uint64_t flushes_forced;      /* by shadow_reserve() */
	uint64_t runs;		      /* after coalescing */
	uint64_t pages_cancelled;     /* revokes that their own trip took back before anyone could know of them */
	uint64_t pages_ahead;	      /* revoked by consent; */
	uint64_t pages_withdrawn;     /* and granted back by shadow_withdraw() */
	uint64_t pages_inherited;     /* whose donation revoked nothing, thanks to it */
	uint64_t reserved_attempts;   /* grants of reserved ranges, refused and reported */
};

void shadow_engine_stats(const struct shadow_engine *engine, struct shadow_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
