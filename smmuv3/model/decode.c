/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * decode.c - stream table entries and stage-2 descriptors, read independently of the driver.
 *
 * Pure: looks at bits only. Tables in memory are walked by walk.c, with what is said here.
 * Rejects what the architecture reserves: an STE with a reserved or unimplemented combination is
 * ILLEGAL, a block where the format has none is not a leaf.
 * Spec: IHI 0070, Stream Table Entry; DDI 0487, VMSAv8-64 descriptor formats, stage 2.
 */
#include "decode.h"

#include "bits.h"

enum {
	CONFIG_BYPASS = 4,
	CONFIG_STAGE1 = 5,
	CONFIG_STAGE2 = 6,
	CONFIG_NESTED = 7
};

static unsigned oas_decode(unsigned encoding)
{
	static const unsigned char bits[8] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return bits[encoding & 7];
}

static unsigned min_unsigned(unsigned left, unsigned right)
{
	return left < right ? left : right;
}

/* S2TG counts 4K, 64K, 16K. Return: 0 if reserved or not implemented. */
static unsigned granule_decode(unsigned tg, const struct model_config *config)
{
	switch (tg) {
	case 0:
		return 12;
	case 1:
		return config->gran64k ? 16 : 0;
	case 2:
		return config->gran16k ? 14 : 0;
	default:
		return 0;
	}
}

/* S2SL0 and S2SL0_2. Return: false if there is no such level; which sizes it may have is checked later. */
static bool start_level_decode(struct model_stage2 *stage2, unsigned sl0, bool sl0_2,
			       const struct model_config *config)
{
	if (sl0_2) {
		stage2->start_level = -1;
		return stage2->ds && stage2->granule_lg2 == 12 && sl0 == 0;
	}
	stage2->start_level = (stage2->granule_lg2 == 12 ? 2 : 3) - (int)sl0;
	if (sl0 < 3)
		return true;
	switch (stage2->granule_lg2) {
	case 12:
		stage2->start_level = 3;
		return config->stt;
	case 14:
		return stage2->ds;
	default:
		return false;
	}
}

/* Is this pair of input size and start level in the tables of DDI 0487, Concatenated translation tables? */
static bool start_level_legal(const struct model_stage2 *stage2, unsigned oas_implemented)
{
	unsigned shift = level_shift(stage2->granule_lg2, stage2->start_level);
	unsigned stride = stage2->granule_lg2 - 3;
	unsigned tables_lg2_max = 4;

	if (stage2->ia_bits <= shift)
		return false;
	/* The tops of the small formats are not there for small outputs: the level below, concatenated, is.
	 */
	if (stage2->granule_lg2 == 12 && stage2->start_level == 0 && oas_implemented < 44)
		return false;
	if (stage2->granule_lg2 == 14 && stage2->start_level == 1 && oas_implemented < 42)
		return false;
	if (stage2->granule_lg2 == 16 && stage2->start_level == 1 && oas_implemented < 44)
		return false;
	return stage2->ia_bits - shift <= stride + tables_lg2_max;
}

/* S2T0SZ. Return: false if there is no such input size. */
static bool size_decode(struct model_stage2 *stage2, unsigned t0sz, const struct model_config *config)
{
	unsigned t0sz_max = !config->stt ? 39 : stage2->granule_lg2 == 16 ? 47 : 48;
	unsigned t0sz_min = stage2->ds || stage2->granule_lg2 == 16 ? 12 : 16;

	stage2->ia_bits = 64 - t0sz;
	return t0sz >= t0sz_min && t0sz <= t0sz_max && stage2->ia_bits <= config->oas_bits;
}

/* The fields that say what a table looks like. Return: false if there is none like that. */
static bool format_decode(const uint64_t ste[8], const struct model_config *config,
			  struct model_stage2 *stage2)
{
	uint64_t word2 = ste[2], word3 = ste[3];

	stage2->granule_lg2 = granule_decode(bits_get(word2, 47, 46), config);
	if (!stage2->granule_lg2)
		return false;
	stage2->ds = bit_get(word3, 3);
	if (stage2->ds && (!config->ds || stage2->granule_lg2 == 16))
		return false;
	stage2->fwb = bit_get(ste[1], 25);
	if (stage2->fwb && !config->fwb)
		return false;
	stage2->large = stage2->ds || (stage2->granule_lg2 == 16 && config->oas_bits == 52);
	stage2->oas_bits = min_unsigned(oas_decode(bits_get(word2, 50, 48)), config->oas_bits);
	if (!stage2->large)
		stage2->oas_bits = min_unsigned(stage2->oas_bits, 48);
	return size_decode(stage2, bits_get(word2, 37, 32), config) &&
	       start_level_decode(stage2, bits_get(word2, 39, 38), bit_get(word3, 2), config) &&
	       start_level_legal(stage2, config->oas_bits);
}

static bool stage2_legal(const uint64_t ste[8], const struct model_config *config, struct ste_view *view)
{
	struct model_stage2 *stage2 = &view->stage2;
	uint64_t word2 = ste[2];
	unsigned start_lg2;

	stage2->nested = bits_get(ste[0], 3, 1) == CONFIG_NESTED;
	stage2->vmid = bits_get(word2, 15, 0);
	stage2->affd = bit_get(word2, 53) || bit_get(word2, 56);
	stage2->record = bit_get(word2, 58);

	if (bits_get(ste[0], 63, 59) && !stage2->nested)
		return false; /* S1CDMax without substreams */
	if (bits_get(ste[1], 29, 28) && !config->ats)
		return false; /* EATS */
	if (bits_get(ste[1], 29, 28) == 1 && bit_get(word2, 57))
		return false; /* a fault that stalls cannot be an answer to the device */
	if (bits_get(ste[1], 31, 30))
		return false; /* STRW other than NS-EL1 with stage 2 */
	if (!config->vmid16 && stage2->vmid > 0xff)
		return false;
	if (!bit_get(word2, 51) || bit_get(word2, 52))
		return false; /* AArch64, little-endian tables only */
	if (bits_get(word2, 56, 55) && !config->httu)
		return false; /* S2HA, S2HD */
	if (bit_get(word2, 57))
		return false; /* S2S: no stall model */
	if (bits_get(word2, 61, 59))
		return false; /* S2HAFT, S2PIE, S2POE are not offered */
	if (bits_get(word2, 45, 44) == 1)
		return false; /* S2SH0 reserved */
	if (!format_decode(ste, config, stage2))
		return false;

	stage2->ttb = ste[3] & bits_mask(55, 4);
	if (stage2->ttb >> stage2->oas_bits)
		return false;
	start_lg2 = 3 + start_entries_lg2(stage2);
	if (start_lg2 < 6)
		start_lg2 = 6;
	view->misaligned = stage2->ttb & (bits_put(1, start_lg2) - 1);
	stage2->ttb &= ~(bits_put(1, start_lg2) - 1);
	stage2->valid = true;
	return true;
}

struct ste_view decode_ste(const uint64_t ste[8], const struct model_config *config)
{
	struct ste_view view = { .kind = STE_ILLEGAL };
	struct ste_view none = view;
	unsigned kind = bits_get(ste[0], 3, 1);

	if (!bit_get(ste[0], 0))
		return none;
	switch (kind) {
	case CONFIG_BYPASS:
		view.kind = STE_BYPASS;
		return view;
	case CONFIG_STAGE1:
		view.kind = STE_STAGE1;
		return config->s1p ? view : none;
	case CONFIG_STAGE2:
	case CONFIG_NESTED:
		if (!config->s2p || (kind == CONFIG_NESTED && !config->s1p))
			return none;
		view.kind = STE_STAGE2;
		view.ats = bits_get(ste[1], 29, 28) == 1;
		return stage2_legal(ste, config, &view) ? view : none;
	default:
		view.kind = STE_ABORT;
		return view;
	}
}

struct model_stage2 model_decode_ste(const uint64_t ste[8], const struct model_config *config)
{
	return decode_ste(ste, config).stage2;
}

unsigned level_contiguous_lg2(unsigned granule_lg2, int level)
{
	switch (granule_lg2) {
	case 12:
		return level >= 1 ? 4 : 0;
	case 14:
		return level == 3 ? 7 : level == 2 ? 5 : 0;
	default:
		return level >= 2 ? 5 : 0;
	}
}

/* The highest level at which the format has blocks: 52-bit addresses bring them to the next one up. */
static int block_level_min(const struct model_stage2 *stage2)
{
	return (stage2->granule_lg2 == 12 ? 1 : 2) - (stage2->large ? 1 : 0);
}

enum descriptor_kind decode_kind(const struct model_stage2 *stage2, int level, uint64_t value)
{
	if (!bit_get(value, 0))
		return DESCRIPTOR_INVALID;
	if (bit_get(value, 1))
		return level == 3 ? DESCRIPTOR_LEAF : DESCRIPTOR_TABLE;
	if (level == 3 || level < block_level_min(stage2))
		return DESCRIPTOR_RESERVED;
	return DESCRIPTOR_LEAF;
}

/* The output address in a descriptor, from bit @low on: where its high bits are depends on the format. */
static uint64_t output_address(const struct model_stage2 *stage2, uint64_t value, unsigned low)
{
	if (!stage2->large)
		return value & bits_mask(47, low);
	if (stage2->granule_lg2 == 16)
		return (value & bits_mask(47, low)) | bits_put(bits_get(value, 15, 12), 48);
	return (value & bits_mask(49, low)) | bits_put(bits_get(value, 9, 8), 50);
}

uint64_t decode_table_address(const struct model_stage2 *stage2, uint64_t value)
{
	return output_address(stage2, value, stage2->granule_lg2);
}

uint64_t decode_leaf_address(const struct model_stage2 *stage2, int level, uint64_t value)
{
	return output_address(stage2, value, level_shift(stage2->granule_lg2, level));
}

bool decode_device(const struct model_stage2 *stage2, uint64_t value)
{
	/* Without S2FWB, MemAttr[3:2] of 0 is Device. With it, MemAttr[3] is no part of the type. */
	return stage2->fwb ? !(DESCRIPTOR_MEMATTR(value) & 4) : DESCRIPTOR_MEMATTR(value) >> 2 == 0;
}

static bool memory_reserved(const struct model_stage2 *stage2, unsigned memattr)
{
	if (stage2->fwb)
		return memattr == 4 || memattr & 8; /* 1xxx needs IDR3.MTEPERM */
	return memattr >> 2 && !(memattr & 3);
}

/* Bits 50:48 that no descriptor of this format may have set. */
static uint64_t reserved_high(const struct model_stage2 *stage2)
{
	return stage2->ds ? bits_mask(50, 50) : bits_mask(50, 48);
}

/* The address bits from 12 on that lie below @shift and hold nothing. */
static uint64_t reserved_low(const struct model_stage2 *stage2, unsigned shift)
{
	unsigned first = stage2->large && stage2->granule_lg2 == 16 ? 16 : 12;

	return shift > first ? bits_mask(shift - 1, first) : 0;
}

static const char *leaf_flaw(const struct model_stage2 *stage2, int level, uint64_t value, unsigned bbml)
{
	uint64_t low = value & reserved_low(stage2, level_shift(stage2->granule_lg2, level));

	if (level < 3 && bbml > 0)
		low &= ~bits_put(1, 16); /* nT */
	if (low)
		return "leaf with address bits below its size";
	if (value & reserved_high(stage2))
		return stage2->ds ? "leaf with bit 50 set" : "leaf with address bits above 47";
	if (!stage2->ds && bits_get(value, 9, 8) == 1)
		return "leaf with reserved shareability";
	if (memory_reserved(stage2, DESCRIPTOR_MEMATTR(value)))
		return "leaf with reserved memory attributes";
	if (DESCRIPTOR_CONTIGUOUS(value) && !level_contiguous_lg2(stage2->granule_lg2, level))
		return "contiguous bit at a level that has no groups";
	return NULL;
}

static const char *table_flaw(const struct model_stage2 *stage2, uint64_t value)
{
	if (bits_get(value, 63, 59) || value & reserved_high(stage2))
		return "table descriptor with reserved bits set";
	if (value & reserved_low(stage2, stage2->granule_lg2))
		return "next-level table not aligned to the granule";
	if (decode_table_address(stage2, value) >> stage2->oas_bits)
		return "next-level table beyond the output size";
	return NULL;
}

const char *decode_flaw(const struct model_stage2 *stage2, int level, uint64_t value, unsigned bbml)
{
	switch (decode_kind(stage2, level, value)) {
	case DESCRIPTOR_INVALID:
		return NULL;
	case DESCRIPTOR_RESERVED:
		return level == 3 ? "block form at level 3" : "block at a level that has none";
	case DESCRIPTOR_TABLE:
		return table_flaw(stage2, value);
	default:
		if (decode_leaf_address(stage2, level, value) >> stage2->oas_bits)
			return "leaf beyond the output size";
		return leaf_flaw(stage2, level, value, bbml);
	}
}
