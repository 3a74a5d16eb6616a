/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_buffer.c - a store buffer that drains in any order that Arm allows.
 *
 * Older before younger: stores to the same 8 bytes; a store and the clean of its line; everything and a release, an
 * unlock; stores on both sides of a fence. Nothing else: plain stores and cleans overtake one another.
 * Spec: DDI 0487, Barrier-ordered-before; Ordering and completion of data cache instructions.
 */
#include "engine/platform/sim_cpu.h"

#include <string.h>

#define LINE 64u

static bool is_store(const struct sim_entry *entry)
{
	return entry->kind == SIM_STORE;
}

static uintptr_t word_of(const void *where)
{
	return (uintptr_t)where & ~(uintptr_t)7;
}

/* Of one to eight bytes; sizes that the compiler knows make it a load and a store. */
static void copy(void *to, const void *from, size_t bytes)
{
	if (bytes == 8)
		memcpy(to, from, 8);
	else if (bytes == 4)
		memcpy(to, from, 4);
	else
		memcpy(to, from, bytes);
}

static void exchange(struct sim_entry *entry)
{
	uint64_t held = entry->value;

	entry->value = 0;
	copy(&entry->value, entry->where, entry->bytes);
	copy(entry->where, &held, entry->bytes);
}

void sim_buffer_note(struct sim_buffer *buffer, void *where, unsigned bytes)
{
	struct sim_entry *entry = &buffer->entry[buffer->count++];

	*entry = (struct sim_entry){ .where = where, .bytes = bytes, .kind = SIM_STORE, .plain = true };
	copy(&entry->value, where, bytes);
	buffer->stores++;
}

void sim_buffer_store(struct sim_buffer *buffer, void *where, uint64_t value, unsigned bytes, bool release)
{
	struct sim_entry *entry = &buffer->entry[buffer->count++];

	*entry = (struct sim_entry){ where, value, bytes, SIM_STORE, release, false };
	exchange(entry);
	buffer->stores++;
}

void sim_buffer_add(struct sim_buffer *buffer, enum sim_kind kind, const void *where, size_t bytes)
{
	buffer->entry[buffer->count++] = (struct sim_entry){ .where = (uint8_t *)(uintptr_t)where, .bytes = bytes,
							     .kind = kind, .release = kind == SIM_UNLOCK };
}

bool sim_buffer_holds(const struct sim_buffer *buffer, const void *where)
{
	for (unsigned i = 0; i < buffer->count; i++)
		if (is_store(&buffer->entry[i]) && word_of(buffer->entry[i].where) == word_of(where))
			return true;
	return false;
}

void sim_buffer_on(struct sim_buffer *buffer)
{
	for (unsigned i = 0; i < buffer->count; i++)
		if (is_store(&buffer->entry[i]))
			exchange(&buffer->entry[i]);
}

void sim_buffer_off(struct sim_buffer *buffer)
{
	for (unsigned i = buffer->count; i-- > 0;)
		if (is_store(&buffer->entry[i]))
			exchange(&buffer->entry[i]);
}

/* Does a clean of these lines touch the line of this store? */
static bool same_line(const struct sim_entry *clean, const struct sim_entry *store)
{
	uintptr_t line = (uintptr_t)store->where / LINE;

	return line >= (uintptr_t)clean->where / LINE &&
	       line <= ((uintptr_t)clean->where + clean->bytes - 1) / LINE;
}

/* Must @older be done before @younger? */
static bool holds_back(const struct sim_entry *older, const struct sim_entry *younger)
{
	if (younger->release)
		return true;
	if (younger->kind == SIM_FENCE)
		return is_store(older) || older->kind == SIM_FENCE;
	if (older->kind == SIM_FENCE)
		return is_store(younger);
	if (younger->kind == SIM_CLEAN)
		return is_store(older) && same_line(younger, older);
	return is_store(older) && word_of(older->where) == word_of(younger->where);
}

bool sim_buffer_may_drain(const struct sim_buffer *buffer, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (holds_back(&buffer->entry[i], &buffer->entry[index]))
			return false;
	return true;
}

struct sim_entry sim_buffer_drain(struct sim_buffer *buffer, unsigned index)
{
	struct sim_entry entry = buffer->entry[index];

	buffer->count--;
	for (unsigned i = index; i < buffer->count; i++)
		buffer->entry[i] = buffer->entry[i + 1];
	if (is_store(&entry)) {
		buffer->stores--;
		copy(entry.where, &entry.value, entry.bytes);
	}
	return entry;
}
