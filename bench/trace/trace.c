/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * trace.c - reads and checks a recorded trace (docs/trace-format.md).
 *
 * Sits on trace_input.c, which gives lines; under oracle.c, host_stage2.c and the replay.
 * Phases, line by line: 1. the first line names the format; 2. "# snapshot" opens a block that takes
 * the G, R, S and L lines after it, until a record or another snapshot closes it; 3. records follow.
 * Closing a block sorts its runs and checks what needs all of them.
 * Owns: a trace that was returned is consistent in itself, so that nobody after it checks addresses,
 * alignment, overlaps, levels, states or CPU numbers again. Whether each `old` is right needs a
 * replay, and is left to oracle.c.
 */
#include "bench/trace/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/trace_input.h"

#define FIELDS_MAX 12
#define NAME_BYTES_MAX 64
#define NAMES_MAX 65536u
#define START_TABLES_MAX 16u

static const char magic[] = "# pkvm-host-trace 1";
static const char magic_any[] = "# pkvm-host-trace ";

struct field {
	const char *text;
	size_t bytes;
};

struct parser {
	struct trace *trace;
	struct trace_error *error;
	uint32_t line;
	bool in_snapshot;
	bool has_g;	   /* G line seen in this snapshot */
	bool first_closed; /* the first snapshot is complete: ia_bits and regions stand */
	bool has_record;
	uint64_t seq_record;   /* of the last record */
	uint64_t seq_snapshot; /* of the last snapshot */
	size_t records_room;
	size_t snapshots_room;
	size_t regions_room;
	size_t states_room;
	size_t leaves_room;
	size_t names_room;
	uint32_t *names_hash; /* index + 1 into names, open addressing */
	size_t names_hash_count;
};

/* ---- errors ---- */

static int __attribute__((format(printf, 2, 3))) fail(struct parser *parser, const char *format, ...)
{
	va_list arguments;

	parser->error->line = parser->line;
	va_start(arguments, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, arguments);
	va_end(arguments);
	return -1;
}

static int fail_memory(struct parser *parser)
{
	fail(parser, "out of memory");
	parser->error->line = 0;
	return -1;
}

/* A field as it may be shown: short, printable. */
struct shown {
	char text[36];
};

static struct shown show(struct field field)
{
	struct shown shown;
	size_t used = 0;

	for (; used < field.bytes && used < 32; used++) {
		char c = field.text[used];

		shown.text[used] = c >= ' ' && c <= '~' ? c : '?';
	}
	if (used < field.bytes) {
		memcpy(shown.text + used, "...", 3);
		used += 3;
	}
	shown.text[used] = '\0';
	return shown;
}

/* ---- arrays ---- */

/* Make room for one more element; returns the array, moved perhaps, or NULL. */
static void *grow(void *array, size_t used, size_t *room, size_t element_bytes)
{
	size_t wanted;
	void *moved;

	if (used < *room)
		return array;
	wanted = *room ? *room * 2 : 64;
	moved = reallocarray(array, wanted, element_bytes);
	if (moved)
		*room = wanted;
	return moved;
}

#define APPEND(array, used, room) \
	((grown = grow(array, used, room, sizeof(*(array)))) ? ((array) = grown, &(array)[(used)++]) : NULL)

/* ---- fields ---- */

static bool field_is(struct field field, const char *word)
{
	size_t bytes = strlen(word);

	return field.bytes == bytes && memcmp(field.text, word, bytes) == 0;
}

/* Cut at single spaces. Returns how many; FIELDS_MAX if there are that many or more. */
static size_t split(const char *line, size_t bytes, struct field *fields)
{
	const char *end = line + bytes;
	size_t count = 0;

	while (count < FIELDS_MAX) {
		const char *space = memchr(line, ' ', (size_t)(end - line));
		const char *stop = space ? space : end;

		fields[count].text = line;
		fields[count].bytes = (size_t)(stop - line);
		count++;
		if (!space)
			break;
		line = space + 1;
	}
	return count;
}

static int parse_decimal(struct parser *parser, struct field field, const char *what, uint64_t *value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < field.bytes; i++) {
		unsigned digit = (unsigned)(unsigned char)field.text[i] - '0';

		if (digit > 9)
			break;
		if (sum > (UINT64_MAX - digit) / 10)
			return fail(parser, "%s '%s' does not fit in 64 bits", what, show(field).text);
		sum = sum * 10 + digit;
	}
	if (i == 0 || i < field.bytes)
		return fail(parser, "%s '%s' is not a decimal number", what, show(field).text);
	*value = sum;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_hex(struct parser *parser, struct field field, const char *what, uint64_t *value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < field.bytes; i++) {
		int digit = hex_digit(field.text[i]);

		if (digit < 0)
			break;
		if (sum >> 60)
			return fail(parser, "%s '%s' does not fit in 64 bits", what, show(field).text);
		sum = sum << 4 | (uint64_t)digit;
	}
	if (i == 0 || i < field.bytes)
		return fail(parser, "%s '%s' is not a hexadecimal number", what, show(field).text);
	*value = sum;
	return 0;
}

/* An address and a size, as [start, end) within 0..2^ia_bits, both multiples of @unit. */
static int parse_range(struct parser *parser, struct field addr, struct field size, uint64_t unit,
		       uint64_t *start, uint64_t *end)
{
	uint64_t limit = 1ull << parser->trace->ia_bits;
	uint64_t bytes;

	if (parse_hex(parser, addr, "address", start) || parse_hex(parser, size, "size", &bytes))
		return -1;
	if (bytes == 0)
		return fail(parser, "size is zero");
	if (*start & (unit - 1))
		return fail(parser, "address %" PRIx64 " is not a multiple of %" PRIx64, *start, unit);
	if (bytes & (unit - 1))
		return fail(parser, "size %" PRIx64 " is not a multiple of %" PRIx64, bytes, unit);
	if (bytes > UINT64_MAX - *start)
		return fail(parser, "range %" PRIx64 " + %" PRIx64 " wraps around", *start, bytes);
	if (*start >= limit || bytes > limit - *start)
		return fail(parser, "range %" PRIx64 " + %" PRIx64 " ends beyond ia_bits %u", *start, bytes,
			    parser->trace->ia_bits);
	*end = *start + bytes;
	return 0;
}

static int parse_state(struct parser *parser, struct field field, const char *what, uint8_t *state)
{
	static const char letters[] = "OSBN";
	const char *found = NULL;

	if (field.bytes == 1)
		found = memchr(letters, field.text[0], 4);
	if (!found)
		return fail(parser, "%s '%s' is not one of O, S, B, N", what, show(field).text);
	*state = (uint8_t)(found - letters);
	return 0;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.';
}

static size_t name_hash(const char *text, size_t bytes)
{
	uint64_t hash = 14695981039346656037ull;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211ull;
	return (size_t)(hash ^ hash >> 32);
}

static int names_rehash(struct parser *parser)
{
	size_t count = parser->names_hash_count ? parser->names_hash_count * 2 : 128;
	uint32_t *table = calloc(count, sizeof(*table));

	if (!table)
		return fail_memory(parser);
	for (size_t i = 0; i < parser->trace->names_count; i++) {
		const char *name = parser->trace->names[i];
		size_t slot = name_hash(name, strlen(name)) & (count - 1);

		while (table[slot])
			slot = (slot + 1) & (count - 1);
		table[slot] = (uint32_t)i + 1;
	}
	free(parser->names_hash);
	parser->names_hash = table;
	parser->names_hash_count = count;
	return 0;
}

/* The index of a cause or id, the same for the same word. */
static int parse_name(struct parser *parser, struct field field, const char *what, uint32_t *name)
{
	struct trace *trace = parser->trace;
	size_t slot;
	char **entry;
	void *grown;

	if (field.bytes == 0 || field.bytes > NAME_BYTES_MAX)
		return fail(parser, "%s '%s' is not 1 to %u bytes long", what, show(field).text,
			    NAME_BYTES_MAX);
	for (size_t i = 0; i < field.bytes; i++) {
		if (!is_name_char(field.text[i]))
			return fail(parser, "%s '%s' is not a word", what, show(field).text);
	}
	if (trace->names_count * 2 >= parser->names_hash_count && names_rehash(parser))
		return -1;
	slot = name_hash(field.text, field.bytes) & (parser->names_hash_count - 1);
	for (; parser->names_hash[slot]; slot = (slot + 1) & (parser->names_hash_count - 1)) {
		*name = parser->names_hash[slot] - 1;
		if (field_is(field, trace->names[*name]))
			return 0;
	}
	if (trace->names_count == NAMES_MAX)
		return fail(parser, "more than %u different causes and ids", NAMES_MAX);
	entry = APPEND(trace->names, trace->names_count, &parser->names_room);
	if (!entry)
		return fail_memory(parser);
	*entry = strndup(field.text, field.bytes);
	if (!*entry) {
		trace->names_count--;
		return fail_memory(parser);
	}
	*name = (uint32_t)trace->names_count - 1;
	parser->names_hash[slot] = (uint32_t)trace->names_count;
	return 0;
}

/* ---- snapshots ---- */

static struct trace_snapshot *snapshot_open(struct parser *parser)
{
	return &parser->trace->snapshots[parser->trace->snapshots_count - 1];
}

static int compare_regions(const void *left, const void *right)
{
	const struct trace_region *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int compare_states(const void *left, const void *right)
{
	const struct trace_state_run *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int compare_leaves(const void *left, const void *right)
{
	const struct trace_leaf_run *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

static int fail_overlap(struct parser *parser, char type, uint32_t line_a, uint32_t line_b)
{
	parser->line = line_a > line_b ? line_a : line_b;
	return fail(parser, "%c line overlaps that of line %" PRIu32, type,
		    line_a > line_b ? line_b : line_a);
}

/* Sort the regions of the first snapshot and join adjoining ones. */
static int close_regions(struct parser *parser)
{
	struct trace *trace = parser->trace;
	struct trace_region *memory;

	qsort(trace->regions, trace->regions_count, sizeof(*trace->regions), compare_regions);
	memory = calloc(trace->regions_count, sizeof(*memory));
	if (!memory)
		return fail_memory(parser);
	trace->memory = memory;
	for (size_t i = 0; i < trace->regions_count; i++) {
		const struct trace_region *region = &trace->regions[i];

		if (i && region->start < region[-1].end)
			return fail_overlap(parser, 'R', region->line, region[-1].line);
		if (i && region->start == memory[trace->memory_count - 1].end) {
			memory[trace->memory_count - 1].end = region->end;
			memory[trace->memory_count - 1].flags |= region->flags;
		} else {
			memory[trace->memory_count++] = *region;
		}
	}
	return 0;
}

static int close_snapshot(struct parser *parser)
{
	struct trace *trace = parser->trace;
	struct trace_snapshot *snapshot = snapshot_open(parser);
	uint32_t line = parser->line;

	parser->in_snapshot = false;
	if (!parser->first_closed) {
		parser->line = snapshot->line;
		if (!parser->has_g)
			return fail(parser, "the first snapshot has no G line");
		if (trace->regions_count == 0)
			return fail(parser, "the first snapshot has no R line");
		if (close_regions(parser))
			return -1;
		parser->first_closed = true;
	}
	if (snapshot->states_count)
		qsort(snapshot->states, snapshot->states_count, sizeof(*snapshot->states), compare_states);
	for (size_t i = 0; i < snapshot->states_count; i++) {
		const struct trace_state_run *run = &snapshot->states[i];

		if (!trace_is_memory(trace, run->start, run->end)) {
			parser->line = run->line;
			return fail(parser, "S line is not inside the R regions");
		}
		if (i && run->start < run[-1].end)
			return fail_overlap(parser, 'S', run->line, run[-1].line);
	}
	if (snapshot->leaves_count)
		qsort(snapshot->leaves, snapshot->leaves_count, sizeof(*snapshot->leaves), compare_leaves);
	for (size_t i = 1; i < snapshot->leaves_count; i++) {
		const struct trace_leaf_run *run = &snapshot->leaves[i];

		if (run->start < run[-1].end)
			return fail_overlap(parser, 'L', run->line, run[-1].line);
	}
	parser->line = line;
	return 0;
}

/* "# snapshot start seq N" */
static int parse_snapshot(struct parser *parser, const struct field *fields, size_t count)
{
	struct trace *trace = parser->trace;
	struct trace_snapshot *snapshot;
	uint64_t seq;
	void *grown;

	if (parser->in_snapshot && close_snapshot(parser))
		return -1;
	if (count != 5 || !field_is(fields[3], "seq"))
		return fail(parser, "snapshot line is not '# snapshot KIND seq N'");
	if (parse_decimal(parser, fields[4], "seq", &seq))
		return -1;
	if ((parser->has_record && seq < parser->seq_record) ||
	    (trace->snapshots_count && seq < parser->seq_snapshot))
		return fail(parser, "seq %" PRIu64 " of the snapshot goes back", seq);
	snapshot = APPEND(trace->snapshots, trace->snapshots_count, &parser->snapshots_room);
	if (!snapshot)
		return fail_memory(parser);
	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->seq = seq;
	snapshot->position = trace->records_count;
	snapshot->line = parser->line;
	parser->in_snapshot = true;
	parser->has_g = false;
	parser->seq_snapshot = seq;
	parser->states_room = 0;
	parser->leaves_room = 0;
	return 0;
}

/* "# G ia_bits N start_level N pgd_pages N" */
static int parse_g(struct parser *parser, const struct field *fields, size_t count)
{
	struct trace *trace = parser->trace;
	uint64_t ia_bits, start_level, pgd_pages;
	unsigned table_bits;
	uint64_t pages;

	if (count != 8 || !field_is(fields[2], "ia_bits") || !field_is(fields[4], "start_level") ||
	    !field_is(fields[6], "pgd_pages"))
		return fail(parser, "G line is not '# G ia_bits N start_level N pgd_pages N'");
	if (parser->has_g)
		return fail(parser, "second G line in a snapshot");
	if (parse_decimal(parser, fields[3], "ia_bits", &ia_bits) ||
	    parse_decimal(parser, fields[5], "start_level", &start_level) ||
	    parse_decimal(parser, fields[7], "pgd_pages", &pgd_pages))
		return -1;
	if (ia_bits < TRACE_IA_BITS_MIN || ia_bits > TRACE_IA_BITS_MAX)
		return fail(parser, "ia_bits %" PRIu64 " is not within %u to %u", ia_bits, TRACE_IA_BITS_MIN,
			    TRACE_IA_BITS_MAX);
	if (start_level > 2)
		return fail(parser, "start_level %" PRIu64 " is not 0, 1 or 2", start_level);
	table_bits = TRACE_PAGE_LG2 + 9 * (4 - (unsigned)start_level);
	if (ia_bits + 9 <= table_bits)
		return fail(parser, "start_level %" PRIu64 " has one entry at ia_bits %" PRIu64, start_level,
			    ia_bits);
	pages = ia_bits > table_bits ? 1ull << (ia_bits - table_bits) : 1;
	if (pages > START_TABLES_MAX)
		return fail(parser,
			    "start_level %" PRIu64 " takes more than %u start tables at ia_bits %" PRIu64,
			    start_level, START_TABLES_MAX, ia_bits);
	if (pgd_pages != pages)
		return fail(parser,
			    "pgd_pages is %" PRIu64 ", but ia_bits %" PRIu64 " from level %" PRIu64
			    " takes %" PRIu64,
			    pgd_pages, ia_bits, start_level, pages);
	if (parser->first_closed) {
		if (ia_bits != trace->ia_bits || start_level != trace->start_level)
			return fail(parser, "G line differs from the first snapshot's");
	} else {
		trace->ia_bits = (unsigned)ia_bits;
		trace->start_level = (unsigned)start_level;
		trace->pgd_pages = (unsigned)pgd_pages;
	}
	parser->has_g = true;
	return 0;
}

/* "# R index base size flags F" */
static int parse_r(struct parser *parser, const struct field *fields, size_t count)
{
	struct trace *trace = parser->trace;
	struct trace_region region = {.line = parser->line};
	struct trace_region *entry;
	uint64_t index, flags;
	void *grown;

	if (count != 7 || !field_is(fields[5], "flags"))
		return fail(parser, "R line is not '# R INDEX BASE SIZE flags F'");
	if (parse_decimal(parser, fields[2], "index", &index) ||
	    parse_decimal(parser, fields[6], "flags", &flags) ||
	    parse_range(parser, fields[3], fields[4], TRACE_PAGE_BYTES, &region.start, &region.end))
		return -1;
	if (flags > UINT32_MAX)
		return fail(parser, "flags %" PRIu64 " do not fit in 32 bits", flags);
	region.flags = (uint32_t)flags;
	if (parser->first_closed) {
		entry = bsearch(&region, trace->regions, trace->regions_count, sizeof(region),
				compare_regions);
		if (!entry || entry->end != region.end || entry->flags != region.flags)
			return fail(parser, "R line differs from the first snapshot's");
		return 0;
	}
	entry = APPEND(trace->regions, trace->regions_count, &parser->regions_room);
	if (!entry)
		return fail_memory(parser);
	*entry = region;
	return 0;
}

/* "# S addr size state" */
static int parse_s(struct parser *parser, const struct field *fields, size_t count)
{
	struct trace_snapshot *snapshot = snapshot_open(parser);
	struct trace_state_run run = {.line = parser->line};
	struct trace_state_run *entry;
	void *grown;

	if (count != 5)
		return fail(parser, "S line is not '# S ADDR SIZE STATE'");
	if (parse_range(parser, fields[2], fields[3], TRACE_PAGE_BYTES, &run.start, &run.end) ||
	    parse_state(parser, fields[4], "state", &run.state))
		return -1;
	entry = APPEND(snapshot->states, snapshot->states_count, &parser->states_room);
	if (!entry)
		return fail_memory(parser);
	*entry = run;
	return 0;
}

/* Letters of RWX, each at most once, in this order. */
static int parse_rights(struct parser *parser, struct field field, struct trace_leaf_run *run)
{
	size_t i = 0;

	if (i < field.bytes && field.text[i] == 'R') {
		run->access |= TRACE_ACCESS_R;
		i++;
	}
	if (i < field.bytes && field.text[i] == 'W') {
		run->access |= TRACE_ACCESS_W;
		i++;
	}
	if (i < field.bytes && field.text[i] == 'X') {
		run->executable = true;
		i++;
	}
	if (i == 0 || i < field.bytes)
		return fail(parser, "rights '%s' are not letters of RWX in this order", show(field).text);
	return 0;
}

/* "# L addr size level valid RWX" or "# L addr size level owner hyp" */
static int parse_l(struct parser *parser, const struct field *fields, size_t count)
{
	struct trace_snapshot *snapshot = snapshot_open(parser);
	struct trace_leaf_run run = {.line = parser->line};
	struct trace_leaf_run *entry;
	uint64_t level;
	void *grown;

	if (count != 7)
		return fail(parser, "L line is not '# L ADDR SIZE LEVEL valid|owner WHAT'");
	if (parse_decimal(parser, fields[4], "level", &level))
		return -1;
	if (level > 3 || level < parser->trace->start_level)
		return fail(parser, "level %" PRIu64 " is not within start_level %u to 3", level,
			    parser->trace->start_level);
	run.level = (uint8_t)level;
	if (parse_range(parser, fields[2], fields[3], 1ull << (TRACE_PAGE_LG2 + 9 * (3 - run.level)),
			&run.start, &run.end))
		return -1;
	if (field_is(fields[5], "valid")) {
		run.kind = TRACE_LEAF_VALID;
		if (run.level == 0)
			return fail(parser, "level 0 has no valid leaves");
		if (parse_rights(parser, fields[6], &run))
			return -1;
	} else if (field_is(fields[5], "owner")) {
		if (field_is(fields[6], "hyp"))
			run.kind = TRACE_LEAF_OWNER_HYP;
		else if (field_is(fields[6], "guest"))
			run.kind = TRACE_LEAF_OWNER_GUEST;
		else
			return fail(parser, "owner '%s' is not hyp or guest", show(fields[6]).text);
	} else {
		return fail(parser, "'%s' of an L line is not valid or owner", show(fields[5]).text);
	}
	entry = APPEND(snapshot->leaves, snapshot->leaves_count, &parser->leaves_room);
	if (!entry)
		return fail_memory(parser);
	*entry = run;
	return 0;
}

/* "# name NAME": the first one counts; printable ASCII is kept, all else becomes '?'. */
static int parse_trace_name(struct parser *parser, const char *text, size_t bytes)
{
	struct trace *trace = parser->trace;

	if (trace->name)
		return 0;
	trace->name = strndup(text, bytes);
	if (!trace->name)
		return fail_memory(parser);
	for (char *c = trace->name; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return 0;
}

static int parse_header(struct parser *parser, const char *line, size_t bytes)
{
	static const char name_key[] = "# name ";
	struct field fields[FIELDS_MAX];
	size_t count;
	char type;

	if (bytes > strlen(name_key) && memcmp(line, name_key, strlen(name_key)) == 0)
		return parse_trace_name(parser, line + strlen(name_key), bytes - strlen(name_key));
	count = split(line, bytes, fields);
	if (count < 2 || fields[0].bytes != 1)
		return 0;
	if (field_is(fields[1], "snapshot"))
		return parse_snapshot(parser, fields, count);
	type = fields[1].bytes == 1 ? fields[1].text[0] : ' ';
	if (type != 'G' && type != 'R' && type != 'S' && type != 'L')
		return 0;
	if (!parser->in_snapshot)
		return fail(parser, "%c line outside a snapshot", type);
	if (type == 'G')
		return parse_g(parser, fields, count);
	if (!parser->first_closed && !parser->has_g)
		return fail(parser, "%c line before the first snapshot's G line", type);
	if (type == 'R')
		return parse_r(parser, fields, count);
	return type == 'S' ? parse_s(parser, fields, count) : parse_l(parser, fields, count);
}

/* ---- records ---- */

static uint32_t saturate32(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* "cause addr size old new flags" */
static int parse_t(struct parser *parser, const struct field *fields, struct trace_record *record)
{
	struct field flags = fields[9];
	uint64_t end;

	if (parse_name(parser, fields[4], "cause", &record->name) ||
	    parse_range(parser, fields[5], fields[6], TRACE_PAGE_BYTES, &record->start, &end) ||
	    parse_state(parser, fields[7], "old state", &record->old_state) ||
	    parse_state(parser, fields[8], "new state", &record->new_state))
		return -1;
	record->bytes = end - record->start;
	if (flags.bytes == 2 && flags.text[1] == '+') {
		record->flags = TRACE_FLAG_PIECE;
		flags.bytes = 1;
	}
	if (field_is(flags, "u"))
		record->flags |= TRACE_FLAG_UPDATE;
	else if (field_is(flags, "d"))
		record->flags |= TRACE_FLAG_DIRECT;
	else
		return fail(parser, "flags '%s' are not u, d, u+ or d+", show(fields[9]).text);
	if (!trace_is_memory(parser->trace, record->start, end))
		return fail(parser, "T of %" PRIx64 " + %" PRIx64 " is not inside the R regions",
			    record->start, record->bytes);
	return 0;
}

/* "why id trip_ns transitions maps quiet_trips_before" */
static int parse_x(struct parser *parser, const struct field *fields, struct trace_record *record)
{
	static const char *const whys[] = {
		[TRACE_WHY_HVC] = "hvc",
		[TRACE_WHY_ABORT] = "abort",
		[TRACE_WHY_SMC] = "smc",
		[TRACE_WHY_GUEST] = "guest",
	};
	uint64_t trip_ns, transitions, maps, quiet;
	uint8_t why = 0;

	while (why < sizeof(whys) / sizeof(whys[0]) && !field_is(fields[4], whys[why]))
		why++;
	if (why == sizeof(whys) / sizeof(whys[0]))
		return fail(parser, "'%s' is not hvc, abort, smc or guest", show(fields[4]).text);
	record->why = why;
	if (parse_name(parser, fields[5], "id", &record->name) ||
	    parse_decimal(parser, fields[6], "trip_ns", &trip_ns) ||
	    parse_decimal(parser, fields[7], "transitions", &transitions) ||
	    parse_decimal(parser, fields[8], "maps", &maps) ||
	    parse_decimal(parser, fields[9], "quiet_trips_before", &quiet))
		return -1;
	record->trip_ns = saturate32(trip_ns);
	record->quiet = saturate32(quiet);
	return 0;
}

/* "addr size kind" */
static int parse_m(struct parser *parser, const struct field *fields, struct trace_record *record)
{
	uint64_t end;

	if (parse_range(parser, fields[4], fields[5], TRACE_PAGE_BYTES, &record->start, &end))
		return -1;
	record->bytes = end - record->start;
	record->mmio = field_is(fields[6], "mmio");
	if (!record->mmio && !field_is(fields[6], "mem"))
		return fail(parser, "kind '%s' is not mem or mmio", show(fields[6]).text);
	return 0;
}

/* "addr", of an abort, so of any alignment */
static int parse_f(struct parser *parser, const struct field *fields, struct trace_record *record)
{
	if (parse_hex(parser, fields[4], "address", &record->start))
		return -1;
	if (record->start >> parser->trace->ia_bits)
		return fail(parser, "address %" PRIx64 " is beyond ia_bits %u", record->start,
			    parser->trace->ia_bits);
	return 0;
}

static size_t record_fields(char type)
{
	switch (type) {
	case TRACE_T:
	case TRACE_X:
		return 10;
	case TRACE_M:
		return 7;
	case TRACE_F:
	case TRACE_K:
		return 5;
	case TRACE_U:
		return 4;
	default:
		return 0;
	}
}

static int parse_record(struct parser *parser, const char *line, size_t bytes)
{
	struct trace *trace = parser->trace;
	struct trace_record record = {.line = parser->line};
	struct trace_record *entry;
	struct field fields[FIELDS_MAX];
	size_t count = split(line, bytes, fields);
	char type = fields[0].bytes == 1 ? fields[0].text[0] : ' ';
	size_t expected = record_fields(type);
	uint64_t cpu;
	int ret = 0;
	void *grown;

	if (bytes == 0)
		return fail(parser, "empty line");
	if (expected == 0)
		return fail(parser, "unknown record type '%s'", show(fields[0]).text);
	if (count < expected)
		return fail(parser, "%c record is truncated: %zu of %zu fields", type, count, expected);
	if (count > expected)
		return fail(parser, "%c record has more than its %zu fields", type, expected);
	if (parser->in_snapshot && close_snapshot(parser))
		return -1;
	if (!parser->first_closed)
		return fail(parser, "record before the first snapshot");

	record.type = (uint8_t)type;
	if (parse_decimal(parser, fields[1], "seq", &record.seq) ||
	    parse_decimal(parser, fields[2], "CPU", &cpu) ||
	    parse_decimal(parser, fields[3], "time", &record.time_ns))
		return -1;
	if (parser->has_record && record.seq <= parser->seq_record)
		return fail(parser, "seq %" PRIu64 " does not follow %" PRIu64, record.seq,
			    parser->seq_record);
	if (record.seq < parser->seq_snapshot)
		return fail(parser, "seq %" PRIu64 " is before that of the snapshot, %" PRIu64, record.seq,
			    parser->seq_snapshot);
	if (cpu >= TRACE_CPUS_MAX)
		return fail(parser, "CPU %" PRIu64 " is above %u", cpu, TRACE_CPUS_MAX - 1);
	record.cpu = (uint8_t)cpu;

	switch (type) {
	case TRACE_T:
		ret = parse_t(parser, fields, &record);
		break;
	case TRACE_X:
		ret = parse_x(parser, fields, &record);
		break;
	case TRACE_M:
		ret = parse_m(parser, fields, &record);
		break;
	case TRACE_F:
		ret = parse_f(parser, fields, &record);
		break;
	case TRACE_K:
		ret = parse_hex(parser, fields[4], "mark", &record.start);
		break;
	default: /* U has no fields of its own */
		break;
	}
	if (ret)
		return ret;
	entry = APPEND(trace->records, trace->records_count, &parser->records_room);
	if (!entry)
		return fail_memory(parser);
	*entry = record;
	parser->has_record = true;
	parser->seq_record = record.seq;
	return 0;
}

/* ---- the whole ---- */

static int parse_magic(struct parser *parser, const char *line, size_t bytes)
{
	struct field whole = {line, bytes};

	if (field_is(whole, magic))
		return 0;
	if (bytes > strlen(magic_any) && memcmp(line, magic_any, strlen(magic_any)) == 0)
		return fail(parser, "this version of the trace format is not known");
	return fail(parser, "not a trace: neither xz nor a first line '%s'", magic);
}

/* The file's name without directories and the suffixes .xz and .txt. */
static int default_name(struct parser *parser, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t bytes = strlen(base);

	if (bytes > 3 && memcmp(base + bytes - 3, ".xz", 3) == 0)
		bytes -= 3;
	if (bytes > 4 && memcmp(base + bytes - 4, ".txt", 4) == 0)
		bytes -= 4;
	return parse_trace_name(parser, base, bytes);
}

static int parse_lines(struct parser *parser, struct trace_input *input)
{
	const char *line;
	size_t bytes;
	int got;

	while ((got = trace_input_line(input, &line, &bytes, parser->error)) > 0) {
		int ret;

		if (input->line > UINT32_MAX)
			return fail(parser, "more than %" PRIu32 " lines", UINT32_MAX);
		parser->line = (uint32_t)input->line;
		if (parser->line == 1)
			ret = parse_magic(parser, line, bytes);
		else if (bytes && line[0] == '#')
			ret = parse_header(parser, line, bytes);
		else
			ret = parse_record(parser, line, bytes);
		if (ret) {
			trace_input_check_rest(input, parser->error);
			return ret;
		}
	}
	if (got < 0)
		return -1;
	if (parser->in_snapshot)
		return close_snapshot(parser);
	if (!parser->first_closed)
		return fail(parser, "the trace has no snapshot");
	return 0;
}

int trace_load(const char *path, struct trace *trace, struct trace_error *error)
{
	struct parser parser = {.trace = trace, .error = error};
	struct trace_input input;
	int ret;

	memset(trace, 0, sizeof(*trace));
	memset(error, 0, sizeof(*error));
	if (trace_input_open(&input, path, error))
		return -1;
	ret = parse_lines(&parser, &input);
	if (!ret && !trace->name)
		ret = default_name(&parser, path);
	trace_input_close(&input);
	free(parser.names_hash);
	if (ret)
		trace_free(trace);
	return ret;
}

void trace_free(struct trace *trace)
{
	for (size_t i = 0; i < trace->snapshots_count; i++) {
		free(trace->snapshots[i].states);
		free(trace->snapshots[i].leaves);
	}
	for (size_t i = 0; i < trace->names_count; i++)
		free(trace->names[i]);
	free(trace->names);
	free(trace->snapshots);
	free(trace->records);
	free(trace->regions);
	free(trace->memory);
	free(trace->name);
	memset(trace, 0, sizeof(*trace));
}

const char *trace_name(const struct trace *trace, uint32_t name)
{
	return trace->names[name];
}

char trace_state_letter(unsigned state)
{
	return "OSBN"[state & 3];
}

/* The first merged region that ends above @addr, or memory_count. */
static size_t memory_above(const struct trace *trace, uint64_t addr)
{
	size_t low = 0, high = trace->memory_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->memory[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool trace_is_memory(const struct trace *trace, uint64_t start, uint64_t end)
{
	size_t i = memory_above(trace, start);

	return i < trace->memory_count && trace->memory[i].start <= start && end <= trace->memory[i].end;
}

bool trace_touches_memory(const struct trace *trace, uint64_t start, uint64_t end)
{
	size_t i = memory_above(trace, start);

	return i < trace->memory_count && trace->memory[i].start < end;
}
