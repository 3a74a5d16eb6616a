/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * smmu.h - one SMMU: probe it, bring it up with every stream in abort, shut it.
 *
 * Order: smmu_probe(), then smmu_bring_up(); smmu_close() at any time after the probe; smmu_start() again after
 * smmu_turn_off(). GBPA.ABORT stays set from the first step of the first bring-up on, so
 * that losing SMMUEN fails closed.
 * An SMMU is live from before SMMUEN is set until abort is confirmed: as long as it is, each flush writes commands
 * for it and each ticket waits for it. While it is not, only who brings it up touches it.
 * Spec: IHI 0070, Initialization and reset; SMMU_CR0; SMMU_GBPA.
 */
#ifndef SMMUV3_SMMU_H
#define SMMUV3_SMMU_H

#include <shadow/smmu.h>

#include "smmuv3/cmdq.h"
#include "smmuv3/ste.h"

/* Memory that the SMMU reads and writes: zeroed, each part aligned to its own size, 64 at least. If the SMMU
 * is not coherent, each part covers whole cache lines. */
struct smmu_memory {
	uint64_t *strtab; /* smmu_strtab_bytes() */
	shadow_pa_t strtab_pa;
	uint64_t *level2; /* smmu_level2_bytes(), the tables that level 1 leads to side by side; NULL: there is one level */
	shadow_pa_t level2_pa;
	uint64_t *cmdq; /* smmu_cmdq_bytes() */
	shadow_pa_t cmdq_pa;
	uint64_t *evtq; /* smmu_evtq_bytes() */
	shadow_pa_t evtq_pa;
	uint64_t *ecmdq; /* smmu_ecmdq_bytes(), a multiple of a ring's size; NULL: it uses none */
	shadow_pa_t ecmdq_pa;
	void *queue; /* smmu_queue_bytes(): what the MSIs of each queue write, and what we keep of enhanced ones */
	shadow_pa_t queue_pa;
};

/* Are the sizes of queues and stream table in their ranges? Whatever this SMMU has. */
bool smmu_sizes_valid(const struct shadow_smmu_config *config);

/* The stream table, or its level 1. */
static inline uint64_t smmu_strtab_bytes(const struct shadow_smmu_config *config)
{
	uint64_t bytes = config->sid_split ? UINT64_C(8) << (config->sid_bits - config->sid_split) :
					     UINT64_C(64) << config->sid_bits;

	return bytes < 64 ? 64 : bytes;
}

/* One level-2 table. */
static inline uint64_t smmu_level2_table_bytes(const struct shadow_smmu_config *config)
{
	return UINT64_C(64) << config->sid_split;
}

static inline uint64_t smmu_cmdq_bytes(const struct shadow_smmu_config *config)
{
	return UINT64_C(16) << config->cmdq_lg2;
}

static inline uint64_t smmu_evtq_bytes(const struct shadow_smmu_config *config)
{
	return UINT64_C(32) << config->evtq_lg2;
}

static inline uint64_t smmu_lg2_up(uint64_t count)
{
	return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

/* All level-2 tables, as a power of two. */
static inline uint64_t smmu_level2_bytes(const struct shadow_smmu_config *config)
{
	return config->sid_split ? smmu_level2_table_bytes(config) << smmu_lg2_up(config->sid_tables) : 0;
}

/* Rings of so many enhanced queues, side by side; what is kept of them, behind a line for each queue's MSIs, if there are
 * any. As powers of two. */
#define SMMU_WORD_BYTES 64u
static inline uint64_t smmu_ecmdq_bytes(const struct shadow_smmu_config *config, unsigned queues)
{
	return queues ? smmu_cmdq_bytes(config) << smmu_lg2_up(queues) : 0;
}

static inline uint64_t smmu_queue_bytes(unsigned queues, bool msi)
{
	uint64_t bytes = queues * sizeof(struct cmdq) + (msi ? SMMU_WORD_BYTES * (UINT64_C(1) + queues) : 0);

	return bytes ? UINT64_C(1) << smmu_lg2_up(bytes) : 0;
}

/* May its SYNCs be complete by an MSI, if it has that? */
static inline bool smmu_may_use_msi(const struct shadow_smmu_config *config)
{
	return !config->completion || config->completion & SHADOW_COMPLETION_MSI;
}

/* What a target asks of its SMMUs. */
struct smmu_needs {
	unsigned bbml;	     /* 0 .. 2: at least this level */
	uint8_t granule_lg2; /* 12, 14 or 16 */
	bool fwb;
	bool large; /* 52-bit addresses: OAS, and DS with 4 KiB and 16 KiB */
};

/* Whoever drains the event queue. */
struct smmu_events {
	uint32_t cons;		  /* CONS as last written: index and OVACKFLG */
	uint64_t taken, unreported, lost;
	uint64_t since_ns;	  /* of the reports below */
	unsigned reported;
};

struct shadow_smmu {
	struct shadow_target *target; /* whose table its streams use */
	struct shadow_smmu_config config;
	struct smmu_memory memory;
	/* Index into level 1 of each level-2 table in use; written under the host lock. */
	uint32_t level2_index[SHADOW_STREAMS_MAX];
	_Atomic uint32_t level2_count;
	struct cmdq cmdq;	  /* for all that is about configuration, and without others for all else */
	struct cmdq *ecmdq;	  /* enhanced ones, */
	unsigned ecmdqs;	  /* so many in use, */
	uint32_t ecmdqs_there;	  /* of so many; 0 also if none is asked for */
	uint32_t ecmdq_first;	  /* registers of the first, counted from page 0, */
	unsigned ecmdq_stride_lg2; /* and from one to the next */
	unsigned number;	  /* for reports */
	enum shadow_smmu_refusal refusal; /* why smmu_probe() refused it */
	enum shadow_completion completion; /* the way that was chosen */
	uint32_t iidr;
	unsigned errata;	  /* bits of enum shadow_erratum: by IIDR, and by the configuration */
	unsigned bbml;		  /* IDR3.BBML */
	unsigned oas;		  /* IDR5.OAS, encoded; see smmu_oas_bits() */
	bool ril;		  /* IDR3.RIL, unless the configuration says not to use it */
	bool vmid16, hyp, ats, msi; /* IDR0 */
	bool coherent;		  /* IDR0.COHACC: it looks into caches */
	struct smmu_events events;
	uint64_t doorbells_extra; /* rung because a flush exceeded the ring */
	uint32_t cr0;		  /* as last written */
	unsigned lone;		  /* commands of the list about one page, or 0 if it is planned: */
	struct smmu_cmd page;	  /* this, for page 0: that of another has its address beside it in word 1; a SYNC; */
	struct smmu_cmd stage1;	  /* nested: and this and another SYNC */
	_Atomic uint32_t *completing; /* the target's completion lock */
	/* Streams whose devices keep translations. The first ats_aborted of them were shut out, and get no ATC_INV. */
	uint32_t ats_sid[SHADOW_STREAMS_MAX]; /* written under the host lock, below ats_count under both locks */
	_Atomic uint32_t ats_count; /* written under the host lock */
	_Atomic uint32_t ats_aborted; /* written under the completion lock */
	_Atomic uint32_t ats_trial; /* enum ats_trial */
	/* Written under the completion lock, read by anyone. */
	_Atomic uint32_t live;	  /* flushes write commands for it, tickets wait for it */
	_Atomic uint32_t closed;  /* shut after a failure, abort confirmed, and not detached since; not live */
	_Atomic uint32_t gone;	  /* shut down for good; written under the host lock */
	_Atomic uint32_t isolation_lost; /* shut in vain: abort could not be confirmed; not live */
};

/* The queue that a flush of @cpu uses. */
static inline struct cmdq *smmu_queue_of(struct shadow_smmu *smmu, unsigned cpu)
{
	return smmu->ecmdqs ? &smmu->ecmdq[cpu % smmu->ecmdqs] : &smmu->cmdq;
}

/* Any of its queues, 0 .. ecmdqs: the main one first. */
static inline struct cmdq *smmu_queue(struct shadow_smmu *smmu, unsigned index)
{
	return index ? &smmu->ecmdq[index - 1] : &smmu->cmdq;
}

/* Read what the SMMU is and refuse what does not serve; writes no register. Clears *@smmu first.
 * @needs: what the target asks for. @number: for reports.
 * Return: 0; -SHADOW_EINVAL: a value of @config or @needs is out of its range; -SHADOW_ENODEV: it does not serve, and
 * smmu->refusal says why. */
int smmu_probe(struct shadow_smmu *smmu, const struct shadow_smmu_config *config,
	       const struct smmu_needs *needs, unsigned number);

/* Where its queues and stream table are. @completing: the target's completion lock.
 * Return: 0; -SHADOW_EINVAL: misaligned. Touches no register. */
int smmu_set_memory(struct shadow_smmu *smmu, const struct smmu_memory *memory, _Atomic uint32_t *completing);

/* Shut it, then bring it up with an empty TLB and empty configuration caches, and live. It is not live before.
 * @fill: writes stream table entries beside those that abort, before the SMMU reads any; NULL: all abort.
 * Return: 0; -SHADOW_ETIMEDOUT or -SHADOW_EIO: it did not follow; it is shut then, as smmu_close() does it.
 * Context: completion lock free; host lock held or not. */
int smmu_start(struct shadow_smmu *smmu, void (*fill)(struct shadow_smmu *smmu));

/* The first time: both, with every stream in abort. */
int smmu_bring_up(struct shadow_smmu *smmu, const struct smmu_memory *memory, _Atomic uint32_t *completing);

/* Abort and everything off, each confirmed, unless a failure has shut it already; commands are no longer written for
 * it, nor waited for, and no flush is under way that may have found it live.
 * Return: 0; -SHADOW_EIO: it did not follow, and isolation is lost. Context: host lock held, completion lock free. */
int smmu_turn_off(struct shadow_smmu *smmu);

/* Wait until everything written to the main command queue so far, and a SYNC after it, is complete.
 * Return: 0; -SHADOW_ETIMEDOUT after config.wait_ns; -SHADOW_EIO. Context: host lock. */
int smmu_sync(struct shadow_smmu *smmu);

/* One invalidation, whatever was written before it, complete; twice if an erratum asks for that.
 * Return: as smmu_sync(). Context: host lock. */
int smmu_invalidate(struct shadow_smmu *smmu, struct smmu_cmd cmd);

/* Wait until all that was published to any of its queues is consumed. Return: as smmu_sync(). Context: host lock. */
int smmu_wait_idle(struct shadow_smmu *smmu);

static inline bool smmu_has_erratum(const struct shadow_smmu *smmu, enum shadow_erratum erratum)
{
	return smmu->errata & (unsigned)erratum;
}

/* Is the SMMU past @position of one of its queues, or shut? One look at that if need be; shuts it if it has failed, or if it has work
 * there and has consumed none of it for config.wait_ns since it was first seen to stand still.
 * Return: 1, 0, or -SHADOW_EIO if it failed and could not be shut. Context: completion lock held. */
int smmu_passed(struct shadow_smmu *smmu, struct cmdq *cmdq, uint64_t position);

/* Fail closed: GBPA.ABORT, then SMMUEN off, each confirmed; nothing completes on it any more.
 * Return: 0 if abort is confirmed; else -SHADOW_EIO, and isolation is lost. Reports either, once.
 * smmu_close() takes the completion lock for it; who holds that already calls smmu_close_locked(). */
int smmu_close(struct shadow_smmu *smmu);
int smmu_close_locked(struct shadow_smmu *smmu);

/* Is a live one on, as it was left? If not, it has lost its power or was reset, which its queue has failed by then.
 * Context: completion lock held. */
bool smmu_is_on(struct shadow_smmu *smmu);

/* Is it live, and on? One that is not on is shut. If somebody is looking at it now, he finds that out himself.
 * Context: any; waits for nobody but an SMMU that has to be shut. */
bool smmu_serves(struct shadow_smmu *smmu);

/* Commands are not written for it, nor waited for. [E1] For a flush that has stored, after order_full(). */
static inline bool smmu_is_shut(const struct shadow_smmu *smmu)
{
	return !load_acquire_u32(&smmu->live);
}

/* It was turned off, or not on yet: that is no failure. */
static inline bool smmu_is_off(const struct shadow_smmu *smmu)
{
	return smmu_is_shut(smmu) && !load_acquire_u32(&smmu->closed) && !load_acquire_u32(&smmu->isolation_lost);
}

#endif
