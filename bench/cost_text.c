/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_text.c - what `s2shadow profile` says.
 */
#include "bench/cost_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct cost_short cost_short(double number)
{
	static const char unit[] = " kMGT";
	struct cost_short text;
	unsigned index = 0;

	if (fabs(number) < 99999.5) {
		snprintf(text.text, sizeof(text.text), "%.0f", fabs(number) < 0.5 ? 0 : number);
		return text;
	}
	while (fabs(number) >= 9999.5 && index < 4) {
		number /= 1000;
		index++;
	}
	snprintf(text.text, sizeof(text.text), "%.0f%c", number, unit[index]);
	return text;
}

/* Words from column 2 on, in lines of 80. */
struct paragraph {
	FILE *file;
	unsigned column;
};

static void add_word(struct paragraph *paragraph, const char *word)
{
	unsigned length = (unsigned)strlen(word);

	if (paragraph->column && paragraph->column + 1 + length > 80) {
		fputc('\n', paragraph->file);
		paragraph->column = 0;
	}
	fprintf(paragraph->file, "%s%s", paragraph->column ? " " : "  ", word);
	paragraph->column += (paragraph->column ? 1 : 2) + length;
}

static void print_assumed(FILE *file, const struct cost_device *device)
{
	struct paragraph paragraph = { .file = file };
	bool any = false;

	for (unsigned key = 0; key < COST_KEYS; key++) {
		if (!device->origin[key].assumed)
			continue;
		add_word(&paragraph, any ? cost_device_key(key) : "assumed, not documented:");
		if (!any)
			add_word(&paragraph, cost_device_key(key));
		any = true;
	}
	if (any)
		fputc('\n', file);
}

void cost_print_given(FILE *file, const struct cost_common *common)
{
	const struct cost_stream *stream = &common->stream;

	fprintf(file, "device %s, %s\n", common->device.name,
		common->device.ranges ? "with range invalidation" : "without range invalidation");
	print_assumed(file, &common->device);
	fprintf(file,
		"DMA: %s over %u pages, mapped with %s where nothing is revoked;\n"
		"  %u accesses after each flush; seed %" PRIu64 "\n"
		"named: pages that commands name. after: how much longer the DMA waits, for the\n"
		"  TLB misses and reads of tables that it would not have without the flushes\n",
		cost_pattern_name(stream->pattern), stream->pages, stream->leaf == 3 ? "4K" : "2M", stream->accesses,
		stream->seed);
}

static bool same_point(const struct cost_point *left, const struct cost_point *right)
{
	return left->runs == right->runs && left->length == right->length && left->gap == right->gap &&
	       left->batch == right->batch && left->smmus == right->smmus && left->nested == right->nested;
}

static void print_point(FILE *file, const struct cost_point *point)
{
	fprintf(file, "\n%u run%s of %u page%s, gaps of %u, %u in a flush, %u SMMU%s%s\n", point->runs,
		point->runs == 1 ? "" : "s", point->length, point->length == 1 ? "" : "s", point->gap,
		point->batch < point->runs ? point->batch : point->runs, point->smmus, point->smmus == 1 ? "" : "s",
		point->nested ? ", nested" : "");
}

static void print_head(FILE *file)
{
	fprintf(file, "\n"
		      "          -------- counted ---------  measured  ------------ modelled -----------\n"
		      "          com-         door-           CPU ns     SMMU   TLB  table   after    sum\n"
		      "strategy mands  syncs  bells  named   +- in %%       ns  miss  reads      ns     ns\n");
}

static void print_row(FILE *file, const struct cost_row *row)
{
	const struct cost_counts *counts = &row->counts;
	double half = (row->cpu_ns.high - row->cpu_ns.low) / 2;
	char measured[24] = "-";

	if (row->cpu_ns.median > 0)
		snprintf(measured, sizeof(measured), "%6s %2u", cost_short(row->cpu_ns.median).text,
			 (unsigned)fmin(99, 100 * half / row->cpu_ns.median));
	fprintf(file, "%-8s %5s %6s %6s %6s %9s %8s %5s %6s %7s %6s\n", cost_strategy_name(row->strategy),
		cost_short((double)cost_commands(counts)).text, cost_short((double)counts->kind[COST_KIND_SYNC]).text,
		cost_short((double)counts->doorbells).text,
		counts->kind[COST_KIND_VMID] ? "all" : cost_short((double)counts->named).text, measured,
		cost_short(row->device_ns).text, cost_short(row->extra.main).text, cost_short(row->extra.reads).text,
		cost_short(row->after_ns).text, cost_short(cost_modelled_ns(row)).text);
}

void cost_print_rows(FILE *file, const struct cost_row *row, size_t rows)
{
	if (rows)
		print_head(file);
	for (size_t i = 0; i < rows; i++) {
		if (!i || !same_point(&row[i].point, &row[i - 1].point))
			print_point(file, &row[i].point);
		print_row(file, &row[i]);
	}
}

/* ---- summary ----------------------------------------------------------------------------------------------------- */

static void print_crossings(FILE *file, const struct cost_common *common, const struct cost_summary *summary)
{
	fprintf(file, "\nmodelled: from so many runs in one flush on the whole VMID costs no more than\n"
		      "(planner: from there on it says the whole VMID itself; -: never, up to 65536)\n\n"
		      "length    gap  nested");
	for (unsigned i = 0; i < COST_STRATEGIES; i++)
		if (i != COST_VMID && cost_is_swept(common, (enum cost_strategy)i))
			fprintf(file, " %8s", i == COST_PLANNED ? "planner" : cost_strategy_name((enum cost_strategy)i));
	for (size_t i = 0; i < summary->crossings; i++) {
		const struct cost_crossing *crossing = &summary->crossing[i];

		if (!i || crossing->strategy <= crossing[-1].strategy)
			fprintf(file, "\n%6u %6u  %6s", crossing->point.length, crossing->point.gap,
				crossing->point.nested ? "yes" : "no");
		if (crossing->runs)
			fprintf(file, " %8" PRIu64, crossing->runs);
		else
			fprintf(file, " %8s", "-");
	}
	fputc('\n', file);
}

static void print_parameters(FILE *file, const char *name, const struct shadow_tlbi_cost *cost,
			     const struct cost_rating *rating)
{
	fprintf(file, "%-9s %7u %7u %6u %6u %8u %6u   %6.2f %6.2f\n", name, cost->command, cost->sync, cost->entry,
		cost->table, cost->vmid, cost->share, rating->mean, rating->worst);
}

static void print_advice(FILE *file, const struct cost_advice *advice)
{
	const struct cost_worth *worth = &advice->worth;

	fprintf(file, "\nstruct shadow_tlbi_cost%s; modelled: times as dear as the cheapest strategy\n"
		      "          command    sync  entry  table     vmid  share     mean  worst\n",
		advice->nested ? " of nested SMMUs" : "");
	print_parameters(file, "given", &advice->now, &advice->rating_now);
	print_parameters(file, "proposed", &advice->proposed, &advice->rating_proposed);
	fprintf(file, "in ns     %7s %7s %6.1f %6.1f %8s\n", cost_short(worth->command).text,
		cost_short(worth->sync).text, worth->entry, worth->table, cost_short(worth->vmid).text);
}

void cost_print_summary(FILE *file, const struct cost_common *common, const struct cost_summary *summary)
{
	if (summary->crossings)
		print_crossings(file, common, summary);
	for (unsigned nested = 0; nested < 2; nested++)
		if (summary->advice[nested].given)
			print_advice(file, &summary->advice[nested]);
}
