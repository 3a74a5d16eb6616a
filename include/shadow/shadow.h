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

struct shadow_engine_config {
	unsigned cpu_count;	   /* 1 .. SHADOW_CPUS_MAX */
	unsigned queue_slots;	   /* per CPU, a power of two, 2 .. 65536 */
	struct shadow_address_map map; /* its arrays are copied. Reserved ranges are rounded outwards to pages */
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
 * from a device. After a failure the target stays in abort and transitions stay ignored, for good.
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
 * still walk that one. A trip may reserve several transitions before it queues them.
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

/** shadow_queue_close() - the trip on @cpu ends: its newest slot is not extended any more. On @cpu. */
void shadow_queue_close(struct shadow_engine *engine, unsigned cpu);

/** shadow_queued() - is a transition of any of these pages queued and not yet flushed? Host lock held. */
bool shadow_queued(const struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count);

/** shadow_ticket() - the place of the last transition queued so far. Host lock held. */
shadow_ticket_t shadow_ticket(const struct shadow_engine *engine);

/**
 * shadow_flush() - apply everything queued so far, by any CPU: tables, invalidations, doorbells.
 * Publishes and never waits for that sync. What makes it wait: a command queue that is full, for room; and at
 * break-before-make level 1 a live block that it cuts, for one sync of the marks that go before.
 * Context: host lock held. Return: a ticket that covers all of it.
 */
shadow_ticket_t shadow_flush(struct shadow_engine *engine);

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
	uint64_t reserved_attempts;   /* grants of reserved ranges, refused and reported */
};

void shadow_engine_stats(const struct shadow_engine *engine, struct shadow_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
