/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_rig.h - tables of any shape, made descriptor by descriptor, as an image that was read.
 */
#ifndef TESTS_UNIT_INSPECT_RIG_H
#define TESTS_UNIT_INSPECT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/inspect/inspect_survey.h"

#define INSPECT_RIG_BASE UINT64_C(0x4000000000) /* where tables lie: 256 GiB */
#define INSPECT_RIG_VMID 5u

struct inspect_rig {
	struct imagefile image; /* one segment */
	struct inspect_shape shape;
	struct inspect_survey survey;
	uint64_t used; /* bytes of the image, start tables included */
	bool surveyed;
};

/* @large: 52-bit descriptors. @tables: room for so many beside those at the start. */
void inspect_rig_open(struct inspect_rig *rig, unsigned granule_lg2, unsigned ia_bits, int start_level,
		      bool large, unsigned tables);
void inspect_rig_close(struct inspect_rig *rig);

/* A table that nothing points to yet. Return: its address. */
uint64_t inspect_rig_table(struct inspect_rig *rig);

/* The descriptor at @index of @table, which may be all of the start tables. */
void inspect_rig_set(struct inspect_rig *rig, uint64_t table, unsigned index, uint64_t descriptor);

/* Descriptors: read and write, normal or device memory, AF set. */
uint64_t inspect_rig_leaf(const struct inspect_rig *rig, int level, uint64_t pa);
uint64_t inspect_rig_device(const struct inspect_rig *rig, int level, uint64_t pa);
uint64_t inspect_rig_link(const struct inspect_rig *rig, uint64_t table);
#define INSPECT_RIG_HINT (UINT64_C(1) << 52)

/* Tables from the start down to @level, each linked at entry 0 of the one above. Return: the last. */
uint64_t inspect_rig_descend(struct inspect_rig *rig, int level);

/* Survey what there is, anew each time. */
const struct inspect_survey *inspect_rig_survey(struct inspect_rig *rig);

#endif
