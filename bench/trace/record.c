/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record.c - `s2shadow record`: options; a log's lines one after the other, or a recording.
 */
#include "bench/trace/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"
#include "bench/trace/record_binary.h"
#include "bench/trace/trace_input.h"

#define IA_BITS 40u

static const char help[] =
	"Usage: s2shadow record [OPTION]... RECORDING\n"
	"       s2shadow record --memory START-END [OPTION]... LOG\n"
	"\n"
	"Turn what was recorded into a trace. A RECORDING of the kernel's recorder (docs/recording.md) says all that a trace\n"
	"does. A LOG is the text of the kernel's hypervisor events (tracefs, remotes), or a simple form; docs/inputs.md says\n"
	"which events tell what, and gives the form. Both plain or compressed with xz, - for standard input.\n"
	"\n"
	"  --lenient            go on where events are lost, where a recording has no end, and where an old state in a log\n"
	"                       is not the one that is known\n"
	"  --output FILE        write there; compressed if its name ends in .xz (default standard output)\n"
	"  --name NAME          of the trace (default recorded)\n"
	"  --help               this text\n"
	"\n"
	"For a log alone:\n"
	"  --memory START-END   hexadecimal, END is the first byte behind it; repeatable. What is not memory is MMIO\n"
	"  --without START-END  the host has no access to it when the log begins: the hypervisor's own; repeatable\n"
	"  --ia-bits N          of the host's physical addresses, 25 to 48 (default 40, or as many as --memory takes)\n"
	"\n"
	"Exit status: 0; 2 if anything is wrong.\n";

enum {
	OPT_MEMORY = 256,
	OPT_WITHOUT,
	OPT_IA_BITS,
	OPT_LENIENT,
	OPT_OUTPUT,
	OPT_NAME,
	OPT_HELP,
};

static const struct option known[] = {
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "without", required_argument, NULL, OPT_WITHOUT },
	{ "ia-bits", required_argument, NULL, OPT_IA_BITS },
	{ "lenient", no_argument, NULL, OPT_LENIENT },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

struct command {
	struct record_machine machine;
	const char *output, *log;
	bool help;
};

/* ---- options ---- */

static int read_range(const char *name, const char *text, struct record_range *range, unsigned *count)
{
	struct record_range *taken = &range[*count];
	char *end;

	if (*count == RECORD_REGIONS_MAX) {
		message("--%s: more than %u ranges", name, RECORD_REGIONS_MAX);
		return -1;
	}
	errno = 0;
	taken->start = strtoull(text, &end, 16);
	if (!strchr(" +-", *text) && *end == '-' && !strchr(" +-", end[1])) {
		taken->end = strtoull(end + 1, &end, 16);
		if (!*end && !errno && taken->start < taken->end &&
		    taken->end <= UINT64_C(1) << TRACE_IA_BITS_MAX &&
		    !((taken->start | taken->end) & (TRACE_PAGE_BYTES - 1))) {
			++*count;
			return 0;
		}
	}
	message("--%s: '%s' is not START-END, whole pages in hexadecimal below 2^%u", name, text,
		TRACE_IA_BITS_MAX);
	return -1;
}

static int read_ia_bits(const char *text, unsigned *bits)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < TRACE_IA_BITS_MIN || value > TRACE_IA_BITS_MAX) {
		message("--ia-bits: '%s' is not a number from %u to %u", text, TRACE_IA_BITS_MIN,
			TRACE_IA_BITS_MAX);
		return -1;
	}
	*bits = (unsigned)value;
	return 0;
}

static int read_name(const char *text, char *name)
{
	if (!tracefile_is_word(text)) {
		message("--name: '%s' is not 1 to 64 letters, digits, _, - or .", text);
		return -1;
	}
	strcpy(name, text);
	return 0;
}

static int read_option(void *into, int option, const char *text)
{
	struct command *command = into;
	struct record_machine *machine = &command->machine;

	switch (option) {
	case OPT_MEMORY:
		return read_range("memory", text, machine->memory, &machine->regions);
	case OPT_WITHOUT:
		return read_range("without", text, machine->without, &machine->withouts);
	case OPT_IA_BITS:
		return read_ia_bits(text, &machine->ia_bits);
	case OPT_LENIENT:
		machine->lenient = true;
		return 0;
	case OPT_OUTPUT:
		return getopts_file("output", text, &command->output);
	case OPT_NAME:
		return read_name(text, machine->name);
	default:
		command->help = true;
		return GETOPTS_ENOUGH;
	}
}

static int by_start(const void *left, const void *right)
{
	const struct record_range *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int check_machine(struct record_machine *machine)
{
	uint64_t end;

	if (!machine->regions) {
		message("no --memory is given; try s2shadow record --help");
		return -1;
	}
	qsort(machine->memory, machine->regions, sizeof(*machine->memory), by_start);
	qsort(machine->without, machine->withouts, sizeof(*machine->without), by_start);
	for (unsigned i = 1; i < machine->regions; i++)
		if (machine->memory[i].start <= machine->memory[i - 1].end) {
			message("--memory: %" PRIx64 " touches the range before it; join them",
				machine->memory[i].start);
			return -1;
		}
	for (unsigned i = 0; i < machine->withouts; i++) {
		bool found = false;

		for (unsigned j = 0; j < machine->regions; j++)
			found |= machine->memory[j].start <= machine->without[i].start &&
				 machine->without[i].end <= machine->memory[j].end;
		if (!found || (i && machine->without[i].start < machine->without[i - 1].end)) {
			message("--without: %" PRIx64 " is not inside one --memory, or overlaps another",
				machine->without[i].start);
			return -1;
		}
	}
	end = machine->memory[machine->regions - 1].end;
	if (!machine->ia_bits)
		machine->ia_bits =
			end > UINT64_C(1) << IA_BITS ? 64 - (unsigned)__builtin_clzll(end - 1) : IA_BITS;
	if (end > UINT64_C(1) << machine->ia_bits) {
		message("--memory: %" PRIx64 " is beyond %u bits of address", end, machine->ia_bits);
		return -1;
	}
	return 0;
}

/* ---- the log ---- */

static int read_lines(struct trace_input *input, const char *path, struct record_writer *writer)
{
	char why[RECORD_WHY_BYTES];
	struct record_event event;
	struct trace_error error;
	const char *line;
	size_t bytes;
	int got;

	while ((got = trace_input_line(input, &line, &bytes, &error)) > 0)
		if (record_parse(line, bytes, &event, why) || record_event(writer, &event, why)) {
			message("%s:%lu: %s", path, input->line, why);
			return -1;
		}
	if (got < 0 && error.line)
		message("%s:%lu: %s", path, error.line, error.message);
	else if (got < 0)
		message("%s: %s", path, error.message);
	return got;
}

static void report(const char *path, const struct record_counts *counts)
{
	if (counts->lost)
		message("%s: events are lost in so many places: %" PRIu64, path, counts->lost);
	if (counts->other)
		message("%s: events skipped that say nothing of pages or trips: %" PRIu64, path,
			counts->other);
	if (counts->outside)
		message("%s: changes skipped that lie outside memory, which no trace can hold: %" PRIu64,
			path, counts->outside);
	if (counts->unchanged)
		message("%s: events skipped that changed nothing: %" PRIu64, path, counts->unchanged);
	if (!counts->transitions)
		message("%s: there is no transition in it; docs/inputs.md says which events make one", path);
}

static int convert_log(struct command *command, struct trace_input *input)
{
	struct record_writer *writer;
	struct record_counts counts;
	struct tracefile out;
	int ret = -1;

	if (check_machine(&command->machine) || tracefile_open(&out, command->output, true))
		return -1;
	writer = record_begin(&command->machine, &out);
	if (writer) {
		ret = read_lines(input, command->log, writer);
		counts = record_end(writer, !ret);
	} else {
		message("out of memory");
	}
	if (tracefile_close(&out, !ret))
		ret = -1;
	if (!ret)
		report(command->log, &counts);
	return ret;
}

/* ---- a recording ---- */

static void report_recording(const char *path, const struct record_binary_counts *counts)
{
	if (counts->lost)
		message("%s: records that are lost: %" PRIu64, path, counts->lost);
	if (counts->cut)
		message("%s: the recording has no end", path);
	if (!counts->transitions)
		message("%s: there is no transition in it", path);
}

static int convert_recording(const struct command *command, struct trace_input *input)
{
	const struct record_machine *machine = &command->machine;
	struct record_binary_counts counts;
	struct tracefile out;
	int ret;

	if (machine->regions || machine->withouts || machine->ia_bits) {
		message("%s: a recording says itself where memory is; --memory, --without and --ia-bits are for logs",
			command->log);
		return -1;
	}
	if (tracefile_open(&out, command->output, true))
		return -1;
	ret = record_binary_convert(input, command->log, machine->name, machine->lenient, &out, &counts);
	if (tracefile_close(&out, !ret))
		ret = -1;
	if (!ret)
		report_recording(command->log, &counts);
	return ret;
}

static int convert(struct command *command, struct trace_input *input)
{
	struct trace_error error;
	int binary = record_binary_is(input, &error);

	if (binary < 0) {
		message("%s: %s", command->log, error.message);
		return -1;
	}
	return binary ? convert_recording(command, input) : convert_log(command, input);
}

int record_main(int argc, char **argv)
{
	struct command command = { .machine.name = "recorded" };
	struct trace_input input;
	struct trace_error error;
	int ret;

	if (getopts_each(argc, argv, known, read_option, &command) < 0)
		return 2;
	if (command.help) {
		fputs(help, stdout);
		return 0;
	}
	if (optind + 1 != argc) {
		message(optind == argc ? "no log is named; try s2shadow record --help" :
					 "more than one log is named; join logs in the order of their times");
		return 2;
	}
	command.log = argv[optind];
	if (command.output && getopts_same_file(command.output, command.log)) {
		message("--output: would overwrite the log %s", command.log);
		return 2;
	}
	if (trace_input_open(&input, !strcmp(command.log, "-") ? "/dev/stdin" : command.log, &error)) {
		message("%s: %s", command.log, error.message);
		return 2;
	}
	ret = convert(&command, &input);
	trace_input_close(&input);
	return ret ? 2 : 0;
}
