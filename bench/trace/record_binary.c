/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record_binary.c - a recording of tests/linux's recorder, as a trace.
 *
 * One record after the other becomes a line. What the lines together must say to be a trace, that old states are
 * right for one, whoever reads the trace checks; here it is that each record is one, and stands where it may.
 */
#include "bench/trace/record_binary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/trace/record.h"

#define RECORD_BYTES	   32u
#define TEXT_BYTES	   24u
#define MAGIC		   "s2record"
#define VERSION		   1u
#define CLOCK_HZ_MAX	   UINT64_C(10000000000)
#define SECONDS_MAX	   UINT64_C(1000000000)
#define NAMES_MAX	   1024u /* of a sort */
#define LEAF_OWNER_HYP	   8u
#define LEAF_OWNER_GUEST   9u
#define FLAG_DIRECT	   1u
#define FLAG_PIECE	   2u

enum sort { SORT_CAUSE, SORT_HYPERCALL, SORTS };

struct raw {
	uint8_t type, cpu, detail[2];
	uint32_t word;
	uint64_t time, first, second;
	const char *text; /* of the three */
};

struct binary {
	const char *path;
	bool lenient;
	struct tracefile *out;
	struct record_binary_counts *counts;
	uint64_t number; /* of the record at hand, from 0 */
	uint64_t hz, now, base, time_ns; /* ticks; from the first record of the trace on */
	bool in_snapshot, began, ended;
	unsigned regions;
	char name[SORTS][NAMES_MAX][TRACEFILE_WORD_BYTES];
};

static int __attribute__((format(printf, 2, 3))) refuse(const struct binary *binary, const char *format, ...)
{
	char what[RECORD_WHY_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	message("%s: record %" PRIu64 ": %s", binary->path, binary->number, what);
	return -1;
}

/* ---- fields ---- */

static uint64_t little(const char *bytes, unsigned count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | (uint8_t)bytes[count];
	return value;
}

static struct raw raw_of(const char *bytes)
{
	return (struct raw){
		.type = (uint8_t)bytes[0],
		.cpu = (uint8_t)bytes[1],
		.detail = { (uint8_t)bytes[2], (uint8_t)bytes[3] },
		.word = (uint32_t)little(bytes + 4, 4),
		.time = little(bytes + 8, 8),
		.first = little(bytes + 16, 8),
		.second = little(bytes + 24, 8),
		.text = bytes + 8,
	};
}

static uint64_t ns_of(const struct binary *binary, uint64_t ticks)
{
	return ticks / binary->hz * 1000000000 + ticks % binary->hz * 1000000000 / binary->hz;
}

static int check_range(const struct binary *binary, const struct raw *raw)
{
	if (raw->second && raw->first <= UINT64_MAX - raw->second &&
	    !((raw->first | raw->second) & (TRACE_PAGE_BYTES - 1)))
		return 0;
	return refuse(binary, "%" PRIx64 " + %" PRIx64 " is no range of whole pages", raw->first, raw->second);
}

static int check_state(const struct binary *binary, unsigned state)
{
	return state <= TRACE_STATE_NOPAGE ? 0 : refuse(binary, "%u is no state", state);
}

/* ---- names ---- */

/* Parts come in order; the last one has a zero byte. */
static int take_name(struct binary *binary, const struct raw *raw)
{
	size_t before = raw->detail[1] * (size_t)TEXT_BYTES, bytes = strnlen(raw->text, TEXT_BYTES);
	char *name;

	if (raw->detail[0] >= SORTS || raw->word >= NAMES_MAX)
		return refuse(binary, "there is no name %" PRIu32 " of sort %u", raw->word, raw->detail[0]);
	name = binary->name[raw->detail[0]][raw->word];
	if (before + bytes >= TRACEFILE_WORD_BYTES || (before && strlen(name) != before))
		return refuse(binary, "a name is longer than %u bytes, or lacks a part", TRACEFILE_WORD_BYTES - 1);
	memcpy(name + before, raw->text, bytes);
	name[before + bytes] = '\0';
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		return refuse(binary, "a name is not of letters, digits and _");
	return 0;
}

/* Functions of the kernel by the names that its recordings have had from the beginning. */
static const char *cause(const struct binary *binary, uint32_t number)
{
	static const struct {
		const char *function, *cause;
	} others[] = {
		{ "host_reclaim_page_guest", "host_reclaim_guest" },
		{ "host_force_reclaim_page_guest", "host_force_reclaim" },
	};
	const char *name = number < NAMES_MAX ? binary->name[SORT_CAUSE][number] : "";

	if (!strncmp(name, "__pkvm_", 7))
		name += 7;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(name, others[i].function))
			return others[i].cause;
	return name;
}

static const char *hypercall(const struct binary *binary, uint32_t number, char *unknown)
{
	const char *name = number < NAMES_MAX ? binary->name[SORT_HYPERCALL][number] : "";

	if (*name)
		return name + strspn(name, "_");
	snprintf(unknown, TRACEFILE_WORD_BYTES, "hcall-%" PRIu32, number);
	return unknown;
}

/* ---- snapshots ---- */

static int put_snapshot(struct binary *binary, const struct raw *raw)
{
	static const char *const kinds[] = { "init", "finalise", "start", "end" };

	if (raw->detail[0] >= sizeof(kinds) / sizeof(*kinds))
		return refuse(binary, "%u is no kind of snapshot", raw->detail[0]);
	tracefile_snapshot(binary->out, kinds[raw->detail[0]]);
	fprintf(binary->out->file, "# G ia_bits %" PRIu32 " start_level %" PRIu64 " pgd_pages %" PRIu64 "\n",
		raw->word, raw->first, raw->second);
	binary->in_snapshot = binary->began = true;
	binary->regions = 0;
	return 0;
}

static int put_leaves(struct binary *binary, const struct raw *raw)
{
	unsigned level = raw->detail[0], kind = raw->detail[1];

	if (level > 3)
		return refuse(binary, "%u is no level of a leaf", level);
	if (!kind || kind > LEAF_OWNER_GUEST)
		return refuse(binary, "%u is no kind of leaf", kind);
	fprintf(binary->out->file, "# L %" PRIx64 " %" PRIx64 " %u ", raw->first, raw->second, level);
	if (kind >= LEAF_OWNER_HYP)
		fprintf(binary->out->file, "owner %s\n", kind == LEAF_OWNER_HYP ? "hyp" : "guest");
	else
		fprintf(binary->out->file, "valid %s%s%s\n", kind & 1 ? "R" : "", kind & 2 ? "W" : "",
			kind & 4 ? "X" : "");
	return 0;
}

static int put_part(struct binary *binary, const struct raw *raw)
{
	FILE *file = binary->out->file;

	if (!binary->in_snapshot)
		return refuse(binary, "'%c' stands outside of a snapshot", raw->type);
	if (check_range(binary, raw))
		return -1;
	if (raw->type == 'L')
		return put_leaves(binary, raw);
	if (raw->type == 'R') {
		fprintf(file, "# R %u %" PRIx64 " %" PRIx64 " flags %" PRIu32 "\n", binary->regions++,
			raw->first, raw->second, raw->word);
		return 0;
	}
	if (check_state(binary, raw->detail[0]))
		return -1;
	fprintf(file, "# S %" PRIx64 " %" PRIx64 " %c\n", raw->first, raw->second,
		trace_state_letter(raw->detail[0]));
	return 0;
}

/* ---- records of the trace ---- */

static int put_transition(struct binary *binary, const struct raw *raw)
{
	const struct trace_record record = {
		.time_ns = binary->time_ns,
		.cpu = raw->cpu,
		.start = raw->first,
		.bytes = raw->second,
		.old_state = raw->detail[0] & 15,
		.new_state = raw->detail[0] >> 4,
		.flags = (uint8_t)((raw->detail[1] & FLAG_DIRECT ? TRACE_FLAG_DIRECT : TRACE_FLAG_UPDATE) |
				   (raw->detail[1] & FLAG_PIECE ? TRACE_FLAG_PIECE : 0)),
	};
	const char *word = cause(binary, raw->word);

	if (check_range(binary, raw) || check_state(binary, record.old_state) ||
	    check_state(binary, record.new_state))
		return -1;
	if (!*word)
		return refuse(binary, "the cause %" PRIu32 " has no name", raw->word);
	tracefile_transition(binary->out, &record, word);
	binary->counts->transitions++;
	return 0;
}

static int put_trip(struct binary *binary, const struct raw *raw)
{
	uint64_t trip_ns = ns_of(binary, raw->first & UINT32_MAX);
	const struct trace_record record = {
		.time_ns = binary->time_ns,
		.cpu = raw->cpu,
		.why = raw->detail[0],
		.trip_ns = trip_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)trip_ns,
		.quiet = (uint32_t)(raw->first >> 32),
	};
	char other[TRACEFILE_WORD_BYTES] = "-";
	const char *id = other;

	switch (raw->detail[0]) {
	case TRACE_WHY_HVC:
		id = hypercall(binary, raw->word, other);
		break;
	case TRACE_WHY_ABORT:
		break;
	case TRACE_WHY_SMC:
		snprintf(other, sizeof(other), "%" PRIx32, raw->word);
		break;
	case TRACE_WHY_GUEST:
		id = raw->word ? "guest_exit" : "guest_exit_at_el2";
		break;
	default:
		return refuse(binary, "%u is no reason of a trip", raw->detail[0]);
	}
	tracefile_trip(binary->out, &record, id, raw->second & UINT32_MAX, raw->second >> 32);
	return 0;
}

static int put_map(struct binary *binary, const struct raw *raw)
{
	const struct trace_record record = {
		.time_ns = binary->time_ns,
		.cpu = raw->cpu,
		.start = raw->first,
		.bytes = raw->second,
		.mmio = raw->detail[0] != 0,
	};

	if (check_range(binary, raw))
		return -1;
	tracefile_mapping(binary->out, &record);
	return 0;
}

static int put_lost(struct binary *binary, const struct raw *raw)
{
	binary->counts->lost += raw->first;
	if (binary->lenient)
		return 0;
	return refuse(binary, "%" PRIu64 " records are lost here (--lenient goes on); take a larger buffer",
		      raw->first);
}

static int put_quiet(struct binary *binary, const struct raw *raw)
{
	char other[TRACEFILE_WORD_BYTES];

	fprintf(binary->out->file, "# C cpu %u %s %" PRIu64 "\n", raw->detail[0],
		hypercall(binary, raw->word, other), raw->first);
	return 0;
}

static int put_record(struct binary *binary, const struct raw *raw)
{
	if (!binary->began)
		return refuse(binary, "'%c' stands before the first snapshot", raw->type);
	if (!binary->out->seq)
		binary->base = raw->time;
	if ((raw->time - binary->base) / binary->hz >= SECONDS_MAX)
		return refuse(binary, "the time leaps ahead by decades");
	binary->time_ns = ns_of(binary, raw->time - binary->base);
	binary->in_snapshot = false;
	switch (raw->type) {
	case 'T':
		return put_transition(binary, raw);
	case 'X':
		return put_trip(binary, raw);
	case 'M':
		return put_map(binary, raw);
	case 'F':
		tracefile_refusal(binary->out, raw->cpu, binary->time_ns, raw->first);
		return 0;
	case 'U':
		tracefile_unmap_devices(binary->out, raw->cpu, binary->time_ns);
		return 0;
	case 'K':
		tracefile_mark(binary->out, raw->cpu, binary->time_ns, raw->first);
		return 0;
	default:
		return put_quiet(binary, raw);
	}
}

/* ---- the frame ---- */

static int take_head(struct binary *binary, const struct raw *raw)
{
	if (raw->type != 'H' || strncmp(raw->text, MAGIC, TEXT_BYTES))
		return refuse(binary, "this is neither a log nor a recording: it has zero bytes, and not the "
				      "beginning of a recording");
	if (raw->word != VERSION)
		return refuse(binary, "the recording has version %" PRIu32 ", not %u", raw->word, VERSION);
	return 0;
}

static int take_clock(struct binary *binary, const struct raw *raw)
{
	if (raw->type != 'C')
		return refuse(binary, "this is not the clock");
	if (!raw->first || raw->first > CLOCK_HZ_MAX)
		return refuse(binary, "%" PRIu64 " ticks a second cannot be", raw->first);
	if (raw->second != TRACE_PAGE_BYTES)
		return refuse(binary, "pages have %" PRIu64 " bytes, those of a trace %u", raw->second,
			      TRACE_PAGE_BYTES);
	binary->hz = raw->first;
	binary->now = raw->time;
	fprintf(binary->out->file, "# counter_hz %" PRIu64 "\n", raw->first);
	return 0;
}

static int take_time(struct binary *binary, const struct raw *raw)
{
	if (raw->time < binary->now)
		return refuse(binary, "the time goes back");
	binary->now = raw->time;
	return 0;
}

static int take_record(struct binary *binary, const struct raw *raw)
{
	if (binary->ended)
		return refuse(binary, "something follows the end");
	if (binary->number == 0)
		return take_head(binary, raw);
	if (binary->number == 1)
		return take_clock(binary, raw);
	if (raw->type == 'W')
		return take_name(binary, raw);
	if (take_time(binary, raw))
		return -1;
	if (raw->type && strchr("TXMFUKQ", raw->type))
		return put_record(binary, raw);
	switch (raw->type) {
	case 'G':
		return put_snapshot(binary, raw);
	case 'R':
	case 'S':
	case 'L':
		return put_part(binary, raw);
	case 'D':
		return put_lost(binary, raw);
	case 'E':
		binary->ended = true;
		return 0;
	default:
		return refuse(binary, "%u is no type of record", raw->type);
	}
}

static int take_all(struct binary *binary, struct trace_input *input)
{
	struct trace_error error;
	const char *bytes;
	int got;

	for (; (got = trace_input_peek(input, &bytes, RECORD_BYTES, &error)) == (int)RECORD_BYTES;
	     binary->number++) {
		const struct raw raw = raw_of(bytes);

		if (take_record(binary, &raw))
			return -1;
		trace_input_skip(input, RECORD_BYTES);
	}
	if (got < 0) {
		message("%s: %s", binary->path, error.message);
		return -1;
	}
	binary->counts->cut = got || !binary->ended;
	if (got && !binary->lenient)
		return refuse(binary, "the recording ends inside it (--lenient goes on)");
	if (!binary->ended && !binary->lenient)
		return refuse(binary, "the recording has no end: it was not stopped, or is cut off (--lenient goes on)");
	if (!binary->began)
		return refuse(binary, "the recording has no snapshot");
	return 0;
}

int record_binary_is(struct trace_input *input, struct trace_error *error)
{
	const char *bytes;
	int got = trace_input_peek(input, &bytes, RECORD_BYTES, error);

	return got < 0 ? -1 : memchr(bytes, 0, (size_t)got) != NULL;
}

int record_binary_convert(struct trace_input *input, const char *path, const char *name, bool lenient,
			  struct tracefile *out, struct record_binary_counts *counts)
{
	struct binary *binary = calloc(1, sizeof(*binary));
	int ret;

	if (!binary) {
		message("out of memory");
		return -1;
	}
	binary->path = path;
	binary->lenient = lenient;
	binary->out = out;
	binary->counts = counts;
	*counts = (struct record_binary_counts){ 0 };
	tracefile_head(out, name);
	ret = take_all(binary, input);
	free(binary);
	return ret;
}
