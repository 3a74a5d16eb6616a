/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * drain.h - the flush's first stage: take slots out of the queues.
 */
#ifndef ENGINE_DRAIN_H
#define ENGINE_DRAIN_H

#include "engine/engine.h"

/* Is anything queued? Host lock. */
bool drain_is_needed(const struct shadow_engine *engine);

/* Take out all that is queued. *@number rises to the newest. Return: items at engine->item. */
uint32_t drain_all(struct shadow_engine *engine, uint64_t *number);

/* The oldest @slots slots alone, and more only so that no grant stays behind: what was taken may unlink the table that
 * it was to be written to. Otherwise as drain_all(). */
uint32_t drain_some(struct shadow_engine *engine, uint32_t slots, uint64_t *number);

#endif
