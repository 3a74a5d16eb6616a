/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.h - command queue, producer side: write commands, publish them with one doorbell, see syncs pass.
 *
 * An SMMU has one (SMMU_CMDQ), and may have enhanced ones beside it. They know nothing of each other: a SYNC completes
 * what its own queue was told before it.
 * Two sides: who writes commands holds the host lock; who asks how far the SMMU is holds the completion lock,
 * which the rings of a target share and which nobody holds while waiting.
 * Owns: a slot is visible to the SMMU only after all its words are written; positions are 64 bits and count
 * commands from 0, through every epoch. A queue that fails ends its epoch: nothing of it completes any more. A new
 * one begins above all positions of the old one, and only on an SMMU that is shut and gives up what it has cached.
 * Spec: IHI 0070, Command queue; Circular queues; Command errors; Enhanced Command queue interfaces.
 */
#ifndef SMMUV3_CMDQ_H
#define SMMUV3_CMDQ_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/order.h"
#include "smmuv3/cmd.h"

struct cmdq_stats {
	uint64_t tlbi, cfgi, atc, syncs; /* written, by opcode; between flushes all are published */
	uint64_t doorbells;
};

struct cmdq {
	uint64_t *ring;					       /* two words a slot */
	uintptr_t prod_reg, cons_reg, gerror_reg, gerrorn_reg; /* for platform_mmio_*() */
	uintptr_t cr0_reg, cr0ack_reg;
	unsigned entries_lg2;
	unsigned number;      /* the SMMU's, for reports */
	bool coherent;	      /* else slots are cleaned before the doorbell */
	bool no_mixing;	      /* between two SYNCs a command of another kind could be lost: no repair */
	struct smmu_cmd sync; /* as this queue has its SYNCs, but for MSIDATA, */
	uint64_t sync_data;   /* which is the low half of the position behind it where this mask lets it be */
	const _Atomic uint32_t *word; /* where that arrives; NULL: CONS is all there is */
	uint32_t cons_res0;   /* bits that CONS has not; */
	uint32_t cons_moved;  /* and of these none is set where an advance counts only with CR0ACK beside it */
	bool enhanced;	      /* EN and ENACK, ERR and ERRACK are in PROD and CONS */
	void *owner;	      /* the SMMU */
	_Atomic uint32_t *completing; /* the completion lock */
	/* Asked to shut out every device that keeps translations; NULL: there can be none. Completion lock. */
	void (*atc_lost)(struct cmdq *cmdq);
	/* Written under the host lock. */
	uint64_t written;     /* position of the next free slot */
	_Atomic uint64_t published; /* PROD says up to here, or is about to; read under either lock */
	struct cmdq_stats stats;
	/* Enhanced: the flags of PROD belong to who acknowledges errors, its index to who publishes. */
	_Atomic uint32_t prod_lock; /* who writes PROD; held in no wait */
	uint32_t prod_flags; /* EN, ERRACK; written with the completion lock held too */
	/* Written under the completion lock. */
	_Atomic uint64_t consumed; /* CONS was seen up to here; only rises; anyone reads it */
	_Atomic uint32_t failed; /* enum shadow_smmu_failure: nothing completes any more; anyone reads it */
	uint64_t repaired_at; /* position after the newest repair; 0: none so far */
	uint64_t shut_out_at; /* position of the SYNC behind the newest one that missed ATC_INVs; 0: none so far */
	uint64_t repaired; /* commands replaced after an error */
	uint32_t gerrorn; /* as last read: GERROR that equals it says that no error is active */
	/* Where it was last seen to stand still, and since when. */
	uint64_t still_at, still_since_ns;
	bool still;
	unsigned glances; /* in a row that found nothing new in the word */
};

/* Ring memory aligned to its size; CMDQ_BASE, PROD and CONS are the caller's to program. @coherent: the SMMU
 * looks into caches. @completing: the completion lock, free. */
void cmdq_init(struct cmdq *cmdq, uint64_t *ring, unsigned entries_lg2, uintptr_t registers, unsigned number,
	       bool coherent, _Atomic uint32_t *completing);

/* Make it an enhanced one, whose registers are at @registers. Its positions begin above 0, so that a fence that never was
 * about it has passed. */
void cmdq_enhance(struct cmdq *cmdq, uintptr_t registers);

/* From now on its SYNCs are like this one, which needs IDR0.SEV, or IDR0.MSI: then @word is where it writes. Both look into
 * the same caches. Without it they are plain. */
void cmdq_set_sync(struct cmdq *cmdq, struct smmu_cmd sync, const _Atomic uint32_t *word);

/* The SMMU was shut and its queue registers are 0 again: go on at a position above all earlier ones, where the
 * index is 0 too. Nobody else uses the queue. */
void cmdq_begin_epoch(struct cmdq *cmdq);

/* How far the SMMU was seen to be. [P1] Pairs with cmdq_poll(). Observer: CPU. */
static inline uint64_t cmdq_consumed(const struct cmdq *cmdq)
{
	return load_acquire_u64(&cmdq->consumed);
}

/* Free slots as far as CONS was seen. */
static inline uint64_t cmdq_room(const struct cmdq *cmdq)
{
	return (UINT64_C(1) << cmdq->entries_lg2) - (cmdq->written - cmdq_consumed(cmdq));
}

/* The next slot is filled, but not counted. Return: its position. */
static inline uint64_t cmdq_store(struct cmdq *cmdq, struct smmu_cmd cmd)
{
	uint64_t position = cmdq->written;
	uint64_t mask = (UINT64_C(1) << cmdq->entries_lg2) - 1;
	uint64_t *slot = &cmdq->ring[2 * (position & mask)];

	shadow_assert(cmdq_room(cmdq) > 0);
	order_store_device(&slot[0], cmd.word[0]);
	order_store_device(&slot[1], cmd.word[1]);
	cmdq->written = position + 1;
	return position;
}

/* A SYNC that says in the way of this queue that it is complete; as cmdq_write(). */
static inline uint64_t cmdq_write_sync(struct cmdq *cmdq)
{
	struct smmu_cmd sync = cmdq->sync;

	sync.word[0] |= ((cmdq->written + 1) << 32) & cmdq->sync_data;
	cmdq->stats.syncs++;
	return cmdq_store(cmdq, sync);
}

/* Write one command into the next slot, not yet visible; there must be room. Return: its position. */
static inline uint64_t cmdq_write(struct cmdq *cmdq, struct smmu_cmd cmd)
{
	uint64_t position = cmdq_store(cmdq, cmd);

	if (smmu_cmd_is_tlbi(cmd))
		cmdq->stats.tlbi++;
	else if (smmu_cmd_is_sync(cmd))
		cmdq->stats.syncs++;
	else if (smmu_cmd_is_atc(cmd))
		cmdq->stats.atc++;
	else
		cmdq->stats.cfgi++;
	return position;
}

/* The command written at @position, which is not older than the ring. */
static inline struct smmu_cmd cmdq_read(const struct cmdq *cmdq, uint64_t position)
{
	const uint64_t *slot = &cmdq->ring[2 * (position & ((UINT64_C(1) << cmdq->entries_lg2) - 1))];

	return (struct smmu_cmd){ .word = { slot[0], slot[1] } };
}

/* For who stores commands into the ring himself, two words each: the next slot, */
static inline uint64_t *cmdq_slot(const struct cmdq *cmdq)
{
	return &cmdq->ring[2 * (cmdq->written & ((UINT64_C(1) << cmdq->entries_lg2) - 1))];
}

/* how many of @wanted, for which there is room, lie one behind the other, */
static inline uint64_t cmdq_slots(const struct cmdq *cmdq, uint64_t wanted)
{
	uint64_t entries = UINT64_C(1) << cmdq->entries_lg2, to_end = entries - (cmdq->written & (entries - 1));

	return wanted < to_end ? wanted : to_end;
}

/* and so many were filled, all of them invalidations of translations. */
static inline void cmdq_wrote_tlbi(struct cmdq *cmdq, unsigned count)
{
	shadow_assert(cmdq_room(cmdq) >= count);
	cmdq->written += count;
	cmdq->stats.tlbi += count;
}

/* [D1] Make everything written visible and ring the doorbell once; nothing if nothing was written. Where the
 * SMMU is not coherent the new slots are cleaned here, not where they are written: each line once. */
void cmdq_publish(struct cmdq *cmdq);

/* Read CONS (and CR0ACK and GERROR when it has not moved); repair a refused command in place. Completion lock held.
 * Return: 0, or -SHADOW_EIO once the queue has failed. */
int cmdq_poll(struct cmdq *cmdq);

/* Has an enhanced queue met an error that is not acknowledged? Completion lock held. */
bool cmdq_is_stopped(const struct cmdq *cmdq);

/* As cmdq_poll(), but where an MSI is expected, registers are read only once in CMDQ_GLANCES times that it has not come: an error
 * or a reset does not show in it. */
#define CMDQ_GLANCES 64u
int cmdq_glance_word(struct cmdq *cmdq);

static inline int cmdq_glance(struct cmdq *cmdq)
{
	return cmdq->word ? cmdq_glance_word(cmdq) : cmdq_poll(cmdq);
}

/* One look that nothing follows from but this: has the command at @position been consumed? Completion lock held. Return: false
 * also if it is not known; then cmdq_glance(). */
bool cmdq_first_look(struct cmdq *cmdq, uint64_t position);

/* cmdq_poll() again and again, without the lock in between, until there are @slots free slots; publishes first if some of
 * them are written but unseen. Return: 0; -SHADOW_ETIMEDOUT if nothing was consumed for @wait_ns; -SHADOW_EIO. @slots is
 * at most the ring. */
int cmdq_wait_room(struct cmdq *cmdq, uint64_t slots, uint64_t wait_ns);

/* Poll until the published command at @position has passed. Return: as cmdq_wait_room(). */
int cmdq_wait_passed(struct cmdq *cmdq, uint64_t position, uint64_t wait_ns);

/* Poll until all that is published has passed. Return: as cmdq_wait_room(). */
int cmdq_wait_idle(struct cmdq *cmdq, uint64_t wait_ns);

/* A command at @position has been consumed; for a SYNC that means completed. */
static inline bool cmdq_passed(const struct cmdq *cmdq, uint64_t position)
{
	return cmdq_consumed(cmdq) > position;
}

#endif
