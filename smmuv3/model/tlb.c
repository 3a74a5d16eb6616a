/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tlb.c - which spaces an invalidation concerns; what it does inside each is in space.c.
 *
 * Owns: an invalidation of one VMID, granule or stage leaves every other alone.
 * Spec: IHI 0070, TLB invalidation; TLB tagging.
 */
#include "tlb.h"

#include "alloc.h"
#include "decode.h"
#include "state.h"

enum {
	GRANULES = 3,
	VMID_PAGE_LG2 = 8,
	VMID_PAGES = 1 << (16 - VMID_PAGE_LG2)
};

struct vmid_spaces {
	struct vmid_spaces *next;
	uint16_t vmid;
	struct space *space[2][GRANULES]; /* [combined][granule] */
};

struct tlb {
	struct vmid_spaces **page[VMID_PAGES];
	struct vmid_spaces *all;
};

struct tlb *tlb_new(void)
{
	return model_alloc(sizeof(struct tlb));
}

void tlb_free(struct tlb *tlb)
{
	struct vmid_spaces *spaces, *next;
	unsigned index;

	if (!tlb)
		return;
	for (spaces = tlb->all; spaces; spaces = next) {
		next = spaces->next;
		for (index = 0; index < GRANULES; index++) {
			space_free(spaces->space[0][index]);
			space_free(spaces->space[1][index]);
		}
		model_release(spaces);
	}
	for (index = 0; index < VMID_PAGES; index++)
		model_release(tlb->page[index]);
	model_release(tlb);
}

static struct vmid_spaces *vmid_find(struct tlb *tlb, uint16_t vmid, bool create)
{
	struct vmid_spaces ***page = &tlb->page[vmid >> VMID_PAGE_LG2], **slot;

	if (!*page) {
		if (!create)
			return NULL;
		*page = model_must_alloc(sizeof(struct vmid_spaces *) << VMID_PAGE_LG2);
	}
	slot = &(*page)[vmid & ((1 << VMID_PAGE_LG2) - 1)];
	if (!*slot && create) {
		*slot = model_must_alloc(sizeof(struct vmid_spaces));
		(*slot)->vmid = vmid;
		(*slot)->next = tlb->all;
		tlb->all = *slot;
	}
	return *slot;
}

struct space *tlb_space(struct tlb *tlb, uint16_t vmid, unsigned granule_lg2, bool combined, bool create)
{
	struct vmid_spaces *spaces = vmid_find(tlb, vmid, create);
	struct space **space;

	if (!spaces)
		return NULL;
	space = &spaces->space[combined][granule_lg2 / 2 - 6];
	if (!*space && create) {
		*space = space_new(granule_lg2);
		if (!*space)
			model_out_of_memory();
	}
	return *space;
}

static void spaces_invalidate(struct vmid_spaces *spaces, const struct invalidation *invalidation,
			      uint64_t time, struct space_extent *extent)
{
	bool wanted[2] = { invalidation->stage2, invalidation->combined };
	unsigned combined, index;

	for (combined = 0; combined < 2; combined++) {
		for (index = 0; index < GRANULES; index++) {
			struct space *space = spaces->space[combined][index];

			if (!space || !wanted[combined])
				continue;
			if (invalidation->everything)
				space_invalidate(space, 0, UINT64_MAX, LEVELS_ALL, LEVELS_TABLES, time,
						 extent);
			else if (invalidation->granules >> index & 1)
				space_invalidate(space, invalidation->first, invalidation->last,
						 invalidation->leaf_levels, invalidation->table_levels, time,
						 extent);
		}
	}
}

void tlb_invalidate(struct tlb *tlb, const struct invalidation *invalidation, uint64_t time,
		    struct space_extent *extent)
{
	struct vmid_spaces *spaces;

	if (!invalidation->vmid_any) {
		spaces = vmid_find(tlb, invalidation->vmid, false);
		if (spaces)
			spaces_invalidate(spaces, invalidation, time, extent);
		return;
	}
	for (spaces = tlb->all; spaces; spaces = spaces->next)
		spaces_invalidate(spaces, invalidation, time, extent);
}
