/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_text.c - what `s2shadow profile` says.
 */
#include "bench/cost/cost_text.h"

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

static void print_point(FILE *file, const struct cost_row *row)
{
	const struct cost_point *point = &row->point;

	if (!point->length) {
		fprintf(file, "\n%u span%s in %" PRIu64 " flush%s, %u SMMU%s%s\n", point->runs,
			point->runs == 1 ? "" : "s", row->counts.flushes, row->counts.flushes == 1 ? "" : "es", point->smmus, point->smmus == 1 ? "" : "s", point->nested ? ", nested" : "");
		return;
	}
	fprintf(file, "\n%u run%s of %u page%s, gaps of %u, %u in a flush, %u SMMU%s%s\n", point->runs,
		point->runs == 1 ? "" : "s", point->length, point->length == 1 ? "" : "s", point->gap,
		point->batch < point->runs ? point->batch : point->runs, point->smmus, point->smmus == 1 ? "" : "s",
		point->nested ? ", nested" : "");
}

static void print_head(FILE *file, bool hardware)
{
	fprintf(file,
		"\n"
		"         ------- counted ------- measured  %s\n"
		"          com-       door-           CPU ns     SMMU   TLB  table   after    sum\n"
		"strategy mands syncs bells  named   +- in %%       ns  miss  reads      ns     ns\n",
		hardware ? "------ measured on hardware ------" : "------------- modelled -----------");
}

static void print_row(FILE *file, const struct cost_row *row)
{
	const struct cost_counts *counts = &row->counts;
	double half = (row->cpu_ns.high - row->cpu_ns.low) / 2;
	char measured[24] = "-";

	if (row->cpu_ns.median > 0)
		snprintf(measured, sizeof(measured), "%6s %2u", cost_short(row->cpu_ns.median).text,
			 (unsigned)fmin(99, 100 * half / row->cpu_ns.median));
	fprintf(file, "%-8s %5s %5s %5s %6s %9s %8s %5s %6s %7s %6s\n", cost_strategy_name(row->strategy),
		cost_short((double)cost_commands(counts)).text, cost_short((double)counts->kind[COST_KIND_SYNC]).text,
		cost_short((double)counts->doorbells).text,
		counts->kind[COST_KIND_VMID] ? "all" : !counts->named ? "-" : cost_short((double)counts->named).text, measured,
		cost_short(row->device_ns).text, cost_short(row->extra.main).text, cost_short(row->extra.reads).text,
		cost_short(row->after_ns).text, cost_short(cost_modelled_ns(row)).text);
}

void cost_print_record(FILE *file, const struct cost_record *record)
{
	fprintf(file, "trace %s: %zu flush%s that invalidate, %zu spans of %" PRIu64 " pages in all\n", record->name,
		record->layout.flushes, record->layout.flushes == 1 ? "" : "es", record->layout.spans, record->pages);
	if (record->whole)
		fprintf(file, "  left out: %" PRIu64 " whose spans did not fit, which are of the whole VMID\n", record->whole);
	fprintf(file, "  the device uses %u pages of memory that the trace never takes from the host\n",
		record->layout.pages);
}

void cost_print_rows(FILE *file, const struct cost_row *row, size_t rows, bool hardware)
{
	if (rows)
		print_head(file, hardware);
	for (size_t i = 0; i < rows; i++) {
		if (!i || !same_point(&row[i].point, &row[i - 1].point))
			print_point(file, &row[i]);
		print_row(file, &row[i]);
	}
}

/* ---- summary ----------------------------------------------------------------------------------------------------- */

/* A table of crossings. */
struct crossings {
	const struct cost_crossing *crossing;
	size_t count;
};

static bool crosses_alike(const struct cost_crossing *left, const struct cost_crossing *right)
{
	return left->point.length == right->point.length && left->point.gap == right->point.gap &&
	       left->point.nested == right->point.nested && left->point.smmus == right->point.smmus;
}

/* The crossing of @strategy beside @first, which is before it; NULL: there is none. */
static const struct cost_crossing *find_crossing(const struct crossings *all, size_t first, unsigned strategy)
{
	for (size_t i = first; i < all->count && crosses_alike(&all->crossing[i], &all->crossing[first]); i++)
		if (all->crossing[i].strategy == strategy)
			return &all->crossing[i];
	return NULL;
}

static void print_crossing_line(FILE *file, const struct crossings *all, size_t first, const bool *shown)
{
	const struct cost_point *point = &all->crossing[first].point;

	fprintf(file, "\n%6u %6u  %6s %5u", point->length, point->gap, point->nested ? "yes" : "no", point->smmus);
	for (unsigned i = 0; i < COST_STRATEGIES; i++) {
		const struct cost_crossing *crossing = shown[i] ? find_crossing(all, first, i) : NULL;

		if (crossing && crossing->runs)
			fprintf(file, " %8" PRIu64, crossing->runs);
		else if (shown[i])
			fprintf(file, " %8s", crossing ? "-" : "");
	}
}

static void print_crossings(FILE *file, const struct crossings *all, const char *what, const char *how)
{
	bool shown[COST_STRATEGIES] = { false };

	if (!all->count)
		return;
	for (size_t i = 0; i < all->count; i++)
		shown[all->crossing[i].strategy] = true;
	fprintf(file, "\n%s:\nfrom so many runs in one flush on the whole VMID costs no more than\n(%s)\n\n"
		      "length    gap  nested SMMUs",
		what, how);
	for (unsigned i = 0; i < COST_STRATEGIES; i++)
		if (shown[i])
			fprintf(file, " %8s", i == COST_PLANNED ? "planner" : cost_strategy_name((enum cost_strategy)i));
	for (size_t i = 0; i < all->count; i++)
		if (!i || !crosses_alike(&all->crossing[i], &all->crossing[i - 1]))
			print_crossing_line(file, all, i, shown);
	fputc('\n', file);
}

static void print_parameters(FILE *file, const char *name, const struct shadow_tlbi_cost *cost,
			     const struct cost_rating *rating)
{
	fprintf(file, "%-9s %7u %7u %6u %6u %8u %6u", name, cost->command, cost->sync, cost->entry, cost->table, cost->vmid,
		cost->share);
	if (rating->points)
		fprintf(file, "   %6.2f %6.2f", rating->mean, rating->worst);
	fputc('\n', file);
}

static void print_advice(FILE *file, const struct cost_advice *advice, bool hardware)
{
	const struct cost_worth *worth = &advice->worth;

	fprintf(file, "\nstruct shadow_tlbi_cost%s;\n%s\n"
		      "          command    sync  entry  table     vmid  share%s\n",
		advice->nested ? " of nested SMMUs" : "",
		hardware ? "measured, but entry and table: those are modelled" :
			   "modelled: times as dear as the cheapest strategy",
		advice->rating_now.points ? "     mean  worst" : "");
	print_parameters(file, hardware ? "default" : "given", &advice->now, &advice->rating_now);
	print_parameters(file, "proposed", &advice->proposed, &advice->rating_proposed);
	fprintf(file, "in ns     %7s %7s %6.1f %6.1f %8s\n", cost_short(worth->command).text,
		cost_short(worth->sync).text, worth->entry, worth->table, cost_short(worth->vmid).text);
}

void cost_print_summary(FILE *file, const struct cost_summary *summary, bool hardware)
{
	const struct crossings all = { summary->crossing, summary->crossings }, cpu = { summary->cpu, summary->cpus };

	if (hardware)
		print_crossings(file, &all, "measured, SMMU and after",
				"on straight lines between what was measured; -: never, as far as that goes");
	else
		print_crossings(file, &all, "modelled, SMMU and after",
				"planner: from there on it says the whole VMID itself; -: never, up to 65536");
	print_crossings(file, &cpu, "measured, CPU time to build and publish",
			"on straight lines between the runs above; -: never, as far as they go");
	for (unsigned nested = 0; nested < 2; nested++)
		if (summary->advice[nested].given)
			print_advice(file, &summary->advice[nested], hardware);
}
