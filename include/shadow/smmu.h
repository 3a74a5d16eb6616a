/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * smmu.h - a shadow target: one stage-2 table shared by several Arm SMMUv3.
 *
 * Order of calls: shadow_smmu_target_init(), shadow_smmu_attach() for each SMMU, shadow_smmu_stream() for
 * each stream, shadow_engine_register(), shadow_snapshot(). Streams abort until the snapshot is done.
 * The map says granule and input size; the rest of the table's form, and how much blocks may do, is chosen in
 * shadow_smmu_target_config. Every SMMU of the target must be able to do it: shadow_smmu_attach() refuses
 * the others. A pool may be smaller than shadow_smmu_pool_bytes(): then shadow_reserve() may refuse.
 * Spec: IHI 0070 (SMMUv3), DDI 0487 (VMSAv8-64 stage 2).
 */
#ifndef SHADOW_SMMU_H
#define SHADOW_SMMU_H

#include <shadow/error.h>
#include <shadow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shadow_target;
struct shadow_smmu;

/* Memory that the target lives in: physically contiguous, zeroed, mapped for the CPU at virt. */
struct shadow_pool {
	shadow_pa_t base;	      /* aligned to 2 MiB. All of the pool is below 2^48, or, if ia_bits are
				       * above 48, below 2^52 */
	void *virt;
	uint64_t bytes;		      /* a multiple of the granule; see shadow_smmu_pool_bytes() */
};

/* When do blocks take the place of tables whose leaves all say the same again? */
enum shadow_collapse {
	SHADOW_COLLAPSE_PATIENT = 0,  /* after SHADOW_PATIENCE flushes without a change, and then few a flush */
	SHADOW_COLLAPSE_EAGER = 1,    /* in the flush that makes them whole */
	SHADOW_COLLAPSE_NEVER = 2,    /* only when shadow_compact() asks for it */
};

/* Flushes for which a table must have stayed whole before a patient target collapses it. A page that is
 * revoked and granted again meanwhile finds its table in place and costs one store each time. Between two
 * collapses there are always as many stores as eight splits take. */
#define SHADOW_PATIENCE 256u

/* What the start of a walk looks like; both forms are legal for few input sizes only. */
enum shadow_start {
	SHADOW_START_DEFAULT = 0,     /* one table where its level has blocks, else as concatenated as need be */
	SHADOW_START_SINGLE = 1,      /* one table */
	SHADOW_START_CONCATENATED = 2, /* one level less: 2 .. 16 tables side by side */
};

/* How a part of the address space is mapped, where that is not left to the target. */
enum shadow_mapping {
	SHADOW_MAPPING_BLOCKS = 0,    /* never transitions: blocks at any BBM level; a transition that cut one at
				       * BBM level 0 is refused by shadow_reserve() */
	SHADOW_MAPPING_PAGES = 1,     /* pages at any BBM level: nothing is ever split */
};

struct shadow_region {
	struct shadow_range range;    /* aligned to the granule */
	enum shadow_mapping mapping;
};

struct shadow_smmu_target_config {
	struct shadow_address_map map; /* the engine's; read by shadow_smmu_*_bytes() and init only */
	unsigned bbml;		      /* 0: memory stays in pages; 1, 2: blocks are split and collapsed live */
	uint16_t vmid;
	struct shadow_pool pool;
	unsigned runs_max;	      /* most slots in a flush: engine's cpu_count * queue_slots */
	enum shadow_start start;
	enum shadow_collapse collapse;
	bool fwb;		      /* memory types that stage 1 cannot weaken; needs IDR3.FWB */
	bool contiguous;	      /* hint whole groups: fewer TLB entries for devices, more stores and wider
				       * invalidations for a revoke inside one. Never for memory at BBM level 0 */
	const struct shadow_region *regions; /* sorted, disjoint; read by shadow_smmu_*_bytes() and init only */
	unsigned region_count;	      /* 0 .. SHADOW_REGIONS_MAX */
};

/** shadow_smmu_target_bytes() - the caller's memory for a target, beside its pool; 0: bad configuration. */
size_t shadow_smmu_target_bytes(const struct shadow_smmu_target_config *config);

/**
 * shadow_smmu_target_init() - make a target in the caller's memory (zeroed, aligned to 64).
 * Return: 0; -SHADOW_EINVAL; -SHADOW_ENOMEM if memory or pool is too small for the start tables.
 */
__attribute__((warn_unused_result)) int shadow_smmu_target_init(void *memory, size_t bytes,
								const struct shadow_smmu_target_config *config,
								struct shadow_target **target);

/**
 * struct shadow_tlbi_cost - what invalidation costs on an SMMU, in a unit of the caller's choice.
 *
 * A flush is said to an SMMU with the commands that cost least in sum: a range for several neighbours or one for each,
 * rounded up or as two exact ones, or the whole VMID. All zero: the defaults, which are a choice and not a measurement.
 * They put a command at 64, and say that a leaf or a table pointer which devices have to fetch again is worth a part of
 * that, since few of them are cached and used again; and that an SMMU which has forgotten everything needs as long as
 * for some thousand commands to be as fast as before.
 */
struct shadow_tlbi_cost {
	uint32_t command;	      /* one more command, 1 .. SHADOW_TLBI_COST_MAX as all below unless noted */
	uint32_t sync;		      /* one more SYNC; 0 .. */
	uint32_t entry;		      /* a leaf that goes though it need not: of the level that is named, else a page; 0 .. */
	uint32_t table;		      /* a table pointer that goes though it need not; 0 .. */
	uint32_t vmid;		      /* everything of the VMID that goes though it need not; 0 .. */
	uint32_t share;		      /* a range names less than 1/share more pages than have to go, whatever that saves */
};

#define SHADOW_TLBI_COST_COMMAND 64u
#define SHADOW_TLBI_COST_SYNC	 512u
#define SHADOW_TLBI_COST_ENTRY	 8u
#define SHADOW_TLBI_COST_TABLE	 32u
#define SHADOW_TLBI_COST_VMID	 81920u
#define SHADOW_TLBI_COST_SHARE	 16u
#define SHADOW_TLBI_COST_MAX	 (1u << 20)

/* What an SMMU does wrong, and what is done about it. Which implementations have it is known by SMMU_IIDR, as far as
 * that tells. */
enum shadow_erratum {
	SHADOW_ERRATUM_NO_SEV = 1,	/* the event of a SYNC may not come: completion is polled */
	SHADOW_ERRATUM_NO_NESTING = 2,	/* two stages at once go wrong: it is not attached as nested */
	SHADOW_ERRATUM_SYNC_OFTEN = 4,	/* many commands in a row may be lost: a SYNC after every 63 */
	SHADOW_ERRATUM_NO_MIXING = 8,	/* invalidations of several kinds or from several producers may be lost: one kind
					 * between two SYNCs, each list in one piece, and none replaced by another kind */
	SHADOW_ERRATUM_REPEAT = 16,	/* invalidations may be lost: each run of them up to its SYNC is issued twice */
};

#define SHADOW_ERRATA_ALL 31u

/* How a SYNC's completion is seen; docs/queues.md says what is chosen when. */
enum shadow_completion {
	SHADOW_COMPLETION_POLL = 1,	/* the queue's CONS register is read; every SMMU has it */
	SHADOW_COMPLETION_EVENT = 2,	/* the same, but the SYNC also wakes CPUs from WFE (IDR0.SEV): platform_relax() may
					 * be one where every SMMU of the target does so, see there */
	SHADOW_COMPLETION_MSI = 4,	/* it writes a word of the pool (IDR0.MSI; it has to look into caches), which is read
					 * instead of the register */
};

#define SHADOW_COMPLETION_ALL 7u

/* Interrupts that an SMMU raises. Without any it is polled, which loses nothing: waits look for errors themselves. */
enum shadow_irq {
	SHADOW_IRQ_GERROR = 1,	      /* an error: shadow_smmu_gerror() is to be called, on any CPU */
	SHADOW_IRQ_EVENTS = 2,	      /* there are events where there were none: shadow_smmu_events() likewise, until it takes
				       * fewer than it was allowed */
};

#define SHADOW_IRQ_ALL 3u

/* Where an interrupt is written to; an address of 0: it is a wire. It has to be out of reach for devices. */
struct shadow_msi {
	shadow_pa_t address;	      /* a multiple of 4, below 2^56; written as Device-nGnRE */
	uint32_t data;
};

struct shadow_smmu_config {
	uintptr_t registers;	      /* address for platform_mmio_*(), two 64 KiB pages; with ecmdq, also the control
				       * pages where SMMU_CMDQ_CONTROL_PAGE_BASE says. No device may reach any of them */
	unsigned cmdq_lg2;	      /* entries of each command ring, 2 .. 19, at most IDR1.CMDQS */
	unsigned ecmdq;		      /* command queues for CPUs to use, 0 .. SHADOW_CPUS_MAX, if it has them (IDR1.ECMDQ):
				       * that of CPU c is c modulo their number. 0: the one that all have, and whatever
				       * queues an earlier owner has left on stay on. See docs/queues.md */
	unsigned evtq_lg2;	      /* event ring entries, 2 .. 19, at most IDR1.EVTQS */
	unsigned sid_bits;	      /* StreamIDs covered by the stream table, at most IDR1.SIDSIZE; all others abort */
	unsigned sid_split;	      /* 0: the stream table is linear. 6, 8 or 10: it has two levels, and level 2 consists of
				       * tables for 2^sid_split StreamIDs each, fewer than sid_bits; needs IDR0.ST_LEVEL */
	unsigned sid_tables;	      /* with sid_split: as many level-2 tables are set aside, 1 .. SHADOW_STREAMS_MAX. A PCI
				       * bus takes one if sid_split is 8 and StreamIDs are requester IDs. What is in none aborts */
	bool no_ril;		      /* do not use range invalidation though IDR3 offers it */
	bool nested;		      /* streams also have a stage 1, which the host owns; needs IDR0.S1P */
	unsigned errata;	      /* enum shadow_erratum, ored: beside what SMMU_IIDR tells, from the firmware's tables */
	unsigned completion;	      /* enum shadow_completion, ored: ways that may be used, the last that it has is. 0: all */
	unsigned irq;		      /* enum shadow_irq, ored */
	struct shadow_msi gerror_msi, events_msi; /* of those in irq; need IDR0.MSI unless their address is 0 */
	struct shadow_tlbi_cost cost; /* what to choose commands by; all zero: the defaults */
	uint64_t wait_ns;	      /* for handshakes, bring-up, and for a command queue with work to consume some of
				       * it: an SMMU that takes longer is shut. 1 .. SHADOW_WAIT_NS_MAX */
};

/**
 * shadow_smmu_pool_bytes() - pool that never runs out for this configuration.
 * @config: its pool's base counts, since a pool inside the address space is a hole; virt and bytes do not.
 * @smmu, @smmu_count: what will be attached, in that order; only ring and stream table sizes, ecmdq and completion count.
 * Return: bytes, a multiple of 2 MiB: the tables of the worst state that the host can be in, queues and stream
 * tables; docs/memory.md has the formula. 0 if the configuration is out of range.
 */
uint64_t shadow_smmu_pool_bytes(const struct shadow_smmu_target_config *config,
				const struct shadow_smmu_config *smmu, unsigned smmu_count);

/* Why shadow_smmu_attach() refuses an SMMU, where its return code does not say all: what it lacks, or what does not fit. */
enum shadow_smmu_refusal {
	SHADOW_REFUSAL_NONE = 0,
	SHADOW_REFUSAL_CONFIG,	      /* a value of the configuration is out of its range, whatever the SMMU is */
	SHADOW_REFUSAL_STAGE_2,	      /* IDR0.S2P */
	SHADOW_REFUSAL_STAGE_1,	      /* IDR0.S1P, and it is to be nested */
	SHADOW_REFUSAL_AARCH64,	      /* IDR0.TTF: tables of 64-bit descriptors */
	SHADOW_REFUSAL_ENDIAN,	      /* IDR0.TTENDIAN: little-endian tables */
	SHADOW_REFUSAL_STALL,	      /* IDR0.STALL_MODEL: it stalls every fault */
	SHADOW_REFUSAL_TABLE_PRESET,  /* IDR1.TABLES_PRESET: a stream table at an address that it has chosen */
	SHADOW_REFUSAL_QUEUES_PRESET, /* IDR1.QUEUES_PRESET: queues likewise */
	SHADOW_REFUSAL_CMDQ_SIZE,     /* IDR1.CMDQS below cmdq_lg2 */
	SHADOW_REFUSAL_EVTQ_SIZE,     /* IDR1.EVTQS below evtq_lg2 */
	SHADOW_REFUSAL_SID_SIZE,      /* IDR1.SIDSIZE below sid_bits */
	SHADOW_REFUSAL_ST_LEVEL,      /* IDR0.ST_LEVEL, and sid_split asks for two levels */
	SHADOW_REFUSAL_GRANULE,	      /* IDR5: the map's granule */
	SHADOW_REFUSAL_BBML,	      /* IDR3.BBML below the target's */
	SHADOW_REFUSAL_FWB,	      /* IDR3.FWB, and the target asks for it */
	SHADOW_REFUSAL_LARGE,	      /* IDR5.OAS, or IDR5.DS with 4 KiB and 16 KiB: 52-bit addresses, for ia_bits above 48 */
	SHADOW_REFUSAL_NESTING,	      /* SHADOW_ERRATUM_NO_NESTING, and it is to be nested */
	SHADOW_REFUSAL_COMPLETION,    /* every way of completion that is allowed */
	SHADOW_REFUSAL_MSI,	      /* IDR0.MSI, and interrupts have an address */
	SHADOW_REFUSAL_VMID,	      /* IDR0.VMID16, and the target's VMID has more than 8 bits */
	SHADOW_REFUSAL_OUTPUT_SIZE,   /* IDR5.OAS: below ia_bits, the pool's end, or what the start level needs */
	SHADOW_REFUSAL_COHERENCE,     /* IDR0.COHACC, and all others had it when the snapshot was made */
	SHADOW_REFUSAL_POOL,	      /* the pool has not enough memory left for its queues and its stream table */
};

/**
 * shadow_smmu_refusal() - why the last shadow_smmu_attach() of this target refused; SHADOW_REFUSAL_NONE if it did not.
 * Context: as shadow_smmu_attach().
 */
enum shadow_smmu_refusal shadow_smmu_refusal(const struct shadow_target *target);

/**
 * shadow_smmu_attach() - probe an SMMU and give it its rings and stream table, from the pool.
 * Before the snapshot it is also shut, and brought up with every stream in abort: GBPA.ABORT is set before anything
 * else is touched. After it no register is written, and the SMMU costs nothing until shadow_smmu_enable().
 * Context: one CPU before the snapshot; host lock held after it. Return: 0; -SHADOW_EINVAL for a value out of its
 * range; -SHADOW_EBUSY if it is attached already; -SHADOW_ENODEV, with nothing written to it, if
 *   - it lacks stage 2, stage 1 when nested, or little-endian AArch64 tables; stalls every fault; or has
 *     queues or a stream table at preset addresses, smaller ones than asked for, or one level where two are;
 *   - it lacks the map's granule, the BBM level, FWB if asked for, or, if ia_bits are above 48, 52-bit
 *     addresses (with 4 KiB and 16 KiB also IDR5.DS);
 *   - its output size is below ia_bits, the pool's end, or what the start level needs: 44 bits for levels
 *     0 and -1 with 4 KiB, for levels 1 and 0 with 16 KiB 42, for level 1 with 64 KiB 44;
 *   - its VMIDs have 8 bits and the target's has more;
 *   - it has none of the ways of completion that are allowed, or interrupts have an address and it cannot write there;
 *   - it does not look into caches, and all others did when the snapshot was made;
 * -SHADOW_ENOMEM if the pool is too small; -SHADOW_ENOSPC beyond SHADOW_SMMUS_MAX; -SHADOW_ETIMEDOUT;
 * -SHADOW_EIO. An attempt before the snapshot that fails after the probe keeps its part of the pool: the SMMU
 * may still use it. shadow_smmu_refusal() says which it was.
 * Spec: IHI 0070, Initialization and reset; SMMU_GBPA; SMMU_CR0.
 */
__attribute__((warn_unused_result)) int shadow_smmu_attach(struct shadow_target *target,
							   const struct shadow_smmu_config *config,
							   struct shadow_smmu **smmu);

/**
 * shadow_smmu_enable() - bring up an SMMU that was attached after the snapshot, or detached.
 * Whatever it was and had cached is forgotten; its streams use the shadow as soon as it returns. Those of devices that
 * keep translations abort until shadow_smmu_stream_ats() lets them in again: they may have kept what went meanwhile.
 * Flushes on other CPUs go on meanwhile, and count with it from before it is switched on.
 * Context: after the snapshot, host lock not needed; no other call about the same SMMU meanwhile. Waits for the SMMU,
 * at most its config.wait_ns a step. Return: 0; -SHADOW_EBUSY if it is on; -SHADOW_EAGAIN before the snapshot, and
 * if it was shut by a failure (to have lost its power without a detach is one) and not detached since; -SHADOW_ETIMEDOUT or -SHADOW_EIO if it does not follow: that too
 * has shut it; -SHADOW_EIO also for ever once it could not be shut;
 * -SHADOW_ENODEV once it was shut down.
 * Spec: IHI 0070, Initialization and reset; SMMU_CR0.
 */
__attribute__((warn_unused_result)) int shadow_smmu_enable(struct shadow_smmu *smmu);

/**
 * shadow_smmu_detach() - let an SMMU's streams abort, then turn it off, in abort; one that a failure has shut is off.
 * Should it fail on the way, it is shut and reported as it would be on the way of a wait.
 * When it returns 0, no CPU touches its registers any more, until shadow_smmu_enable(): it may lose its power. Tickets
 * do not wait for it. It keeps its memory and its streams, and its struct stays valid for who still holds it.
 * Context: host lock held, so that no flush is under way that found it on; who waits for a ticket needs no lock and looks at an SMMU only
 * while it is on. Waits for the SMMU. Return: 0; -SHADOW_EIO if abort could not be confirmed: isolation is lost.
 */
__attribute__((warn_unused_result)) int shadow_smmu_detach(struct shadow_smmu *smmu);

/**
 * shadow_smmu_shutdown() - as shadow_smmu_detach(), and for good: shadow_smmu_enable() refuses it from then on.
 * Context, return: as shadow_smmu_detach().
 */
__attribute__((warn_unused_result)) int shadow_smmu_shutdown(struct shadow_smmu *smmu);

/**
 * shadow_smmu_abort() - let every stream of every SMMU of a target abort, until it is let in again one by one.
 *
 * Streams are let in again by shadow_smmu_stream() and its like, with what they are given then; until that they abort also
 * after the snapshot, and after shadow_smmu_enable(). Flushes, waits and tickets go on. An SMMU that does not follow is shut.
 * Context: host lock held, no shadow_smmu_enable() meanwhile. Waits for the SMMUs. Return: 0: no device of any stream reaches
 * anything; -SHADOW_EIO: isolation of an SMMU is lost, or was before.
 * Spec: IHI 0070, Configuration structure update procedure; CMD_CFGI_STE_RANGE.
 */
__attribute__((warn_unused_result)) int shadow_smmu_abort(struct shadow_target *target);

/**
 * shadow_smmu_stream_abort() - the same for one stream. Its device may go, or be given to somebody else.
 * Return: as shadow_smmu_abort(); -SHADOW_EINVAL if it was never let in.
 */
__attribute__((warn_unused_result)) int shadow_smmu_stream_abort(struct shadow_smmu *smmu, uint32_t sid);

/**
 * shadow_smmu_stream() - let a stream use the shadow as soon as the snapshot is done (now, if it is) and its SMMU on.
 * Context: host lock held. Return: 0; -SHADOW_EINVAL if @sid is outside the stream table; -SHADOW_EBUSY if it
 * was let in before, and not made to abort since; -SHADOW_ENOSPC beyond SHADOW_STREAMS_MAX, or if it needs one more
 * level-2 table than config.sid_tables, and it aborts; -SHADOW_ETIMEDOUT, -SHADOW_EIO: it may be tried again.
 */
__attribute__((warn_unused_result)) int shadow_smmu_stream(struct shadow_smmu *smmu, uint32_t sid);

/**
 * shadow_smmu_stream_nested() - the same for a stream whose stage 1 the host has set up.
 * @stage1: words 0 and 1 of the stream table entry that the host asks for. S1Fmt, S1ContextPtr and S1CDMax, S1DSS,
 *          the context's cacheability and S1STALLD are taken from it; nothing that touches stage 2 or ATS is.
 *          shadow_smmu_stream() on a nested SMMU stands for zeros, which suit no real device.
 * Return: as shadow_smmu_stream(); -SHADOW_EINVAL also if the SMMU was not attached as nested.
 * Spec: IHI 0070, Stream Table Entry.
 */
__attribute__((warn_unused_result)) int shadow_smmu_stream_nested(struct shadow_smmu *smmu, uint32_t sid,
								  const uint64_t stage1[2]);

/**
 * shadow_smmu_stream_ats() - the same for a stream whose device may ask for translations and keep them (PCIe ATS).
 * @stage1: as for shadow_smmu_stream_nested() on a nested SMMU, else NULL.
 *
 * Every other stream's EATS is 0 whatever the host asks for, and CR0.ATSCHK is 1: a device that was not let in here cannot
 * use a translation that it claims to have. For those that were, a ticket is complete only when they have confirmed that
 * what they kept is gone, which takes a message over their bus and back. If one does not, no one can tell which: all
 * streams of this SMMU that were let in here abort from then on, and PLATFORM_REPORT_STREAM_ABORTED says so.
 * The bus has a limit of its own for an answer, which can be long; config.wait_ns is to be longer, or else the whole SMMU
 * is shut before.
 * The device must be able to answer when it is let in: what it keeps from before goes first. Streams that were shut out,
 * and all of them when the SMMU was off, abort until this call lets them in again, with the @stage1 of the first time.
 * Return: as shadow_smmu_stream(); -SHADOW_EINVAL also if @stage1 does not go with the SMMU; -SHADOW_ENODEV: the SMMU has
 * no ATS; -SHADOW_EIO also if the device did not confirm.
 * Spec: IHI 0070, ATS; CMD_ATC_INV; SMMU_CR0.ATSCHK.
 */
__attribute__((warn_unused_result)) int shadow_smmu_stream_ats(struct shadow_smmu *smmu, uint32_t sid,
							       const uint64_t stage1[2]);

/** shadow_smmu_ste() - the stream table entry of @sid as it stands in memory, in CPU order. */
void shadow_smmu_ste(const struct shadow_smmu *smmu, uint32_t sid, uint64_t ste[8]);

/* Why an SMMU was shut. */
enum shadow_smmu_failure {
	SHADOW_SMMU_SOUND = 0,
	SHADOW_SMMU_SILENT,	      /* no answer, or no command consumed, for config.wait_ns */
	SHADOW_SMMU_COMMAND,	      /* it refuses a command that nothing covers, or its cover */
	SHADOW_SMMU_FETCH,	      /* it cannot read its commands */
	SHADOW_SMMU_ATC,	      /* a device does not confirm that its translations are gone */
	SHADOW_SMMU_SERVICE,	      /* service failure mode */
	SHADOW_SMMU_STOPPED,	      /* it, or a queue of it, is off, not by us */
	SHADOW_SMMU_RESET,	      /* its registers are lost: it was reset, not by us */
	SHADOW_SMMU_CONS,	      /* CMDQ_CONS says what cannot be */
};

/* Reports about events of one SMMU: at most so many in so long a time. */
#define SHADOW_EVENT_REPORTS   8u
#define SHADOW_EVENT_PERIOD_NS UINT64_C(1000000000)

/**
 * shadow_smmu_events() - read what an SMMU has recorded of transactions that it terminated, and report it.
 * @most: so many records at most; a hostile device makes more as fast as they are read.
 * Reports are limited to SHADOW_EVENT_REPORTS in SHADOW_EVENT_PERIOD_NS, everything is counted. Records that were lost
 * since the queue was full, or could not be written, prove nothing and change nothing but the count. Those of an SMMU
 * that does not look into caches are counted unread. An SMMU that was reset or has lost its power is found, and shut.
 * Context: any CPU, on an interrupt or from time to time; one call at a time for one SMMU, and no other about the same
 * SMMU but flushes and waits. Return: records taken out of the queue; fewer than @most: it was empty for a moment.
 * Spec: IHI 0070, Event queue; Event queue overflow.
 */
unsigned shadow_smmu_events(struct shadow_smmu *smmu, unsigned most);

/**
 * shadow_smmu_gerror() - an SMMU has raised its error interrupt: find out why, and repair it or shut it as a wait would.
 *
 * Nothing depends on it: who waits finds the same. It is for errors while nobody waits. Interrupts that could not be written,
 * and the like, are acknowledged; records of events that could not be written are left to shadow_smmu_events(). An SMMU that
 * was reset or has lost its power is found as well.
 * Context: any CPU, also inside an interrupt that came in the middle of any other call; no lock, and it waits for none: for
 * nothing but an SMMU that has to be shut. Return: 0: there is no error, or none any more, or the SMMU is off;
 * -SHADOW_EAGAIN: somebody is looking at this target's SMMUs or rings a doorbell at this moment, ask again later;
 * -SHADOW_EIO: it has failed, and is shut, or isolation is lost; it was reported.
 * Spec: IHI 0070, SMMU_GERROR; SMMU_GERRORN; Global error recording.
 */
__attribute__((warn_unused_result)) int shadow_smmu_gerror(struct shadow_smmu *smmu);

struct shadow_smmu_stats {
	unsigned errata;	      /* enum shadow_erratum, ored: what it is treated for */
	unsigned ecmdq;		      /* command queues in use beside the first one */
	enum shadow_completion completion; /* the way in use */
	uint64_t tlbi, cfgi, atc, syncs; /* commands published */
	uint64_t doorbells;
	uint64_t doorbells_extra;     /* more than one in a flush, because its commands exceeded the ring */
	uint64_t commands_repaired;
	uint64_t events, events_unreported; /* taken by shadow_smmu_events() */
	uint64_t events_lost;	      /* how often the SMMU has lost some, not how many */
	bool closed;		      /* failed and shut: abort is confirmed; until it is detached */
	bool isolation_lost;	      /* failed and could not be shut: waits return -SHADOW_EIO from then on */
	enum shadow_smmu_failure failure; /* why, if either */
};

void shadow_smmu_stats(const struct shadow_smmu *smmu, struct shadow_smmu_stats *stats);

struct shadow_table_stats {
	uint64_t writes;	      /* descriptor stores, fills of new tables included */
	uint64_t splits, collapses;
	uint64_t hints;		      /* contiguous groups that got the hint; */
	uint64_t hints_dropped;	      /* and that lost it because they were cut */
	uint64_t bytes_live;	      /* tables that a walker can reach, start tables included */
	uint64_t bytes_retired;	      /* unlinked, not yet reusable */
	uint64_t bytes_reserved;      /* free, but promised to transitions that are reserved or queued */
	uint64_t bytes_peak;	      /* live and retired */
	uint64_t leaves[4];	      /* valid leaves by Arm's level: [3] pages, the granule's own size */
};

void shadow_smmu_table_stats(const struct shadow_target *target, struct shadow_table_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
