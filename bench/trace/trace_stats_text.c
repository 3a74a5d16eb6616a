/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace_stats_text.c - the statistics of a trace as text of at most 80 columns.
 */
#include "bench/trace/trace_stats.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS 80
#define INDENT	29

/* A titled list of short items, broken between items. */
struct list {
	FILE *file;
	int column; /* INDENT: nothing yet on this line */
};

static struct list list_begin(FILE *file, const char *title)
{
	fprintf(file, "  %-*s", INDENT - 2, title);
	return (struct list){ .file = file, .column = INDENT };
}

static void __attribute__((format(printf, 2, 3))) list_item(struct list *list, const char *format, ...)
{
	char text[COLUMNS];
	va_list arguments;
	int bytes;

	va_start(arguments, format);
	bytes = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (list->column > INDENT) {
		if (list->column + 2 + bytes >= COLUMNS) {
			fprintf(list->file, ",\n%*s", INDENT, "");
			list->column = INDENT;
		} else {
			list->column += fprintf(list->file, ", ");
		}
	}
	list->column += fprintf(list->file, "%s", text);
}

static void list_end(struct list *list)
{
	fputs(list->column > INDENT ? "\n" : "-\n", list->file);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_histogram(FILE *file, const char *title, const struct trace_histogram *histogram)
{
	struct list list = list_begin(file, title);

	for (unsigned i = 0; i < TRACE_STATS_BUCKETS; i++) {
		uint64_t low = UINT64_C(1) << i, count = histogram->bucket[i];

		if (count && i)
			list_item(&list, "%" PRIu64 "-%" PRIu64 ": %" PRIu64, low, 2 * low - 1, count);
		else if (count)
			list_item(&list, "1: %" PRIu64, count);
	}
	list_end(&list);
}

static void print_share(FILE *file, const char *title, const struct trace_share *share)
{
	fprintf(file, "  %-*s%" PRIu64 " records, %" PRIu64 " pages\n", INDENT - 2, title, share->records,
		share->pages);
}

static void print_head(FILE *file, const struct trace_stats *stats, const struct trace *trace)
{
	static const char letters[] = "TXMFUK";
	struct list list;

	fprintf(file, "%s\n", trace->name);
	list = list_begin(file, "records");
	for (const char *letter = letters; *letter; letter++)
		if (stats->type[(int)*letter])
			list_item(&list, "%c %" PRIu64, *letter, stats->type[(int)*letter]);
	list_end(&list);
	fprintf(file, "  %-*s%.3f s of the trace's clock\n", INDENT - 2, "duration",
		(double)stats->duration_ns / 1e9);
	fprintf(file, "  %-*s%" PRIu64 " calls, %" PRIu64 " records, %" PRIu64 " pages;\n", INDENT - 2,
		"transitions", stats->calls, stats->transitions.records, stats->transitions.pages);
	fprintf(file, "%*s%" PRIu64 " records change nothing\n\n", INDENT, "", stats->no_change);
}

static void print_kinds(FILE *file, const struct trace_stats *stats, const struct trace *trace)
{
	fprintf(file, "  %-24s %-6s %10s %8s %10s %8s\n", "cause", "change", "records", "share", "pages",
		"share");
	for (size_t i = 0; i < stats->kinds; i++) {
		const struct trace_kind *kind = &stats->kind[i];

		fprintf(file, "  %-24s %c > %c  %10" PRIu64 " %7.1f%% %10" PRIu64 " %7.1f%%\n",
			trace_name(trace, kind->cause), trace_state_letter(kind->old_state),
			trace_state_letter(kind->new_state), kind->share.records,
			percent(kind->share.records, stats->transitions.records), kind->share.pages,
			percent(kind->share.pages, stats->transitions.pages));
	}
	fputs("\n", file);
}

static void print_access(FILE *file, const struct trace_stats *stats)
{
	uint64_t changes = stats->lost.pages + stats->regained.pages;

	print_share(file, "host loses access", &stats->lost);
	print_share(file, "host regains access", &stats->regained);
	print_share(file, "access unchanged", &stats->kept);
	fprintf(file,
		"  %-*s%" PRIu64 " distinct, in %" PRIu64 " 2 MiB blocks;\n"
		"%*s%.2f changes per page\n",
		INDENT - 2, "pages that changed access", stats->changed_pages, stats->changed_blocks, INDENT,
		"", stats->changed_pages ? (double)changes / (double)stats->changed_pages : 0);
	fprintf(file, "  %-*s%" PRIu64 " pages, %" PRIu64 " whole 2 MiB blocks\n", INDENT - 2,
		"without access, at most", stats->peak_pages, stats->peak_blocks);
}

static void print_sizes(FILE *file, const struct trace_stats *stats)
{
	struct list list = list_begin(file, "pages per record");

	for (size_t i = 0; i < stats->size.count; i++) {
		const struct trace_tally *tally = &stats->size.tally[i];

		list_item(&list, "%" PRIu64 ": %" PRIu64 " (%.1f%% of the pages)", tally->value, tally->count,
			  percent(tally->value * tally->count, stats->transitions.pages));
	}
	list_end(&list);
}

static void print_order(FILE *file, const struct trace_stats *stats)
{
	static const char *const steps[TRACE_STEPS] = {
		[TRACE_STEP_ABOVE] = "adjacent above",
		[TRACE_STEP_BELOW] = "adjacent below",
		[TRACE_STEP_OTHER] = "adjacent, other change",
		[TRACE_STEP_SAME] = "same page again",
		[TRACE_STEP_FAR] = "elsewhere",
	};
	uint64_t pairs = stats->transitions.records ? stats->transitions.records - 1 : 0;
	struct list list = list_begin(file, "next of the same CPU");

	for (unsigned i = 0; i < TRACE_STEPS; i++)
		list_item(&list, "%s %.1f%%", steps[i], percent(stats->step[i], stats->steps));
	list_end(&list);
	list = list_begin(file, "next in the file");
	list_item(&list, "begins at the end %.1f%%", percent(stats->next_above, pairs));
	list_item(&list, "on another CPU %.1f%%", percent(stats->cpu_changes, pairs));
	list_end(&list);
	print_histogram(file, "run lengths", &stats->run);
	fprintf(file, "  %-*s10%% %" PRIu64 " ns, median %" PRIu64 " ns, 90%% %" PRIu64 " ns\n", INDENT - 2,
		"time to the CPU's next", stats->gap_ns[0], stats->gap_ns[1], stats->gap_ns[2]);
	list = list_begin(file, "transitions by CPU");
	for (unsigned cpu = 0; cpu < TRACE_CPUS_MAX; cpu++)
		if (stats->cpu[cpu])
			list_item(&list, "CPU %u: %" PRIu64, cpu, stats->cpu[cpu]);
	list_end(&list);
	print_histogram(file, "T from loss to return", &stats->away);
	print_histogram(file, "T from return to next loss", &stats->back);
}

static void print_trips(FILE *file, const struct trace_stats *stats, const struct trace *trace)
{
	static const char *const whys[] = { [TRACE_WHY_HVC] = "hvc",
					    [TRACE_WHY_ABORT] = "abort",
					    [TRACE_WHY_SMC] = "smc",
					    [TRACE_WHY_GUEST] = "guest" };
	uint64_t calls = 0;

	for (size_t i = 0; i < stats->trips; i++)
		calls += stats->trip[i].calls;
	print_histogram(file, "transitions per trip", &stats->calls_per_trip);
	fprintf(file, "%*smean %.3f over %" PRIu64 " trips\n", INDENT, "",
		stats->trips_with ? (double)calls / (double)stats->trips_with : 0, stats->trips_with);
	print_histogram(file, "runs per trip", &stats->segments_per_trip);
	fprintf(file, "  %-*s%" PRIu64 ", of which %" PRIu64 " made a lazy mapping\n", INDENT - 2,
		"trips without transition", stats->trips_without, stats->trips_mapped);
	fprintf(file, "\n  %-35s %7s %7s %8s %8s %8s\n", "trip", "trips", "with T", "T each", "median",
		"99% ns");
	for (size_t i = 0; i < stats->trips; i++) {
		const struct trace_trips *trip = &stats->trip[i];
		int used = fprintf(file, "  %s %s", whys[trip->why], trace_name(trace, trip->id));

		fprintf(file, "%*s %7" PRIu64 " %7" PRIu64 " %8.3f %8" PRIu64 " %8" PRIu64 "\n",
			used < 37 ? 37 - used : 0, "", trip->trips, trip->with_transition,
			(double)trip->calls / (double)trip->trips, trip->p50_ns, trip->p99_ns);
	}
}

void trace_stats_print(FILE *file, const struct trace_stats *stats, const struct trace *trace)
{
	struct list list;

	print_head(file, stats, trace);
	print_kinds(file, stats, trace);
	print_access(file, stats);
	print_sizes(file, stats);
	print_order(file, stats);
	list = list_begin(file, "lazy mappings by pages");
	for (size_t i = 0; i < stats->map_size.count; i++)
		list_item(&list, "%" PRIu64 ": %" PRIu64, stats->map_size.tally[i].value,
			  stats->map_size.tally[i].count);
	list_end(&list);
	print_trips(file, stats, trace);
}
