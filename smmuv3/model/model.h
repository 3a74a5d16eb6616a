/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * model.h - a software SMMUv3: registers, command queue, stream table, walker, TLB, events.
 *
 * Reads the very memory that the driver wrote, with decoders of its own, and executes commands only
 * when it is stepped. It is stricter than the architecture needs: it keeps the oldest legal TLB entry,
 * refills between any two steps, and executes the commands between two SYNCs in adversarial order.
 * Hosted code; includes none of the driver's headers, so that a wrong bit has to be read wrong twice.
 * Spec: IHI 0070 (SMMUv3), DDI 0487 (VMSAv8-64 stage 2).
 *
 * Simplified: stage 1 of a nested stream is an identity map of global entries owned by the host (contexts are
 * not fetched, stage 1 never faults), a stage-1-only stream is bypassed, no stalls, PRI or substreams. Offering HTTU makes the fields legal; descriptors are not updated (with S2HA an AF of 0
 * does not fault). Devices have an ATC of pages of 4 KiB for full ATS; with split-stage ATS
 * they have none. A table is read through one memory
 * callback, so concatenated start tables (up to 64 KiB x 16) must be contiguous for the host too.
 */
#ifndef SMMUV3_MODEL_MODEL_H
#define SMMUV3_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* Physical memory as the SMMU sees it. Both return NULL where nothing answers (external abort). */
struct model_memory {
	void *ctx;
	const void *(*read)(void *ctx, uint64_t pa, size_t bytes);
	void *(*write)(void *ctx, uint64_t pa, size_t bytes);
};

enum model_rule {		/* what a violation breaks; names in model_rule_name() */
	MODEL_RULE_BBM_BLOCK,	/* live leaf replaced by a table, or the reverse, at BBML 0 */
	MODEL_RULE_BBM_OUTPUT,	/* live leaf's output address changed without break-before-make */
	MODEL_RULE_BBM_TYPE,	/* live leaf's memory type changed without break-before-make */
	MODEL_RULE_CONTIGUOUS,	/* contiguous group broken or misprogrammed */
	MODEL_RULE_DESCRIPTOR,	/* reserved descriptor encoding made reachable */
	MODEL_RULE_REGISTER,	/* guarded register written at a forbidden time */
	MODEL_RULE_ALIGNMENT,	/* base of a table or queue not aligned to its size */
	MODEL_RULE_TABLE_REUSE, /* table page linked twice, or written while walk caches reach it */
	MODEL_RULE_CLEAN,	/* table linked before memory has it, where walks are not coherent */
	MODEL_RULE_STREAM_TABLE, /* level-1 stream table descriptor that is reserved */
	MODEL_RULE_COUNT
};

struct model_violation {
	enum model_rule rule;
	uint64_t pa; /* descriptor, or register offset */
	uint64_t old_value, new_value;
	const char *what; /* one line, static */
};

/* What a device does wrong: an invalidation that is lost is consumed, and removes nothing. */
enum model_erratum {
	MODEL_ERRATUM_LOSES_LATE = 1,  /* behind 63 others since the last SYNC */
	MODEL_ERRATUM_LOSES_MIXED = 2, /* behind one with another opcode since the last SYNC */
	MODEL_ERRATUM_LOSES_FIRST = 4, /* unless the same was there between the last SYNC and the one before; not ATC_INV */
};

/* What the device claims to be. Zeroed and then model_config_default() fills the usual values. */
struct model_config {
	bool s1p, s2p; /* IDR0: stages implemented */
	bool ril;      /* IDR3.RIL */
	bool cohacc, hyp, sev, msi, vmid16, httu, ats;
	bool st_level2;		     /* two-level stream tables */
	unsigned bbml;		     /* IDR3.BBML 0..2 */
	unsigned oas_bits;	     /* 32..52; at 52 the 64K granule has 52-bit addresses */
	unsigned sid_bits;	     /* IDR1.SIDSIZE */
	unsigned cmdq_lg2, evtq_lg2; /* IDR1 */
	bool gbpa_abort_at_reset;    /* GBPA.ABORT's reset value */
	uint32_t iidr;
	unsigned errata;       /* enum model_erratum, ored */
	uint64_t seed;	       /* adversary's choices */
	bool gran16k, gran64k; /* IDR5; 4K is always there */
	bool ds;	       /* IDR5.DS: 52-bit addresses with 4K and 16K; needs oas_bits 52 to be of use */
	bool fwb;	       /* IDR3.FWB: S2FWB is legal */
	bool ecmdq;	       /* IDR1.ECMDQ: 2^(nump + numq) queues in control pages, at most 16; IDR6 */
	unsigned ecmdq_lg2nump, ecmdq_lg2numq;
	bool stt;	       /* IDR3.STT: input sizes below 25 bits, and level 3 as start with 4K */
	struct model_memory memory;
	/* Where stores reach memory late: what CPUs have stored, be it in their caches (cache.h) or store buffers only, as
	 * model_observe_store() was told. Stores are judged by it. Gets memory.ctx; NULL: as memory.read. */
	const void *(*peek)(void *ctx, uint64_t pa, size_t bytes);
	void *report_ctx; /* called at once for each violation; may be NULL */
	void (*report)(void *ctx, const struct model_violation *violation);
};

void model_config_default(struct model_config *config);

/** model_new() - a model in its reset state. Return: NULL if memory is short. */
struct model *model_new(const struct model_config *config);
void model_free(struct model *model);

/* Registers: byte offsets into the two 64 KiB pages, and behind them one for each control page. A doorbell write never executes a command. */
uint32_t model_read32(struct model *model, uint32_t offset);
uint64_t model_read64(struct model *model, uint32_t offset);
void model_write32(struct model *model, uint32_t offset, uint32_t value);
void model_write64(struct model *model, uint32_t offset, uint64_t value);

/** model_step() - one micro step: answer a register handshake, or consume or execute one command.
 *
 * Watched addresses are accessed again within the step that could make a difference. A consumed command is
 * executed at a random later step, at the latest when a SYNC waits for it, and without a SYNC perhaps never.
 * Return: false when there is nothing to do: queue empty, disabled, stalled or stopped by an error. */
bool model_step(struct model *model);

/** model_run() - step until there is nothing to do. Return: steps made. */
uint64_t model_run(struct model *model);

enum model_fault { /* event numbers of IHI 0070, Event records; 0 is success */
	MODEL_OK = 0,
	MODEL_ABORT = 1, /* GBPA.ABORT or Config=abort: terminated without an event */
	MODEL_C_BAD_STREAMID = 0x02,
	MODEL_F_STE_FETCH = 0x03,
	MODEL_C_BAD_STE = 0x04,
	MODEL_F_BAD_ATS_TREQ = 0x05,
	MODEL_F_TRANSL_FORBIDDEN = 0x07,
	MODEL_F_WALK_EABT = 0x0b,
	MODEL_F_TRANSLATION = 0x10,
	MODEL_F_ADDR_SIZE = 0x11,
	MODEL_F_ACCESS = 0x12,
	MODEL_F_PERMISSION = 0x13,
	MODEL_F_TLB_CONFLICT = 0x20,
};

struct model_access {
	enum model_fault fault;
	uint64_t pa; /* when fault is MODEL_OK */
	bool device; /* Device memory type */
	bool hit;    /* served by a cached translation (leaf or combined) */
	bool bypass; /* SMMU disabled and GBPA lets it through, or STE bypass */
	int level;   /* of the leaf that translated it: -1 .. 3 */
};

/** model_dma() - a device makes one access of up to 8 bytes within a page. Fills the TLB. */
struct model_access model_dma(struct model *model, uint32_t sid, uint64_t iova, bool write);

/** model_probe() - like model_dma(), but leaves no trace: no fill, no event. Serves from TLB if present. */
struct model_access model_probe(struct model *model, uint32_t sid, uint64_t iova, bool write);

/* The adversary re-accesses watched addresses between any two steps (refills stale caches), without events.
 */
void model_watch(struct model *model, uint32_t sid, uint64_t iova);
void model_unwatch_all(struct model *model);

/* ---- ATS: translations that a device keeps itself -------------------------------------------------------- */

/** model_atc_request() - a device asks for a translation, and keeps it if it gets one. What it has of that page is kept
 * instead. Return: as model_dma(), without an event; MODEL_F_BAD_ATS_TREQ where the stream may not ask. */
struct model_access model_atc_request(struct model *model, uint32_t sid, uint64_t iova, bool write);

/** model_atc_dma() - an access with what the device keeps. Return: MODEL_F_TRANSLATION if that is nothing;
 * MODEL_F_TRANSL_FORBIDDEN or MODEL_ABORT if CR0.ATSCHK is set and the stream's entry does not allow it. */
struct model_access model_atc_dma(struct model *model, uint32_t sid, uint64_t iova, bool write);

/* The device asks again as soon as it has lost this one, between any two steps. */
void model_atc_watch(struct model *model, uint32_t sid, uint64_t iova);
/* The device does not answer ATC_INV, and keeps what it has: the next SYNC says CERROR_ATC_INV_SYNC. Of so many. */
#define MODEL_ATC_MUTE_MAX 64
void model_atc_mute(struct model *model, uint32_t sid);

/** model_observe_store() - the driver has just stored an 8-byte translation descriptor at @pa.
 * Called for each store, in order; the model follows which tables are live and checks the rules. */
void model_observe_store(struct model *model, uint64_t pa, uint64_t old_value, uint64_t new_value);

/* Events, oldest first, are what the driver reads from memory; this counts them by type. */
uint64_t model_event_count(const struct model *model, enum model_fault type);

struct model_counters {
	uint64_t doorbells, commands, tlbi, cfgi, syncs;
	uint64_t interrupts_gerror, interrupts_events; /* on the wire, or written */
	uint64_t wakeups;     /* sent to CPUs that wait for one (IDR0.SEV) */
	uint64_t tlb_fills, tlb_hits, walks;
	uint64_t refills;     /* accesses that the adversary made to watched addresses */
	uint64_t cerrors;     /* command errors raised */
	uint64_t lost;	      /* invalidations, by errata */
	uint64_t atc;	      /* ATC_INV consumed */
	uint64_t events_lost; /* queue full, disabled or not writable */
	uint64_t violations[MODEL_RULE_COUNT];
};
const struct model_counters *model_counters(const struct model *model);
const char *model_rule_name(enum model_rule rule);

/* Fault injection: the command at 64-bit position @position raises CERROR_ @error once. Positions count the
 * commands consumed since model_new(), from 0; setting up the queue again does not restart them. */
void model_inject_cerror(struct model *model, uint64_t position, unsigned error);
/* The same on another queue: 0 is SMMU_CMDQ, and 1 + n the nth of all control pages. */
void model_inject_cerror_on(struct model *model, unsigned queue, uint64_t position, unsigned error);
/* That position, of the command that this queue consumes next. */
uint64_t model_queue_position(const struct model *model, unsigned queue);
/* The command queues, or one of them, stop consuming (a sync that never completes) until called with false. */
void model_stall_commands(struct model *model, bool stall);
void model_stall_queue(struct model *model, unsigned queue, bool stall);
/* MSIs abort until called with false. */
void model_lose_msis(struct model *model, bool lose);
/* Handshakes (CR0ACK, GBPA.UPDATE, IRQ_CTRLACK) are not answered until called with false. */
void model_stall_registers(struct model *model, bool stall);
/* Errors become active in GERROR, as bits of that register (8: SFM, which only a driver acts on). */
void model_raise_gerror(struct model *model, uint32_t bits);

/* The command queue turns itself off: CR0.CMDQEN and CR0ACK.CMDQEN are lost. And one of the control pages: its EN and ENACK. */
void model_stop_queue(struct model *model);
void model_stop_ecmdq(struct model *model, unsigned queue);
/* The SMMU resets itself: registers are as after a reset, commands under way are lost, and caches keep what they
 * hold, as a reset may leave it. */
void model_reset(struct model *model);
/* The SMMU loses its power and gets it back: registers as after a reset, commands under way lost, and of its caches, one by
 * one, all or nothing, as @kept says of the bits of enum model_kept. */
enum model_kept {
	MODEL_KEPT_CONFIGURATION = 1, /* stream table entries and level-1 descriptors */
	MODEL_KEPT_TLB = 2,
};
void model_power_cycle(struct model *model, unsigned kept);
/* CMDQ_CONS reads as @value until called with @forge = false. */
void model_forge_cons(struct model *model, bool forge, uint32_t value);

/* ---- decode.c, walk.c: an independent decoder of raw stage-2 tables, no TLB -------------- */

struct model_leaf {
	uint64_t start, end; /* IPA range of this leaf or of this invalid entry, END exclusive */
	uint64_t pa;	     /* output address of start */
	bool valid, read, write, device, contiguous;
	int level; /* -1 .. 3; leaves: 0 .. 3 */
	uint64_t descriptor_pa, descriptor;
};

/** model_decode_ste() - is the STE legal, and what does it say? Words in CPU order. */
struct model_stage2 {
	bool valid; /* V=1, legal, stage 2 enabled */
	bool nested;
	unsigned granule_lg2, ia_bits, oas_bits;
	int start_level; /* -1 .. 3 */
	bool large;	 /* descriptors hold 52-bit addresses: S2DS, or 64K with an OAS of 52 bits */
	bool ds;	 /* S2DS: no SH in descriptors */
	bool fwb;	 /* S2FWB: how MemAttr reads */
	uint64_t ttb;
	uint16_t vmid;
	bool affd;   /* S2AFFD or S2HA: AF=0 does not fault */
	bool record; /* S2R: stage-2 faults are recorded */
};
struct model_stage2 model_decode_ste(const uint64_t ste[8], const struct model_config *config);

/** model_walk() - the leaf (or invalid entry) that covers @ipa. Return: fault, MODEL_OK if decoded. */
enum model_fault model_walk(const struct model_memory *memory, const struct model_stage2 *stage2,
			    uint64_t ipa, struct model_leaf *leaf);

/** model_walk_all() - every leaf and every invalid entry in ascending order (no gaps: covers 0..2^ia_bits).
 * Stops and returns the fault if a table cannot be read or is malformed. */
enum model_fault model_walk_all(const struct model_memory *memory, const struct model_stage2 *stage2,
				void *ctx, void (*leaf)(void *ctx, const struct model_leaf *leaf));

struct model_table {
	uint64_t start, end; /* IPA range that it translates, END exclusive */
	uint64_t pa;
	unsigned entries; /* of 8 bytes; fewer than a granule's worth only in a small start table */
	int level;	  /* -1 .. 3 */
};

/** model_walk_tables() - every table that a walker can reach, each before those below it; concatenated start
 * tables one by one. Stops and returns the fault if one cannot be read or is malformed. */
enum model_fault model_walk_tables(const struct model_memory *memory, const struct model_stage2 *stage2,
				   void *ctx, void (*table)(void *ctx, const struct model_table *table));

#endif
