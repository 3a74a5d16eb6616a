/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * engine.c - life cycle, configuration checks, snapshot, queueing.
 *
 * Owns: transitions pass only after a snapshot that succeeded. Reservation is in reserve.c, the flush in flush.c.
 */
#include "engine/engine.h"

#include <shadow/platform.h>

#include "engine/cancel.h"
#include "engine/snapshot.h"
#include "engine/trace.h"

#define SLOTS_MAX 65536u
#define MAP_RANGES_MAX 4096u

/* Parts of the caller's memory, each aligned to a cache line. */
struct layout {
	size_t zones, slots, item, spare, merged, bytes;
};

static bool config_legal(const struct shadow_engine_config *config)
{
	const struct shadow_address_map *map = &config->map;
	unsigned granule_lg2 = shadow_map_granule_lg2(map);

	return config->cpu_count >= 1 && config->cpu_count <= SHADOW_CPUS_MAX && config->queue_slots >= 2 &&
	       config->queue_slots <= SLOTS_MAX && !(config->queue_slots & (config->queue_slots - 1)) &&
	       map->ia_bits >= SHADOW_IA_BITS_MIN && map->ia_bits <= SHADOW_IA_BITS_MAX &&
	       (granule_lg2 == 12 || granule_lg2 == 14 || granule_lg2 == 16) && map->memory_count <= MAP_RANGES_MAX && map->reserved_count <= MAP_RANGES_MAX;
}

static size_t place(size_t *at, size_t bytes)
{
	size_t here = *at;

	*at = (here + bytes + 63) & ~(size_t)63;
	return here;
}

static struct layout layout_of(const struct shadow_engine_config *config)
{
	size_t total = (size_t)config->cpu_count * config->queue_slots, at = 0;
	struct layout layout;

	place(&at, sizeof(struct shadow_engine) + config->cpu_count * sizeof(struct queue));
	layout.zones = place(&at, plan_zones_max(&config->map, 1) * sizeof(struct plan_zone));
	layout.slots = place(&at, total * sizeof(struct queue_slot));
	layout.item = place(&at, total * sizeof(struct coalesce_item));
	layout.spare = place(&at, total * sizeof(struct coalesce_item));
	layout.merged = place(&at, 2 * total * sizeof(struct coalesce_item));
	layout.bytes = at;
	return layout;
}

size_t shadow_engine_bytes(const struct shadow_engine_config *config)
{
	return config_legal(config) ? layout_of(config).bytes : 0;
}

int shadow_engine_init(void *memory, size_t bytes, const struct shadow_engine_config *config,
		       struct shadow_engine **engine)
{
	struct shadow_engine *made = memory;
	char *base = memory;
	struct layout layout;
	int error;

	if (!config_legal(config) || (uintptr_t)memory & 63)
		return -SHADOW_EINVAL;
	layout = layout_of(config);
	if (bytes < layout.bytes)
		return -SHADOW_ENOMEM;
	*made = (struct shadow_engine){
		.config = *config,
		.granule_lg2 = shadow_map_granule_lg2(&config->map),
		.page_top = UINT64_C(1) << (config->map.ia_bits - shadow_map_granule_lg2(&config->map)),
		.zones = { .zone = (struct plan_zone *)(base + layout.zones),
			   .capacity = plan_zones_max(&config->map, 1) },
		.item = (struct coalesce_item *)(base + layout.item),
		.spare = (struct coalesce_item *)(base + layout.spare),
		.merged = (struct coalesce_item *)(base + layout.merged),
	};
	error = plan_zones_init(&made->zones, &config->map);
	if (!error)
		error = bits_init(&made->pending, &config->pending, made->granule_lg2, made->page_top);
	if (!error)
		error = bits_init(&made->consent, &config->consent, made->granule_lg2, made->page_top);
	if (error)
		return error;
	for (unsigned cpu = 0; cpu < config->cpu_count; cpu++)
		queue_init(&made->queue[cpu],
			   (struct queue_slot *)(base + layout.slots) + (size_t)cpu * config->queue_slots,
			   config->queue_slots);
	*engine = made;
	return 0;
}

int shadow_engine_register(struct shadow_engine *engine, struct shadow_target *target)
{
	if (engine->target)
		return -SHADOW_EBUSY;
	if (target->ia_bits != engine->config.map.ia_bits || target->granule_lg2 != engine->granule_lg2)
		return -SHADOW_EINVAL;
	plan_zones_reserve(&engine->zones, target->own);
	engine->target = target;
	return 0;
}

/* Everything that the host may reach, cut into runs, goes to the target. */
static int snapshot_build(struct shadow_engine *engine, struct snapshot_walk *walk)
{
	const struct target_ops *ops = engine->target->ops;
	enum shadow_access access;
	struct plan_cursor cursor;
	uint64_t start, end;
	struct run run;
	int error;

	while (snapshot_next(walk, &start, &end, &access)) {
		plan_cut(&cursor, &engine->zones, start, end, access);
		while (plan_next(&cursor, &run)) {
			error = ops->build(engine->target, &run, 1);
			if (error)
				return error;
		}
	}
	return walk->error;
}

int shadow_snapshot(struct shadow_engine *engine, const struct shadow_host_table *table)
{
	struct snapshot_walk walk;
	int error;

	if (!engine->target)
		return 0;
	if (engine->built)
		return -SHADOW_EBUSY;
	if (table->ia_bits != engine->config.map.ia_bits || snapshot_granule_lg2(table) != engine->granule_lg2)
		return -SHADOW_EINVAL;
	error = snapshot_begin(&walk, table);
	if (error)
		return error;
	/* A second attempt might keep what this one maps and the host takes back in between. */
	engine->built = true;
	error = snapshot_build(engine, &walk);
	if (!error)
		error = engine->target->ops->enable(engine->target);
	engine->open = !error;
	return error;
}

static void report_access(const struct shadow_transition *transition)
{
	trace_report(PLATFORM_REPORT_ACCESS_UNKNOWN, transition->start.addr, transition->access);
}

/* One piece of transition @number. */
static inline void queue_piece(struct shadow_engine *engine, unsigned cpu, uint64_t number,
			       const struct shadow_transition *transition, const struct transition_piece *piece)
{
	struct queue *queue = &engine->queue[cpu];

	queue->taken++;
	if (piece->effect == TRANSITION_GRANT) {
		if (__builtin_expect(transition->access & ~(unsigned)SHADOW_ACCESS_RW, 0))
			report_access(transition);
		if (!piece->access)
			return;
		if (queue_revokes(queue) && cancel_is_allowed(engine, cpu, piece)) {
			queue_take_back(queue, number, piece);
			return;
		}
	}
	queue_push(queue, number, piece->start, piece->end, piece->access);
}

void engine_queue_piece(struct shadow_engine *engine, unsigned cpu, uint64_t number,
			const struct shadow_transition *transition, const struct transition_piece *piece)
{
	queue_piece(engine, cpu, number, transition, piece);
}

/* Old states differ, or some pages have given consent. */
__attribute__((__noinline__)) static bool queue_pieces(struct shadow_engine *engine, unsigned cpu, uint64_t number,
						   const struct shadow_transition *transition)
{
	struct pieces all = engine_pieces(engine, transition);
	struct transition_piece piece;
	uint64_t count = 0;

	for (; pieces_next(&all, &piece); count++) {
		queue_piece(engine, cpu, number, transition, &piece);
		if (piece.effect == TRANSITION_GRANT)
			bits_fill(&engine->consent, piece.start, piece.end, false);
	}
	engine->queue[cpu].split += count ? count - 1 : 0;
	engine->stats.pages_inherited += all.inherited;
	return count;
}

__attribute__((__noinline__)) static bool queue_slow(struct shadow_engine *engine, unsigned cpu, uint64_t number,
						 const struct shadow_transition *transition)
{
	struct queue *queue = &engine->queue[cpu];
	struct transition_piece piece;
	bool changes;

	if (!engine->open)
		return false;
	if (transition->old_states || engine->consent.set) {
		changes = queue_pieces(engine, cpu, number, transition);
	} else {
		changes = transition_uniform(transition, engine->granule_lg2, &piece);
		if (changes)
			queue_piece(engine, cpu, number, transition, &piece);
	}
	queue->unchanging += !changes;
	return changes;
}

/* A grant of pages that have one old state, with nothing queued that it could take back. */
static inline bool is_plain_grant(const struct shadow_engine *engine, const struct queue *queue,
				  const struct shadow_transition *transition)
{
	return transition->old_state == SHADOW_STATE_NOPAGE && transition->new_state != SHADOW_STATE_NOPAGE &&
	       !transition->old_states && !transition->access && !engine->consent.set && engine->open &&
	       !queue_revokes(queue);
}

/* A revoke or grant whose pages have one old state, anywhere; or whatever else. Takes what shadow_queue() takes, in that order: where
 * the fast path fails, a jump is enough. */
__attribute__((__noinline__)) static bool queue_elsewhere(struct shadow_engine *engine, unsigned cpu, uint64_t number,
						      const struct shadow_transition *transition)
{
	struct queue *queue = &engine->queue[cpu];
	uint64_t page = transition->start.addr >> engine->granule_lg2;

	if (transition->new_state != SHADOW_STATE_NOPAGE || transition->old_state == SHADOW_STATE_NOPAGE ||
	    transition->old_states || engine->consent.set || !engine->open) {
		if (!is_plain_grant(engine, queue, transition))
			return queue_slow(engine, cpu, number, transition);
		queue->taken++;
		queue_push(queue, number, page, page + transition->page_count, SHADOW_ACCESS_RW);
		return true;
	}
	queue->taken++;
	queue_push(queue, number, page, page + transition->page_count, SHADOW_ACCESS_NONE);
	return true;
}

/* Does a transition without old_states give its pages the access that the slot's pages have? A grant may take back
 * queued revokes. */
static inline bool same_change(const struct queue *queue, const struct queue_slot *slot,
			       const struct shadow_transition *transition)
{
	if (transition->new_state == SHADOW_STATE_NOPAGE)
		return transition->old_state != SHADOW_STATE_NOPAGE && slot->access == SHADOW_ACCESS_NONE;
	return transition->old_state == SHADOW_STATE_NOPAGE && slot->access == SHADOW_ACCESS_RW && !queue_revokes(queue);
}

/* Most transitions: the page after the newest slot's last one, to the same access. */
static inline bool queue_next_page(struct queue *queue, unsigned granule_lg2, uint64_t number,
				   const struct shadow_transition *transition)
{
	struct queue_slot *slot = queue->newest;

	if (!slot || slot->end << granule_lg2 != transition->start.addr || slot->last + 1 != number ||
	    transition->old_states || transition->access || !same_change(queue, slot, transition))
		return false;
	slot->end += transition->page_count;
	slot->last = number;
	queue->taken++;
	return true;
}

bool shadow_queue(struct shadow_engine *engine, unsigned cpu, uint64_t number,
		  const struct shadow_transition *transition)
{
	shadow_assert(cpu < engine->config.cpu_count);
	shadow_assert(platform_host_lock_held());
	shadow_assert(number > engine_newest(engine));
	platform_trace(PLATFORM_TRACE_QUEUE, number, (uintptr_t)transition);
	/* An open slot says that the engine is open. */
	if (!engine->consent.set && queue_next_page(&engine->queue[cpu], engine->granule_lg2, number, transition))
		return true;
	return queue_elsewhere(engine, cpu, number, transition);
}

void shadow_trip_end(struct shadow_engine *engine, unsigned cpu)
{
	queue_trip_end(&engine->queue[cpu]);
}

uint64_t engine_newest(const struct shadow_engine *engine)
{
	uint64_t number = load_relaxed_u64(&engine->flushed_number);

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);

		if (count && queue_peek(queue, count - 1)->last > number)
			number = queue_peek(queue, count - 1)->last;
	}
	return number;
}

shadow_ticket_t shadow_ticket(struct shadow_engine *engine)
{
	return engine_give_ticket(engine, engine_newest(engine));
}

void shadow_engine_stats(const struct shadow_engine *engine, struct shadow_stats *stats)
{
	*stats = engine->stats;
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];

		stats->transitions += queue->taken - queue->split + queue->unchanging;
		stats->slots += load_relaxed_u32(&queue->tail);
	}
}
