/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fake_target.h - an engine over a target without tables or devices, which writes down what it is asked to do.
 *
 * For what the engine alone decides: which runs, in which order, and when fences are asked for. The test says
 * when a fence is complete and what a reservation gets. One access is kept for each of the first pages.
 */
#ifndef TESTS_UNIT_FAKE_TARGET_H
#define TESTS_UNIT_FAKE_TARGET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <shadow/shadow.h>

#include "engine/platform/linux.h"
#include "engine/target.h"

#define FAKE_LOG_MAX	 4096u
#define FAKE_REPORTS_MAX 64u
#define FAKE_PAGES	 4096u
#define FAKE_IA_BITS	 36u
#define FAKE_WAIT_NS	 100000u
#define FAKE_POOL_PA	 UINT64_C(0x300000000)
#define FAKE_POOL_BYTES	 UINT64_C(0x201000) /* whole pages of 4 KiB only */
#define FAKE_HOST_PA	 UINT64_C(0x200000000000)

enum fake_call {
	FAKE_BUILD,
	FAKE_ENABLE,
	FAKE_PREPARE,
	FAKE_PREPARED,
	FAKE_APPLY,
	FAKE_KEEP,
	FAKE_RELEASE,
	FAKE_REWIND,
	FAKE_PUBLISH,
	FAKE_COMPACT,
	FAKE_RETIRE,
};

/* A call; those that bring runs have an entry for each run, or one of no pages. */
struct fake_entry {
	enum fake_call call;
	unsigned count;		       /* runs of the call */
	struct run run;
	uint64_t fence;		       /* of publish, compact and retire */
};

struct fake {
	struct shadow_target base;     /* the engine's view; granule and prepares may be set before fake_up() */
	struct shadow_address_map map;
	struct shadow_range memory[4], reserved[4];
	unsigned cpu_count, queue_slots;

	int granted;		       /* what reserve() says */
	bool keeps, agrees;	       /* what keep() and agrees() say */
	unsigned reserved_runs;	       /* that were asked for */
	unsigned whole;		       /* tables that compact() finds */
	uint64_t fence, complete;      /* newest published; newest that every device has passed */
	uint64_t fence_max;	       /* no more fences than that: the newest covers what follows */
	uint8_t access[FAKE_PAGES];

	struct shadow_engine *engine;
	void *engine_memory, *host_memory;
	size_t engine_bytes;
	struct shadow_host_table host;
	uint64_t number;

	struct fake_entry log[FAKE_LOG_MAX];
	unsigned log_count;
	struct {
		enum platform_report what;
		uint64_t a, b;
	} reports[FAKE_REPORTS_MAX];
	unsigned report_count;
	uint64_t time_ns;
};

/* ---- the target --------------------------------------------------------------------------------------- */

static inline struct fake *fake_of(struct shadow_target *target)
{
	return (struct fake *)target;
}

static inline struct fake_entry *fake_log(struct shadow_target *target, enum fake_call call)
{
	struct fake *fake = fake_of(target);
	struct fake_entry *entry = &fake->log[fake->log_count];

	assert_true(fake->log_count < FAKE_LOG_MAX);
	fake->log_count++;
	*entry = (struct fake_entry){ .call = call };
	return entry;
}

static inline void fake_log_runs(struct shadow_target *target, enum fake_call call, const struct run *runs,
				 unsigned count)
{
	if (!count)
		fake_log(target, call);
	for (unsigned i = 0; i < count; i++) {
		struct fake_entry *entry = fake_log(target, call);

		assert_true(runs[i].start < runs[i].end);
		entry->count = count;
		entry->run = runs[i];
	}
}

static inline void fake_store(struct shadow_target *target, const struct run *runs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		for (uint64_t page = runs[i].start; page < runs[i].end && page < FAKE_PAGES; page++)
			fake_of(target)->access[page] = (uint8_t)runs[i].access;
}

static inline int fake_reserve(struct shadow_target *target, const struct run *run)
{
	assert_true(run->start < run->end);
	fake_of(target)->reserved_runs++;
	return fake_of(target)->granted;
}

static inline bool fake_keep(struct shadow_target *target)
{
	fake_log(target, FAKE_KEEP);
	return fake_of(target)->keeps;
}

static inline bool fake_agrees(struct shadow_target *target, const struct run *run)
{
	(void)run;
	return fake_of(target)->agrees;
}

static inline void fake_release(struct shadow_target *target)
{
	fake_log(target, FAKE_RELEASE);
}

static inline void fake_rewind(struct shadow_target *target)
{
	fake_log(target, FAKE_REWIND);
}

static inline int fake_build(struct shadow_target *target, const struct run *runs, unsigned count)
{
	fake_log_runs(target, FAKE_BUILD, runs, count);
	fake_store(target, runs, count);
	return 0;
}

static inline int fake_enable(struct shadow_target *target)
{
	fake_log(target, FAKE_ENABLE);
	return 0;
}

static inline void fake_prepare(struct shadow_target *target, const struct run *runs, unsigned count)
{
	fake_log_runs(target, FAKE_PREPARE, runs, count);
}

static inline void fake_prepared(struct shadow_target *target)
{
	fake_log(target, FAKE_PREPARED);
}

static inline void fake_apply(struct shadow_target *target, const struct run *runs, unsigned count)
{
	fake_log_runs(target, FAKE_APPLY, runs, count);
	fake_store(target, runs, count);
}

static inline uint64_t fake_next_fence(struct fake *fake)
{
	fake->fence += fake->fence < fake->fence_max;
	return fake->fence;
}

static inline uint64_t fake_publish(struct shadow_target *target, bool all)
{
	(void)all;
	return fake_log(target, FAKE_PUBLISH)->fence = fake_next_fence(fake_of(target));
}

static inline bool fake_compact(struct shadow_target *target, unsigned blocks, uint64_t *fence)
{
	struct fake *fake = fake_of(target);
	unsigned here = blocks < fake->whole ? blocks : fake->whole;

	fake->whole -= here;
	*fence = here ? fake_next_fence(fake) : fake->fence;
	fake_log(target, FAKE_COMPACT)->fence = *fence;
	fake->log[fake->log_count - 1].count = here;
	return fake->whole;
}

static inline int fake_complete(struct shadow_target *target, uint64_t fence)
{
	return fence <= fake_of(target)->complete;
}

static inline bool fake_landed(struct shadow_target *target, uint64_t fence)
{
	return fence <= fake_of(target)->complete;
}

static inline void fake_retire(struct shadow_target *target, uint64_t fence)
{
	assert_true(fence <= fake_of(target)->complete);
	fake_log(target, FAKE_RETIRE)->fence = fence;
}

static const struct target_ops fake_ops = {
	.reserve = fake_reserve,
	.keep = fake_keep,
	.agrees = fake_agrees,
	.release = fake_release,
	.rewind = fake_rewind,
	.build = fake_build,
	.enable = fake_enable,
	.prepare = fake_prepare,
	.prepared = fake_prepared,
	.compact = fake_compact,
	.apply = fake_apply,
	.publish = fake_publish,
	.complete = fake_complete,
	.landed = fake_landed,
	.retire = fake_retire,
};

/* ---- platform ----------------------------------------------------------------------------------------- */

static inline uint64_t fake_time(void *ctx)
{
	return ((struct fake *)ctx)->time_ns += 100;
}

static inline void fake_relax(void *ctx)
{
	(void)ctx;
}

static inline void fake_reported(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	struct fake *fake = ctx;

	assert_true(fake->report_count < FAKE_REPORTS_MAX);
	fake->reports[fake->report_count].what = what;
	fake->reports[fake->report_count].a = a;
	fake->reports[fake->report_count++].b = b;
}

/* ---- set-up ------------------------------------------------------------------------------------------- */

static inline void fake_init(struct fake *fake, unsigned granule_lg2)
{
	memset(fake, 0, sizeof(*fake));
	fake->memory[0] = (struct shadow_range){ 0, UINT64_C(1) << 32 };
	fake->map = (struct shadow_address_map){ .ia_bits = FAKE_IA_BITS, .granule_lg2 = granule_lg2,
						 .memory_count = 1 };
	fake->base = (struct shadow_target){
		.ops = &fake_ops,
		.ia_bits = FAKE_IA_BITS,
		.granule_lg2 = granule_lg2,
		.own = { FAKE_POOL_PA, FAKE_POOL_PA + FAKE_POOL_BYTES },
		.retires = true,
	};
	fake->cpu_count = 1;
	fake->queue_slots = 16;
	fake->granted = 1;
	fake->fence_max = UINT64_MAX;
	platform_linux_set_time(fake_time, fake);
	platform_linux_set_relax(fake_relax, fake);
	platform_linux_set_report(fake_reported, fake);
	platform_linux_set_host_lock(true);
}

static inline struct shadow_engine_config fake_engine_config(struct fake *fake)
{
	fake->map.memory = fake->memory;
	fake->map.reserved = fake->reserved;
	return (struct shadow_engine_config){ .cpu_count = fake->cpu_count,
					      .queue_slots = fake->queue_slots,
					      .map = fake->map };
}

static inline int fake_engine_up(struct fake *fake)
{
	struct shadow_engine_config config = fake_engine_config(fake);

	fake->engine_bytes = shadow_engine_bytes(&config);
	assert_true(fake->engine_bytes > 0);
	fake->engine_memory = platform_linux_alloc(fake->engine_bytes, 64);
	assert_non_null(fake->engine_memory);
	return shadow_engine_init(fake->engine_memory, fake->engine_bytes, &config, &fake->engine);
}

/* A host table without an entry, and the engine with its target; all but the snapshot. */
static inline void fake_up_to_snapshot(struct fake *fake)
{
	assert_int_equal(fake_engine_up(fake), 0);
	assert_int_equal(shadow_engine_register(fake->engine, &fake->base), 0);
	fake->host = (struct shadow_host_table){ .root = { FAKE_HOST_PA }, .ia_bits = FAKE_IA_BITS,
						 .start_level = fake->base.granule_lg2 == 12 ? 1 : 2,
						 .granule_lg2 = fake->base.granule_lg2 };
	fake->host_memory = platform_linux_alloc(0x10000, 0x10000);
	assert_non_null(fake->host_memory);
	assert_int_equal(platform_linux_add_memory(fake->host.root, fake->host_memory, 0x10000), 0);
}

static inline void fake_forget(struct fake *fake)
{
	fake->log_count = fake->report_count = fake->reserved_runs = 0;
}

static inline void fake_up(struct fake *fake)
{
	fake_up_to_snapshot(fake);
	assert_int_equal(shadow_snapshot(fake->engine, &fake->host), 0);
	fake_forget(fake);
}

static inline void fake_down(struct fake *fake)
{
	if (fake->host_memory)
		platform_linux_remove_memory((shadow_pa_t){ FAKE_HOST_PA });
	platform_linux_free(fake->host_memory, 0x10000);
	platform_linux_free(fake->engine_memory, fake->engine_bytes);
	memset(fake, 0, sizeof(*fake));
	platform_linux_set_time(NULL, NULL);
	platform_linux_set_relax(NULL, NULL);
	platform_linux_set_report(NULL, NULL);
}

/* ---- the host ----------------------------------------------------------------------------------------- */

static inline struct shadow_transition fake_transition(const struct fake *fake, uint64_t page, uint64_t count,
						       enum shadow_state old_state, enum shadow_state new_state)
{
	return (struct shadow_transition){ .start = { page << fake->base.granule_lg2 }, .page_count = count,
					   .old_state = old_state, .new_state = new_state };
}

/* Reserve and queue. Return: as shadow_reserve(). */
static inline int fake_change_on(struct fake *fake, unsigned cpu, uint64_t page, uint64_t count,
				 enum shadow_state old_state, enum shadow_state new_state)
{
	struct shadow_transition transition = fake_transition(fake, page, count, old_state, new_state);
	int error = shadow_reserve(fake->engine, cpu, &transition, FAKE_WAIT_NS);

	if (!error && shadow_queue(fake->engine, cpu, fake->number + 1, &transition))
		fake->number++;
	return error;
}

static inline void fake_revoke(struct fake *fake, uint64_t page, uint64_t count)
{
	assert_int_equal(fake_change_on(fake, 0, page, count, SHADOW_STATE_OWNED, SHADOW_STATE_NOPAGE), 0);
}

static inline void fake_grant(struct fake *fake, uint64_t page, uint64_t count)
{
	assert_int_equal(fake_change_on(fake, 0, page, count, SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED), 0);
}

/* Queue without reserving: a grant behind a revoke of its page makes a round of its own. */
static inline void fake_queue(struct fake *fake, uint64_t page, uint64_t count, enum shadow_state new_state)
{
	struct shadow_transition transition = fake_transition(
		fake, page, count, new_state == SHADOW_STATE_NOPAGE ? SHADOW_STATE_OWNED : SHADOW_STATE_NOPAGE,
		new_state);

	assert_true(shadow_queue(fake->engine, 0, ++fake->number, &transition));
}

static inline void fake_pass(struct fake *fake)
{
	fake->complete = fake->fence;
}

static inline void fake_finish(struct fake *fake)
{
	shadow_ticket_t ticket = shadow_flush(fake->engine);

	fake_pass(fake);
	assert_int_equal(shadow_wait(fake->engine, ticket, FAKE_WAIT_NS), 0);
	shadow_reclaim(fake->engine);
}

/* ---- what was recorded -------------------------------------------------------------------------------- */

static inline void fake_assert_call(const struct fake *fake, unsigned index, enum fake_call call)
{
	assert_true(index < fake->log_count);
	assert_int_equal(fake->log[index].call, call);
}

static inline void fake_assert_run(const struct fake *fake, unsigned index, enum fake_call call, uint64_t start,
				   uint64_t end, enum shadow_access access)
{
	fake_assert_call(fake, index, call);
	assert_int_equal(fake->log[index].run.start, start);
	assert_int_equal(fake->log[index].run.end, end);
	assert_int_equal(fake->log[index].run.access, access);
}

static inline unsigned fake_count(const struct fake *fake, enum fake_call call)
{
	unsigned count = 0;

	for (unsigned i = 0; i < fake->log_count; i++)
		count += fake->log[i].call == call;
	return count;
}

static inline struct shadow_stats fake_stats(const struct fake *fake)
{
	struct shadow_stats stats;

	shadow_engine_stats(fake->engine, &stats);
	return stats;
}

#endif
