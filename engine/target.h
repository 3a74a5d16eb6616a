/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * target.h - what a shadow target implements. Called per batch, never per page.
 *
 * A target owns its tables, its devices and their completion. The engine holds the host lock around all
 * calls but complete(). Runs come sorted and disjoint; addresses are identity-mapped.
 */
#ifndef ENGINE_TARGET_H
#define ENGINE_TARGET_H

#include "engine/run.h"

struct shadow_target;

struct target_ops {
	/* Set aside tables for one range until the next apply(). Return: 0; 1: for any range of this memory
	 * type, so that it need not be asked again, but for a grant while a fence is outstanding;
	 * -SHADOW_ENOMEM (after a flush it may fit); -SHADOW_EAGAIN (a device could miss this grant until the
	 * fences so far are complete); -SHADOW_EOPNOTSUPP. Context: host's check phase. */
	int (*reserve)(struct shadow_target *target, const struct run *run);
	/* Every run so far of this flush was applied. If all that may still be needed is promised and stays so after
	 * publish(), let it: what is queued then waits for a later flush. Return: does it? */
	bool (*keep)(struct shadow_target *target);
	/* Does the table, as it stands between flushes, give every page of the run exactly this access? */
	bool (*agrees)(struct shadow_target *target, const struct run *run);
	/* All that was set aside is free again: a flush found nothing queued that needs it. */
	void (*release)(struct shadow_target *target);
	/* Between rounds of a flush: each goes over the address space, so that the next run may lie anywhere. */
	void (*rewind)(struct shadow_target *target);
	/* Snapshot: map these runs in tables that no walker reaches yet. Return: 0 or -SHADOW_ENOMEM. */
	int (*build)(struct shadow_target *target, const struct run *runs, unsigned count);
	/* Snapshot done: let the streams use the tables. Return: 0, -SHADOW_ETIMEDOUT, -SHADOW_EIO. */
	int (*enable)(struct shadow_target *target);
	/* Before apply(), if the target says that it prepares: mark what apply() of these runs will cut live. All
	 * runs of a round are prepared before the first of them is applied. */
	void (*prepare)(struct shadow_target *target, const struct run *runs, unsigned count);
	/* All runs of the round were given: return when every device knows the marks, ready to start over at the
	 * lowest address. A device that does not answer in its time is shut. */
	void (*prepared)(struct shadow_target *target);
	/* Idle time: let blocks take the place of up to @blocks tables. Publishes. Return: are there more?
	 * @fence: as of publish(). */
	bool (*compact)(struct shadow_target *target, unsigned blocks, uint64_t *fence);
	/* Write: bring the tables to these runs' access. Cannot fail after reserve(). */
	void (*apply)(struct shadow_target *target, const struct run *runs, unsigned count);
	/* Invalidate: publish the commands for all since the last publish(), every SMMU before any wait.
	 * Unlinked tables alone cause commands only if @all is set. Return: a fence, never smaller than an
	 * earlier one; the same one if there was nothing to publish. */
	uint64_t (*publish)(struct shadow_target *target, bool all);
	/* Has every SMMU passed this fence's sync? Zero: before the first one. Return: 1, 0, or -SHADOW_EIO for
	 * ever once an SMMU could not be shut. Context: completion lock held, host lock or not; with fence 0, which looks at
	 * nothing but that, any. */
	int (*complete)(struct shadow_target *target, uint64_t fence);
	/* The same for the only fence that is outstanding, if the devices are done already: one look at each, no search for
	 * what may be wrong. Return: false if complete() has to be asked. Context: the same. */
	bool (*landed)(struct shadow_target *target, uint64_t fence);
	/* The fence is complete: tables retired before it are reusable. Not called while nothing waits for it. */
	void (*retire)(struct shadow_target *target, uint64_t fence);
};

struct shadow_target {
	const struct target_ops *ops;
	unsigned ia_bits;	       /* of the address space that its tables translate */
	unsigned granule_lg2;	       /* its page, and so that of every run */
	unsigned cpu;		       /* one whose transitions the newest batch has: which queues a publish uses. Host lock */
	bool retires;		       /* something waits for retire(). Host lock */
	bool keeps;		       /* publish() left all that reserve() had promised: who clears this may go on with it as
					* if it had been promised again, until the next publish(). Host lock */
	bool prepares;		       /* what goes before some changes, with a sync in between: marks, dropped hints */
	struct shadow_range own;       /* bytes that no device may reach: the pool */
	_Atomic uint32_t completing;   /* completion lock: who asks devices how far they are; never held in a wait */
};

#endif
