/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_counts.c - classes of events, their names, and which one is rarest.
 */
#include "bench/simulate/simulate_counts.h"

#include <inttypes.h>
#include <stddef.h>

#define WORK(name, member)  { name, offsetof(struct simulate_counts, member), false }
#define CLASS(name, member) { name, offsetof(struct simulate_counts, member), true }

static const struct {
	const char *name;
	size_t offset;
	bool class;		       /* something that a run has to show, beside how much it did */
} rows[] = {
	WORK("transitions", transitions),
	WORK("trips", trips),
	WORK("DMA accesses", accesses),
	WORK("  that got through", reached),
	WORK("points", points),
	WORK("  with a switch of CPU", switches),
	WORK("stores drained", drained),
	CLASS("  ahead of an older one", reordered),
	CLASS("loads of what was replaced", stale),
	WORK("commands", commands),
	WORK("  syncs", syncs),
	CLASS("    that write a word", msis),
	CLASS("    that wake CPUs", wakeups),
	CLASS("  doorbells of ECMDQs", enhanced),
	WORK("flushes", flushes),
	CLASS("  left to others", left),
	CLASS("  while one is in flight", in_flight),
	CLASS("  for two trips", group_two),
	CLASS("  for three", group_three),
	CLASS("  for four and more", group_many),
	CLASS("  forced", forced),
	CLASS("  of a few slots only", bounded),
	CLASS("    that left some", bounded_more),
	CLASS("  beside the host's own change", overlapped),
	CLASS("consents", consents),
	CLASS("  pages revoked by them", ahead),
	CLASS("  donations that inherited, pages", inherited),
	CLASS("withdrawals", withdrawals),
	CLASS("  pages granted by them", withdrawn),
	CLASS("pages taken back unseen", cancelled),
	CLASS("splits", splits),
	CLASS("collapses", collapses),
	CLASS("compactions", compacts),
	CLASS("contiguous hints", hints),
	CLASS("ring wraps", wraps),
	CLASS("refused, pending", pending_refused),
	CLASS("waits that timed out", timeouts),
	CLASS("trips rolled back", rollbacks),
	CLASS("SMMUs attached late", attaches),
	CLASS("SMMUs detached", detaches),
	CLASS("SMMUs enabled", enables),
	CLASS("  after they were mended", mended),
	CLASS("SMMUs shut", closed),
	CLASS("SMMUs not to be shut", lost),
	CLASS("commands repaired", repaired),
	CLASS("owners gone meanwhile", owners_gone),
	CLASS("pages quarantined", quarantined),
	CLASS("translations kept by devices", kept),
	CLASS("  and used", kept_used),
	CLASS("devices that went mute", keepers_mute),
	CLASS("  streams aborted for it", streams_aborted),
	CLASS("  streams let in again", streams_again),
	CLASS("events read", events_taken),
	CLASS("events lost", events_lost),
};

static uint64_t count_of(const struct simulate_counts *counts, unsigned row)
{
	return *(const uint64_t *)((const char *)counts + rows[row].offset);
}

void simulate_counts_add(struct simulate_counts *sum, const struct simulate_counts *counts)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)counts;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

void simulate_counts_print(const struct simulate_counts *counts, FILE *file)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(file, "  %-32s %12" PRIu64 "\n", rows[i].name, count_of(counts, i));
	fprintf(file, "faults\n");
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		fprintf(file, "  %-32s %12" PRIu64 "\n", simulate_fault_name((enum simulate_fault)i), counts->faults[i]);
}

uint64_t simulate_counts_least(const struct simulate_counts *counts, const char **name)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].class || count_of(counts, i) >= least)
			continue;
		least = count_of(counts, i);
		*name = rows[i].name;
		while (**name == ' ')
			++*name;
	}
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		if (counts->faults[i] >= least)
			continue;
		least = counts->faults[i];
		*name = simulate_fault_name((enum simulate_fault)i);
	}
	return least;
}
