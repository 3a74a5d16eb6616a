/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * facts.h - what is found, as JSON values.
 *
 * Addresses and words are "0x..." strings, since a JSON number need not hold 64 bits; counts are numbers.
 * A value that cannot be made is NULL, and its key is missing in what holds it.
 */
#ifndef BENCH_FACTS_H
#define BENCH_FACTS_H

#include <stdint.h>

#include <jansson.h>

/* Hands over the reference to @value. */
void facts_set(json_t *object, const char *key, json_t *value);

json_t *facts_number(uint64_t value);
json_t *facts_word(uint64_t value);
json_t *facts_words(const uint64_t *words, unsigned count);

#endif
