/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmd.h - command formats and their builders.
 *
 * Owns: no builder can make a reserved encoding from arguments in range. Called by tlbi.c, target.c,
 * stream.c and smmu.c, which decide what to invalidate; cmdq.c puts commands into the ring.
 * Spec: IHI 0070, Commands.
 */
#ifndef SMMUV3_CMD_H
#define SMMUV3_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/field.h"

struct smmu_cmd {
	uint64_t word[2];
};

_Static_assert(sizeof(struct smmu_cmd) == 16, "IHI 0070: a command is 16 bytes");

#define SMMU_CMD_W0_OPCODE SMMU_BITS(7, 0)

enum smmu_opcode {
	SMMU_OP_CFGI_STE = 0x03,
	SMMU_OP_CFGI_STE_RANGE = 0x04, /* also CFGI_ALL */
	SMMU_OP_TLBI_NH_ALL = 0x10,
	SMMU_OP_TLBI_EL2_ALL = 0x20,
	SMMU_OP_TLBI_S12_VMALL = 0x28,
	SMMU_OP_TLBI_S2_IPA = 0x2a,
	SMMU_OP_TLBI_NSNH_ALL = 0x30,
	SMMU_OP_ATC_INV = 0x40,
	SMMU_OP_SYNC = 0x46,
};

#define SMMU_OP_CFGI_FIRST 0x03
#define SMMU_OP_CFGI_LAST  0x07
#define SMMU_OP_TLBI_FIRST 0x10
#define SMMU_OP_TLBI_LAST  0x30

/* IHI 0070, CMD_CFGI_STE, CMD_CFGI_STE_RANGE */
#define SMMU_CMD_CFGI_W0_SID	SMMU_BITS(63, 32)
#define SMMU_CMD_CFGI_W1_LEAF	SMMU_BITS(0, 0)
#define SMMU_CMD_CFGI_W1_RANGE	SMMU_BITS(4, 0) /* 2^(RANGE + 1) StreamIDs */
#define SMMU_CMD_CFGI_RANGE_ALL 31

/* IHI 0070, CMD_TLBI_S2_IPA, CMD_TLBI_S12_VMALL, CMD_TLBI_NH_ALL */
#define SMMU_CMD_TLBI_W0_VMID  SMMU_BITS(47, 32)
#define SMMU_CMD_TLBI_W0_SCALE SMMU_BITS(25, 20) /* bit 25 only with IDR5.DS */
#define SMMU_CMD_TLBI_W0_NUM   SMMU_BITS(16, 12)
#define SMMU_CMD_TLBI_W1_IPA   SMMU_BITS(55, 12)
#define SMMU_CMD_TLBI_W1_TG    SMMU_BITS(11, 10)
#define SMMU_CMD_TLBI_W1_TTL   SMMU_BITS(9, 8)
#define SMMU_CMD_TLBI_W1_LEAF  SMMU_BITS(0, 0)
#define SMMU_CMD_TLBI_TG_ANY   0 /* not as STE.S2TG counts granules */
#define SMMU_CMD_TLBI_TG_4K    1
#define SMMU_CMD_TLBI_TG_16K   2
#define SMMU_CMD_TLBI_TG_64K   3

/* IHI 0070, CMD_ATC_INV */
#define SMMU_CMD_ATC_W0_SID	SMMU_BITS(63, 32)
#define SMMU_CMD_ATC_W1_ADDRESS SMMU_BITS(63, 12)
#define SMMU_CMD_ATC_W1_SIZE	SMMU_BITS(5, 0) /* 2^SIZE times 4 KiB */
#define SMMU_CMD_ATC_SIZE_ALL	52u

/* IHI 0070, CMD_SYNC */
#define SMMU_CMD_SYNC_W0_CS   SMMU_BITS(13, 12)
#define SMMU_CMD_SYNC_CS_NONE 0
#define SMMU_CMD_SYNC_CS_IRQ  1
#define SMMU_CMD_SYNC_CS_SEV  2
#define SMMU_CMD_SYNC_W0_MSH  SMMU_BITS(23, 22)
#define SMMU_CMD_SYNC_MSH_INNER 3
#define SMMU_CMD_SYNC_W0_MSIATTR SMMU_BITS(27, 24)
#define SMMU_CMD_SYNC_MSIATTR_WB 15 /* normal memory, write-back inside and outside */
#define SMMU_CMD_SYNC_W0_MSIDATA SMMU_BITS(63, 32)
#define SMMU_CMD_SYNC_W1_MSIADDR SMMU_BITS(55, 2)

static inline enum smmu_opcode smmu_cmd_opcode(struct smmu_cmd cmd)
{
	return (enum smmu_opcode)field_get(SMMU_CMD_W0_OPCODE, cmd.word[0]);
}

static inline bool smmu_cmd_is_tlbi(struct smmu_cmd cmd)
{
	unsigned opcode = smmu_cmd_opcode(cmd);

	return opcode >= SMMU_OP_TLBI_FIRST && opcode <= SMMU_OP_TLBI_LAST;
}

static inline bool smmu_cmd_is_cfgi(struct smmu_cmd cmd)
{
	unsigned opcode = smmu_cmd_opcode(cmd);

	return opcode >= SMMU_OP_CFGI_FIRST && opcode <= SMMU_OP_CFGI_LAST;
}

static inline bool smmu_cmd_is_sync(struct smmu_cmd cmd)
{
	return smmu_cmd_opcode(cmd) == SMMU_OP_SYNC;
}

static inline bool smmu_cmd_is_atc(struct smmu_cmd cmd)
{
	return smmu_cmd_opcode(cmd) == SMMU_OP_ATC_INV;
}

static inline struct smmu_cmd smmu_cmd_words(uint64_t word0, uint64_t word1)
{
	return (struct smmu_cmd){ .word = { word0, word1 } };
}

static inline struct smmu_cmd smmu_cmd_of_vmid(enum smmu_opcode opcode, uint16_t vmid)
{
	return smmu_cmd_words(
		field_prep(SMMU_CMD_W0_OPCODE, opcode) | field_prep(SMMU_CMD_TLBI_W0_VMID, vmid), 0);
}

/* Stage-2 entries of the page at @ipa, of any granule and level: TG = 0, no range and no hint. */
static inline struct smmu_cmd smmu_cmd_tlbi_s2_ipa(uint16_t vmid, uint64_t ipa, bool leaf)
{
	struct smmu_cmd cmd = smmu_cmd_of_vmid(SMMU_OP_TLBI_S2_IPA, vmid);

	shadow_assert((ipa & ~SMMU_CMD_TLBI_W1_IPA) == 0);
	cmd.word[1] = ipa | field_prep(SMMU_CMD_TLBI_W1_TG, SMMU_CMD_TLBI_TG_ANY) |
		      field_prep(SMMU_CMD_TLBI_W1_LEAF, leaf);
	return cmd;
}

/* TG of a table with this granule: 12, 14 or 16. */
static inline uint8_t smmu_cmd_tlbi_tg(unsigned granule_lg2)
{
	shadow_assert(granule_lg2 == 12 || granule_lg2 == 14 || granule_lg2 == 16);
	return (uint8_t)(granule_lg2 == 12 ? SMMU_CMD_TLBI_TG_4K :
			 granule_lg2 == 14 ? SMMU_CMD_TLBI_TG_16K :
					     SMMU_CMD_TLBI_TG_64K);
}

/* Bytes ipa .. ipa + (num + 1) * 2^scale granules. Needs IDR3.RIL. */
struct smmu_tlbi_range {
	uint64_t ipa;  /* aligned to the entries of level ttl, else to the granule */
	uint8_t num;   /* 0 .. 31 */
	uint8_t scale; /* 0 .. 31; .. 39 with IDR5.DS */
	uint8_t tg;    /* smmu_cmd_tlbi_tg(); what a table of another granule left may stay */
	uint8_t ttl;   /* level of all leaves to go, 1 with 16 KiB only if the table has such; 0: any level */
	bool leaf;     /* cached table pointers may stay */
};

/* num = scale = ttl = 0 is reserved: one page of unknown level is for smmu_cmd_tlbi_s2_ipa(). */
static inline struct smmu_cmd smmu_cmd_tlbi_s2_range(uint16_t vmid, struct smmu_tlbi_range range)
{
	struct smmu_cmd cmd = smmu_cmd_of_vmid(SMMU_OP_TLBI_S2_IPA, vmid);

	shadow_assert((range.ipa & ~SMMU_CMD_TLBI_W1_IPA) == 0);
	shadow_assert(range.tg != SMMU_CMD_TLBI_TG_ANY && range.scale <= 39);
	shadow_assert(range.num != 0 || range.scale != 0 || range.ttl != 0);
	cmd.word[0] |=
		field_prep(SMMU_CMD_TLBI_W0_NUM, range.num) | field_prep(SMMU_CMD_TLBI_W0_SCALE, range.scale);
	cmd.word[1] = range.ipa | field_prep(SMMU_CMD_TLBI_W1_TG, range.tg) |
		      field_prep(SMMU_CMD_TLBI_W1_TTL, range.ttl) |
		      field_prep(SMMU_CMD_TLBI_W1_LEAF, range.leaf);
	return cmd;
}

/* All stage-1 and stage-2 entries of a VMID. */
static inline struct smmu_cmd smmu_cmd_tlbi_s12_vmall(uint16_t vmid)
{
	return smmu_cmd_of_vmid(SMMU_OP_TLBI_S12_VMALL, vmid);
}

/* All stage-1 and combined entries of a VMID. Needs IDR0.S1P. */
static inline struct smmu_cmd smmu_cmd_tlbi_nh_all(uint16_t vmid)
{
	return smmu_cmd_of_vmid(SMMU_OP_TLBI_NH_ALL, vmid);
}

/* Every entry that is neither Secure nor EL2's. Legal on every SMMU. */
static inline struct smmu_cmd smmu_cmd_tlbi_nsnh_all(void)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_TLBI_NSNH_ALL), 0);
}

/* Every entry of EL2. Needs IDR0.HYP. */
static inline struct smmu_cmd smmu_cmd_tlbi_el2_all(void)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_TLBI_EL2_ALL), 0);
}

/* What the device of a stream keeps of 2^size_lg2 times 4 KiB at @address, which is aligned to that, whatever it was
 * asked for with; all of it with SMMU_CMD_ATC_SIZE_ALL. Needs IDR0.ATS. */
static inline struct smmu_cmd smmu_cmd_atc_inv(uint32_t sid, uint64_t address, unsigned size_lg2)
{
	shadow_assert(size_lg2 <= SMMU_CMD_ATC_SIZE_ALL);
	shadow_assert((address & ~SMMU_CMD_ATC_W1_ADDRESS) == 0);
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_ATC_INV) |
				      field_prep(SMMU_CMD_ATC_W0_SID, sid),
			      address | field_prep(SMMU_CMD_ATC_W1_SIZE, size_lg2));
}

/* The cached configuration of one stream. @leaf: a cached level-1 descriptor may stay. */
static inline struct smmu_cmd smmu_cmd_cfgi_ste(uint32_t sid, bool leaf)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_CFGI_STE) |
				      field_prep(SMMU_CMD_CFGI_W0_SID, sid),
			      field_prep(SMMU_CMD_CFGI_W1_LEAF, leaf));
}

/* The 2^lg2 streams around @sid; lg2 is 1 .. 31. */
static inline struct smmu_cmd smmu_cmd_cfgi_ste_range(uint32_t sid, unsigned lg2)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_CFGI_STE_RANGE) |
				      field_prep(SMMU_CMD_CFGI_W0_SID, sid),
			      field_prep(SMMU_CMD_CFGI_W1_RANGE, lg2 - 1));
}

static inline struct smmu_cmd smmu_cmd_cfgi_all(void)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_CFGI_STE_RANGE),
			      field_prep(SMMU_CMD_CFGI_W1_RANGE, SMMU_CMD_CFGI_RANGE_ALL));
}

/* Completes when every command before it has; completion shows in CONS alone. */
static inline struct smmu_cmd smmu_cmd_sync(void)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_SYNC) |
				      field_prep(SMMU_CMD_SYNC_W0_CS, SMMU_CMD_SYNC_CS_NONE),
			      0);
}

/* Its completion also wakes CPUs that wait for an event. Needs IDR0.SEV to be of use. */
static inline struct smmu_cmd smmu_cmd_sync_event(void)
{
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_SYNC) |
				      field_prep(SMMU_CMD_SYNC_W0_CS, SMMU_CMD_SYNC_CS_SEV),
			      0);
}

/* Its completion also writes MSIDATA, 0 here, to 4 bytes of cacheable memory. Needs IDR0.MSI. */
static inline struct smmu_cmd smmu_cmd_sync_msi(uint64_t pa)
{
	shadow_assert(pa != 0 && (pa & ~SMMU_CMD_SYNC_W1_MSIADDR) == 0);
	return smmu_cmd_words(field_prep(SMMU_CMD_W0_OPCODE, SMMU_OP_SYNC) |
				      field_prep(SMMU_CMD_SYNC_W0_CS, SMMU_CMD_SYNC_CS_IRQ) |
				      field_prep(SMMU_CMD_SYNC_W0_MSH, SMMU_CMD_SYNC_MSH_INNER) |
				      field_prep(SMMU_CMD_SYNC_W0_MSIATTR, SMMU_CMD_SYNC_MSIATTR_WB),
			      pa);
}

#endif
