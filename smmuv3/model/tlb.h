/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlb.h - cached translations by VMID, granule and stage, each in a space of its own.
 */
#ifndef SMMUV3_MODEL_TLB_H
#define SMMUV3_MODEL_TLB_H

#include "command.h"
#include "space.h"

struct tlb;

struct tlb *tlb_new(void);
void tlb_free(struct tlb *tlb);

/** tlb_space() - the space that holds what is tagged so. @combined: stage 1 and 2 in one, by VA.
 * Return: NULL if there is none and @create is false. Does not return when memory is short. */
struct space *tlb_space(struct tlb *tlb, uint16_t vmid, unsigned granule_lg2, bool combined, bool create);

/** tlb_invalidate() - forget what was filled up to @time and @invalidation reaches, and only that. */
void tlb_invalidate(struct tlb *tlb, const struct invalidation *invalidation, uint64_t time,
		    struct space_extent *extent);

#endif
