/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_measured.c - figures that were read on real hardware.
 *
 * A line is a strategy and NAME=VALUE words. What a command takes is the slope of a straight line through the flushes of
 * lists by their commands; a SYNC, where it meets no command at all.
 */
#include "bench/cost/cost_measured.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/common/message.h"
#include "bench/cost/cost_lines.h"

#define LINE_MAX  1000
#define VALUE_MAX 1e15

enum {
	WORD_RUNS,
	WORD_LENGTH,
	WORD_GAP,
	WORD_NESTED,
	WORD_COMMANDS,
	WORD_SYNCS,
	WORD_FLUSH,
	WORD_MISSES,
	WORD_READS,
	WORD_AFTER,
	WORD_CPU,
	WORDS,
};

static const char *const words[WORDS] = { "runs",   "length", "gap",   "nested",   "commands", "syncs",
					  "flush_ns", "misses", "reads", "after_ns", "cpu_ns" };

struct line {
	const char *path;
	unsigned number;
	bool given[WORDS];
	double value[WORDS];
};

static bool complain(const struct line *line, const char *what, const char *text)
{
	message("%s:%u: %s '%s'", line->path, line->number, what, text);
	return false;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool read_number(struct line *line, unsigned index, const char *text)
{
	char *end;

	line->value[index] = strtod(text, &end);
	if (*text < '0' || *text > '9' || *end || text[strspn(text, "0123456789.")] || line->value[index] > VALUE_MAX)
		return complain(line, "not a number:", text);
	if (index < WORD_NESTED && (line->value[index] < 1 || line->value[index] > 1e9 ||
				    line->value[index] != (double)(unsigned)line->value[index]))
		return complain(line, "not a whole number from 1:", text);
	return true;
}

/* NAME=VALUE */
static bool read_word(struct line *line, char *word)
{
	char *value = strchr(word, '=');
	unsigned index = 0;

	if (!value)
		return complain(line, "not NAME=VALUE:", word);
	*value++ = '\0';
	while (index < WORDS && strcmp(word, words[index]))
		index++;
	if (index == WORDS)
		return complain(line, "unknown name", word);
	if (line->given[index])
		return complain(line, "a second", word);
	line->given[index] = true;
	if (index != WORD_NESTED)
		return read_number(line, index, value);
	line->value[index] = !strcmp(value, "yes");
	return line->value[index] || !strcmp(value, "no") || complain(line, "neither no nor yes:", value);
}

static bool read_strategy(const struct line *line, const char *text, enum cost_strategy *strategy)
{
	for (unsigned i = 0; i < COST_STRATEGIES; i++) {
		*strategy = (enum cost_strategy)i;
		if (!strcmp(text, cost_strategy_name(*strategy)))
			return true;
	}
	return complain(line, "none of page, range, exact, bridged, vmid, planned:", text);
}

static bool has_all(const struct line *line)
{
	static const unsigned needed[] = { WORD_RUNS, WORD_COMMANDS, WORD_FLUSH };

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!line->given[needed[i]])
			return complain(line, "there is no", words[needed[i]]);
	if (line->given[WORD_AFTER] || line->given[WORD_MISSES])
		return true;
	return complain(line, "there is neither after_ns nor", words[WORD_MISSES]);
}

static struct cost_row row_of(const struct line *line, enum cost_strategy strategy, const struct cost_device *device)
{
	const double *value = line->value;
	struct cost_row row = {
		.strategy = strategy,
		.point = { .runs = (unsigned)value[WORD_RUNS],
			   .length = line->given[WORD_LENGTH] ? (unsigned)value[WORD_LENGTH] : 1,
			   .gap = line->given[WORD_GAP] ? (unsigned)value[WORD_GAP] : 1,
			   .batch = (unsigned)value[WORD_RUNS], .smmus = 1, .nested = value[WORD_NESTED] },
		.counts = { .flushes = 1, .doorbells = 1 },
		.cpu_ns = { value[WORD_CPU], value[WORD_CPU], value[WORD_CPU] },
		.extra = { .main = value[WORD_MISSES], .reads = value[WORD_READS] },
		.device_ns = value[WORD_FLUSH],
		.after_ns = value[WORD_AFTER],
	};

	row.counts.kind[strategy == COST_VMID ? COST_KIND_VMID : strategy == COST_PAGE ? COST_KIND_PAGE : COST_KIND_RANGE] =
		(uint64_t)value[WORD_COMMANDS];
	row.counts.kind[COST_KIND_SYNC] = line->given[WORD_SYNCS] ? (uint64_t)value[WORD_SYNCS] : 1;
	if (!line->given[WORD_AFTER])
		row.after_ns = cost_after_ns(device, &row.extra);
	return row;
}

static bool add_row(struct cost_measured *measured, const struct cost_row *row)
{
	struct cost_row *grown = realloc(measured->row, (measured->rows + 1) * sizeof(*grown));

	if (!grown) {
		message("%s", message_error(-SHADOW_ENOMEM));
		return false;
	}
	measured->row = grown;
	measured->row[measured->rows++] = *row;
	return true;
}

static bool read_line(struct cost_measured *measured, struct line *line, char *text, const struct cost_device *device)
{
	enum cost_strategy strategy;
	struct cost_row row;
	char *word;

	text[strcspn(text, "#\n")] = '\0';
	word = strtok(text, " \t");
	if (!word)
		return true;
	if (!read_strategy(line, word, &strategy))
		return false;
	memset(line->given, 0, sizeof(line->given));
	memset(line->value, 0, sizeof(line->value));
	while ((word = strtok(NULL, " \t")))
		if (!read_word(line, word))
			return false;
	if (!has_all(line))
		return false;
	row = row_of(line, strategy, device);
	measured->derived |= !line->given[WORD_AFTER];
	return add_row(measured, &row);
}

/* ---- file -------------------------------------------------------------------------------------------------------- */

static int compare(uint64_t left, uint64_t right)
{
	return left < right ? -1 : left > right;
}

static int by_point(const void *left, const void *right)
{
	const struct cost_row *a = left, *b = right;
	int order = compare(a->point.nested, b->point.nested);

	order = order ? order : compare(a->point.length, b->point.length);
	order = order ? order : compare(a->point.gap, b->point.gap);
	order = order ? order : compare(a->point.runs, b->point.runs);
	return order ? order : compare(a->strategy, b->strategy);
}

static bool is_single(const struct cost_measured *measured, const char *path)
{
	for (size_t i = 1; i < measured->rows; i++)
		if (!by_point(&measured->row[i - 1], &measured->row[i])) {
			message("%s: %s with %u runs of %u pages is there twice", path,
				cost_strategy_name(measured->row[i].strategy), measured->row[i].point.runs,
				measured->row[i].point.length);
			return false;
		}
	if (!measured->rows)
		message("%s: nothing is in it", path);
	return measured->rows;
}

int cost_measured_read(struct cost_measured *measured, FILE *file, const char *path, const struct cost_device *device)
{
	struct line line = { .path = path };
	char text[LINE_MAX + 2];
	bool good = true;

	memset(measured, 0, sizeof(*measured));
	while (good && fgets(text, sizeof(text), file)) {
		line.number++;
		good = strlen(text) <= LINE_MAX ? read_line(measured, &line, text, device) :
						  complain(&line, "too long a line:", "...");
	}
	if (good && ferror(file)) {
		message("%s: %s", path, strerror(errno));
		good = false;
	}
	if (measured->rows)
		qsort(measured->row, measured->rows, sizeof(*measured->row), by_point);
	if (good && is_single(measured, path))
		return 0;
	cost_measured_free(measured);
	return -1;
}

int cost_measured_load(struct cost_measured *measured, const char *path, const struct cost_device *device)
{
	FILE *file = fopen(path, "r");
	int result;

	if (!file) {
		message("%s: %s", path, strerror(errno));
		return -1;
	}
	result = cost_measured_read(measured, file, path, device);
	fclose(file);
	return result;
}

void cost_measured_free(struct cost_measured *measured)
{
	free(measured->row);
	memset(measured, 0, sizeof(*measured));
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

bool cost_fit(const double *x, const double *y, size_t count, double *base, double *slope)
{
	double mean_x = 0, mean_y = 0, products = 0, squares = 0;

	for (size_t i = 0; i < count; i++) {
		mean_x += x[i] / (double)count;
		mean_y += y[i] / (double)count;
	}
	for (size_t i = 0; i < count; i++) {
		products += (x[i] - mean_x) * (y[i] - mean_y);
		squares += (x[i] - mean_x) * (x[i] - mean_x);
	}
	if (squares <= 0)
		return false;
	*slope = products / squares;
	*base = mean_y - *slope * mean_x;
	return true;
}

/* What was read for lists and for the whole VMID. Return: false: that is too little. */
static bool find_worth(const struct cost_measured *measured, bool nested, struct cost_worth *worth, double *x, double *y)
{
	double whole = 0, base, slope, after = 0;
	size_t lists = 0, wholes = 0;

	for (size_t i = 0; i < measured->rows; i++) {
		const struct cost_row *row = &measured->row[i];

		if (row->point.nested != nested || row->strategy == COST_PLANNED)
			continue;
		if (row->strategy == COST_VMID) {
			whole += cost_modelled_ns(row);
			wholes++;
			continue;
		}
		after += row->after_ns;
		x[lists] = (double)cost_commands(&row->counts);
		y[lists++] = row->device_ns;
	}
	if (!wholes || !cost_fit(x, y, lists, &base, &slope) || slope <= 0)
		return false;
	worth->command = slope;
	/* A nested list has two SYNCs and the stage-1 step; half of it is behind the first SYNC. */
	worth->sync = base > 0 ? (nested ? base / 2 : base) : 0;
	worth->vmid = whole / (double)wholes - base - slope - after / (double)lists;
	if (nested)
		worth->vmid += base / 2;
	return true;
}

int cost_measured_summary(const struct cost_measured *measured, const struct cost_worth worth[2], struct cost_summary *summary)
{
	double *x = calloc(measured->rows, sizeof(*x)), *y = calloc(measured->rows, sizeof(*y));

	*summary = (struct cost_summary){ .crossing = calloc(measured->rows, sizeof(*summary->crossing)) };
	if (!x || !y || !summary->crossing) {
		free(x);
		free(y);
		cost_summary_free(summary);
		return -SHADOW_ENOMEM;
	}
	summary->crossings = cost_lines_all(measured->row, measured->rows, cost_lines_sum, summary->crossing);
	for (unsigned nested = 0; nested < 2; nested++) {
		struct cost_advice *advice = &summary->advice[nested];

		advice->nested = nested;
		advice->worth = worth[nested];
		advice->given = find_worth(measured, nested, &advice->worth, x, y);
		advice->now = cost_flush_cost(&(struct shadow_tlbi_cost){ 0 });
		advice->proposed = cost_propose(&advice->worth);
	}
	free(x);
	free(y);
	return 0;
}
