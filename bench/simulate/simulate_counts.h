/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_counts.h - how often what happened, by class of event: a run shows nothing about what never happens in it.
 */
#ifndef BENCH_SIMULATE_COUNTS_H
#define BENCH_SIMULATE_COUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/simulate/simulate_fault.h"

struct simulate_counts {
	uint64_t transitions, trips, accesses, reached;
	uint64_t points, switches, drained, reordered, stale, commands, syncs, msis, wakeups, enhanced;
	uint64_t flushes, left, in_flight, group_two, group_three, group_many, forced;
	uint64_t bounded, bounded_more, overlapped;
	uint64_t consents, ahead, inherited, withdrawals, withdrawn;
	uint64_t owners_gone;
	uint64_t splits, collapses, hints, compacts, cancelled, wraps;
	uint64_t pending_refused, timeouts, rollbacks, quarantined;
	uint64_t attaches, detaches, enables, mended;
	uint64_t closed, lost, repaired;
	uint64_t kept, kept_used, keepers_mute, streams_aborted, streams_again;
	uint64_t events_taken, events_lost;
	uint64_t faults[FAULT_KINDS];
};

void simulate_counts_add(struct simulate_counts *sum, const struct simulate_counts *counts);
void simulate_counts_print(const struct simulate_counts *counts, FILE *file);

/** simulate_counts_least() - the class of events that happened least. Return: how often. */
uint64_t simulate_counts_least(const struct simulate_counts *counts, const char **name);

#endif
