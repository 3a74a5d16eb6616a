/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ste.h - stream table entries: abort, stage 2 only, and stage 1 of the host nested in our stage 2.
 *
 * Owns: whatever stage-1 words the host gives, an entry made here translates through our stage 2,
 * gives the device no ATS (it could keep physical addresses) and never stalls at stage 2.
 * Field names carry their 64-bit word. Called by target.c; stream.c puts entries into the table.
 * Spec: IHI 0070, Stream Table Entry.
 */
#ifndef SMMUV3_STE_H
#define SMMUV3_STE_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/field.h"

#define SMMU_STE_WORDS 8

struct smmu_ste {
	uint64_t word[SMMU_STE_WORDS];
};

_Static_assert(sizeof(struct smmu_ste) == 64, "IHI 0070: a stream table entry is 64 bytes");

#define SMMU_STE_W0_S1CDMAX	 SMMU_BITS(63, 59)
#define SMMU_STE_W0_S1CONTEXTPTR SMMU_BITS(55, 6)
#define SMMU_STE_W0_S1FMT	 SMMU_BITS(5, 4)
#define SMMU_STE_W0_CONFIG	 SMMU_BITS(3, 1)
#define SMMU_STE_W0_V		 SMMU_BITS(0, 0)
#define SMMU_STE_CONFIG_ABORT	 0
#define SMMU_STE_CONFIG_S2	 6
#define SMMU_STE_CONFIG_NESTED	 7

#define SMMU_STE_W1_SHCFG	SMMU_BITS(45, 44)
#define SMMU_STE_W1_STRW	SMMU_BITS(31, 30)
#define SMMU_STE_W1_EATS	SMMU_BITS(29, 28)
#define SMMU_STE_W1_S1STALLD	SMMU_BITS(27, 27)
#define SMMU_STE_W1_S1CSH	SMMU_BITS(7, 6)
#define SMMU_STE_W1_S1COR	SMMU_BITS(5, 4)
#define SMMU_STE_W1_S1CIR	SMMU_BITS(3, 2)
#define SMMU_STE_W1_S1DSS	SMMU_BITS(1, 0)
#define SMMU_STE_SHCFG_INCOMING 1
#define SMMU_STE_STRW_NSEL1	0
#define SMMU_STE_EATS_NONE	0

#define SMMU_STE_W2_S2R	     SMMU_BITS(58, 58)
#define SMMU_STE_W2_S2S	     SMMU_BITS(57, 57)
#define SMMU_STE_W2_S2PTW    SMMU_BITS(54, 54)
#define SMMU_STE_W2_S2AFFD   SMMU_BITS(53, 53)
#define SMMU_STE_W2_S2ENDI   SMMU_BITS(52, 52)
#define SMMU_STE_W2_S2AA64   SMMU_BITS(51, 51)
#define SMMU_STE_W2_S2PS     SMMU_BITS(50, 48)
#define SMMU_STE_W2_S2TG     SMMU_BITS(47, 46)
#define SMMU_STE_W2_S2SH0    SMMU_BITS(45, 44)
#define SMMU_STE_W2_S2OR0    SMMU_BITS(43, 42)
#define SMMU_STE_W2_S2IR0    SMMU_BITS(41, 40)
#define SMMU_STE_W2_S2SL0    SMMU_BITS(39, 38)
#define SMMU_STE_W2_S2T0SZ   SMMU_BITS(37, 32)
#define SMMU_STE_W2_S2VMID   SMMU_BITS(15, 0)
#define SMMU_STE_S2TG_4K     0 /* not as a TLBI's TG counts granules */
#define SMMU_STE_S2SH0_INNER 3
#define SMMU_STE_S2RGN_WBWA  1

#define SMMU_STE_W3_S2TTB SMMU_BITS(55, 4)

/* What a nested entry takes from the host: nothing that touches stage 2, ATS or the stream world. */
#define SMMU_STE_W0_HOST (SMMU_STE_W0_S1CDMAX | SMMU_STE_W0_S1CONTEXTPTR | SMMU_STE_W0_S1FMT)
#define SMMU_STE_W1_HOST \
	(SMMU_STE_W1_S1STALLD | SMMU_STE_W1_S1CSH | SMMU_STE_W1_S1COR | SMMU_STE_W1_S1CIR | SMMU_STE_W1_S1DSS)

/* One stage-2 table: 4 KiB granule, coherent walks. */
struct smmu_stage2 {
	uint64_t ttb;	      /* physical, aligned to all the start tables together */
	unsigned ia_bits;     /* 16 .. 48 */
	unsigned start_level; /* 0, 1 or 2 */
	unsigned ps;	      /* physical size, encoded as IDR5.OAS: 0 .. 5 */
	uint16_t vmid;	      /* below 256 unless IDR0.VMID16 */
};

/* The host's stage 1 for a nested stream: words 0 and 1 of the entry that it asks for. */
struct smmu_stage1 {
	uint64_t word[2];
};

/* IDR5.OAS and S2PS: how many address bits an encoding stands for; 0 if it is reserved. */
static inline unsigned smmu_oas_bits(unsigned oas)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return oas < sizeof(bits) ? bits[oas] : 0;
}

/* V = 1, Config = abort: every transaction is terminated, without an event. */
static inline struct smmu_ste smmu_ste_abort(void)
{
	struct smmu_ste ste = { .word = { 0 } };

	ste.word[0] = field_prep(SMMU_STE_W0_V, 1) | field_prep(SMMU_STE_W0_CONFIG, SMMU_STE_CONFIG_ABORT);
	return ste;
}

static inline struct smmu_ste smmu_ste_s2(struct smmu_stage2 stage2)
{
	struct smmu_ste ste = { .word = { 0 } };

	shadow_assert((stage2.ttb & ~SMMU_STE_W3_S2TTB) == 0);
	shadow_assert(stage2.start_level <= 2);
	ste.word[0] = field_prep(SMMU_STE_W0_V, 1) | field_prep(SMMU_STE_W0_CONFIG, SMMU_STE_CONFIG_S2);
	ste.word[1] = field_prep(SMMU_STE_W1_SHCFG, SMMU_STE_SHCFG_INCOMING) |
		      field_prep(SMMU_STE_W1_STRW, SMMU_STE_STRW_NSEL1) |
		      field_prep(SMMU_STE_W1_EATS, SMMU_STE_EATS_NONE);
	ste.word[2] = field_prep(SMMU_STE_W2_S2VMID, stage2.vmid) |
		      field_prep(SMMU_STE_W2_S2T0SZ, 64 - stage2.ia_bits) |
		      field_prep(SMMU_STE_W2_S2SL0, 2 - stage2.start_level) |
		      field_prep(SMMU_STE_W2_S2IR0, SMMU_STE_S2RGN_WBWA) |
		      field_prep(SMMU_STE_W2_S2OR0, SMMU_STE_S2RGN_WBWA) |
		      field_prep(SMMU_STE_W2_S2SH0, SMMU_STE_S2SH0_INNER) |
		      field_prep(SMMU_STE_W2_S2TG, SMMU_STE_S2TG_4K) |
		      field_prep(SMMU_STE_W2_S2PS, stage2.ps) | field_prep(SMMU_STE_W2_S2AA64, 1) |
		      field_prep(SMMU_STE_W2_S2ENDI, 0) | field_prep(SMMU_STE_W2_S2AFFD, 1) |
		      field_prep(SMMU_STE_W2_S2PTW, 1) | field_prep(SMMU_STE_W2_S2S, 0) |
		      field_prep(SMMU_STE_W2_S2R, 1);
	ste.word[3] = stage2.ttb;
	return ste;
}

static inline struct smmu_ste smmu_ste_nested(struct smmu_stage2 stage2, struct smmu_stage1 stage1)
{
	struct smmu_ste ste = smmu_ste_s2(stage2);

	ste.word[0] = (stage1.word[0] & SMMU_STE_W0_HOST) |
		      field_prep(SMMU_STE_W0_CONFIG, SMMU_STE_CONFIG_NESTED) | field_prep(SMMU_STE_W0_V, 1);
	ste.word[1] |= stage1.word[1] & SMMU_STE_W1_HOST;
	return ste;
}

#endif
