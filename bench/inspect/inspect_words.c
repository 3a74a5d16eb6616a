/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_words.c - sizes, rights and descriptors in words.
 *
 * Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats; Stage 2 memory type and cacheability attributes.
 */
#include "bench/inspect/inspect_words.h"

#include <inttypes.h>
#include <stdio.h>

struct inspect_size inspect_size_text(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	struct inspect_size size;
	unsigned unit = 0;

	while (unit < 5 && bytes >> 10 * (unit + 1))
		unit++;
	if (bytes & ((UINT64_C(1) << 10 * unit) - 1))
		snprintf(size.text, sizeof(size.text), "%.2f %s",
			 (double)bytes / (double)(UINT64_C(1) << 10 * unit), units[unit]);
	else
		snprintf(size.text, sizeof(size.text), "%" PRIu64 " %s", bytes >> 10 * unit, units[unit]);
	return size;
}

const char *inspect_access_text(bool read, bool write)
{
	return read ? (write ? "rw" : "ro") : (write ? "wo" : "--");
}

const char *inspect_memory_text(const struct inspect_shape *shape, uint64_t descriptor)
{
	static const char *const types[16] = {
		"Device-nGnRnE",
		"Device-nGnRE",
		"Device-nGRE",
		"Device-GRE",
		"reserved type",
		"Normal, outer NC, inner NC",
		"Normal, outer NC, inner WT",
		"Normal, outer NC, inner WB",
		"reserved type",
		"Normal, outer WT, inner NC",
		"Normal, outer WT, inner WT",
		"Normal, outer WT, inner WB",
		"reserved type",
		"Normal, outer WB, inner NC",
		"Normal, outer WB, inner WT",
		"Normal, outer WB, inner WB",
	};
	static const char *const forced[8] = {
		"Device-nGnRnE",     "Device-nGnRE",	"Device-nGRE",
		"Device-GRE",	     "reserved type",	"Normal, NC unless stage 1 says Device",
		"Normal WB, forced", "as stage 1 says",
	};
	unsigned type = descriptor >> 2 & 15;

	if (shape->stage2.fwb)
		return type < 8 ? forced[type] : "reserved type";
	return types[type];
}

const char *inspect_share_text(unsigned share)
{
	static const char *const texts[4] = { "non-shareable", "reserved shareability", "outer shareable",
					      "inner shareable" };

	return texts[share & 3];
}

const char *inspect_cache_text(unsigned attribute)
{
	static const char *const texts[4] = { "non-cacheable", "write-back", "write-through",
					      "write-back without write-allocate" };

	return texts[attribute & 3];
}

static void table_text(uint64_t value, char *text, size_t bytes)
{
	snprintf(text, bytes, "table%s", value >> 59 ? ", reserved bits set" : "");
}

void inspect_descriptor_text(const struct inspect_shape *shape, const struct inspect_step *step, bool leaf,
			     char *text, size_t bytes)
{
	uint64_t value = step->descriptor;
	unsigned software = value >> 55 & 15;
	bool large_block = step->level < 3 && value >> 16 & 1;
	char software_text[32] = "";

	if (!step->fetched) {
		snprintf(text, bytes, "not in the image");
		return;
	}
	if (!(value & 1)) {
		snprintf(text, bytes, "invalid%s", value ? ", the rest is software's" : "");
		return;
	}
	if (!leaf) {
		if (step->level < 3 && value & 2)
			table_text(value, text, bytes);
		else
			snprintf(text, bytes, "reserved");
		return;
	}
	if (software)
		snprintf(software_text, sizeof(software_text), ", software bits %x", software);
	snprintf(text, bytes, "%s, %s, %s, %s, AF %u%s%s%s", step->level == 3 ? "page" : "block",
		 inspect_access_text(value >> 6 & 1, value >> 7 & 1), inspect_memory_text(shape, value),
		 inspect_share_text(shape->stage2.ds ? shape->walk_share : value >> 8 & 3),
		 (unsigned)(value >> 10 & 1), value >> 52 & 1 ? ", contiguous hint" : "",
		 large_block ? ", nT" : "", software_text);
}
