/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * results_json.c - what a replay found, as JSON.
 *
 * Addresses and words are "0x..." strings, since a JSON number need not hold 64 bits; counts are numbers.
 */
#include "bench/results.h"

#include <inttypes.h>
#include <jansson.h>

#include "bench/info.h"
#include "bench/machine.h"

/* Hands over its reference; a failure anywhere shows in the object as a missing key. */
static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *word(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

static json_t *range(uint64_t base, uint64_t bytes)
{
	json_t *object = json_object();

	set(object, "base", word(base));
	set(object, "bytes", number(bytes));
	return object;
}

static json_t *machine_json(void)
{
	json_t *object = json_object();
	struct machine machine;

	machine_read(&machine);
	set(object, "cpu", json_string(machine.cpu));
	set(object, "kernel", json_string(machine.kernel));
	set(object, "governor", json_string(machine.governor));
	set(object, "packages", number(machine.packages));
	set(object, "cores", number(machine.cores));
	set(object, "hardware_threads", number(machine.pus));
	set(object, "numa_nodes", number(machine.numa_nodes));
	set(object, "memory_bytes", number(machine.memory_bytes));
	return object;
}

static json_t *config_json(const struct options *options)
{
	json_t *object = json_object();
	char flush[16];

	options_flush_name(&options->flush, flush);
	set(object, "flush", json_string(flush));
	set(object, "assumes",
	    options->flush.mode == SCHEDULE_TRIP ? json_string("guest map at the trip's end") : json_null());
	set(object, "what_if",
	    options->flush.mode == SCHEDULE_COUNT ? json_string("hand-over late") : json_null());
	set(object, "smmus", number(options->smmus));
	set(object, "nested", json_boolean(options->nested));
	set(object, "bbml", number(options->bbml));
	set(object, "collapse", json_string(options_collapse_name(options->collapse)));
	set(object, "compact", number(options->compact));
	set(object, "contiguous", json_boolean(options->contiguous));
	set(object, "fwb", json_boolean(options->fwb));
	set(object, "coherent", json_boolean(!options->non_coherent));
	set(object, "ril", json_boolean(!options->no_ril));
	set(object, "until", options->has_until ? number(options->until) : json_null());
	set(object, "lenient", json_boolean(options->lenient));
	set(object, "sync_ns", number(options->sync_ns));
	set(object, "verify", json_boolean(options->verify));
	return object;
}

static json_t *latency_json(const struct latency_summary *latency)
{
	json_t *object = json_object();

	set(object, "p50", number(latency->p50));
	set(object, "p99", number(latency->p99));
	set(object, "max", number(latency->max));
	return object;
}

static json_t *latencies_json(const struct result *result)
{
	json_t *object = json_object();

	set(object, "all", latency_json(&result->latency));
	set(object, "revoke", latency_json(&result->latency_revoke));
	set(object, "grant", latency_json(&result->latency_grant));
	return object;
}

static json_t *verify_json(const struct result *result)
{
	json_t *object = json_object();

	set(object, "accesses", number(result->verify.accesses));
	set(object, "touched_before_revoke", number(result->verify.touched_before_revoke));
	set(object, "untouchable", number(result->verify.untouchable));
	set(object, "stale_hits", number(result->verify.stale_hits));
	set(object, "spurious_faults", number(result->verify.spurious_faults));
	set(object, "wrong_translations", number(result->verify.wrong_translations));
	set(object, "violations", number(result->violations));
	return object;
}

static json_t *init_json(const struct result *result)
{
	json_t *object = json_object();

	set(object, "tlbi", number(result->init.tlbi));
	set(object, "syncs", number(result->init.syncs));
	set(object, "doorbells", number(result->init.doorbells));
	set(object, "table_writes", number(result->init.table_writes));
	set(object, "table_bytes_live", number(result->init.table_bytes_live));
	return object;
}

static json_t *leaves_json(const struct result *result)
{
	json_t *object = json_object();

	set(object, "1G", number(result->leaves[1]));
	set(object, "2M", number(result->leaves[2]));
	set(object, "4K", number(result->leaves[3]));
	return object;
}

static json_t *ste_json(const struct result *result)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < 8; i++)
		json_array_append_new(array, word(result->ste[i]));
	return array;
}

static json_t *reserved_json(const struct options *options)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < options->reserved_count; i++)
		json_array_append_new(array, range(options->reserved[i].start,
						   options->reserved[i].end - options->reserved[i].start));
	return array;
}

static json_t *run_json(const struct results *results, const struct result *result)
{
	double ratio = results_ratio_to_eager(results, result);
	json_t *object = json_object();

	set(object, "trace", json_string(result->trace));
	set(object, "policy", json_string(options_policy_name(result->policy)));
	set(object, "pool", range(result->pool_base, result->pool_bytes));
	set(object, "reserved", reserved_json(results->options));
	set(object, "ste", ste_json(result));
	set(object, "vmid", number(result->vmid));
	set(object, "transitions", number(result->transitions));
	set(object, "transitions_access", number(result->transitions_access));
	set(object, "contradictions", number(result->contradictions));
	set(object, "pages_granted", number(result->pages_granted));
	set(object, "pages_revoked", number(result->pages_revoked));
	set(object, "flushes", number(result->flushes));
	set(object, "flushes_forced", number(result->flushes_forced));
	set(object, "tlbi", number(result->tlbi));
	set(object, "syncs", number(result->syncs));
	set(object, "doorbells", number(result->doorbells));
	set(object, "doorbells_extra", number(result->doorbells_extra));
	set(object, "table_writes", number(result->table_writes));
	set(object, "table_bytes_live", number(result->table_bytes_live));
	set(object, "table_bytes_peak", number(result->table_bytes_peak));
	set(object, "table_bytes_reserved", number(result->table_bytes_reserved));
	set(object, "table_writes_per_access", json_real(result_per_access(result, result->table_writes)));
	set(object, "splits", number(result->splits));
	set(object, "collapses", number(result->collapses));
	set(object, "splits_per_1000", json_real(result_per_access(result, 1000 * result->splits)));
	set(object, "collapses_per_1000", json_real(result_per_access(result, 1000 * result->collapses)));
	set(object, "hints", number(result->hints));
	set(object, "hints_dropped", number(result->hints_dropped));
	set(object, "leaves", leaves_json(result));
	set(object, "cpu_ns", json_real(result_ns_per(result, result->transitions_access)));
	set(object, "cpu_ns_per_t", json_real(result_ns_per(result, result->transitions)));
	set(object, "cpu_runs", number(result->native_runs));
	set(object, "ratio_to_eager", ratio > 0 ? json_real(ratio) : json_null());
	set(object, "latency_ns", latencies_json(result));
	set(object, "verify", results->options->verify ? verify_json(result) : json_null());
	set(object, "init", init_json(result));
	return object;
}

static json_t *skipped_json(const struct result *result)
{
	json_t *object = json_object();

	set(object, "trace", json_string(result->trace));
	set(object, "policy", json_string(options_policy_name(result->policy)));
	set(object, "why", json_string(result->skipped));
	return object;
}

int results_write_json(const struct results *results, FILE *file)
{
	json_t *root = json_object(), *runs = json_array(), *skipped = json_array();
	int result;

	for (size_t i = 0; i < results->count; i++) {
		if (results->result[i].skipped)
			json_array_append_new(skipped, skipped_json(&results->result[i]));
		else
			json_array_append_new(runs, run_json(results, &results->result[i]));
	}
	set(root, "version", json_string(info_version()));
	set(root, "build", json_string(info_build()));
	set(root, "machine", machine_json());
	set(root, "config", config_json(results->options));
	set(root, "runs", runs);
	set(root, "skipped", skipped);
	result = json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	fputc('\n', file);
	return result || ferror(file) ? -1 : 0;
}
