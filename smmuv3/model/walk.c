/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * walk.c - walks through raw stage-2 tables in memory, without a TLB.
 *
 * Pure: reads memory, keeps nothing. What the bits mean is in decode.c.
 * Spec: DDI 0487, Translation table walks; VMSAv8-64 descriptor formats, stage 2.
 */
#include "bits.h"
#include "decode.h"

static void leaf_fill(struct model_leaf *leaf, const struct model_stage2 *stage2, int level, uint64_t ipa,
		      uint64_t descriptor_pa, uint64_t value, enum descriptor_kind kind)
{
	unsigned shift = level_shift(stage2->granule_lg2, level);

	*leaf = (struct model_leaf){
		.start = ipa >> shift << shift,
		.level = level,
		.descriptor_pa = descriptor_pa,
		.descriptor = value,
	};
	leaf->end = leaf->start + bits_put(1, shift);
	if (kind != DESCRIPTOR_LEAF)
		return;
	leaf->valid = true;
	leaf->pa = decode_leaf_address(stage2, level, value);
	leaf->read = DESCRIPTOR_READ(value);
	leaf->write = DESCRIPTOR_WRITE(value);
	leaf->device = decode_device(stage2, value);
	leaf->contiguous = DESCRIPTOR_CONTIGUOUS(value);
}

/* What is wrong with a fetched descriptor, as an access that uses it would report it. */
static enum model_fault descriptor_fault(const struct model_stage2 *stage2, int level, uint64_t value)
{
	switch (decode_kind(stage2, level, value)) {
	case DESCRIPTOR_INVALID:
		return MODEL_OK;
	case DESCRIPTOR_RESERVED:
		return MODEL_F_TRANSLATION;
	case DESCRIPTOR_TABLE:
		return decode_table_address(stage2, value) >> stage2->oas_bits ? MODEL_F_ADDR_SIZE : MODEL_OK;
	default:
		if (decode_leaf_address(stage2, level, value) >> stage2->oas_bits)
			return MODEL_F_ADDR_SIZE;
		return DESCRIPTOR_ACCESSED(value) || stage2->affd ? MODEL_OK : MODEL_F_ACCESS;
	}
}

enum model_fault model_walk(const struct model_memory *memory, const struct model_stage2 *stage2,
			    uint64_t ipa, struct model_leaf *leaf)
{
	uint64_t table = stage2->ttb;
	int level = stage2->start_level;

	if (!stage2->valid || ipa >> stage2->ia_bits)
		return MODEL_F_TRANSLATION;
	for (;; level++) {
		unsigned shift = level_shift(stage2->granule_lg2, level);
		unsigned index_lg2 =
			level == stage2->start_level ? start_entries_lg2(stage2) : stage2->granule_lg2 - 3;
		uint64_t pa = table + 8 * ((ipa >> shift) & (bits_put(1, index_lg2) - 1));
		const void *slot = memory->read(memory->ctx, pa, 8);
		enum descriptor_kind kind;
		enum model_fault fault;
		uint64_t value;

		if (!slot)
			return MODEL_F_WALK_EABT;
		value = load64(slot);
		kind = decode_kind(stage2, level, value);
		fault = descriptor_fault(stage2, level, value);
		if (fault || kind != DESCRIPTOR_TABLE) {
			leaf_fill(leaf, stage2, level, ipa, pa, value, kind);
			return fault;
		}
		table = decode_table_address(stage2, value);
	}
}

bool walk_entry(const struct model_memory *memory, const struct model_stage2 *stage2, uint64_t ipa, int level,
		uint64_t *value)
{
	unsigned index_lg2 = start_entries_lg2(stage2);
	uint64_t table = stage2->ttb;
	int at;

	for (at = stage2->start_level; at <= level; at++, index_lg2 = stage2->granule_lg2 - 3) {
		uint64_t index = ipa >> level_shift(stage2->granule_lg2, at) & (bits_put(1, index_lg2) - 1);
		const void *slot = memory->read(memory->ctx, table + 8 * index, 8);

		if (!slot)
			return false;
		*value = load64(slot);
		if (at == level)
			return true;
		if (decode_kind(stage2, at, *value) != DESCRIPTOR_TABLE)
			return false;
		table = decode_table_address(stage2, *value);
	}
	return false;
}

struct walk_all {
	const struct model_memory *memory;
	const struct model_stage2 *stage2;
	void *ctx;
	void (*leaf)(void *ctx, const struct model_leaf *leaf);
	void (*table)(void *ctx, const struct model_table *table);
};

static enum model_fault walk_table(const struct walk_all *walk, uint64_t table, int level, uint64_t ipa,
				   unsigned entries_lg2)
{
	const struct model_stage2 *stage2 = walk->stage2;
	uint64_t step = bits_put(1, level_shift(stage2->granule_lg2, level));
	const char *entries = walk->memory->read(walk->memory->ctx, table, (size_t)8 << entries_lg2);
	struct model_table here = { ipa, ipa + (step << entries_lg2), table, 1u << entries_lg2, level };
	uint64_t index;

	if (!entries)
		return MODEL_F_WALK_EABT;
	if (walk->table)
		walk->table(walk->ctx, &here);
	for (index = 0; index < bits_put(1, entries_lg2); index++, ipa += step) {
		uint64_t value = load64(entries + 8 * index);
		enum descriptor_kind kind = decode_kind(stage2, level, value);
		enum model_fault fault = descriptor_fault(stage2, level, value);
		struct model_leaf leaf;

		if (!fault && kind == DESCRIPTOR_TABLE) {
			fault = walk_table(walk, decode_table_address(stage2, value), level + 1, ipa,
					   stage2->granule_lg2 - 3);
		} else if (!fault && walk->leaf) {
			leaf_fill(&leaf, stage2, level, ipa, table + 8 * index, value, kind);
			walk->leaf(walk->ctx, &leaf);
		}
		if (fault)
			return fault;
	}
	return MODEL_OK;
}

enum model_fault model_walk_all(const struct model_memory *memory, const struct model_stage2 *stage2,
				void *ctx, void (*leaf)(void *ctx, const struct model_leaf *leaf))
{
	struct walk_all walk = { memory, stage2, ctx, leaf, NULL };

	if (!stage2->valid)
		return MODEL_F_TRANSLATION;
	return walk_table(&walk, stage2->ttb, stage2->start_level, 0, start_entries_lg2(stage2));
}

/* The start is one table to a walker; its parts are told apart here, being tables to who allocates them. */
enum model_fault model_walk_tables(const struct model_memory *memory, const struct model_stage2 *stage2,
				   void *ctx, void (*table)(void *ctx, const struct model_table *table))
{
	struct walk_all walk = { memory, stage2, ctx, NULL, table };
	unsigned stride = stage2->granule_lg2 - 3, entries_lg2, part_lg2;
	enum model_fault fault = MODEL_OK;
	uint64_t part, part_bytes;

	if (!stage2->valid)
		return MODEL_F_TRANSLATION;
	entries_lg2 = start_entries_lg2(stage2);
	part_lg2 = entries_lg2 < stride ? entries_lg2 : stride;
	part_bytes = bits_put(1, level_shift(stage2->granule_lg2, stage2->start_level) + part_lg2);
	for (part = 0; !fault && part < bits_put(1, entries_lg2 - part_lg2); part++)
		fault = walk_table(&walk, stage2->ttb + (part << (part_lg2 + 3)), stage2->start_level,
				   part * part_bytes, part_lg2);
	return fault;
}
