/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * engine.c - life cycle, configuration checks, snapshot, queueing and reservation.
 *
 * Owns: transitions pass only after a snapshot that succeeded; what shadow_reserve() granted cannot run out.
 * The flush is in flush.c.
 */
#include "engine/engine.h"

#include <shadow/platform.h>

#include "engine/snapshot.h"

#define SLOTS_MAX 65536u
#define MAP_RANGES_MAX 4096u

/* Parts of the caller's memory, each aligned to a cache line. */
struct layout {
	size_t zones, slots, item, spare, merged, bytes;
};

static bool config_legal(const struct shadow_engine_config *config)
{
	const struct shadow_address_map *map = &config->map;

	return config->cpu_count >= 1 && config->cpu_count <= SHADOW_CPUS_MAX && config->queue_slots >= 2 &&
	       config->queue_slots <= SLOTS_MAX && !(config->queue_slots & (config->queue_slots - 1)) &&
	       map->ia_bits >= SHADOW_IA_BITS_MIN && map->ia_bits <= SHADOW_IA_BITS_MAX &&
	       map->memory_count <= MAP_RANGES_MAX && map->reserved_count <= MAP_RANGES_MAX;
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
		.page_top = UINT64_C(1) << (config->map.ia_bits - SHADOW_PAGE_LG2),
		.zones = { .zone = (struct plan_zone *)(base + layout.zones),
			   .capacity = plan_zones_max(&config->map, 1) },
		.item = (struct coalesce_item *)(base + layout.item),
		.spare = (struct coalesce_item *)(base + layout.spare),
		.merged = (struct coalesce_item *)(base + layout.merged),
	};
	error = plan_zones_init(&made->zones, &config->map);
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
	if (target->ia_bits != engine->config.map.ia_bits)
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
	if (table->ia_bits != engine->config.map.ia_bits)
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

bool shadow_queued(const struct shadow_engine *engine, shadow_ipa_t start, uint64_t page_count)
{
	uint64_t first = start.addr >> SHADOW_PAGE_LG2, end = first + page_count;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);

		for (uint32_t i = 0; i < count; i++) {
			const struct queue_slot *slot = queue_peek(queue, i);

			if (slot->start < end && first < slot->end)
				return true;
		}
	}
	return false;
}

static inline bool in_promised_zone(const struct shadow_engine *engine, const struct transition_piece *piece)
{
	return piece->start >= engine->promised.start && piece->start < piece->end &&
	       piece->end <= engine->promised.end;
}

/* Ask the target for tables for every run of the piece. */
static int reserve_piece(struct shadow_engine *engine, const struct transition_piece *piece)
{
	struct plan_cursor cursor;
	struct run run;
	int granted;

	if (in_promised_zone(engine, piece)) {
		run = (struct run){ piece->start, piece->end, piece->access, engine->promised.memory };
		/* Tables are promised, but what an outstanding flush unlinked may hide a grant. */
		granted = engine->promise_holds && !(piece->access && engine->flight_count) ?
				  1 :
				  engine->target->ops->reserve(engine->target, &run);
		engine->promise_holds = granted == 1;
		return granted < 0 ? granted : 0;
	}
	plan_cut(&cursor, &engine->zones, piece->start, piece->end, piece->access);
	while (plan_next(&cursor, &run)) {
		granted = engine->target->ops->reserve(engine->target, &run);
		if (granted < 0)
			return granted;
		if (granted == 1) {
			engine->promised = plan_zone_of(&engine->zones, &run);
			engine->promise_holds = true;
		}
	}
	return 0;
}

static bool revokes_queued(const struct shadow_engine *engine)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++)
		any |= queue_revokes(&engine->queue[cpu]);
	return any;
}

/* Would this grant undo a revoke of the same batch? That is not allowed to happen unseen. */
static bool undoes_revoke(const struct shadow_engine *engine, const struct transition_piece *piece)
{
	return revokes_queued(engine) &&
	       shadow_queued(engine, (shadow_ipa_t){ piece->start << SHADOW_PAGE_LG2 }, piece->end - piece->start);
}

static int reserve_all(struct shadow_engine *engine, unsigned cpu, const struct shadow_transition *transition)
{
	struct transition_piece piece;
	uint64_t offset = 0, pieces = 0;
	int error;

	while (transition_next(transition, &offset, &piece)) {
		if (piece.effect == TRANSITION_GRANT && undoes_revoke(engine, &piece))
			return -SHADOW_EAGAIN;
		pieces++;
		error = reserve_piece(engine, &piece);
		if (error)
			return error;
	}
	return pieces > queue_room(&engine->queue[cpu]) ? -SHADOW_EAGAIN : 0;
}

__attribute__((noinline)) static int reserve_slow(struct shadow_engine *engine, unsigned cpu,
						  const struct shadow_transition *transition, uint64_t wait_ns)
{
	uint64_t page = transition->start.addr >> SHADOW_PAGE_LG2;
	int error;

	if (!engine->open)
		return 0;
	if (!wait_ns || wait_ns > SHADOW_WAIT_NS_MAX || cpu >= engine->config.cpu_count ||
	    transition->start.addr & (SHADOW_PAGE_BYTES - 1) || !transition->page_count || page >= engine->page_top ||
	    transition->page_count > engine->page_top - page)
		return -SHADOW_EINVAL;
	error = reserve_all(engine, cpu, transition);
	if (error != -SHADOW_EAGAIN && error != -SHADOW_ENOMEM)
		return error;
	engine->stats.flushes_forced++;
	engine_flush(engine, true);
	error = engine_wait_all(engine, wait_ns);
	if (!error)
		error = reserve_all(engine, cpu, transition);
	return error == -SHADOW_EAGAIN ? -SHADOW_ENOMEM : error;
}

/* Most transitions: a revoke in a zone whose tables are promised, on a queue with room. */
int shadow_reserve(struct shadow_engine *engine, unsigned cpu, const struct shadow_transition *transition,
		   uint64_t wait_ns)
{
	struct transition_piece piece;

	shadow_assert(platform_host_lock_held());
	if (!transition->old_states && transition_uniform(transition, &piece) &&
	    piece.effect == TRANSITION_REVOKE && engine->promise_holds && in_promised_zone(engine, &piece) &&
	    !(transition->start.addr & (SHADOW_PAGE_BYTES - 1)) && cpu < engine->config.cpu_count &&
	    !queue_full(&engine->queue[cpu]))
		return 0;
	return reserve_slow(engine, cpu, transition, wait_ns);
}

static void report_access(const struct shadow_transition *transition)
{
	platform_report(PLATFORM_REPORT_ACCESS_UNKNOWN, transition->start.addr, transition->access);
}

/* One piece of transition @number. */
static inline void queue_piece(struct queue *queue, uint64_t number, const struct shadow_transition *transition,
			       const struct transition_piece *piece)
{
	if (piece->effect == TRANSITION_GRANT && __builtin_expect(transition->access, 0)) {
		if (transition->access & ~(unsigned)SHADOW_ACCESS_RW)
			report_access(transition);
		if (!piece->access)
			return;
	}
	queue_push(queue, number, piece);
}

__attribute__((noinline)) static bool queue_mixed(struct queue *queue, uint64_t number, const struct shadow_transition *transition)
{
	struct transition_piece piece;
	uint64_t offset = 0;
	bool changes = false;

	while (transition_mixed(transition, &offset, &piece)) {
		queue_piece(queue, number, transition, &piece);
		changes = true;
	}
	return changes;
}

__attribute__((noinline)) static bool queue_slow(struct queue *queue, uint64_t number,
						 const struct shadow_transition *transition)
{
	struct transition_piece piece;

	if (transition->old_states)
		return queue_mixed(queue, number, transition);
	if (!transition_uniform(transition, &piece))
		return false;
	queue_piece(queue, number, transition, &piece);
	return true;
}

/* Most transitions: the page after the newest slot's last one, to the same access. */
static inline bool queue_next_page(struct queue *queue, uint64_t number, const struct shadow_transition *transition)
{
	struct queue_slot *slot = queue->newest;
	bool revokes = transition->new_state == SHADOW_STATE_NOPAGE;

	if (!slot || slot->end << SHADOW_PAGE_LG2 != transition->start.addr || slot->last + 1 != number ||
	    transition->old_states || transition->access ||
	    (transition->old_state == SHADOW_STATE_NOPAGE) == revokes ||
	    slot->access != (revokes ? SHADOW_ACCESS_NONE : SHADOW_ACCESS_RW))
		return false;
	slot->end += transition->page_count;
	slot->last = number;
	return true;
}

bool shadow_queue(struct shadow_engine *engine, unsigned cpu, uint64_t number,
		  const struct shadow_transition *transition)
{
	struct queue *queue = &engine->queue[cpu];

	shadow_assert(cpu < engine->config.cpu_count);
	shadow_assert(platform_host_lock_held());
	shadow_assert(number > shadow_ticket(engine).number);
	/* An open slot says that the engine is open. */
	if (!queue_next_page(queue, number, transition)) {
		if (!engine->open)
			return false;
		queue->transitions++;
		return queue_slow(queue, number, transition);
	}
	queue->transitions++;
	return true;
}

void shadow_queue_close(struct shadow_engine *engine, unsigned cpu)
{
	queue_close(&engine->queue[cpu]);
}

shadow_ticket_t shadow_ticket(const struct shadow_engine *engine)
{
	uint64_t number = engine->flushed_number;

	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		const struct queue *queue = &engine->queue[cpu];
		uint32_t count = queue_count(queue);

		if (count && queue_peek(queue, count - 1)->last > number)
			number = queue_peek(queue, count - 1)->last;
	}
	return (shadow_ticket_t){ number };
}

void shadow_engine_stats(const struct shadow_engine *engine, struct shadow_stats *stats)
{
	*stats = engine->stats;
	for (unsigned cpu = 0; cpu < engine->config.cpu_count; cpu++) {
		stats->transitions += engine->queue[cpu].transitions;
		stats->slots += load_relaxed_u32(&engine->queue[cpu].tail);
	}
}
