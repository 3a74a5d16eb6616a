/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stream.h - from a StreamID to what its stream table entry says, through the configuration cache.
 */
#ifndef SMMUV3_MODEL_STREAM_H
#define SMMUV3_MODEL_STREAM_H

#include "command.h"
#include "decode.h"

struct stream_cache;

struct stream_cache *stream_cache_new(unsigned sid_bits);
void stream_cache_free(struct stream_cache *cache);

/** stream_cache_find() - the entry of @sid, cached or else read from the stream table. @keep: cache what is
 * read. Return: MODEL_OK, or why there is none; @fetch_pa then says where a read failed. */
enum model_fault stream_cache_find(struct model *model, uint32_t sid, bool keep, struct ste_view *view,
				   uint64_t *fetch_pa);

/** stream_cache_invalidate() - forget cached entries as a CFGI command asks, and no others. */
void stream_cache_invalidate(struct model *model, const struct command *command);

/** stream_cache_uses() - does any cached entry use this stage 2? @sid: one that does. */
bool stream_cache_uses(const struct stream_cache *cache, const struct model_stage2 *stage2, uint32_t *sid);

/** stage2_same() - the same tables, read the same way, under the same VMID. */
bool stage2_same(const struct model_stage2 *left, const struct model_stage2 *right);

#endif
