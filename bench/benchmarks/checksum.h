/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * checksum.h - of what a device can reach through a stage-2 table, whatever the leaves' sizes.
 *
 * Equal states give equal sums. The model's walker reads the table, not the code that made it. Called by the
 * benchmarks.
 */
#ifndef BENCH_CHECKSUM_H
#define BENCH_CHECKSUM_H

#include "smmuv3/model/model.h"

/* Return: the sum; 0 if a table cannot be read or is malformed. */
uint64_t checksum_stage2(const struct model_memory *memory, const struct model_stage2 *stage2);

#endif
