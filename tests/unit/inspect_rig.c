/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_rig.c - tables of any shape, made descriptor by descriptor.
 */
#include "inspect_rig.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static void make_ste(uint64_t ste[8], unsigned granule_lg2, unsigned ia_bits, int start_level, bool large)
{
	uint64_t granule = granule_lg2 == 12 ? 0 : granule_lg2 == 14 ? 2 : 1;
	bool ds = large && granule_lg2 != 16;
	uint64_t sl0 = (uint64_t)((granule_lg2 == 12 ? 2 : 3) - start_level) & 3;

	if (start_level < 0)
		sl0 = 0;
	memset(ste, 0, 8 * sizeof(*ste));
	ste[0] = 1 | 6 << 1;
	ste[2] = INSPECT_RIG_VMID | (uint64_t)(64 - ia_bits) << 32 | sl0 << 38 | UINT64_C(1) << 40 |
		 UINT64_C(1) << 42 | UINT64_C(3) << 44 | granule << 46 |
		 (large ? UINT64_C(6) : UINT64_C(5)) << 48 | UINT64_C(1) << 51 | UINT64_C(1) << 58;
	ste[3] = INSPECT_RIG_BASE | (uint64_t)ds << 3 | (uint64_t)(start_level < 0) << 2;
}

void inspect_rig_open(struct inspect_rig *rig, unsigned granule_lg2, unsigned ia_bits, int start_level,
		      bool large, unsigned tables)
{
	unsigned start_lg2 = ia_bits - level_shift(granule_lg2, start_level) + 3;
	uint64_t start_bytes = UINT64_C(1) << (start_lg2 > granule_lg2 ? start_lg2 : granule_lg2);

	*rig = (struct inspect_rig){ .used = start_bytes };
	make_ste(rig->image.ste, granule_lg2, ia_bits, start_level, large);
	rig->image.granule_lg2 = granule_lg2;
	rig->image.ia_bits = ia_bits;
	rig->image.length = start_bytes + ((size_t)tables << granule_lg2);
	rig->image.bytes = aligned_alloc(4096, rig->image.length);
	rig->image.segments = malloc(sizeof(*rig->image.segments));
	assert_non_null(rig->image.bytes);
	assert_non_null(rig->image.segments);
	memset(rig->image.bytes, 0, rig->image.length);
	rig->image.segments[0] = (struct imagefile_segment){
		.pa = INSPECT_RIG_BASE,
		.bytes = rig->image.length,
		.data = rig->image.bytes,
	};
	rig->image.segment_count = 1;
	assert_int_equal(inspect_shape_of(&rig->shape, &rig->image, "rig"), 0);
}

void inspect_rig_close(struct inspect_rig *rig)
{
	if (rig->surveyed)
		inspect_survey_free(&rig->survey);
	imagefile_free(&rig->image);
}

uint64_t inspect_rig_table(struct inspect_rig *rig)
{
	uint64_t table = INSPECT_RIG_BASE + rig->used;

	rig->used += UINT64_C(1) << rig->image.granule_lg2;
	assert_true(rig->used <= rig->image.length);
	return table;
}

void inspect_rig_set(struct inspect_rig *rig, uint64_t table, unsigned index, uint64_t descriptor)
{
	uint64_t offset = table - INSPECT_RIG_BASE + 8 * (uint64_t)index, value = htole64(descriptor);

	assert_true(offset + 8 <= rig->image.length);
	memcpy(rig->image.bytes + offset, &value, sizeof(value));
}

/* Bits above 47 go where the format has them. */
static uint64_t address_bits(const struct inspect_rig *rig, uint64_t pa)
{
	if (!rig->shape.large)
		return pa;
	if (rig->image.granule_lg2 == 16)
		return (pa & ((UINT64_C(1) << 48) - 1)) | pa >> 48 << 12;
	return (pa & ((UINT64_C(1) << 50) - 1)) | pa >> 50 << 8;
}

uint64_t inspect_rig_leaf(const struct inspect_rig *rig, int level, uint64_t pa)
{
	uint64_t share = rig->shape.stage2.ds ? 0 : 3;

	return (level == 3 ? 3 : 1) | 15 << 2 | 3 << 6 | share << 8 | 1 << 10 | address_bits(rig, pa);
}

uint64_t inspect_rig_device(const struct inspect_rig *rig, int level, uint64_t pa)
{
	return inspect_rig_leaf(rig, level, pa) & ~(UINT64_C(14) << 2);
}

uint64_t inspect_rig_link(const struct inspect_rig *rig, uint64_t table)
{
	return 3 | address_bits(rig, table);
}

uint64_t inspect_rig_descend(struct inspect_rig *rig, int level)
{
	uint64_t table = INSPECT_RIG_BASE;

	for (int above = rig->shape.start_level; above < level; above++) {
		uint64_t next = inspect_rig_table(rig);

		inspect_rig_set(rig, table, 0, inspect_rig_link(rig, next));
		table = next;
	}
	return table;
}

const struct inspect_survey *inspect_rig_survey(struct inspect_rig *rig)
{
	if (rig->surveyed)
		inspect_survey_free(&rig->survey);
	rig->surveyed = true;
	assert_int_equal(inspect_survey(&rig->survey, &rig->image, &rig->shape), 0);
	return &rig->survey;
}
