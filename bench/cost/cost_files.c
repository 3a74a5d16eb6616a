/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_files.c - what a profile found, as CSV and JSON.
 */
#include "bench/cost/cost_files.h"

#include <inttypes.h>

#include "bench/common/facts.h"
#include "bench/common/info.h"

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

void cost_write_csv(FILE *file, const struct cost_found *found)
{
	const char *kind = found->hardware ? "hardware" : "modelled";

	fprintf(file, "device,trace,strategy,runs,length,gap,batch,smmus,nested,counted_flushes,counted_commands,counted_syncs,"
	      "counted_doorbells,counted_pages_named,measured_cpu_ns,measured_cpu_ns_low,measured_cpu_ns_high,"
	      "%s_smmu_ns,%s_micro_misses,%s_main_misses,%s_table_reads,%s_after_ns\n",
	      kind, kind, kind, kind, kind);
	for (size_t i = 0; i < found->rows; i++) {
		const struct cost_row *row = &found->row[i];
		const struct cost_point *point = &row->point;
		const struct cost_counts *counts = &row->counts;

		fprintf(file, "%s,%s,%s,%u,%u,%u,%u,%u,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
			found->common->device.name, found->record ? found->record->name : "", cost_strategy_name(row->strategy), point->runs, point->length,
			point->gap, point->batch, point->smmus, point->nested ? "yes" : "no", counts->flushes,
			cost_commands(counts), counts->kind[COST_KIND_SYNC], counts->doorbells, counts->named);
		if (row->cpu_ns.median > 0)
			fprintf(file, ",%.1f,%.1f,%.1f", row->cpu_ns.median, row->cpu_ns.low, row->cpu_ns.high);
		else
			fputs(",,,", file);
		fprintf(file, ",%.1f,%.0f,%.0f,%.0f,%.1f\n", row->device_ns, row->extra.micro, row->extra.main,
			row->extra.reads, row->after_ns);
	}
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *device_json(const struct cost_device *device)
{
	json_t *object = json_object(), *origins = json_object();

	facts_set(object, "name", json_string(device->name));
	facts_set(object, "ranges", json_boolean(device->ranges));
	for (unsigned time = 0; time < COST_TIMES; time++)
		facts_set(object, cost_device_key(COST_KEY_TIMES + time), json_real(device->ns[time]));
	for (unsigned key = 0; key < COST_KEYS; key++)
		if (device->origin[key].assumed)
			facts_set(origins, cost_device_key(key), json_string("assumed"));
		else if (device->origin[key].source[0])
			facts_set(origins, cost_device_key(key), json_string(device->origin[key].source));
	facts_set(object, "origins", origins);
	return object;
}

static json_t *record_json(const struct cost_record *record)
{
	json_t *object = json_object();

	facts_set(object, "name", json_string(record->name));
	facts_set(object, "flushes", facts_number(record->layout.flushes));
	facts_set(object, "spans", facts_number(record->layout.spans));
	facts_set(object, "pages", facts_number(record->pages));
	facts_set(object, "flushes_left_out", facts_number(record->whole));
	facts_set(object, "device_pages", facts_number(record->layout.pages));
	return object;
}

static json_t *given_json(const struct cost_found *found)
{
	const struct cost_stream *stream = &found->common->stream;
	json_t *object = json_object();

	facts_set(object, "device", device_json(&found->common->device));
	facts_set(object, "trace", found->record ? record_json(found->record) : json_null());
	facts_set(object, "dma", json_string(cost_pattern_name(stream->pattern)));
	facts_set(object, "pages", facts_number(stream->pages));
	facts_set(object, "accesses", facts_number(stream->accesses));
	facts_set(object, "leaf", json_string(stream->leaf == 3 ? "4K" : "2M"));
	facts_set(object, "seed", facts_number(stream->seed));
	facts_set(object, "repetitions", facts_number(found->common->repetitions));
	return object;
}

static void set_point(json_t *object, const struct cost_point *point)
{
	facts_set(object, "runs", facts_number(point->runs));
	facts_set(object, "length", facts_number(point->length));
	facts_set(object, "gap", facts_number(point->gap));
	facts_set(object, "batch", facts_number(point->batch));
	facts_set(object, "smmus", facts_number(point->smmus));
	facts_set(object, "nested", json_boolean(point->nested));
}

static json_t *counted_json(const struct cost_counts *counts)
{
	json_t *object = json_object();

	facts_set(object, "flushes", facts_number(counts->flushes));
	facts_set(object, "commands", facts_number(cost_commands(counts)));
	facts_set(object, "pages", facts_number(counts->kind[COST_KIND_PAGE]));
	facts_set(object, "ranges", facts_number(counts->kind[COST_KIND_RANGE]));
	facts_set(object, "range_pieces", facts_number(counts->pieces));
	facts_set(object, "vmids", facts_number(counts->kind[COST_KIND_VMID]));
	facts_set(object, "stage1", facts_number(counts->kind[COST_KIND_STAGE1]));
	facts_set(object, "syncs", facts_number(counts->kind[COST_KIND_SYNC]));
	facts_set(object, "doorbells", facts_number(counts->doorbells));
	facts_set(object, "pages_named", facts_number(counts->named));
	return object;
}

static json_t *measured_json(const struct cost_spread *cpu_ns)
{
	json_t *object = json_object();

	facts_set(object, "cpu_ns", json_real(cpu_ns->median));
	facts_set(object, "cpu_ns_low", json_real(cpu_ns->low));
	facts_set(object, "cpu_ns_high", json_real(cpu_ns->high));
	return object;
}

static json_t *modelled_json(const struct cost_row *row)
{
	json_t *object = json_object();

	facts_set(object, "smmu_ns", json_real(row->device_ns));
	facts_set(object, "micro_misses", json_real(row->extra.micro));
	facts_set(object, "main_misses", json_real(row->extra.main));
	facts_set(object, "table_reads", json_real(row->extra.reads));
	facts_set(object, "after_ns", json_real(row->after_ns));
	return object;
}

static json_t *rows_json(const struct cost_found *found)
{
	json_t *array = json_array();

	for (size_t i = 0; i < found->rows; i++) {
		const struct cost_row *row = &found->row[i];
		json_t *object = json_object();

		facts_set(object, "strategy", json_string(cost_strategy_name(row->strategy)));
		set_point(object, &row->point);
		facts_set(object, "counted", counted_json(&row->counts));
		facts_set(object, "measured", row->cpu_ns.median > 0 ? measured_json(&row->cpu_ns) : json_null());
		facts_set(object, found->hardware ? "hardware" : "modelled", modelled_json(row));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *crossings_json(const struct cost_crossing *crossings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct cost_crossing *crossing = &crossings[i];
		json_t *object = json_object();

		facts_set(object, "strategy", json_string(cost_strategy_name(crossing->strategy)));
		facts_set(object, "length", facts_number(crossing->point.length));
		facts_set(object, "gap", facts_number(crossing->point.gap));
		facts_set(object, "nested", json_boolean(crossing->point.nested));
		facts_set(object, "smmus", facts_number(crossing->point.smmus));
		facts_set(object, "runs", crossing->runs ? facts_number(crossing->runs) : json_null());
		facts_set(object, "runs_most", facts_number(crossing->most));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *parameters_json(const struct shadow_tlbi_cost *cost, const struct cost_rating *rating)
{
	json_t *object = json_object();

	facts_set(object, "command", facts_number(cost->command));
	facts_set(object, "sync", facts_number(cost->sync));
	facts_set(object, "entry", facts_number(cost->entry));
	facts_set(object, "table", facts_number(cost->table));
	facts_set(object, "vmid", facts_number(cost->vmid));
	facts_set(object, "share", facts_number(cost->share));
	facts_set(object, "times_cheapest_mean", json_real(rating->mean));
	facts_set(object, "times_cheapest_worst", json_real(rating->worst));
	return object;
}

static json_t *advice_json(const struct cost_summary *summary)
{
	json_t *array = json_array();

	for (unsigned nested = 0; nested < 2; nested++) {
		const struct cost_advice *advice = &summary->advice[nested];
		json_t *object;

		if (!advice->given)
			continue;
		object = json_object();
		facts_set(object, "nested", json_boolean(advice->nested));
		facts_set(object, "given", parameters_json(&advice->now, &advice->rating_now));
		facts_set(object, "proposed", parameters_json(&advice->proposed, &advice->rating_proposed));
		json_array_append_new(array, object);
	}
	return array;
}

int cost_write_json(FILE *file, const struct cost_found *found)
{
	json_t *root = json_object();
	int result;

	facts_set(root, "version", json_string(info_version()));
	facts_set(root, "build", json_string(info_build()));
	facts_set(root, "hardware", json_boolean(found->hardware));
	facts_set(root, "derived", json_boolean(found->derived));
	facts_set(root, "interrupted", json_boolean(found->interrupted));
	facts_set(root, "given", given_json(found));
	facts_set(root, "rows", rows_json(found));
	facts_set(root, "crossings", crossings_json(found->summary->crossing, found->summary->crossings));
	facts_set(root, "crossings_cpu", crossings_json(found->summary->cpu, found->summary->cpus));
	facts_set(root, "planner", advice_json(found->summary));
	result = json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	fputc('\n', file);
	return result && !ferror(file) ? -1 : 0;
}
