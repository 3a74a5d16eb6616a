/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ste.h - stream table entries: abort, stage 2 only, and stage 1 of the host nested in our stage 2; and what leads to
 * them where the table has two levels.
 *
 * Owns: whatever stage-1 words the host gives, an entry made here translates through our stage 2,
 * gives the device no ATS (it could keep physical addresses) unless the caller does, and never stalls at stage 2.
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
#define SMMU_STE_W1_S2FWB	SMMU_BITS(25, 25) /* needs IDR3.FWB */
#define SMMU_STE_W1_S1CSH	SMMU_BITS(7, 6)
#define SMMU_STE_W1_S1COR	SMMU_BITS(5, 4)
#define SMMU_STE_W1_S1CIR	SMMU_BITS(3, 2)
#define SMMU_STE_W1_S1DSS	SMMU_BITS(1, 0)
#define SMMU_STE_SHCFG_INCOMING 1
#define SMMU_STE_STRW_NSEL1	0
#define SMMU_STE_EATS_NONE	0
#define SMMU_STE_EATS_FULL	1 /* needs IDR0.ATS, and S2S = 0 */

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
#define SMMU_STE_S2TG_64K    1
#define SMMU_STE_S2TG_16K    2
#define SMMU_STE_S2SH0_INNER 3
#define SMMU_STE_S2RGN_NC    0
#define SMMU_STE_S2RGN_WBWA  1

#define SMMU_STE_W3_S2TTB    SMMU_BITS(51, 4)
#define SMMU_STE_W3_S2DS     SMMU_BITS(3, 3) /* needs IDR5.DS */
#define SMMU_STE_W3_S2SL0_2  SMMU_BITS(2, 2) /* needs S2DS */
#define SMMU_STE_S2TTB_ALIGN 64

/* What a nested entry takes from the host: nothing that touches stage 2, ATS or the stream world. */
#define SMMU_STE_W0_HOST (SMMU_STE_W0_S1CDMAX | SMMU_STE_W0_S1CONTEXTPTR | SMMU_STE_W0_S1FMT)
#define SMMU_STE_W1_HOST \
	(SMMU_STE_W1_S1STALLD | SMMU_STE_W1_S1CSH | SMMU_STE_W1_S1COR | SMMU_STE_W1_S1CIR | SMMU_STE_W1_S1DSS)

/* One stage-2 table. Size and start level are a pair that its granule has. */
struct smmu_stage2 {
	uint64_t ttb;	      /* physical, aligned to all the start tables together, to 64 at least */
	unsigned granule_lg2; /* 12, 14 or 16 */
	unsigned ia_bits;     /* 16 .. 48; .. 52 with ds or 64 KiB */
	int start_level;      /* Arm's: 3 .. 0, and -1 with ds and 4 KiB */
	unsigned ps;	      /* physical size, encoded as IDR5.OAS: 0 .. 5; 6 with ds or 64 KiB */
	uint16_t vmid;	      /* below 256 unless IDR0.VMID16 */
	bool fwb;	      /* its leaves say so: MemAttr as IDR3.FWB has it */
	bool ds;	      /* 4 KiB or 16 KiB in the format for 52 bits */
	bool coherent;	      /* walks look into caches */
	bool ats;	      /* the device may ask for translations and keep them */
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

/* IHI 0070, Level 1 Stream Table Descriptor: 0 leads nowhere, and then every transaction is terminated. */
#define SMMU_L1STD_L2PTR SMMU_BITS(55, 6)
#define SMMU_L1STD_SPAN	 SMMU_BITS(4, 0) /* n: a table of 2^(n - 1) entries, aligned to its size */

/* A whole table of 2^@split entries at @pa. */
static inline uint64_t smmu_l1std(uint64_t pa, unsigned split)
{
	shadow_assert((pa & ~SMMU_L1STD_L2PTR) == 0 && pa % (UINT64_C(64) << split) == 0);
	return pa | field_prep(SMMU_L1STD_SPAN, split + 1);
}

/* V = 1, Config = abort: every transaction is terminated, without an event. */
static inline struct smmu_ste smmu_ste_abort(void)
{
	struct smmu_ste ste = { .word = { 0 } };

	ste.word[0] = field_prep(SMMU_STE_W0_V, 1) | field_prep(SMMU_STE_W0_CONFIG, SMMU_STE_CONFIG_ABORT);
	return ste;
}

/* S2TG of a table with this granule: 12, 14 or 16. */
static inline unsigned smmu_ste_tg(unsigned granule_lg2)
{
	shadow_assert(granule_lg2 == 12 || granule_lg2 == 14 || granule_lg2 == 16);
	return granule_lg2 == 12 ? SMMU_STE_S2TG_4K :
	       granule_lg2 == 14 ? SMMU_STE_S2TG_16K :
				   SMMU_STE_S2TG_64K;
}

/* S2SL0_2 and S2SL0 together: levels counted upwards, from level 2 with 4 KiB, which has 3 as the one left
 * over; from level 3 with the others. */
static inline unsigned smmu_ste_start(struct smmu_stage2 stage2)
{
	if (stage2.granule_lg2 != 12) {
		shadow_assert(stage2.start_level <= 3 && stage2.start_level >= (stage2.ds ? 0 : 1));
		return (unsigned)(3 - stage2.start_level);
	}
	shadow_assert(stage2.start_level <= 3 && stage2.start_level >= (stage2.ds ? -1 : 0));
	return stage2.start_level == 3	? 3 :
	       stage2.start_level == -1 ? 4 :
					  (unsigned)(2 - stage2.start_level);
}

static inline struct smmu_ste smmu_ste_s2(struct smmu_stage2 stage2)
{
	unsigned region = stage2.coherent ? SMMU_STE_S2RGN_WBWA : SMMU_STE_S2RGN_NC;
	bool large = stage2.ds || stage2.granule_lg2 == 16;
	unsigned start = smmu_ste_start(stage2);
	struct smmu_ste ste = { .word = { 0 } };

	shadow_assert((stage2.ttb & ~SMMU_STE_W3_S2TTB) == 0 && stage2.ttb % SMMU_STE_S2TTB_ALIGN == 0);
	shadow_assert(!stage2.ds || stage2.granule_lg2 != 16);
	shadow_assert(stage2.ia_bits >= 16 && stage2.ia_bits <= (large ? 52 : 48));
	shadow_assert(stage2.ps <= (large ? 6 : 5));
	ste.word[0] = field_prep(SMMU_STE_W0_V, 1) | field_prep(SMMU_STE_W0_CONFIG, SMMU_STE_CONFIG_S2);
	ste.word[1] = field_prep(SMMU_STE_W1_SHCFG, SMMU_STE_SHCFG_INCOMING) |
		      field_prep(SMMU_STE_W1_STRW, SMMU_STE_STRW_NSEL1) |
		      field_prep(SMMU_STE_W1_EATS, stage2.ats ? SMMU_STE_EATS_FULL : SMMU_STE_EATS_NONE) |
		      field_prep(SMMU_STE_W1_S2FWB, stage2.fwb);
	/* S2SH0 is for cacheable walks, and with S2DS for what the leaves map; other walks are outer
	 * shareable. */
	ste.word[2] = field_prep(SMMU_STE_W2_S2VMID, stage2.vmid) |
		      field_prep(SMMU_STE_W2_S2T0SZ, 64 - stage2.ia_bits) |
		      field_prep(SMMU_STE_W2_S2SL0, start & 3) | field_prep(SMMU_STE_W2_S2IR0, region) |
		      field_prep(SMMU_STE_W2_S2OR0, region) |
		      field_prep(SMMU_STE_W2_S2SH0, SMMU_STE_S2SH0_INNER) |
		      field_prep(SMMU_STE_W2_S2TG, smmu_ste_tg(stage2.granule_lg2)) |
		      field_prep(SMMU_STE_W2_S2PS, stage2.ps) | field_prep(SMMU_STE_W2_S2AA64, 1) |
		      field_prep(SMMU_STE_W2_S2ENDI, 0) | field_prep(SMMU_STE_W2_S2AFFD, 1) |
		      field_prep(SMMU_STE_W2_S2PTW, 1) | field_prep(SMMU_STE_W2_S2S, 0) |
		      field_prep(SMMU_STE_W2_S2R, 1);
	ste.word[3] = stage2.ttb | field_prep(SMMU_STE_W3_S2DS, stage2.ds) |
		      field_prep(SMMU_STE_W3_S2SL0_2, start >> 2);
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
