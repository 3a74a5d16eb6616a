/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * inspect_json.h - what an image says, as JSON.
 */
#ifndef BENCH_INSPECT_JSON_H
#define BENCH_INSPECT_JSON_H

#include "bench/inspect/inspect_text.h"

/* Every run and every problem; docs/inspect.md has the keys. Write errors show in ferror(). */
void inspect_json_write(FILE *file, const struct inspect_subject *subject);

#endif
