/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_walk.c - one address through the tables of an image.
 *
 * Watches the reads that model_walk() makes: the first is of the start level, each further one a level down.
 * A walk makes at most one read a level, so a loop in the tables cannot hold it.
 */
#include "bench/inspect/inspect_walk.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "bench/common/message.h"

static unsigned field(uint64_t word, unsigned high, unsigned low)
{
	return (unsigned)(word >> low & ((UINT64_C(1) << (high - low + 1)) - 1));
}

/* A device that offers all there is: an image does not say which one its tables were made for. */
static void offer_everything(struct model_config *config)
{
	*config = (struct model_config){ 0 };
	model_config_default(config);
	config->s1p = true;
	config->httu = true;
	config->ats = true;
	config->ds = true;
	config->fwb = true;
	config->stt = true;
	config->oas_bits = 52;
}

int inspect_shape_of(struct inspect_shape *shape, const struct imagefile *image, const char *path)
{
	struct model_config config;
	struct model_stage2 *stage2 = &shape->stage2;
	unsigned table_lg2;

	*shape = (struct inspect_shape){ 0 };
	offer_everything(&config);
	memcpy(shape->ste, image->ste, sizeof(shape->ste));
	*stage2 = model_decode_ste(image->ste, &config);
	if (!stage2->valid) {
		message("%s: the stream table entry in the note is no legal one with stage 2", path);
		return -1;
	}
	if (stage2->granule_lg2 != image->granule_lg2 || stage2->ia_bits != image->ia_bits) {
		message("%s: the note says granule 2^%u and %u input bits, its stream table entry 2^%u and %u",
			path, image->granule_lg2, image->ia_bits, stage2->granule_lg2, stage2->ia_bits);
		return -1;
	}
	shape->granule_lg2 = stage2->granule_lg2;
	shape->ia_bits = stage2->ia_bits;
	shape->start_level = stage2->start_level;
	shape->start_entries_lg2 = shape->ia_bits - level_shift(shape->granule_lg2, shape->start_level);
	table_lg2 = shape->granule_lg2 - 3;
	shape->start_tables =
		shape->start_entries_lg2 > table_lg2 ? 1u << (shape->start_entries_lg2 - table_lg2) : 1;
	/* The model takes 64 KiB descriptors for large ones where the device could; that is what it offers
	 * here. */
	shape->large = stage2->ds || (shape->granule_lg2 == 16 && stage2->oas_bits == 52);
	shape->walk_inner = field(image->ste[2], 41, 40);
	shape->walk_outer = field(image->ste[2], 43, 42);
	shape->walk_share = field(image->ste[2], 45, 44);
	return 0;
}

struct recorder {
	const struct imagefile *image;
	const struct inspect_shape *shape;
	struct inspect_walk *walk;
};

static const void *record_read(void *ctx, uint64_t pa, size_t bytes)
{
	struct recorder *recorder = ctx;
	struct inspect_walk *walk = recorder->walk;
	const void *data = imagefile_at(recorder->image, pa, bytes);
	struct inspect_step *step;
	uint64_t value;

	if (walk->count == INSPECT_LEVELS)
		return NULL;
	step = &walk->step[walk->count];
	*step = (struct inspect_step){
		.level = recorder->shape->start_level + (int)walk->count,
		.descriptor_pa = pa,
		.fetched = data != NULL,
	};
	walk->count++;
	if (data) {
		memcpy(&value, data, sizeof(value));
		step->descriptor = le64toh(value);
	}
	return data;
}

/* From the address alone; the model found the descriptor's place without it. */
static void place_step(const struct inspect_shape *shape, uint64_t ipa, struct inspect_step *step)
{
	unsigned index_mask = (1u << (shape->granule_lg2 - 3)) - 1;

	step->index = (unsigned)(ipa >> level_shift(shape->granule_lg2, step->level)) & index_mask;
	step->table = step->descriptor_pa - 8 * step->index;
}

void inspect_walk(const struct imagefile *image, const struct inspect_shape *shape, uint64_t ipa,
		  struct inspect_walk *walk)
{
	struct recorder recorder = { image, shape, walk };
	const struct model_memory memory = { .ctx = &recorder, .read = record_read };

	walk->count = 0;
	walk->leaf = (struct model_leaf){ 0 };
	walk->start = walk->end = ipa;
	walk->fault = model_walk(&memory, &shape->stage2, ipa, &walk->leaf);
	for (unsigned i = 0; i < walk->count; i++)
		place_step(shape, ipa, &walk->step[i]);
	if (walk->count) {
		unsigned shift = level_shift(shape->granule_lg2, walk->step[walk->count - 1].level);

		walk->start = ipa >> shift << shift;
		walk->end = walk->start + (UINT64_C(1) << shift);
	}
}

const char *inspect_fault_text(const struct inspect_walk *walk)
{
	switch (walk->fault) {
	case MODEL_OK:
		return walk->leaf.valid ? "mapped" : "nothing is mapped";
	case MODEL_F_WALK_EABT:
		return "the table is not in the image";
	case MODEL_F_TRANSLATION:
		return walk->count ? "a reserved descriptor" : "the address lies beyond the input size";
	case MODEL_F_ADDR_SIZE:
		return "the descriptor's address lies beyond the output size";
	case MODEL_F_ACCESS:
		return "the access flag is clear";
	default:
		return "the walk faults";
	}
}

const char *inspect_fault_name(enum model_fault fault)
{
	switch (fault) {
	case MODEL_OK:
		return "none";
	case MODEL_F_WALK_EABT:
		return "F_WALK_EABT";
	case MODEL_F_TRANSLATION:
		return "F_TRANSLATION";
	case MODEL_F_ADDR_SIZE:
		return "F_ADDR_SIZE";
	case MODEL_F_ACCESS:
		return "F_ACCESS";
	case MODEL_F_PERMISSION:
		return "F_PERMISSION";
	default:
		return "fault";
	}
}
