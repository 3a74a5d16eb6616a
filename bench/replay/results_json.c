/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * results_json.c - what a replay found, as JSON.
 */
#include "bench/replay/results.h"

#include "bench/common/facts.h"
#include "bench/common/info.h"
#include "bench/common/machine.h"

static json_t *range(uint64_t base, uint64_t bytes)
{
	json_t *object = json_object();

	facts_set(object, "base", facts_word(base));
	facts_set(object, "bytes", facts_number(bytes));
	return object;
}

static json_t *machine_json(void)
{
	json_t *object = json_object(), *doubts = json_array();
	struct machine machine;

	machine_read(&machine);
	facts_set(object, "cpu", json_string(machine.cpu));
	facts_set(object, "kernel", json_string(machine.kernel));
	facts_set(object, "governor", json_string(machine.governor));
	facts_set(object, "packages", facts_number(machine.packages));
	facts_set(object, "cores", facts_number(machine.cores));
	facts_set(object, "hardware_threads", facts_number(machine.pus));
	facts_set(object, "numa_nodes", facts_number(machine.numa_nodes));
	facts_set(object, "memory_bytes", facts_number(machine.memory_bytes));
	for (unsigned i = 0; i < machine.doubts.count; i++)
		json_array_append_new(doubts, json_string(machine.doubts.text[i]));
	facts_set(object, "doubts", doubts);
	return object;
}

/* Where the replay ran. */
static json_t *placement_json(const struct results *results)
{
	const struct options *options = results->options;
	json_t *object = json_object();

	facts_set(object, "cpu", results->cpu < 0 ? json_null() : facts_number((uint64_t)results->cpu));
	facts_set(object, "membind", json_string(options->membind ? options->membind : "any"));
	facts_set(object, "huge_pages", json_boolean(options->huge_pages));
	return object;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *config_json(const struct options *options)
{
	json_t *object = json_object();
	char flush[16];

	options_flush_name(&options->flush, flush);
	facts_set(object, "flush", json_string(flush));
	facts_set(object, "ahead_bytes",
		  options->flush.ahead_pages ?
			  facts_number(options->flush.ahead_pages * SHADOW_PAGE_BYTES << options->scale_lg2) :
			  json_null());
	facts_set(object, "granule", json_string(options_granule_name(options)));
	facts_set(object, "scaled_by", facts_number(1u << options->scale_lg2));
	facts_set(object, "assumes", text_or_null(options_assumes(&options->flush)));
	facts_set(object, "what_if", text_or_null(options_what_if(&options->flush)));
	facts_set(object, "smmus", facts_number(options->smmus));
	facts_set(object, "nested", json_boolean(options->nested));
	facts_set(object, "bbml", facts_number(options->bbml));
	facts_set(object, "collapse", json_string(options_collapse_name(options->collapse)));
	facts_set(object, "compact", facts_number(options->compact));
	facts_set(object, "contiguous", json_boolean(options->contiguous));
	facts_set(object, "fwb", json_boolean(options->fwb));
	facts_set(object, "coherent", json_boolean(!options->non_coherent));
	facts_set(object, "ril", json_boolean(!options->no_ril));
	facts_set(object, "until", options->has_until ? facts_number(options->until) : json_null());
	facts_set(object, "lenient", json_boolean(options->lenient));
	facts_set(object, "sync_ns", facts_number(options->sync_ns));
	facts_set(object, "verify", json_boolean(options->verify));
	return object;
}

static json_t *latency_json(const struct latency_summary *latency)
{
	json_t *object = json_object();

	facts_set(object, "p50", facts_number(latency->p50));
	facts_set(object, "p90", facts_number(latency->p90));
	facts_set(object, "p99", facts_number(latency->p99));
	facts_set(object, "p999", facts_number(latency->p999));
	facts_set(object, "max", facts_number(latency->max));
	return object;
}

static json_t *latencies_json(const struct result *result)
{
	json_t *object = json_object();

	facts_set(object, "all", latency_json(&result->latency));
	facts_set(object, "revoke", latency_json(&result->latency_revoke));
	facts_set(object, "grant", latency_json(&result->latency_grant));
	return object;
}

static json_t *verify_json(const struct result *result)
{
	json_t *object = json_object();

	facts_set(object, "accesses", facts_number(result->verify.accesses));
	facts_set(object, "touched_before_revoke", facts_number(result->verify.touched_before_revoke));
	facts_set(object, "untouchable", facts_number(result->verify.untouchable));
	facts_set(object, "stale_hits", facts_number(result->verify.stale_hits));
	facts_set(object, "spurious_faults", facts_number(result->verify.spurious_faults));
	facts_set(object, "wrong_translations", facts_number(result->verify.wrong_translations));
	facts_set(object, "violations", facts_number(result->violations));
	return object;
}

static json_t *init_json(const struct result *result)
{
	json_t *object = json_object();

	facts_set(object, "tlbi", facts_number(result->init.tlbi));
	facts_set(object, "syncs", facts_number(result->init.syncs));
	facts_set(object, "doorbells", facts_number(result->init.doorbells));
	facts_set(object, "table_writes", facts_number(result->init.table_writes));
	facts_set(object, "table_bytes_live", facts_number(result->init.table_bytes_live));
	return object;
}

static json_t *leaves_json(const struct options *options, const struct result *result)
{
	json_t *object = json_object();

	for (unsigned level = 1; level < 4; level++)
		if (options_leaf_name(options, level))
			facts_set(object, options_leaf_name(options, level), facts_number(result->leaves[level]));
	return object;
}

static json_t *reserved_json(const struct options *options)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < options->reserved_count; i++)
		json_array_append_new(array, range(options->reserved[i].start,
						   options->reserved[i].end - options->reserved[i].start));
	return array;
}

static json_t *ahead_json(const struct result *result)
{
	json_t *object = json_object();

	facts_set(object, "consents", facts_number(result->ahead.consents));
	facts_set(object, "pages_early", facts_number(result->ahead.pages_early));
	facts_set(object, "early_ns_mean", json_real(result_early_ns(result)));
	facts_set(object, "early_ns_max", facts_number(result->ahead.ns_max));
	facts_set(object, "early_page_seconds", json_real((double)result->ahead.page_ns / 1e9));
	return object;
}

/* As cpu_ns, of each timed run. */
static json_t *samples_json(const struct result *result)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < result->native_runs; i++) {
		double ns = result->transitions_access ?
				    (double)result->native_sample[i] / (double)result->transitions_access :
				    0;

		json_array_append_new(array, json_real(ns));
	}
	return array;
}

static json_t *run_json(const struct results *results, const struct result *result)
{
	double ratio = results_ratio_to_eager(results, result);
	json_t *object = json_object();

	facts_set(object, "trace", json_string(result->trace));
	facts_set(object, "policy", json_string(options_policy_name(result->policy)));
	facts_set(object, "pool", range(result->pool_base, result->pool_bytes));
	facts_set(object, "reserved", reserved_json(results->options));
	facts_set(object, "ste", facts_words(result->ste, 8));
	facts_set(object, "vmid", facts_number(result->vmid));
	facts_set(object, "transitions", facts_number(result->transitions));
	facts_set(object, "transitions_access", facts_number(result->transitions_access));
	facts_set(object, "contradictions", facts_number(result->contradictions));
	facts_set(object, "pages_granted", facts_number(result->pages_granted));
	facts_set(object, "pages_revoked", facts_number(result->pages_revoked));
	facts_set(object, "flushes", facts_number(result->flushes));
	facts_set(object, "flushes_forced", facts_number(result->flushes_forced));
	facts_set(object, "tlbi", facts_number(result->tlbi));
	facts_set(object, "syncs", facts_number(result->syncs));
	facts_set(object, "syncs_per_1000_revoked", json_real(result_syncs_per_1000(result)));
	facts_set(object, "what_if", json_boolean(results_is_what_if(results, result)));
	facts_set(object, "ahead",
		  results->options->flush.ahead_pages && result->policy == OPTIONS_BATCHED ? ahead_json(result) :
											     json_null());
	facts_set(object, "doorbells", facts_number(result->doorbells));
	facts_set(object, "doorbells_extra", facts_number(result->doorbells_extra));
	facts_set(object, "table_writes", facts_number(result->table_writes));
	facts_set(object, "table_bytes_live", facts_number(result->table_bytes_live));
	facts_set(object, "table_bytes_peak", facts_number(result->table_bytes_peak));
	facts_set(object, "table_bytes_reserved", facts_number(result->table_bytes_reserved));
	facts_set(object, "table_writes_per_access",
		  json_real(result_per_access(result, result->table_writes)));
	facts_set(object, "splits", facts_number(result->splits));
	facts_set(object, "collapses", facts_number(result->collapses));
	facts_set(object, "splits_per_1000", json_real(result_per_access(result, 1000 * result->splits)));
	facts_set(object, "collapses_per_1000",
		  json_real(result_per_access(result, 1000 * result->collapses)));
	facts_set(object, "hints", facts_number(result->hints));
	facts_set(object, "hints_dropped", facts_number(result->hints_dropped));
	facts_set(object, "leaves", leaves_json(results->options, result));
	facts_set(object, "cpu_ns", json_real(result_ns_per(result, result->transitions_access)));
	facts_set(object, "cpu_ns_per_t", json_real(result_ns_per(result, result->transitions)));
	facts_set(object, "cpu_runs", facts_number(result->native_runs));
	facts_set(object, "cpu_ns_samples", samples_json(result));
	facts_set(object, "ratio_to_eager", ratio > 0 ? json_real(ratio) : json_null());
	facts_set(object, "latency_ns", latencies_json(result));
	facts_set(object, "verify", results->options->verify ? verify_json(result) : json_null());
	facts_set(object, "init", init_json(result));
	return object;
}

static json_t *skipped_json(const struct result *result)
{
	json_t *object = json_object();

	facts_set(object, "trace", json_string(result->trace));
	facts_set(object, "policy", json_string(options_policy_name(result->policy)));
	facts_set(object, "why", json_string(result->skipped));
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
	facts_set(root, "version", json_string(info_version()));
	facts_set(root, "build", json_string(info_build()));
	facts_set(root, "machine", machine_json());
	facts_set(root, "placement", placement_json(results));
	facts_set(root, "config", config_json(results->options));
	facts_set(root, "interrupted", json_boolean(results->interrupted));
	facts_set(root, "runs", runs);
	facts_set(root, "skipped", skipped);
	result = json_dumpf(root, file, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	fputc('\n', file);
	return result || ferror(file) ? -1 : 0;
}
