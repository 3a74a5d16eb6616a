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
void stream_cache_invalidate(struct stream_cache *cache, const struct command *command);

#endif
