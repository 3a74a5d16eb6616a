/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * results.c - what a replay found, as a table. The JSON is in results_json.c.
 */
#include "bench/replay/results.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES     32
#define LINE_COLUMNS   80 /* of a terminal */
#define POLICY_COLUMNS 7

struct result *results_add(struct results *results, const char *trace, enum options_policy policy)
{
	struct result *grown = realloc(results->result, (results->count + 1) * sizeof(*grown));
	struct result *result;

	if (!grown)
		return NULL;
	results->result = grown;
	result = &grown[results->count];
	*result = (struct result){ .trace = strdup(trace), .policy = policy };
	if (!result->trace)
		return NULL;
	results->count++;
	return result;
}

static void release(struct result *result)
{
	free(result->trace);
	free(result->skipped);
	free(result->native_sample);
}

void results_drop_untimed(struct results *results)
{
	size_t kept = 0;

	for (size_t i = 0; i < results->count; i++) {
		if (results->result[i].skipped || results->result[i].native_runs)
			results->result[kept++] = results->result[i];
		else
			release(&results->result[i]);
	}
	results->count = kept;
}

void results_free(struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		release(&results->result[i]);
	free(results->result);
	*results = (struct results){ 0 };
}

int result_add_run(struct result *result, uint64_t ns)
{
	uint64_t *grown = realloc(result->native_sample, (result->native_runs + 1) * sizeof(*grown));

	if (!grown)
		return -1;
	grown[result->native_runs] = ns;
	result->native_sample = grown;
	if (!result->native_runs++ || ns < result->native_ns)
		result->native_ns = ns;
	return 0;
}

double result_ns_per(const struct result *result, uint64_t count)
{
	return count ? (double)result->native_ns / (double)count : 0;
}

double result_per_access(const struct result *result, uint64_t count)
{
	return result->transitions_access ? (double)count / (double)result->transitions_access : 0;
}

double result_syncs_per_1000(const struct result *result)
{
	return result->pages_revoked ? 1000 * (double)result->syncs / (double)result->pages_revoked : 0;
}

double result_early_ns(const struct result *result)
{
	return result->ahead.pages_early ? (double)result->ahead.page_ns / (double)result->ahead.pages_early : 0;
}

bool results_is_what_if(const struct results *results, const struct result *result)
{
	return result->policy == OPTIONS_BATCHED &&
	       (results->options->scale_lg2 || options_what_if(&results->options->flush));
}

/* Results of one trace stand together; a trace named twice is two groups. */
static const struct result *find_eager(const struct results *results, const struct result *result)
{
	const struct result *eager = result;

	while (eager > results->result && eager->policy != OPTIONS_EAGER &&
	       !strcmp(eager[-1].trace, result->trace) && eager[-1].policy < eager->policy)
		eager--;
	return eager->policy == OPTIONS_EAGER ? eager : NULL;
}

double results_ratio_to_eager(const struct results *results, const struct result *result)
{
	const struct result *eager = find_eager(results, result);

	if (!eager || eager->skipped || !eager->native_ns || !result->native_ns)
		return 0;
	return (double)eager->native_ns / (double)result->native_ns;
}

/* ---- table --------------------------------------------------------------------------------------------- */

struct column {
	const char *title;
	void (*text)(const struct results *results, const struct result *result, char text[CELL_BYTES]);
};

/* A column that shows an integer expression of `result`. */
#define COUNT_COLUMN(name, value)                                                                           \
	static void name(const struct results *results, const struct result *result, char text[CELL_BYTES]) \
	{                                                                                                   \
		(void)results;                                                                              \
		snprintf(text, CELL_BYTES, "%" PRIu64, (uint64_t)(value));                                  \
	}

/* A column that shows nanoseconds in microseconds. */
#define TIME_COLUMN(name, value)                                                                            \
	static void name(const struct results *results, const struct result *result, char text[CELL_BYTES]) \
	{                                                                                                   \
		(void)results;                                                                              \
		snprintf(text, CELL_BYTES, "%.1f", (double)(value) / 1000);                                 \
	}

/* A column that shows how many for each access-changing T, or each 1000. */
#define RATE_COLUMN(name, value, digits)                                                                    \
	static void name(const struct results *results, const struct result *result, char text[CELL_BYTES]) \
	{                                                                                                   \
		(void)results;                                                                              \
		snprintf(text, CELL_BYTES, "%.*f", digits, result_per_access(result, value));               \
	}

COUNT_COLUMN(transitions, result->transitions)
COUNT_COLUMN(transitions_access, result->transitions_access)
COUNT_COLUMN(pages_granted, result->pages_granted)
COUNT_COLUMN(pages_revoked, result->pages_revoked)
COUNT_COLUMN(flushes, result->flushes)
COUNT_COLUMN(tlbi, result->tlbi)
COUNT_COLUMN(syncs, result->syncs)
COUNT_COLUMN(doorbells, result->doorbells)
COUNT_COLUMN(table_writes, result->table_writes)
COUNT_COLUMN(table_kib_live, result->table_bytes_live >> 10)
COUNT_COLUMN(table_kib_peak, result->table_bytes_peak >> 10)
COUNT_COLUMN(table_kib_reserved, result->table_bytes_reserved >> 10)
COUNT_COLUMN(leaves_1, result->leaves[1])
COUNT_COLUMN(leaves_2, result->leaves[2])
COUNT_COLUMN(leaves_3, result->leaves[3])
COUNT_COLUMN(flushes_forced, result->flushes_forced)
COUNT_COLUMN(splits, result->splits)
COUNT_COLUMN(collapses, result->collapses)
COUNT_COLUMN(hints, result->hints)
COUNT_COLUMN(hints_dropped, result->hints_dropped)
COUNT_COLUMN(consents, result->ahead.consents)
COUNT_COLUMN(pages_early, result->ahead.pages_early)
COUNT_COLUMN(accesses, result->verify.accesses)
COUNT_COLUMN(touched, result->verify.touched_before_revoke)
COUNT_COLUMN(untouchable, result->verify.untouchable)
COUNT_COLUMN(stale_hits, result->verify.stale_hits)
COUNT_COLUMN(spurious_faults, result->verify.spurious_faults)
COUNT_COLUMN(wrong_translations, result->verify.wrong_translations)
COUNT_COLUMN(violations, result->violations)
RATE_COLUMN(splits_rate, 1000 * result->splits, 1)
RATE_COLUMN(collapses_rate, 1000 * result->collapses, 1)
RATE_COLUMN(writes_rate, result->table_writes, 2)
TIME_COLUMN(early_mean, result_early_ns(result))
TIME_COLUMN(early_max, result->ahead.ns_max)
TIME_COLUMN(all_p50, result->latency.p50)
TIME_COLUMN(all_p99, result->latency.p99)
TIME_COLUMN(all_max, result->latency.max)
TIME_COLUMN(revoke_p50, result->latency_revoke.p50)
TIME_COLUMN(revoke_p99, result->latency_revoke.p99)
TIME_COLUMN(revoke_max, result->latency_revoke.max)
TIME_COLUMN(grant_p50, result->latency_grant.p50)
TIME_COLUMN(grant_p99, result->latency_grant.p99)
TIME_COLUMN(grant_max, result->latency_grant.max)

static void print_ns(double ns, char text[CELL_BYTES])
{
	if (ns > 0)
		snprintf(text, CELL_BYTES, "%.1f", ns);
	else
		snprintf(text, CELL_BYTES, "-");
}

static void cpu_ns(const struct results *results, const struct result *result, char text[CELL_BYTES])
{
	(void)results;
	print_ns(result_ns_per(result, result->transitions_access), text);
}

static void cpu_ns_per_t(const struct results *results, const struct result *result, char text[CELL_BYTES])
{
	(void)results;
	print_ns(result_ns_per(result, result->transitions), text);
}

static void ratio(const struct results *results, const struct result *result, char text[CELL_BYTES])
{
	double value = results_ratio_to_eager(results, result);

	if (value > 0)
		snprintf(text, CELL_BYTES, "%.2f", value);
	else
		snprintf(text, CELL_BYTES, "-");
}

static void early_page_seconds(const struct results *results, const struct result *result, char text[CELL_BYTES])
{
	(void)results;
	snprintf(text, CELL_BYTES, "%.3f", (double)result->ahead.page_ns / 1e9);
}

static void syncs_rate(const struct results *results, const struct result *result, char text[CELL_BYTES])
{
	snprintf(text, CELL_BYTES, "%.1f%s", result_syncs_per_1000(result),
		 results_is_what_if(results, result) ? " what-if" : "");
}

static const struct column work_columns[] = {
	{ "T(c)", transitions },	 { "access(c)", transitions_access },
	{ "granted(c)", pages_granted }, { "revoked(c)", pages_revoked },
	{ "flushes(c)", flushes },	 { "tlbi(c)", tlbi },
	{ "syncs(c)", syncs },		 { "doorbells(c)", doorbells },
	{ "writes(c)", table_writes },	 { NULL, NULL },
};

static const struct column cost_columns[] = {
	{ "live-KiB(c)", table_kib_live },
	{ "peak-KiB(c)", table_kib_peak },
	{ "(c)", leaves_1 },
	{ "(c)", leaves_2 },
	{ "(c)", leaves_3 },
	{ "forced(c)", flushes_forced },
	{ "cpu-ns/access(m)", cpu_ns },
	{ "cpu-ns/T(m)", cpu_ns_per_t },
	{ "to-eager(m)", ratio },
	{ NULL, NULL },
};

static const struct column block_columns[] = {
	{ "splits(c)", splits },
	{ "collapses(c)", collapses },
	{ "split/1k(c)", splits_rate },
	{ "collapse/1k(c)", collapses_rate },
	{ "hints(c)", hints },
	{ "dropped(c)", hints_dropped },
	{ "writes/access(c)", writes_rate },
	{ "reserved-KiB(c)", table_kib_reserved },
	{ NULL, NULL },
};

static const struct column batch_columns[] = {
	{ "syncs/1k-pages(c)", syncs_rate },
	{ "consents(c)", consents },
	{ "early(c)", pages_early },
	{ "early-mean(~)", early_mean },
	{ "max(~)", early_max },
	{ "early-page-s(~)", early_page_seconds },
	{ NULL, NULL },
};

static const struct column latency_columns[] = {
	{ "all-p50(~)", all_p50 },	  { "all-p99(~)", all_p99 },
	{ "all-max(~)", all_max },	  { "revoke-p50(~)", revoke_p50 },
	{ "revoke-p99(~)", revoke_p99 }, { "revoke-max(~)", revoke_max },
	{ "grant-p50(~)", grant_p50 },	  { "grant-p99(~)", grant_p99 },
	{ "grant-max(~)", grant_max },	  { NULL, NULL },
};

static const struct column verify_columns[] = {
	{ "accesses(c)", accesses },
	{ "touched(c)", touched },
	{ "untouchable(c)", untouchable },
	{ "stale-hits(c)", stale_hits },
	{ "spurious-faults(c)", spurious_faults },
	{ "wrong(c)", wrong_translations },
	{ "violations(c)", violations },
	{ NULL, NULL },
};

static int trace_width(const struct results *results)
{
	int width = (int)sizeof("trace") - 1;

	for (size_t i = 0; i < results->count; i++)
		if ((int)strlen(results->result[i].trace) > width)
			width = (int)strlen(results->result[i].trace);
	return width;
}

/* A column of leaves is called by their size. Return: NULL if the level has none, and so no column. */
static const char *size_of(const struct results *results, const struct column *column)
{
	unsigned level = column->text == leaves_1 ? 1 :
			 column->text == leaves_2 ? 2 :
			 column->text == leaves_3 ? 3 :
						    0;

	return level ? options_leaf_name(results->options, level) : "";
}

static void print_title(const struct results *results, const struct column *column, char text[CELL_BYTES])
{
	snprintf(text, CELL_BYTES, "%s%s", size_of(results, column), column->title);
}

/* Wide enough for its title and for every number below it. */
static int column_width(const struct results *results, const struct column *column)
{
	char text[CELL_BYTES];
	int width;

	print_title(results, column, text);
	width = (int)strlen(text);
	for (size_t i = 0; i < results->count; i++) {
		if (results->result[i].skipped)
			continue;
		column->text(results, &results->result[i], text);
		if ((int)strlen(text) > width)
			width = (int)strlen(text);
	}
	return width;
}

/* @end: behind the last of the columns. */
static void print_row(const struct results *results, const struct column *columns, const struct column *end,
		      const struct result *result, FILE *file)
{
	fprintf(file, "%-*s %-*s", trace_width(results), result ? result->trace : "trace", POLICY_COLUMNS,
		result ? options_policy_name(result->policy) : "policy");
	for (; columns < end; columns++) {
		char text[CELL_BYTES];

		if (!size_of(results, columns))
			continue;
		if (result)
			columns->text(results, result, text);
		else
			print_title(results, columns, text);
		fprintf(file, " %*s", column_width(results, columns), text);
	}
	fputc('\n', file);
}

/* The columns that fit into a line, one at least. Return: behind the last of them. */
static const struct column *columns_that_fit(const struct results *results, const struct column *columns)
{
	int width = trace_width(results) + 1 + POLICY_COLUMNS;
	bool any = false;

	for (; columns->title; columns++) {
		int more = size_of(results, columns) ? 1 + column_width(results, columns) : 0;

		if (any && width + more > LINE_COLUMNS)
			break;
		any |= more > 0;
		width += more;
	}
	return columns;
}

/* Further columns follow below. */
static void print_section(const struct results *results, const struct column *columns, FILE *file)
{
	while (columns->title) {
		const struct column *end = columns_that_fit(results, columns);

		fputc('\n', file);
		print_row(results, columns, end, NULL, file);
		for (size_t i = 0; i < results->count; i++)
			if (!results->result[i].skipped)
				print_row(results, columns, end, &results->result[i], file);
		columns = end;
	}
}

/* What the others ignore. */
static void print_batched(const struct options *options, FILE *file)
{
	char flush[16];

	options_flush_name(&options->flush, flush);
	fprintf(file, "\nbatched --collapse %s", options_collapse_name(options->collapse));
	if (options->compact)
		fprintf(file, " --compact %u", options->compact);
	fprintf(file, "%s%s%s --%s%s", options->contiguous ? " --contiguous" : "",
		options->fwb ? " --fwb" : "", options->non_coherent ? " --non-coherent" : "",
		options->flush.mode == SCHEDULE_GROUP || options->flush.mode == SCHEDULE_LIST ? "" : "flush ",
		flush);
	if (options->flush.ahead_pages)
		fprintf(file, " --ahead %" PRIu64 "K",
			options->flush.ahead_pages * (SHADOW_PAGE_BYTES / 1024) << options->scale_lg2);
	if (options_assumes(&options->flush))
		fprintf(file, " (assumes: %s)", options_assumes(&options->flush));
	if (options_what_if(&options->flush))
		fprintf(file, " (what-if: %s)", options_what_if(&options->flush));
}

/* What the numbers rest on. */
static void print_head(const struct results *results, FILE *file)
{
	const struct options *options = results->options;

	fprintf(file, "%u SMMU%s, %s, BBML %u, %s", options->smmus, options->smmus > 1 ? "s" : "",
		options->nested ? "nested" : "stage 2 only", options->bbml,
		options->no_ril ? "no range invalidation" : "range invalidation");
	if (options->scale_lg2)
		fprintf(file, ", pages of %s (what-if: the trace times %u)", options_granule_name(options),
			1u << options->scale_lg2);
	if (options->policy[OPTIONS_BATCHED])
		print_batched(options, file);
	fprintf(file,
		"\n(c) counted, (m) measured on this CPU, (~) modelled in us at %" PRIu64 " ns a sync\n",
		options->sync_ns);
}

static void print_notes(const struct results *results, FILE *file)
{
	for (size_t i = 0; i < results->count; i++) {
		const struct result *result = &results->result[i];
		const char *policy = options_policy_name(result->policy);

		if (result->skipped)
			fprintf(file, "\nnote: %s %s is skipped: %s\n", result->trace, policy,
				result->skipped);
		if (result->contradictions)
			fprintf(file, "\nnote: %s %s: %" PRIu64 " T contradict the replayed state\n",
				result->trace, policy, result->contradictions);
		if (result->doorbells_extra)
			fprintf(file,
				"\nnote: %s %s: a flush exceeded the command ring, %" PRIu64
				" doorbells more\n",
				result->trace, policy, result->doorbells_extra);
		if (result->reserved_attempts)
			fprintf(file, "\nnote: %s %s: %" PRIu64 " grants of reserved ranges were refused\n",
				result->trace, policy, result->reserved_attempts);
	}
}

void results_print(const struct results *results, FILE *file)
{
	print_head(results, file);
	print_section(results, work_columns, file);
	print_section(results, cost_columns, file);
	print_section(results, block_columns, file);
	print_section(results, batch_columns, file);
	print_section(results, latency_columns, file);
	if (results->options->verify)
		print_section(results, verify_columns, file);
	print_notes(results, file);
}
