/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_workload.c - the description of a workload: settings from options or a file.
 */
#include "bench/trace/generate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"

#define MEMORY_MAX (UINT64_C(4) << 40)
#define FOLIO_MAX  (UINT64_C(1) << 30)
#define BLOCK	   (UINT64_C(2) << 20)
#define LINE_BYTES 256

void generate_defaults(struct generate_workload *workload)
{
	*workload = (struct generate_workload){
		.name = "generated",
		.memory_bytes = UINT64_C(1) << 30,
		.vms = 1,
		.vm_bytes = UINT64_C(256) << 20,
		.vcpus = 1,
		.folio = { { TRACE_PAGE_BYTES, 1 } },
		.folios = 1,
		.call_bytes = TRACE_PAGE_BYTES,
		.per_trip = 1,
		.cpus = 1,
		.burst = 16,
		.rounds = 1,
		.spacing_ns = 2000,
		.jitter_percent = 50,
		.seed = 1,
	};
}

uint64_t generate_random(uint64_t *random)
{
	uint64_t mixed = *random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

uint64_t generate_below(uint64_t *random, uint64_t bound)
{
	return generate_random(random) % bound;
}

/* ---- values ---- */

static bool parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *number, char *why)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && value >= low && value <= high) {
		*number = value;
		return true;
	}
	snprintf(why, GENERATE_WHY_BYTES, "'%.24s' is not a number from %" PRIu64 " to %" PRIu64, text, low,
		 high);
	return false;
}

/* "2M": bytes with one of K, M, G, T, whole pages. */
static bool parse_size(const char *text, const char **end, uint64_t high, uint64_t *bytes, char *why)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *stop;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &stop, 10);
	unit = *text >= '0' && *text <= '9' && *stop ? strchr(units, *stop) : NULL;
	if (unit && !errno && value && value <= high >> (10 * (unit - units + 1))) {
		value <<= 10 * (unit - units + 1);
		*end = stop + 1;
		if (value % TRACE_PAGE_BYTES == 0) {
			*bytes = value;
			return true;
		}
	}
	snprintf(why, GENERATE_WHY_BYTES,
		 "'%.24s' is not a size of whole 4K pages with K, M, G or T, at most %" PRIu64 "%c", text,
		 high >> 40 ? high >> 40 : high >> 30, high >> 40 ? 'T' : 'G');
	return false;
}

static bool parse_whole_size(const char *text, uint64_t high, uint64_t *bytes, char *why)
{
	const char *end;
	uint64_t value;

	if (!parse_size(text, &end, high, &value, why))
		return false;
	if (*end) {
		snprintf(why, GENERATE_WHY_BYTES, "'%.24s' goes on after the size", text);
		return false;
	}
	*bytes = value;
	return true;
}

static int larger_first(const void *left, const void *right)
{
	const struct generate_folio *a = left, *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

/* "4K" or "4K:70,2M:30". */
static bool parse_folios(const char *text, struct generate_workload *workload, char *why)
{
	struct generate_folio folio[GENERATE_FOLIOS_MAX];
	unsigned count = 0;
	const char *at = text;

	do {
		char *end;

		if (count == GENERATE_FOLIOS_MAX) {
			snprintf(why, GENERATE_WHY_BYTES, "more than %u sizes", GENERATE_FOLIOS_MAX);
			return false;
		}
		if (!parse_size(at, &at, FOLIO_MAX, &folio[count].bytes, why))
			return false;
		folio[count].share = 1;
		if (*at == ':') {
			at++;
			errno = 0;
			folio[count].share = strtoull(at, &end, 10);
			if (*at < '0' || *at > '9' || errno || !folio[count].share ||
			    folio[count].share > 1000000) {
				snprintf(why, GENERATE_WHY_BYTES,
					 "the share '%.24s' is not from 1 to 1000000", at);
				return false;
			}
			at = end;
		}
		if (folio[count].bytes & (folio[count].bytes - 1) || (*at && *at != ',')) {
			snprintf(why, GENERATE_WHY_BYTES,
				 "'%.40s' is not a list SIZE[:SHARE],... of powers of two", text);
			return false;
		}
		count++;
	} while (*at++ == ',');
	qsort(folio, count, sizeof(*folio), larger_first);
	memcpy(workload->folio, folio, count * sizeof(*folio));
	workload->folios = count;
	return true;
}

static bool parse_order(const char *text, enum generate_order *order, char *why)
{
	static const char *const names[GENERATE_ORDERS] = { [GENERATE_ASCENDING] = "ascending",
							    [GENERATE_DESCENDING] = "descending",
							    [GENERATE_RANDOM] = "random",
							    [GENERATE_FOLIOS] = "folios" };

	for (unsigned i = 0; i < GENERATE_ORDERS; i++)
		if (!strcmp(text, names[i])) {
			*order = (enum generate_order)i;
			return true;
		}
	snprintf(why, GENERATE_WHY_BYTES, "'%.24s' is not ascending, descending, random or folios", text);
	return false;
}

static bool parse_name(const char *text, char *name, char *why)
{
	if (!tracefile_is_word(text)) {
		snprintf(why, GENERATE_WHY_BYTES, "'%.24s' is not 1 to 64 letters, digits, _, - or .", text);
		return false;
	}
	strcpy(name, text);
	return true;
}

/* ---- settings ---- */

static const struct {
	const char *name;
	size_t offset;
	uint64_t low, high;
} numbers[] = {
#define NUMBER(key, field, low, high)                                     \
	{                                                                 \
		key, offsetof(struct generate_workload, field), low, high \
	}
	NUMBER("vms", vms, 1, GENERATE_VMS_MAX),
	NUMBER("vcpus", vcpus, 1, TRACE_CPUS_MAX),
	NUMBER("ordinary", ordinary_percent, 0, 100),
	NUMBER("per-trip", per_trip, 1, 65536),
	NUMBER("fragmentation", fragmentation_percent, 0, 100),
	NUMBER("cpus", cpus, 1, TRACE_CPUS_MAX),
	NUMBER("balloon", balloon_percent, 0, 100),
	NUMBER("shares", shares, 0, 1000000),
	NUMBER("burst", burst, 1, 65536),
	NUMBER("rounds", rounds, 1, 1000000),
	NUMBER("spacing", spacing_ns, 0, 1000000000),
	NUMBER("jitter", jitter_percent, 0, 100),
	NUMBER("seed", seed, 0, UINT64_MAX),
#undef NUMBER
};

int generate_set(struct generate_workload *workload, const char *key, const char *value, char *why)
{
	bool ok;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strcmp(key, numbers[i].name)) {
			uint64_t *number = (uint64_t *)(void *)((char *)workload + numbers[i].offset);

			return parse_number(value, numbers[i].low, numbers[i].high, number, why) ? 0 : -1;
		}
	if (!strcmp(key, "memory"))
		ok = parse_whole_size(value, MEMORY_MAX, &workload->memory_bytes, why);
	else if (!strcmp(key, "vm-memory"))
		ok = parse_whole_size(value, MEMORY_MAX, &workload->vm_bytes, why);
	else if (!strcmp(key, "call"))
		ok = parse_whole_size(value, FOLIO_MAX, &workload->call_bytes, why);
	else if (!strcmp(key, "folio"))
		ok = parse_folios(value, workload, why);
	else if (!strcmp(key, "order"))
		ok = parse_order(value, &workload->order, why);
	else if (!strcmp(key, "name"))
		ok = parse_name(value, workload->name, why);
	else
		return 1;
	return ok ? 0 : -1;
}

/* One line of a file, without its newline. Return: 0; -1 with @why. */
static int take_line(struct generate_workload *workload, char *line, char *why)
{
	char *rest = NULL, *key, *value;
	int ret;

	line[strcspn(line, "#")] = '\0';
	key = strtok_r(line, " \t\r", &rest);
	if (!key)
		return 0;
	value = strtok_r(NULL, " \t\r", &rest);
	if (!value || strtok_r(NULL, " \t\r", &rest)) {
		snprintf(why, GENERATE_WHY_BYTES, "'%.24s' has not exactly one value", key);
		return -1;
	}
	ret = generate_set(workload, key, value, why);
	if (ret > 0)
		snprintf(why, GENERATE_WHY_BYTES, "'%.24s' is not a setting; try s2shadow generate --help",
			 key);
	return ret ? -1 : 0;
}

int generate_read(struct generate_workload *workload, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES], why[GENERATE_WHY_BYTES];
	unsigned long number = 0;
	int ret = 0;

	if (!file) {
		message("%s: %s", path, strerror(errno));
		return -1;
	}
	while (!ret && fgets(line, sizeof(line), file)) {
		size_t bytes = strcspn(line, "\n");

		number++;
		if (!line[bytes] && bytes == sizeof(line) - 1) {
			message("%s:%lu: the line is longer than %d bytes", path, number, LINE_BYTES - 2);
			ret = -1;
			break;
		}
		line[bytes] = '\0';
		ret = take_line(workload, line, why);
		if (ret)
			message("%s:%lu: %s", path, number, why);
	}
	if (!ret && ferror(file)) {
		message("%s: %s", path, strerror(errno));
		ret = -1;
	}
	fclose(file);
	return ret;
}

/* ---- as a whole ---- */

/* How many transitions there are at most, or a number above the limit. */
static uint64_t transitions(const struct generate_workload *workload)
{
	uint64_t call = workload->call_bytes;
	uint64_t least = workload->folio[workload->folios - 1].bytes;
	uint64_t each = workload->vm_bytes / (call < least ? call : least) + 1;
	uint64_t all = 0;

	if (each > GENERATE_TRANSITIONS_MAX || workload->burst * workload->shares > GENERATE_TRANSITIONS_MAX)
		return UINT64_MAX;
	all = each * 2 + each * workload->balloon_percent / 50 +
	      2 * workload->burst * workload->shares * workload->vcpus;
	if (all > GENERATE_TRANSITIONS_MAX || all * workload->vms > GENERATE_TRANSITIONS_MAX)
		return UINT64_MAX;
	return all * workload->vms * workload->rounds;
}

int generate_check(const struct generate_workload *workload)
{
	for (unsigned i = 0; i < workload->folios; i++) {
		if (workload->folio[i].bytes > workload->vm_bytes) {
			message("a folio of %" PRIu64 "K is larger than a VM",
				workload->folio[i].bytes >> 10);
			return -1;
		}
		if (i && workload->folio[i].bytes == workload->folio[i - 1].bytes) {
			message("folio: %" PRIu64 "K stands there twice", workload->folio[i].bytes >> 10);
			return -1;
		}
	}
	if (workload->vm_bytes % workload->folio[workload->folios - 1].bytes) {
		message("vm-memory is not a multiple of the smallest folio");
		return -1;
	}
	if (workload->call_bytes & (workload->call_bytes - 1)) {
		message("call: %" PRIu64 "K is not a power of two", workload->call_bytes >> 10);
		return -1;
	}
	if (workload->memory_bytes % BLOCK) {
		message("memory is not a multiple of 2M");
		return -1;
	}
	if (workload->vm_bytes > workload->memory_bytes / workload->vms) {
		message("%" PRIu64 " VMs of %" PRIu64 "M do not fit into %" PRIu64 "M of memory",
			workload->vms, workload->vm_bytes >> 20, workload->memory_bytes >> 20);
		return -1;
	}
	if (transitions(workload) > GENERATE_TRANSITIONS_MAX) {
		message("the workload has more than %" PRIu64 " transitions", GENERATE_TRANSITIONS_MAX);
		return -1;
	}
	return 0;
}
