/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cancel.h - a trip takes back what it has revoked itself, before anyone can know of it.
 */
#ifndef ENGINE_CANCEL_H
#define ENGINE_CANCEL_H

#include "engine/engine.h"

/* May this grant and the queued revokes of its pages on @cpu be left out, all of them? Then both are. Host lock. */
bool cancel_is_allowed(const struct shadow_engine *engine, unsigned cpu, const struct transition_piece *grant);

#endif
