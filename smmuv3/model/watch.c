/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * watch.c - the adversary's list of addresses.
 *
 * An access changes a cache only where something is missing from it, so after an invalidation only the
 * addresses in the part that lost something are accessed again: the list is kept sorted for that.
 */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "dma.h"
#include "state.h"

static int address_compare(const void *left, const void *right)
{
	const struct watch_address *a = left, *b = right;

	if (a->iova != b->iova)
		return a->iova < b->iova ? -1 : 1;
	return (a->sid > b->sid) - (a->sid < b->sid);
}

/* The first address that is not below @iova. */
static unsigned lower_bound(const struct watch *watch, uint64_t iova)
{
	unsigned low = 0, high = watch->count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (watch->address[middle].iova < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void watch_refill(struct model *model, const struct space_extent *extent)
{
	struct watch *watch = &model->watch;
	unsigned index = 0;

	atc_refill(model);
	if (!watch->count || (extent && extent->first > extent->last))
		return;
	if (!watch->sorted)
		qsort(watch->address, watch->count, sizeof(watch->address[0]), address_compare);
	watch->sorted = true;
	if (extent)
		index = lower_bound(watch, extent->first);
	for (; index < watch->count; index++) {
		const struct watch_address *address = &watch->address[index];

		if (extent && address->iova > extent->last)
			return;
		model->counters.refills++;
		dma_access(model, address->sid, address->iova, false, DMA_FILL);
	}
}

void model_watch(struct model *model, uint32_t sid, uint64_t iova)
{
	struct watch *watch = &model->watch;

	if (watch->count == watch->room) {
		unsigned room = watch->room ? 2 * watch->room : 64;
		struct watch_address *address = model_must_alloc(room * sizeof(*address));

		if (watch->count)
			memcpy(address, watch->address, watch->count * sizeof(*address));
		model_release(watch->address);
		watch->address = address;
		watch->room = room;
	}
	watch->sorted = !watch->count || (watch->sorted && watch->address[watch->count - 1].iova <= iova);
	watch->address[watch->count++] = (struct watch_address){ iova, sid };
}

void model_unwatch_all(struct model *model)
{
	model->watch.count = 0;
}

void watch_free(struct model *model)
{
	model_release(model->watch.address);
}
