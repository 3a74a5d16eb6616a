/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_stats_json.c - the statistics of a trace as JSON.
 */
#include "bench/trace/trace_stats.h"

#include "bench/common/facts.h"

static json_t *share_json(const struct trace_share *share)
{
	json_t *object = json_object();

	facts_set(object, "records", facts_number(share->records));
	facts_set(object, "pages", facts_number(share->pages));
	return object;
}

/* {"1": n, "2": n, "4": n, ...}: by the bucket's lowest value. */
static json_t *histogram_json(const struct trace_histogram *histogram)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < TRACE_STATS_BUCKETS; i++) {
		char key[24];

		if (!histogram->bucket[i])
			continue;
		snprintf(key, sizeof(key), "%llu", 1ull << i);
		facts_set(object, key, facts_number(histogram->bucket[i]));
	}
	return object;
}

static json_t *tallies_json(const struct trace_tallies *tallies)
{
	json_t *object = json_object();

	for (size_t i = 0; i < tallies->count; i++) {
		char key[24];

		snprintf(key, sizeof(key), "%llu", (unsigned long long)tallies->tally[i].value);
		facts_set(object, key, facts_number(tallies->tally[i].count));
	}
	return object;
}

static json_t *kinds_json(const struct trace_stats *stats, const struct trace *trace)
{
	json_t *array = json_array();

	for (size_t i = 0; i < stats->kinds; i++) {
		const struct trace_kind *kind = &stats->kind[i];
		json_t *object = share_json(&kind->share);
		char old[2] = { trace_state_letter(kind->old_state) },
		     new[2] = { trace_state_letter(kind->new_state) };

		facts_set(object, "cause", json_string(trace_name(trace, kind->cause)));
		facts_set(object, "old", json_string(old));
		facts_set(object, "new", json_string(new));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *trips_json(const struct trace_stats *stats, const struct trace *trace)
{
	static const char *const whys[] = { [TRACE_WHY_HVC] = "hvc",
					    [TRACE_WHY_ABORT] = "abort",
					    [TRACE_WHY_SMC] = "smc",
					    [TRACE_WHY_GUEST] = "guest" };
	json_t *array = json_array();

	for (size_t i = 0; i < stats->trips; i++) {
		const struct trace_trips *trip = &stats->trip[i];
		json_t *object = json_object();

		facts_set(object, "why", json_string(whys[trip->why]));
		facts_set(object, "id", json_string(trace_name(trace, trip->id)));
		facts_set(object, "trips", facts_number(trip->trips));
		facts_set(object, "with_transition", facts_number(trip->with_transition));
		facts_set(object, "transitions", facts_number(trip->calls));
		facts_set(object, "p50_ns", facts_number(trip->p50_ns));
		facts_set(object, "p99_ns", facts_number(trip->p99_ns));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *records_json(const struct trace_stats *stats)
{
	json_t *object = json_object();

	facts_set(object, "all", facts_number(stats->records));
	for (unsigned letter = 'A'; letter <= 'Z'; letter++) {
		char key[2] = { (char)letter };

		if (stats->type[letter])
			facts_set(object, key, facts_number(stats->type[letter]));
	}
	return object;
}

static json_t *order_json(const struct trace_stats *stats)
{
	static const char *const steps[TRACE_STEPS] = {
		[TRACE_STEP_ABOVE] = "above",
		[TRACE_STEP_BELOW] = "below",
		[TRACE_STEP_OTHER] = "adjacent_other_change",
		[TRACE_STEP_SAME] = "same_page",
		[TRACE_STEP_FAR] = "elsewhere",
	};
	json_t *object = json_object();

	for (unsigned i = 0; i < TRACE_STEPS; i++)
		facts_set(object, steps[i], facts_number(stats->step[i]));
	facts_set(object, "next_in_file_begins_at_end", facts_number(stats->next_above));
	facts_set(object, "next_in_file_on_another_cpu", facts_number(stats->cpu_changes));
	facts_set(object, "gap_ns_p10", facts_number(stats->gap_ns[0]));
	facts_set(object, "gap_ns_p50", facts_number(stats->gap_ns[1]));
	facts_set(object, "gap_ns_p90", facts_number(stats->gap_ns[2]));
	return object;
}

static json_t *cpus_json(const struct trace_stats *stats)
{
	json_t *object = json_object();

	for (unsigned cpu = 0; cpu < TRACE_CPUS_MAX; cpu++) {
		char key[8];

		if (!stats->cpu[cpu])
			continue;
		snprintf(key, sizeof(key), "%u", cpu);
		facts_set(object, key, facts_number(stats->cpu[cpu]));
	}
	return object;
}

json_t *trace_stats_json(const struct trace_stats *stats, const struct trace *trace)
{
	json_t *object = json_object();

	facts_set(object, "name", json_string(trace->name));
	facts_set(object, "records", records_json(stats));
	facts_set(object, "duration_ns", facts_number(stats->duration_ns));
	facts_set(object, "calls", facts_number(stats->calls));
	facts_set(object, "transitions", share_json(&stats->transitions));
	facts_set(object, "change_nothing", facts_number(stats->no_change));
	facts_set(object, "kinds", kinds_json(stats, trace));
	facts_set(object, "lost", share_json(&stats->lost));
	facts_set(object, "regained", share_json(&stats->regained));
	facts_set(object, "access_unchanged", share_json(&stats->kept));
	facts_set(object, "changed_pages", facts_number(stats->changed_pages));
	facts_set(object, "changed_blocks", facts_number(stats->changed_blocks));
	facts_set(object, "peak_pages_without_access", facts_number(stats->peak_pages));
	facts_set(object, "peak_blocks_without_access", facts_number(stats->peak_blocks));
	facts_set(object, "pages_per_record", tallies_json(&stats->size));
	facts_set(object, "order", order_json(stats));
	facts_set(object, "run_lengths", histogram_json(&stats->run));
	facts_set(object, "cpus", cpus_json(stats));
	facts_set(object, "loss_to_return", histogram_json(&stats->away));
	facts_set(object, "return_to_loss", histogram_json(&stats->back));
	facts_set(object, "lazy_mappings_by_pages", tallies_json(&stats->map_size));
	facts_set(object, "transitions_per_trip", histogram_json(&stats->calls_per_trip));
	facts_set(object, "runs_per_trip", histogram_json(&stats->segments_per_trip));
	facts_set(object, "trips_with_transition", facts_number(stats->trips_with));
	facts_set(object, "trips_without_transition", facts_number(stats->trips_without));
	facts_set(object, "trips_with_mapping_alone", facts_number(stats->trips_mapped));
	facts_set(object, "trips", trips_json(stats, trace));
	return object;
}
