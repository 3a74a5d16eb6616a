/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * facts.c - what is found, as JSON values.
 *
 * Under results_json.c and inspect_json.c, which alone know the keys.
 */
#include "bench/common/facts.h"

#include <inttypes.h>
#include <stdio.h>

void facts_set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

json_t *facts_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *facts_word(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

json_t *facts_words(const uint64_t *words, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, facts_word(words[i]));
	return array;
}
