/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * compare_class.c - is a value counted, measured or modelled, and is more of it worse? By its name, as the
 * benchmarks and docs/results.md give them; a value of unknown name that differs from repetition to
 * repetition is none that was counted.
 */
#include "bench/compare/compare_input.h"

#include <string.h>

static bool begins(const char *text, const char *head)
{
	return !strncmp(text, head, strlen(head));
}

static bool ends(const char *text, const char *tail)
{
	size_t length = strlen(text), tail_length = strlen(tail);

	return length >= tail_length && !strcmp(text + length - tail_length, tail);
}

static bool is_among(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(text, list[i]))
			return true;
	return false;
}

#define AMONG(text, list) is_among(text, list, sizeof(list) / sizeof(*(list)))

static bool varies(const json_t *samples)
{
	double first = json_number_value(json_array_get(samples, 0));
	json_t *sample;
	size_t i;

	json_array_foreach((json_t *)samples, i, sample) if (json_number_value(sample) < first ||
							     json_number_value(sample) > first) return true;
	return false;
}

static struct compare_class classify_benchmark(const char *value, const json_t *left, const json_t *right)
{
	static const char *const rates[] = { "pages", "transitions", "items_per_second", "bytes_per_second" };
	static const char *const hardware[] = { "cycles", "instructions", "branches" };

	if (AMONG(value, rates))
		return (struct compare_class){ COMPARE_MEASURED, COMPARE_REDUNDANT };
	if (strstr(value, "modelled"))
		return (struct compare_class){ COMPARE_MODELLED, COMPARE_COST };
	if (begins(value, "callgrind_"))
		return (struct compare_class){ COMPARE_COUNTED, COMPARE_COST };
	if (ends(value, "_ns") || ends(value, "_misses") || begins(value, "to_") || AMONG(value, hardware))
		return (struct compare_class){ COMPARE_MEASURED, COMPARE_COST };
	if (!strcmp(value, "checksum"))
		return (struct compare_class){ COMPARE_COUNTED, COMPARE_WORK };
	if (varies(left) || varies(right))
		return (struct compare_class){ COMPARE_MEASURED, COMPARE_WORK };
	return (struct compare_class){ COMPARE_COUNTED, COMPARE_COST };
}

static struct compare_class classify_run(const char *value)
{
	static const char *const costs[] = {
		"tlbi",		"syncs",  "doorbells",	      "doorbells_extra",  "flushes_forced",
		"table_writes", "splits", "table_bytes_live", "table_bytes_peak", "table_bytes_reserved"
	};
	static const char *const wrong[] = { "verify.stale_hits", "verify.spurious_faults",
					     "verify.wrong_translations", "verify.violations" };

	if (!strcmp(value, "cpu_ns"))
		return (struct compare_class){ COMPARE_MEASURED, COMPARE_COST };
	if (begins(value, "latency_ns."))
		return (struct compare_class){ COMPARE_MODELLED, COMPARE_COST };
	if (AMONG(value, costs) || AMONG(value, wrong))
		return (struct compare_class){ COMPARE_COUNTED, COMPARE_COST };
	return (struct compare_class){ COMPARE_COUNTED, COMPARE_WORK };
}

struct compare_class compare_classify(enum compare_format format, const char *value, const json_t *left,
				      const json_t *right)
{
	return format == COMPARE_REPLAY ? classify_run(value) : classify_benchmark(value, left, right);
}
