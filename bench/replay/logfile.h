/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * logfile.h - every event of a replay in order, one a line.
 *
 * T SEQ (- for the snapshot), A ADDR SIZE, W PA VALUE, C SMMU POS D0 D1, D SMMU POS, S SMMU POS, K SEQ; see
 * docs/results.md. A null file writes nothing. Write errors show in ferror().
 */
#ifndef BENCH_LOGFILE_H
#define BENCH_LOGFILE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static inline void logfile_snapshot(FILE *file)
{
	if (file)
		fputs("T -\n", file);
}

static inline void logfile_transition(FILE *file, uint64_t seq)
{
	if (file)
		fprintf(file, "T %" PRIu64 "\n", seq);
}

static inline void logfile_consent(FILE *file, uint64_t start, uint64_t bytes)
{
	if (file)
		fprintf(file, "A %" PRIx64 " %" PRIx64 "\n", start, bytes);
}

static inline void logfile_write(FILE *file, uint64_t pa, uint64_t value)
{
	if (file)
		fprintf(file, "W %" PRIx64 " %" PRIx64 "\n", pa, value);
}

static inline void logfile_command(FILE *file, unsigned smmu, uint64_t position, uint64_t word0,
				   uint64_t word1)
{
	if (file)
		fprintf(file, "C %u %" PRIu64 " %" PRIx64 " %" PRIx64 "\n", smmu, position, word0, word1);
}

static inline void logfile_doorbell(FILE *file, unsigned smmu, uint64_t position)
{
	if (file)
		fprintf(file, "D %u %" PRIu64 "\n", smmu, position);
}

static inline void logfile_sync(FILE *file, unsigned smmu, uint64_t position)
{
	if (file)
		fprintf(file, "S %u %" PRIu64 "\n", smmu, position);
}

static inline void logfile_complete(FILE *file, uint64_t seq)
{
	if (file)
		fprintf(file, "K %" PRIu64 "\n", seq);
}

#endif
