/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * command.c - decodes commands as strictly as the architecture allows an SMMU to.
 *
 * Pure. Everything reserved is CERROR_ILL: unknown opcodes, commands for a stage that is not there, any
 * RES0 bit, the reserved range encodings, a range that does not start where its TTL demands.
 * Owns: an invalidation's reach is exactly what its command guarantees.
 * Spec: IHI 0070, Commands; TLB invalidation; Range-based invalidation and level hint.
 */
#include "command.h"

#include "bits.h"
#include "decode.h"

enum opcode {
	OP_PREFETCH_CONFIG = 0x01,
	OP_PREFETCH_ADDR = 0x02,
	OP_CFGI_STE = 0x03,
	OP_CFGI_STE_RANGE = 0x04,
	OP_CFGI_CD = 0x05,
	OP_CFGI_CD_ALL = 0x06,
	OP_TLBI_NH_ALL = 0x10,
	OP_TLBI_NH_ASID = 0x11,
	OP_TLBI_NH_VA = 0x12,
	OP_TLBI_NH_VAA = 0x13,
	OP_TLBI_EL2_ALL = 0x20,
	OP_TLBI_EL2_ASID = 0x21,
	OP_TLBI_EL2_VA = 0x22,
	OP_TLBI_EL2_VAA = 0x23,
	OP_TLBI_S12_VMALL = 0x28,
	OP_TLBI_S2_IPA = 0x2a,
	OP_TLBI_NSNH_ALL = 0x30,
	OP_ATC_INV = 0x40,
	OP_SYNC = 0x46,
};

enum need {
	NEED_NOTHING,
	NEED_S1P,
	NEED_S2P,
	NEED_HYP,
	NEED_ATS
};

/* Fields, as masks of one word. */
#define M(high, low) ((~UINT64_C(0) >> (63 - (high))) & (~UINT64_C(0) << (low)))
#define OPCODE	     M(7, 0)
#define SUBSTREAM    (M(11, 11) | M(31, 12)) /* SSV, SubstreamID */
#define SID	     M(63, 32)
#define VMID	     M(47, 32)
#define ASID	     M(63, 48)
#define RANGE	     (M(16, 12) | M(24, 20)) /* NUM, SCALE */
#define RANGE_DS     M(25, 25)		     /* one more bit of SCALE, with IDR5.DS */
#define LEVEL_HINT   (M(9, 8) | M(11, 10))   /* TTL, TG */
#define LEAF	     M(0, 0)
#define VA	     M(63, 12)
#define IPA	     M(51, 12)

/* Every opcode that this SMMU may know, what it needs, and which bits may be set in it. */
static const struct shape {
	uint8_t opcode;
	uint8_t need;
	uint64_t allowed[2];
} shapes[] = {
	{ OP_PREFETCH_CONFIG, NEED_NOTHING, { OPCODE | SUBSTREAM | SID, 0 } },
	{ OP_PREFETCH_ADDR, NEED_NOTHING, { OPCODE | SUBSTREAM | SID, VA | M(9, 0) } },
	{ OP_CFGI_STE, NEED_NOTHING, { OPCODE | SID, LEAF } },
	{ OP_CFGI_STE_RANGE, NEED_NOTHING, { OPCODE | SID, M(4, 0) } },
	{ OP_CFGI_CD, NEED_S1P, { OPCODE | M(31, 12) | SID, LEAF } },
	{ OP_CFGI_CD_ALL, NEED_S1P, { OPCODE | SID, 0 } },
	{ OP_TLBI_NH_ALL, NEED_S1P, { OPCODE | VMID, 0 } },
	{ OP_TLBI_NH_ASID, NEED_S1P, { OPCODE | VMID | ASID, 0 } },
	{ OP_TLBI_NH_VA, NEED_S1P, { OPCODE | RANGE | VMID | ASID, LEAF | LEVEL_HINT | VA } },
	{ OP_TLBI_NH_VAA, NEED_S1P, { OPCODE | RANGE | VMID, LEAF | LEVEL_HINT | VA } },
	{ OP_TLBI_EL2_ALL, NEED_HYP, { OPCODE, 0 } },
	{ OP_TLBI_EL2_ASID, NEED_HYP, { OPCODE | ASID, 0 } },
	{ OP_TLBI_EL2_VA, NEED_HYP, { OPCODE | RANGE | ASID, LEAF | LEVEL_HINT | VA } },
	{ OP_TLBI_EL2_VAA, NEED_HYP, { OPCODE | RANGE, LEAF | LEVEL_HINT | VA } },
	{ OP_TLBI_S12_VMALL, NEED_S2P, { OPCODE | VMID, 0 } },
	{ OP_TLBI_S2_IPA, NEED_S2P, { OPCODE | RANGE | VMID, LEAF | LEVEL_HINT | IPA } },
	{ OP_TLBI_NSNH_ALL, NEED_NOTHING, { OPCODE, 0 } },
	{ OP_ATC_INV, NEED_ATS, { OPCODE | M(9, 9) | SUBSTREAM | SID, M(5, 0) | VA } },
	{ OP_SYNC, NEED_NOTHING, { OPCODE | M(13, 12) | M(23, 22) | M(27, 24) | M(63, 32), M(55, 2) } },
};

static const struct shape *shape_find(unsigned opcode)
{
	unsigned index;

	for (index = 0; index < sizeof(shapes) / sizeof(shapes[0]); index++) {
		if (shapes[index].opcode == opcode)
			return &shapes[index];
	}
	return NULL;
}

static bool need_met(enum need need, const struct model_config *config)
{
	switch (need) {
	case NEED_S1P:
		return config->s1p;
	case NEED_S2P:
		return config->s2p;
	case NEED_HYP:
		return config->hyp;
	case NEED_ATS:
		return config->ats;
	default:
		return true;
	}
}

enum {
	SCALE_MAX = 39
};

/* The address and level part that NH_VA, NH_VAA, EL2_VA, EL2_VAA and S2_IPA share. Return: what is wrong. */
static const char *range_decode(const uint64_t word[2], const struct model_config *config,
				struct invalidation *tlbi)
{
	unsigned num = bits_get(word[0], 16, 12), scale = bits_get(word[0], config->ds ? 25 : 24, 20);
	unsigned ttl = bits_get(word[1], 9, 8), tg = bits_get(word[1], 11, 10);
	bool leaf = bit_get(word[1], 0);
	unsigned granule_lg2 = 10 + 2 * tg;
	uint64_t address = word[1] & VA, span;

	if (!config->ril && (num || scale || ttl || tg))
		return "range fields without IDR3.RIL";
	tlbi->first = address;
	if (!tg) {
		if (num || scale || ttl)
			return "NUM, SCALE or TTL with TG=0";
		tlbi->last = address;
		tlbi->granules = GRANULE_ANY;
		tlbi->leaf_levels = LEVELS_ALL;
		tlbi->table_levels = leaf ? 0 : LEVELS_TABLES;
		return NULL;
	}
	if (scale > SCALE_MAX)
		scale = SCALE_MAX;
	if (tg == 2 && ttl == 1 && !config->ds)
		ttl = 0; /* 16K has no level-1 blocks without DS */
	if (!num && !scale && !ttl)
		return "one granule of unknown level: reserved with TG!=0";
	if (address & (bits_put(1, ttl ? granule_lg2 + (3 - ttl) * (granule_lg2 - 3) : granule_lg2) - 1))
		return "address not aligned to the level that TTL names";
	span = bits_put(num + UINT64_C(1), scale + granule_lg2);
	tlbi->last = address + span - 1 < address ? ~UINT64_C(0) : address + span - 1;
	tlbi->granules = tg == 1 ? GRANULE_4K : tg == 2 ? GRANULE_16K : GRANULE_64K;
	tlbi->leaf_levels = ttl ? LEVEL_BIT(ttl) : LEVELS_ALL;
	tlbi->table_levels = leaf ? 0 : ttl ? LEVEL_BIT(ttl) - 1 : LEVELS_TABLES;
	return NULL;
}

static const char *sync_decode(const uint64_t word[2], const struct model_config *config,
			       struct command *command)
{
	unsigned signal = bits_get(word[0], 13, 12);

	command->kind = COMMAND_SYNC;
	if (signal == 3)
		return "SYNC with CS=3";
	command->msi_address = word[1] & M(55, 2);
	command->msi_data = bits_get(word[0], 63, 32);
	if (!config->msi && (word[0] & (M(23, 22) | M(27, 24) | M(63, 32)) || word[1]))
		return "SYNC with an MSI but no IDR0.MSI";
	command->msi = signal == 1 && command->msi_address;
	command->event = signal == 2;
	return NULL;
}

static void cfgi_decode(const uint64_t word[2], struct command *command, bool range)
{
	uint64_t sid = bits_get(word[0], 63, 32);
	uint64_t count = range ? UINT64_C(2) << bits_get(word[1], 4, 0) : 1;

	command->kind = COMMAND_CFGI;
	command->cfgi_level1 = range || !bit_get(word[1], 0);
	command->sid_first = sid & ~(count - 1);
	command->sid_last = command->sid_first + count - 1;
}

/* Without a SubstreamID: every entry of the stream, whatever it was asked for with. */
static const char *atc_decode(const uint64_t word[2], struct command *command)
{
	unsigned size = bits_get(word[1], 5, 0);
	uint64_t address = word[1] & VA;

	if (size > 52)
		return "ATC_INV of more than everything";
	if (word[0] & (SUBSTREAM | M(9, 9)))
		return NULL; /* one substream, and there are none */
	command->kind = COMMAND_ATC;
	command->sid_first = command->sid_last = bits_get(word[0], 63, 32);
	command->atc_first = size == 52 ? 0 : address & ~(bits_put(1, size + 12) - 1);
	command->atc_last = size == 52 ? ~UINT64_C(0) : command->atc_first + bits_put(1, size + 12) - 1;
	return NULL;
}

static const char *operands_decode(const struct shape *shape, const uint64_t word[2],
				   const struct model_config *config, struct command *command)
{
	struct invalidation *tlbi = &command->tlbi;
	uint64_t range_ds = config->ds && (shape->allowed[0] & RANGE) == RANGE ? RANGE_DS : 0;

	command->is_tlbi_opcode = shape->opcode >= OP_TLBI_NH_ALL && shape->opcode <= OP_TLBI_NSNH_ALL;
	tlbi->vmid = bits_get(word[0], 47, 32);
	if (word[0] & ~(shape->allowed[0] | range_ds) || word[1] & ~shape->allowed[1])
		return "reserved bits set";
	if (shape->allowed[0] & VMID && command->is_tlbi_opcode) {
		if (!config->s2p && tlbi->vmid)
			return "VMID without stage 2";
		if (!config->vmid16 && tlbi->vmid > 0xff)
			return "16-bit VMID without IDR0.VMID16";
	}
	switch (shape->opcode) {
	case OP_CFGI_STE:
	case OP_CFGI_STE_RANGE:
		cfgi_decode(word, command, shape->opcode == OP_CFGI_STE_RANGE);
		return NULL;
	case OP_TLBI_NH_ALL:
		command->kind = COMMAND_TLBI;
		tlbi->combined = tlbi->everything = true;
		return NULL;
	case OP_TLBI_NH_VA:
	case OP_TLBI_NH_VAA:
		command->kind = COMMAND_TLBI;
		tlbi->combined = true;
		return range_decode(word, config, tlbi);
	case OP_TLBI_EL2_VA:
	case OP_TLBI_EL2_VAA:
		return range_decode(word, config, tlbi);
	case OP_TLBI_S12_VMALL:
		command->kind = COMMAND_TLBI;
		tlbi->combined = tlbi->stage2 = tlbi->everything = true;
		return NULL;
	case OP_TLBI_S2_IPA:
		command->kind = COMMAND_TLBI;
		tlbi->stage2 = true;
		return range_decode(word, config, tlbi);
	case OP_TLBI_NSNH_ALL:
		command->kind = COMMAND_TLBI;
		tlbi->combined = tlbi->stage2 = tlbi->everything = tlbi->vmid_any = true;
		return NULL;
	case OP_ATC_INV:
		return atc_decode(word, command);
	case OP_SYNC:
		return sync_decode(word, config, command);
	default:
		return NULL; /* prefetch, contexts, EL2, NH_ASID (the identity map is global) */
	}
}

unsigned command_decode(const uint64_t word[2], const struct model_config *config, struct command *command,
			const char **why)
{
	const struct shape *shape = shape_find(word[0] & OPCODE);

	*command = (struct command){ .kind = COMMAND_NOTHING, .word = { word[0], word[1] } };
	if (!shape)
		*why = "unknown opcode";
	else if (!need_met(shape->need, config))
		*why = "command for a feature that IDR0 does not offer";
	else
		*why = operands_decode(shape, word, config, command);
	return *why ? CERROR_ILL : CERROR_NONE;
}
