/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * record_parse.c - one line of a hypervisor's log.
 *
 * Lines of the kernel's tracefs begin with "[CPU]", those of the simple form with a time. What follows an
 * event's name there, and what a hyp_printk of ours says, is the same for both.
 */
#include "bench/trace/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 12u
#define OURS	   "s2shadow"

struct line {
	char text[512];
	char *field[FIELDS_MAX];
	unsigned fields;
	char *why;
};

static int __attribute__((format(printf, 2, 3))) refuse(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line->why, RECORD_WHY_BYTES, format, arguments);
	va_end(arguments);
	return -1;
}

/* ---- values ---- */

static bool digits(const char *text, unsigned base, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = *text >= '0' && *text <= '9' ? (unsigned)(*text - '0') :
				 *text >= 'a' && *text <= 'f' ? (unsigned)(*text - 'a' + 10) :
								99;

		if (digit >= base || sum > (UINT64_MAX - digit) / base)
			return false;
		sum = sum * base + digit;
	}
	*value = sum;
	return true;
}

static int take_cpu(struct line *line, const char *text, struct record_event *event)
{
	uint64_t cpu;

	if (!digits(text, 10, &cpu) || cpu >= TRACE_CPUS_MAX)
		return refuse(line, "CPU '%.24s' is not a number from 0 to %u", text, TRACE_CPUS_MAX - 1);
	event->cpu = (uint8_t)cpu;
	return 0;
}

/* Hexadecimal, with or without 0x. */
static int take_address(struct line *line, const char *text, uint64_t *value)
{
	if (digits(text[0] == '0' && text[1] == 'x' ? text + 2 : text, 16, value))
		return 0;
	return refuse(line, "'%.24s' is not a hexadecimal number", text);
}

/* KEY=NUMBER of base 10, or 16 with 0x. */
static int take_key(struct line *line, unsigned index, const char *key, uint64_t *value)
{
	size_t bytes = strlen(key);
	const char *text = index < line->fields ? line->field[index] : "";

	if (!strncmp(text, key, bytes) && text[bytes] == '=') {
		text += bytes + 1;
		if (text[0] == '0' && text[1] == 'x' ? digits(text + 2, 16, value) : digits(text, 10, value))
			return 0;
	}
	return refuse(line, "'%.24s' stands where %s=NUMBER should", text, key);
}

static int take_range(struct line *line, uint64_t start, uint64_t end, struct record_event *event)
{
	if (start >= end || (start | end) & (TRACE_PAGE_BYTES - 1))
		return refuse(line, "%" PRIx64 " to %" PRIx64 " is no range of whole pages", start, end);
	event->start = start;
	event->end = end;
	return 0;
}

/* ADDR SIZE, from field @index on. */
static int take_addr_size(struct line *line, unsigned index, struct record_event *event)
{
	uint64_t start, bytes;

	if (take_address(line, line->field[index], &start) ||
	    take_address(line, line->field[index + 1], &bytes))
		return -1;
	if (bytes > UINT64_MAX - start)
		return refuse(line, "%" PRIx64 " + %" PRIx64 " wraps around", start, bytes);
	return take_range(line, start, start + bytes, event);
}

static int take_word(struct line *line, unsigned index, const char *otherwise, struct record_event *event)
{
	const char *text = index < line->fields ? line->field[index] : otherwise;

	if (!tracefile_is_word(text))
		return refuse(line, "'%.24s' is not 1 to 64 letters, digits, _, - or .", text);
	strcpy(event->word, text);
	return 0;
}

static int take_state(struct line *line, const char *text, uint8_t *state)
{
	for (unsigned i = 0; i < 4; i++)
		if (text[0] == trace_state_letter(i) && !text[1]) {
			*state = (uint8_t)i;
			return 0;
		}
	return refuse(line, "'%.24s' is not one of O, S, B, N", text);
}

static int need(struct line *line, unsigned least, unsigned most, const char *form)
{
	if (line->fields >= least && line->fields <= most)
		return 0;
	return refuse(line, "this is not '%s'", form);
}

/* ---- the simple form, from its event's name in field 0 on ---- */

static const char *const reasons[] = { [TRACE_WHY_HVC] = "hvc",
				       [TRACE_WHY_ABORT] = "abort",
				       [TRACE_WHY_SMC] = "smc",
				       [TRACE_WHY_GUEST] = "guest" };

static int simple_enter(struct line *line, struct record_event *event)
{
	if (need(line, 2, 3, "enter hvc|abort|smc|guest [ID]"))
		return -1;
	event->kind = RECORD_ENTER;
	event->has_why = true;
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(line->field[1], reasons[i])) {
			event->why = (uint8_t)i;
			return take_word(line, 2, "-", event);
		}
	return refuse(line, "'%.24s' is not hvc, abort, smc or guest", line->field[1]);
}

static int simple_access(struct line *line, struct record_event *event)
{
	if (need(line, 4, 5, "access ADDR SIZE none|rw [CAUSE]") || take_addr_size(line, 1, event) ||
	    take_word(line, 4, "access", event))
		return -1;
	event->kind = RECORD_ACCESS;
	event->access = !strcmp(line->field[3], "rw");
	if (!event->access && strcmp(line->field[3], "none"))
		return refuse(line, "'%.24s' is not none or rw", line->field[3]);
	return 0;
}

static int simple_state(struct line *line, struct record_event *event)
{
	event->kind = RECORD_STATE;
	return need(line, 5, 6, "state ADDR SIZE OLD NEW [CAUSE]") || take_addr_size(line, 1, event) ||
			       take_state(line, line->field[3], &event->old_state) ||
			       take_state(line, line->field[4], &event->new_state) ||
			       take_word(line, 5, "state", event) ?
		       -1 :
		       0;
}

static int simple_map(struct line *line, struct record_event *event)
{
	event->kind = RECORD_MAP;
	if (need(line, 4, 4, "map ADDR SIZE mem|mmio") || take_addr_size(line, 1, event))
		return -1;
	event->mmio = !strcmp(line->field[3], "mmio");
	if (!event->mmio && strcmp(line->field[3], "mem"))
		return refuse(line, "'%.24s' is not mem or mmio", line->field[3]);
	return 0;
}

static int parse_simple(struct line *line, struct record_event *event)
{
	const char *name = line->fields ? line->field[0] : "";

	if (!strcmp(name, "enter"))
		return simple_enter(line, event);
	if (!strcmp(name, "exit")) {
		event->kind = RECORD_EXIT;
		return need(line, 1, 1, "exit");
	}
	if (!strcmp(name, "access"))
		return simple_access(line, event);
	if (!strcmp(name, "state"))
		return simple_state(line, event);
	if (!strcmp(name, "map"))
		return simple_map(line, event);
	return refuse(line, "'%.24s' is not enter, exit, state, access or map", name);
}

/* ---- the kernel's events, from their names in field 0 on ---- */

static void drop_field(struct line *line)
{
	line->fields--;
	memmove(line->field, line->field + 1, line->fields * sizeof(*line->field));
}

/* "hyp_enter", or "hyp_enter reason=REASON vcpu=N". */
static int kernel_enter(struct line *line, struct record_event *event)
{
	static const struct {
		const char *reason;
		uint8_t why;
	} known[] = {
		{ "smc", TRACE_WHY_SMC },	   { "hvc", TRACE_WHY_HVC },
		{ "psci", TRACE_WHY_SMC },	   { "host_abort", TRACE_WHY_ABORT },
		{ "guest_exit", TRACE_WHY_GUEST },
	};

	event->kind = RECORD_ENTER;
	strcpy(event->word, "-");
	if (line->fields == 1)
		return 0;
	if (strncmp(line->field[1], "reason=", 7))
		return refuse(line, "'%.24s' stands where reason= should", line->field[1]);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(line->field[1] + 7, known[i].reason)) {
			event->has_why = true;
			event->why = known[i].why;
		}
	return 0;
}

static int kernel_call(struct line *line, struct record_event *event, uint8_t why, const char *second)
{
	uint64_t id, value;

	if (take_key(line, 1, "id", &id) || take_key(line, 2, second, &value))
		return -1;
	event->kind = RECORD_CALL;
	event->has_why = true;
	event->why = why;
	snprintf(event->word, sizeof(event->word), why == TRACE_WHY_SMC ? "%" PRIx64 : "hcall-%" PRIu64, id);
	return 0;
}

static int kernel_idmap(struct line *line, struct record_event *event)
{
	uint64_t from, to, prot;

	if (take_key(line, 1, "from", &from) || take_key(line, 2, "to", &to) ||
	    take_key(line, 3, "prot", &prot))
		return -1;
	event->kind = RECORD_ACCESS;
	event->access = prot != 0;
	strcpy(event->word, "iommu_idmap");
	return take_range(line, from, to, event);
}

static int kernel_abort(struct line *line, struct record_event *event)
{
	uint64_t esr;

	event->kind = RECORD_ABORT;
	event->has_why = true;
	event->why = TRACE_WHY_ABORT;
	return take_key(line, 1, "esr", &esr) || take_key(line, 2, "addr", &event->start) ? -1 : 0;
}

static int parse_kernel_event(struct line *line, struct record_event *event)
{
	const char *name = line->field[0];

	if (!strcmp(name, "hyp_enter"))
		return kernel_enter(line, event);
	if (!strcmp(name, "hyp_exit"))
		event->kind = RECORD_EXIT;
	else if (!strcmp(name, "host_hcall"))
		return kernel_call(line, event, TRACE_WHY_HVC, "invalid");
	else if (!strcmp(name, "host_smc"))
		return kernel_call(line, event, TRACE_WHY_SMC, "forwarded");
	else if (!strcmp(name, "host_mem_abort"))
		return kernel_abort(line, event);
	else if (!strcmp(name, "iommu_idmap"))
		return kernel_idmap(line, event);
	else if ((!strcmp(name, "hyp_printk") || !strcmp(name, "__hyp_printk")) && line->fields > 1 &&
		 !strcmp(line->field[1], OURS)) {
		drop_field(line);
		drop_field(line);
		return parse_simple(line, event);
	} else
		event->other = true;
	return 0;
}

/* "SECONDS.MICROSECONDS:" */
static int take_seconds(struct line *line, char *text, struct record_event *event)
{
	size_t bytes = strlen(text);
	char *dot = strchr(text, '.');
	uint64_t seconds, micros;

	if (bytes && text[bytes - 1] == ':' && dot && text + bytes - 1 - dot == 7) {
		text[bytes - 1] = *dot = '\0';
		if (digits(text, 10, &seconds) && digits(dot + 1, 10, &micros) &&
		    seconds < UINT64_C(1) << 32) {
			event->time_ns = seconds * 1000000000 + micros * 1000;
			return 0;
		}
	}
	return refuse(line, "'%.24s' is not a time SECONDS.MICROSECONDS:", text);
}

/* "[CPU] TIME: NAME ..." */
static int parse_kernel(struct line *line, struct record_event *event)
{
	char *cpu = line->field[0] + 1, *end = strchr(cpu, ']');

	if (!end || end[1] || line->fields < 3)
		return refuse(line, "this is not '[CPU] SECONDS.MICROSECONDS: EVENT ...'");
	*end = '\0';
	if (take_cpu(line, cpu, event) || take_seconds(line, line->field[1], event))
		return -1;
	drop_field(line);
	drop_field(line);
	return parse_kernel_event(line, event);
}

/* ---- lines ---- */

int record_parse(const char *text, size_t bytes, struct record_event *event, char *why)
{
	struct line line = { .why = why };
	char *rest = NULL;

	*event = (struct record_event){ .kind = RECORD_NOTHING };
	if (bytes >= sizeof(line.text))
		return refuse(&line, "the line is longer than %zu bytes", sizeof(line.text) - 1);
	if (memchr(text, 0, bytes))
		return refuse(&line, "the line holds a zero byte");
	memcpy(line.text, text, bytes);
	line.text[bytes] = '\0';
	if (line.text[0] == '#' || !line.text[0])
		return 0;
	for (char *field = strtok_r(line.text, " \t\r", &rest); field && line.fields < FIELDS_MAX;
	     field = strtok_r(NULL, " \t\r", &rest))
		line.field[line.fields++] = field;
	if (!line.fields)
		return 0;
	if (line.field[0][0] == '[')
		return parse_kernel(&line, event);
	if (!strncmp(line.field[0], "CPU:", 4) && line.fields >= 3 && !strcmp(line.field[1], "[LOST")) {
		event->kind = RECORD_LOST;
		return 0;
	}
	if (!digits(line.field[0], 10, &event->time_ns))
		return refuse(&line, "'%.24s' is neither a time nor [CPU]", line.field[0]);
	if (line.fields < 3)
		return refuse(&line, "this is not 'TIME_NS CPU EVENT ...'");
	if (take_cpu(&line, line.field[1], event))
		return -1;
	drop_field(&line);
	drop_field(&line);
	return parse_simple(&line, event);
}
