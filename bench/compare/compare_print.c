/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_print.c - what changed between two results, at 80 columns.
 *
 *	                                    A         B    B/A  95 % interval       p
 *	storm/revoke_random/batched/pages:512
 *	  cpu_ns                        11.92     13.20  1.107  1.101 - 1.118  0.0002 worse
 */
#include "bench/compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 96

static const char *const verdicts[] = {
	[COMPARE_EQUAL] = "",	   [COMPARE_BETTER] = "better",
	[COMPARE_WORSE] = "WORSE", [COMPARE_DIFFERENT] = "differs",
	[COMPARE_UNTOLD] = "?",
};

/* ---- what the numbers rest on ---------------------------------------------------------------------------
 */

static const char *text_of(const json_t *value, char text[TEXT_BYTES])
{
	char *dumped;

	if (!value)
		return "(none)";
	if (json_is_string(value))
		return json_string_value(value);
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	snprintf(text, TEXT_BYTES, "%s", dumped ? dumped : "?");
	free(dumped);
	return text;
}

static bool is_chosen(const char *key)
{
	return !strcmp(key, "version") || !strcmp(key, "commit") ||
	       !strncmp(key, "config.", strlen("config."));
}

/* Builds and options are what one compares; of a machine that differs times say little. */
static void print_difference(const char *key, const json_t *left, const json_t *right, FILE *file)
{
	char left_text[TEXT_BYTES], right_text[TEXT_BYTES];

	fprintf(file, "%s: %s differs\n  A %.76s\n  B %.76s\n", is_chosen(key) ? "note" : "warning", key,
		text_of(left, left_text), text_of(right, right_text));
}

static void print_doubts(const char *side, const json_t *doubts, FILE *file)
{
	json_t *doubt;
	size_t i;

	json_array_foreach((json_t *)doubts, i, doubt) if (json_is_string(doubt))
		fprintf(file, "warning: %s: %.68s\n", side, json_string_value(doubt));
}

static bool has_measured(const struct compare *compare)
{
	for (size_t i = 0; i < compare->count; i++)
		if (compare->row[i].class.kind == COMPARE_MEASURED)
			return true;
	return false;
}

static void print_context(const struct compare *compare, FILE *file)
{
	json_t *left, *right;
	const char *key;

	fprintf(file, "A %.78s\nB %.78s\n", compare->left.path, compare->right.path);
	json_object_foreach(compare->left.context, key, left)
	{
		right = json_object_get(compare->right.context, key);
		if (!right || !json_equal(left, right))
			print_difference(key, left, right, file);
	}
	json_object_foreach(compare->right.context, key,
			    right) if (!json_object_get(compare->left.context, key))
		print_difference(key, NULL, right, file);
	print_doubts("A", compare->left.doubts, file);
	print_doubts("B", compare->right.doubts, file);
	if (has_measured(compare) && (compare->left.files == 1 || compare->right.files == 1))
		fprintf(file,
			"note: %s one process: differences below %g %% count as none.\n"
			"      Folders of files from a process each tell more: scripts/compare-builds\n",
			compare->left.files > 1	 ? "B is" :
			compare->right.files > 1 ? "A is" :
						   "each is",
			compare_least(compare));
	if (compare->left.interrupted || compare->right.interrupted)
		fprintf(file, "warning: %s was interrupted\n", compare->left.interrupted ? "A" : "B");
}

/* ---- rows -----------------------------------------------------------------------------------------------
 */

/* Five digits and more, as the number needs them. */
static void print_value(double value, bool whole, FILE *file)
{
	if (whole && value == floor(value) && value < 1e15)
		fprintf(file, " %10.0f", value);
	else
		fprintf(file, " %10.*f", value < 10 ? 3 : value < 1000 ? 2 : 0, value);
}

static void print_row(const struct compare_row *row, FILE *file)
{
	bool measured = row->class.kind == COMPARE_MEASURED;

	fprintf(file, "  %-22.22s", row->value);
	print_value(row->left, !measured, file);
	print_value(row->right, !measured, file);
	if (row->has_ratio)
		fprintf(file, " %6.3f", row->ratio);
	else
		fprintf(file, " %6s", "-");
	if (row->has_interval)
		fprintf(file, " %5.3f-%-5.3f", row->interval.low, row->interval.high);
	else if (measured)
		fprintf(file, " %11s", "-");
	if (measured && row->probability < 0.0001)
		fprintf(file, " <.0001");
	else if (measured)
		fprintf(file, " %6.4f", row->probability);
	fprintf(file, "%s%s\n", *verdicts[row->verdict] ? " " : "", verdicts[row->verdict]);
}

static bool is_shown(const struct compare *compare, const struct compare_row *row)
{
	return compare->options->all || row->verdict == COMPARE_BETTER || row->verdict == COMPARE_WORSE ||
	       row->verdict == COMPARE_DIFFERENT;
}

static const struct {
	const char *title, *same;
} kinds[] = {
	[COMPARE_MEASURED] = { "measured", "not told apart" },
	[COMPARE_COUNTED] = { "counted", "the same" },
	[COMPARE_MODELLED] = { "modelled", "the same" },
};

static void print_rows(const struct compare *compare, enum compare_kind kind, FILE *file)
{
	const char *name = NULL;

	for (size_t i = 0; i < compare->count; i++) {
		const struct compare_row *row = &compare->row[i];

		if (row->class.kind != kind || !is_shown(compare, row))
			continue;
		if (!name)
			fprintf(file, "  %-22s %10s %10s %6s%s\n", "", "A", "B", "B/A",
				kind == COMPARE_MEASURED ? " 95 % of B/A      p" : "");
		if (!name || strcmp(name, row->name))
			fprintf(file, "%.80s\n", row->name);
		name = row->name;
		print_row(row, file);
	}
}

/* On either side, so that the clearest of as many differences as can be is one. */
static size_t samples_that_tell(size_t measured)
{
	size_t samples = 1;

	while (compare_rank_sum_least(samples, samples) * (double)measured >= COMPARE_CERTAINTY)
		samples++;
	return samples;
}

static void print_kind(const struct compare *compare, enum compare_kind kind, FILE *file)
{
	size_t count[COMPARE_UNTOLD + 1] = { 0 }, all = 0;

	for (size_t i = 0; i < compare->count; i++) {
		if (compare->row[i].class.kind != kind)
			continue;
		count[compare->row[i].verdict]++;
		all++;
	}
	if (!all)
		return;
	fprintf(file, "\n%s: %zu value%s, %zu %s, %zu better, %zu worse, %zu different", kinds[kind].title,
		all, all == 1 ? "" : "s", count[COMPARE_EQUAL], kinds[kind].same, count[COMPARE_BETTER],
		count[COMPARE_WORSE], count[COMPARE_DIFFERENT]);
	if (count[COMPARE_UNTOLD])
		fprintf(file, ",\n  %zu with too few samples to tell; %zu on each side would do",
			count[COMPARE_UNTOLD], samples_that_tell(all));
	fputc('\n', file);
	print_rows(compare, kind, file);
}

/* ---- what is in one alone -------------------------------------------------------------------------------
 */

static void print_alone(const char *side, json_t *of, json_t *other, FILE *file)
{
	const char *name;
	json_t *value;

	json_object_foreach(of, name, value) if (!json_object_get(other, name))
		fprintf(file, "only in %s: %.68s\n", side, name);
}

static void print_skipped(const char *side, json_t *skipped, FILE *file)
{
	const char *name;
	json_t *why;

	json_object_foreach(skipped, name, why)
		fprintf(file, "skipped in %s: %.65s\n  %.78s\n", side, name, json_string_value(why));
}

void compare_print(const struct compare *compare, FILE *file)
{
	print_context(compare, file);
	for (unsigned kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++)
		print_kind(compare, (enum compare_kind)kind, file);
	fputc('\n', file);
	print_alone("A", compare->left.series, compare->right.series, file);
	print_alone("B", compare->right.series, compare->left.series, file);
	print_skipped("A", compare->left.skipped, file);
	print_skipped("B", compare->right.skipped, file);
	if (compare->options->fail_above >= 0)
		fprintf(file, "%s: %s worse by more than %g %%\n",
			compare_fails(compare) ? "FAILED" : "passed",
			compare_fails(compare) ? "something is" : "nothing is", compare->options->fail_above);
}
