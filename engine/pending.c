/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pending.c - pages that belong to nobody while the host waits for a ticket without its lock.
 *
 * Owns: no transition of a marked page is reserved. Host lock.
 */
#include <shadow/platform.h>

#include "engine/engine.h"

int shadow_pending(struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count)
{
	uint64_t first = start.addr >> engine->granule_lg2;

	shadow_assert(platform_host_lock_held());
	if (!engine->open)
		return 0;
	if (first << engine->granule_lg2 != start.addr || page_count > engine->page_top ||
	    !bits_hold(&engine->pending, first, first + page_count))
		return -SHADOW_EINVAL;
	if (bits_any(&engine->pending, first, first + page_count))
		return -SHADOW_EBUSY;
	bits_fill(&engine->pending, first, first + page_count, true);
	return 0;
}

void shadow_pending_end(struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count)
{
	uint64_t first = start.addr >> engine->granule_lg2;

	shadow_assert(platform_host_lock_held());
	bits_fill(&engine->pending, first, first + page_count, false);
}
