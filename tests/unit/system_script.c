/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * system_script.c - see system_script.h.
 */
#include "system_script.h"

#include <string.h>

static uint64_t first_page(const struct system *system, unsigned region)
{
	return system->memory[region].start >> system->config.granule_lg2;
}

static uint64_t end_page(const struct system *system, unsigned region)
{
	return system->memory[region].end >> system->config.granule_lg2;
}

void script_declare_regions(struct script *script, struct system_config *config)
{
	uint64_t entries = UINT64_C(1) << (config->granule_lg2 - 3), first = system_unit(config);
	unsigned granule_lg2 = config->granule_lg2;

	script->region[0] = (struct shadow_region){ { (first + entries / 2 + 7) << granule_lg2,
						      (first + entries + entries / 4 - 3) << granule_lg2 },
						    SHADOW_MAPPING_PAGES };
	script->region[1] = (struct shadow_region){ { (2 * first - entries / 4) << granule_lg2,
						      (3 * first - 5) << granule_lg2 },
						    SHADOW_MAPPING_BLOCKS };
	config->regions = script->region;
	config->region_count = 2;
}

struct script_range script_pick(struct system *system)
{
	uint64_t entries = UINT64_C(1) << (system->config.granule_lg2 - 3);
	const uint64_t lengths[] = {
		1, 1, 1, 2, 3, 8, 31, 64, entries - 1, entries, entries + 1, 2 * entries, system->page_first
	};
	uint64_t random = system_random(system);
	uint64_t length = lengths[random % (sizeof(lengths) / sizeof(lengths[0]))];
	bool small_region = (random >> 8 & 7) == 0;
	uint64_t first = first_page(system, small_region), end = end_page(system, small_region);
	uint64_t page = first + (random >> 16 & 3) * entries + (random >> 20 & (entries - 1));

	if (length >= entries && random >> 40 & 1)
		page &= ~(length - 1);
	if ((random >> 44 & 15) == 0)
		page += system->page_first - entries;
	if ((random >> 48 & 7) == 0) /* at the edge of a table or a group */
		page = (page & ~UINT64_C(31)) - (random >> 52 & 1);
	if (page < first)
		page = first;
	if (page >= end)
		page = end - 1;
	return (struct script_range){ page, page + length > end ? end - page : length, false };
}

static bool holds(const struct script_range *range, uint64_t page)
{
	return page >= range->page && page < range->page + range->count;
}

static bool is_open(const struct script *script, uint64_t page)
{
	for (unsigned i = 0; i < script->count; i++)
		if (holds(&script->open[i], page))
			return true;
	return false;
}

/* A device may hold an entry for @page that allows less than it was granted since, until the next wait. */
static bool is_limited(const struct script *script, uint64_t page)
{
	for (unsigned i = 0; i < script->count; i++)
		if (script->open[i].limited && holds(&script->open[i], page))
			return true;
	return false;
}

/* One in an open range may go either way, and is cached as it is. */
void script_touch(struct script *script, uint64_t page)
{
	struct system *system = &script->system;

	if (!is_open(script, page))
		system_expect(system, page);
	else
		(void)system_try(system, (unsigned)(page % system->config.smmu_count), page, page & 2);
}

/* In the middle of a flush: a page that no open range touches keeps its access at every store. */
static void touch_between_stores(struct system *system, uint64_t pa)
{
	struct script *script = (struct script *)system;

	(void)pa;
	if (++script->stores % script->touch_every == 0)
		script_touch(script, script_pick(system).page);
}

static void touch_edges(struct system *system, struct script_range range, bool expect)
{
	uint64_t pages[] = { range.page - 1, range.page, range.page + range.count / 2,
			     range.page + range.count - 1, range.page + range.count };

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (expect)
			system_expect(system, pages[i]);
		else
			for (unsigned smmu = 0; smmu < system->config.smmu_count; smmu++)
				(void)system_touch(system, smmu, pages[i]);
	}
}

/* What the host may reach, a device may as soon as the flush returns: its sync is for what was revoked. */
static void touch_what_is_granted(struct script *script)
{
	struct system *system = &script->system;

	for (unsigned i = 0; i < script->count; i++) {
		struct script_range range = script->open[i];
		uint64_t pages[] = { range.page, range.page + range.count / 2, range.page + range.count - 1 };

		for (unsigned j = 0; j < 3; j++)
			for (unsigned smmu = 0; smmu < system->config.smmu_count; smmu++)
				if (system_reachable(system, pages[j]) && !is_limited(script, pages[j]))
					assert_true(system_touch(system, smmu, pages[j]));
	}
}

/* The next batch may be written while the syncs of this one are outstanding. */
void script_flush(struct script *script)
{
	script->system.stored = touch_between_stores;
	(void)shadow_flush(script->system.engine);
	script->system.stored = NULL;
	touch_what_is_granted(script);
}

void script_compact(struct script *script, unsigned blocks, bool wait)
{
	struct system *system = &script->system;

	system->stored = touch_between_stores;
	(void)shadow_compact(system->engine, blocks, &script->compaction);
	system->stored = NULL;
	if (wait)
		assert_int_equal(shadow_wait(system->engine, script->compaction, SYSTEM_WAIT_NS), 0);
}

void script_end_batch(struct script *script)
{
	struct system *system = &script->system;

	script_flush(script);
	if (system_random(system) % 8 == 0) {
		script_compact(script, 1 + (unsigned)(system_random(system) % 4), false);
		touch_what_is_granted(script);
	}
	system_flush_and_wait(system);
	for (unsigned i = 0; i < script->count; i++)
		touch_edges(system, script->open[i], true);
	script->count = 0;
	assert_int_equal(system->violations, 0);
}

bool script_may_be_refused(const struct script *script, struct script_range range)
{
	const struct system_config *config = &script->system.config;

	for (unsigned i = 0; i < config->region_count && !config->bbml; i++)
		if (config->regions[i].mapping == SHADOW_MAPPING_BLOCKS &&
		    range.page < config->regions[i].range.end >> config->granule_lg2 &&
		    range.page + range.count > config->regions[i].range.start >> config->granule_lg2)
			return true;
	return false;
}

/* Other CPUs' ranges of this batch may be half in force: only a device that tries, nothing expected yet. */
int script_transition(struct script *script, unsigned cpu, struct script_range range,
		      enum shadow_state new_state, enum shadow_access access)
{
	struct system *system = &script->system;
	const uint8_t *before = &system->access[range.page - system->page_first];
	int error;

	touch_edges(system, range, false);
	for (unsigned i = 0; i < system->config.smmu_count; i++) {
		model_unwatch_all(system->smmu[i].model);
		model_watch(system->smmu[i].model, SYSTEM_SID, range.page << system->config.granule_lg2);
	}
	range.limited =
		memchr(before, SHADOW_ACCESS_R, range.count) || memchr(before, SHADOW_ACCESS_W, range.count);
	assert_true(script->count < SCRIPT_OPEN_MAX);
	script->open[script->count++] = range;
	/* It may have to flush. */
	system->stored = touch_between_stores;
	error = system_transition_access(system, cpu, range.page, range.count, new_state, access);
	system->stored = NULL;
	script->count -= error != 0;
	return error;
}

void script_check_tables(struct script *script)
{
	assert_int_equal(shadow_wait(script->system.engine, script->compaction, SYSTEM_WAIT_NS), 0);
	system_check_tables(&script->system);
}
