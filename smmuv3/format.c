/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * format.c - which stage-2 tables the architecture has, and the one that a configuration asks for.
 *
 * Owns: no format that a walker would refuse. What an SMMU must offer for it is checked when it is attached.
 * Spec: DDI 0487, Translation levels; Concatenated translation tables; Implications of the LPA2 features.
 */
#include "smmuv3/format.h"

#include <shadow/error.h>

#define SMALL_BITS 48u		       /* addresses above need the 52-bit formats */

/* What a granule brings along, smallest first. */
struct granule {
	uint8_t lg2;
	uint8_t blocks, blocks_large;  /* heights of leaves; with 52-bit addresses as well */
	uint8_t top, top_large;	       /* greatest height of a start table */
	uint8_t contiguous_lg2[FORMAT_HEIGHTS];
};

static const struct granule granules[] = {
	{ .lg2 = 12, .blocks = 0x7, .blocks_large = 0xf, .top = 3, .top_large = 4, .contiguous_lg2 = { 4, 4, 4 } },
	{ .lg2 = 14, .blocks = 0x3, .blocks_large = 0x7, .top = 2, .top_large = 3, .contiguous_lg2 = { 7, 5 } },
	{ .lg2 = 16, .blocks = 0x3, .blocks_large = 0x7, .top = 2, .top_large = 2, .contiguous_lg2 = { 5, 5 } },
};

static const struct granule *granule_find(unsigned lg2)
{
	for (unsigned i = 0; i < sizeof(granules) / sizeof(granules[0]); i++)
		if (granules[i].lg2 == lg2)
			return &granules[i];
	return NULL;
}

/* Which of the two forms of the start is meant. Return: its height, or FORMAT_HEIGHTS if there is no such form. */
static unsigned start_height(const struct pgtable_format *format, unsigned top, enum shadow_start start)
{
	unsigned bits = format->ia_bits - format->granule_lg2;
	unsigned single = (bits - 1) / format->index_lg2;
	bool has_single = single <= top;
	bool concatenates = single >= 1 && bits - single * format->index_lg2 <= FORMAT_START_TABLES_LG2_MAX;

	if (start == SHADOW_START_DEFAULT)
		start = has_single && (format_has_blocks(format, single) || !concatenates) ?
				SHADOW_START_SINGLE :
				SHADOW_START_CONCATENATED;
	if (start == SHADOW_START_SINGLE)
		return has_single ? single : FORMAT_HEIGHTS;
	return start == SHADOW_START_CONCATENATED && concatenates ? single - 1 : FORMAT_HEIGHTS;
}

int format_init(struct pgtable_format *format, const struct shadow_address_map *map, enum shadow_start start, bool fwb)
{
	const struct granule *granule = granule_find(shadow_map_granule_lg2(map));
	uint64_t in_place, shareable;

	if (!granule || map->ia_bits < SHADOW_IA_BITS_MIN || map->ia_bits > SHADOW_IA_BITS_MAX)
		return -SHADOW_EINVAL;
	*format = (struct pgtable_format){
		.granule_lg2 = granule->lg2,
		.index_lg2 = (uint8_t)(granule->lg2 - 3),
		.ia_bits = (uint8_t)map->ia_bits,
		.large = map->ia_bits > SMALL_BITS,
	};
	format->block_heights = format->large ? granule->blocks_large : granule->blocks;
	format->start = (uint8_t)start_height(format, format->large ? granule->top_large : granule->top, start);
	if (format->start == FORMAT_HEIGHTS)
		return -SHADOW_EINVAL;
	format->start_lg2 = (uint8_t)(map->ia_bits - granule->lg2 - format->index_lg2 * format->start);
	for (unsigned height = 0; height < FORMAT_HEIGHTS; height++)
		if (height < format->start || format->start_lg2 >= granule->contiguous_lg2[height])
			format->contiguous_lg2[height] = granule->contiguous_lg2[height];
	/* 64 KiB tables keep their shareability; with the others, address bits take its place. */
	in_place = format->large && granule->lg2 != 16 ? 50 : SMALL_BITS;
	format->address = (UINT64_C(1) << in_place) - (UINT64_C(1) << granule->lg2);
	format->linear_lg2 = (uint8_t)(in_place - granule->lg2);
	format->attributes = ~(format->address | PTE_NT | PTE_CONTIGUOUS);
	if (format->large)
		format->attributes &= ~format_address(format, (UINT64_C(1) << (52 - granule->lg2)) - 1);
	shareable = format->large && granule->lg2 != 16 ? 0 : field_prep(PTE_SH, PTE_SH_INNER);
	format->memory[SHADOW_MEMORY_NORMAL] =
		field_prep(PTE_MEMATTR, fwb ? PTE_MEMATTR_NORMAL_WB_FWB : PTE_MEMATTR_NORMAL_WB) | shareable;
	format->memory[SHADOW_MEMORY_DEVICE] = field_prep(PTE_MEMATTR, PTE_MEMATTR_DEVICE_NGNRE);
	return 0;
}
