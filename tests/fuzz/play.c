/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * play.c - see play.h.
 *
 * Steps: a range changes state, by any CPU and with any access; a reservation that is not used; flush, wait,
 * compact; devices execute commands, touch pages, have pages watched. The rig looks at every n-th store of a
 * flush. A pool that is too small refuses; then nothing may have changed. Judged by: the oracle at every
 * touch, at every open range after a wait and at all addresses in the end; the model's violations; the
 * sanitizers.
 */
#include "tests/fuzz/play.h"

#include "tests/unit/system_script.h"

#define SLOTS_FEW 4u /* of a CPU's queue */
#define STEPS_MAX 400u
#define OPEN_MAX  48u /* ranges between two waits */

struct input {
	const uint8_t *at, *end;
};

/* Zero behind the end. */
static unsigned next(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static unsigned choose(struct input *input, const unsigned *choices, unsigned count)
{
	return choices[next(input) % count];
}

/* Address spaces that are not slow to build and to look at. */
static unsigned choose_ia_bits(struct input *input, unsigned granule_lg2)
{
	static const unsigned with_4k[] = { 32, 33, 34, 36, 38, 39, 40, 41 };
	static const unsigned with_16k[] = { 32, 33, 34, 35, 36, 37, 38, 52 };
	static const unsigned with_64k[] = { 32, 33, 34, 35, 36, 38, 40, 52 };

	return choose(input, granule_lg2 == 12 ? with_4k : granule_lg2 == 14 ? with_16k : with_64k, 8);
}

static struct system_config choose_config(struct input *input, struct script *script)
{
	static const unsigned granules[] = { 12, 12, 14, 16 };
	struct system_config config = system_config_default();
	unsigned flags, more, pool;

	config.granule_lg2 = choose(input, granules, 4);
	config.ia_bits = choose_ia_bits(input, config.granule_lg2);
	flags = next(input);
	config.bbml = (flags & 3) % 3;
	config.collapse = (enum shadow_collapse)((flags >> 2 & 3) % 3);
	config.contiguous = flags >> 4 & 1;
	config.coherent = !(flags >> 5 & 1);
	config.ril = !(flags >> 6 & 1);
	config.nested = flags >> 7 & 1;
	/* Memory of four tables: blocks in it are of one size, and a look at every page of it is cheap. */
	config.unit_lg2 = config.granule_lg2 - 2;
	more = next(input);
	config.fwb = more & 1;
	config.smmu_count = 1 + (more >> 1 & 1);
	config.start = (enum shadow_start)((more >> 2 & 3) % 3);
	config.cmdq_lg2 = more >> 4 & 1 ? 3 : 8;
	config.queue_slots = more >> 5 & 1 ? SLOTS_FEW : 64;
	config.no_evictions = more >> 6 & 1;
	if (more >> 7 & 1)
		script_declare_regions(script, &config);
	pool = next(input);
	/* Tables for an odd number of splits, and the queues of two SMMUs. */
	if (pool & 1)
		config.pool_bytes = (uint64_t)(8 + (pool >> 1)) << config.granule_lg2;
	script->touch_every = 1 + next(input) % 32;
	config.seed = next(input);
	return config;
}

/* Near one of few places, so that ranges meet. */
static struct script_range choose_range(struct input *input, const struct system *system)
{
	uint64_t entries = UINT64_C(1) << (system->config.granule_lg2 - 3);
	const uint64_t lengths[] = { 1,	      2,	   3,		16,
				     31,      32,	   128,		entries - 1,
				     entries, entries + 1, 2 * entries, system->page_first,
				     1,	      1,	   1,		1 };
	unsigned place = next(input), offset = next(input);
	uint64_t length = lengths[place & 15], page = system->page_first + (place >> 4 & 3) * entries;
	uint64_t end =
		(place & 64 ? system->memory[1].end : system->memory[0].end) >> system->config.granule_lg2;

	if (place & 64)
		page = (system->memory[1].start >> system->config.granule_lg2) + (place >> 4 & 3) * 16;
	if (place & 128)
		page += system->page_first - 2 * entries;
	page += offset & 128 ? entries - (offset & 127) : offset;
	if (page >= end)
		page = end - 1;
	return (struct script_range){ page, page + length > end ? end - page : length, false };
}

/* What is too large for so small a pool, or so few slots, is refused; so is what would cut declared blocks.
 */
static void check_error(const struct script *script, struct script_range range, int error)
{
	const struct system_config *config = &script->system.config;
	bool refused = error == -SHADOW_EOPNOTSUPP && script_may_be_refused(script, range);
	bool small = error == -SHADOW_ENOMEM && (config->pool_bytes || config->queue_slots == SLOTS_FEW);

	if (error && !refused && !small)
		fail_msg("a transition of %llx pages is refused: %d", (unsigned long long)range.count, error);
}

static void step_transition(struct script *script, struct input *input, unsigned how)
{
	static const enum shadow_state states[] = { SHADOW_STATE_NOPAGE, SHADOW_STATE_OWNED,
						    SHADOW_STATE_SHARED_BORROWED, SHADOW_STATE_SHARED_OWNED };
	struct script_range range = choose_range(input, &script->system);
	enum shadow_access access = how & 0x30 ? SHADOW_ACCESS_NONE : (enum shadow_access)(how >> 6);

	if (script->count == OPEN_MAX)
		script_end_batch(script);
	check_error(
		script, range,
		script_transition(script, how >> 2 & 3, range, states[how & 1 ? 0 : 1 + how % 3], access));
}

/* The host asks, and then thinks better of it. */
static void step_reserve(struct script *script, struct input *input, unsigned how)
{
	struct system *system = &script->system;
	struct script_range range = choose_range(input, system);
	struct shadow_transition transition = { .start = { range.page << system->config.granule_lg2 },
						.page_count = range.count,
						.old_states = &system->state[range.page - system->page_first],
						.new_state =
							how & 1 ? SHADOW_STATE_NOPAGE : SHADOW_STATE_OWNED };
	int error = shadow_reserve(system->engine, how >> 2 & 3, &transition, SYSTEM_WAIT_NS);

	check_error(script, range, error);
	/* What was reserved in vain is in the way of whoever needs a flush first. */
	script_flush(script);
}

static void step_devices(struct script *script, struct input *input, unsigned how)
{
	struct system *system = &script->system;

	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		for (unsigned steps = how >> 3; steps; steps--)
			(void)model_step(system->smmu[i].model);
		if (how & 4)
			model_watch(system->smmu[i].model, SYSTEM_SID,
				    choose_range(input, system).page << system->config.granule_lg2);
	}
}

static void step(struct script *script, struct input *input)
{
	unsigned what = next(input), how = next(input);

	switch (what % 16) {
	case 0:
	case 1:
		script_flush(script);
		break;
	case 2:
		script_end_batch(script);
		break;
	case 3:
		script_compact(script, 1 + how % 8, how & 16);
		break;
	case 4:
		step_reserve(script, input, how);
		break;
	case 5:
		step_devices(script, input, how);
		break;
	case 6:
	case 7:
		script_touch(script, choose_range(input, &script->system).page);
		break;
	case 8:
		shadow_trip_end(script->system.engine, how % script->system.config.cpu_count);
		break;
	default:
		step_transition(script, input, how);
	}
}

static void finish(struct script *script)
{
	script_end_batch(script);
	script_check_tables(script);
	system_compact(&script->system, 5);
	system_check_compacted(&script->system);
	assert_int_equal(script->system.violations, 0);
}

void fuzz_play(const uint8_t *data, size_t size)
{
	static struct script script;
	struct input input = { data, data + size };
	struct system_config config;
	int error;

	script = (struct script){ .touch_every = 1 };
	config = choose_config(&input, &script);
	error = system_try_open(&script.system, &config);
	if (!error) {
		for (unsigned steps = 0; steps < STEPS_MAX && input.at < input.end; steps++)
			step(&script, &input);
		finish(&script);
	} else if (error == -SHADOW_ENOMEM) {
		assert_int_not_equal(config.pool_bytes, 0);
	} else {
		/* Not every space can start in the form that was asked for. */
		assert_int_equal(error, -SHADOW_EINVAL);
		assert_int_not_equal(config.start, SHADOW_START_DEFAULT);
	}
	system_close(&script.system);
}
