/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * latency.c - modelled completion latency.
 */
#include "bench/latency.h"

#include <stdlib.h>
#include <string.h>

int latency_init(struct latency *latency, unsigned smmu_count, uint64_t sync_ns)
{
	*latency = (struct latency){ .sync_ns = sync_ns, .smmu_count = smmu_count };
	for (unsigned i = 0; i < smmu_count; i++) {
		latency->smmu[i].end_ns = malloc(LATENCY_SYNCS_MAX * sizeof(uint64_t));
		if (!latency->smmu[i].end_ns) {
			latency_free(latency);
			return -1;
		}
	}
	return 0;
}

void latency_free(struct latency *latency)
{
	for (unsigned i = 0; i < latency->smmu_count; i++)
		free(latency->smmu[i].end_ns);
	free(latency->revoke.ns);
	free(latency->grant.ns);
	*latency = (struct latency){ 0 };
}

void latency_begin(struct latency *latency, uint64_t trigger_ns)
{
	if (latency->clock_ns < trigger_ns)
		latency->clock_ns = trigger_ns;
	latency->seen = false;
}

void latency_sync_published(struct latency *latency, unsigned smmu)
{
	uint64_t start = latency->smmu[smmu].busy_ns;

	if (start < latency->clock_ns)
		start = latency->clock_ns;
	latency->smmu[smmu].busy_ns = start + latency->sync_ns;
	latency->smmu[smmu].end_ns[latency->smmu[smmu].published++ % LATENCY_SYNCS_MAX] =
		latency->smmu[smmu].busy_ns;
}

void latency_sync_seen(struct latency *latency, unsigned smmu)
{
	uint64_t end = latency->smmu[smmu].end_ns[latency->smmu[smmu].seen++ % LATENCY_SYNCS_MAX];

	if (latency->clock_ns < end)
		latency->clock_ns = end;
	latency->seen = true;
}

uint64_t latency_end(struct latency *latency, uint64_t trigger_ns)
{
	return latency->seen ? latency->clock_ns : trigger_ns;
}

int latency_add(struct latency_samples *samples, uint64_t ns)
{
	if (samples->count == samples->capacity) {
		size_t capacity = samples->capacity ? 2 * samples->capacity : 1024;
		uint64_t *grown = realloc(samples->ns, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		samples->ns = grown;
		samples->capacity = capacity;
	}
	samples->ns[samples->count++] = ns;
	return 0;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* The smallest sample that at least @percent of all are not above. */
static uint64_t rank(const struct latency_samples *samples, unsigned percent)
{
	return samples->ns[(samples->count * percent + 99) / 100 - 1];
}

struct latency_summary latency_summarise(struct latency_samples *samples)
{
	if (!samples->count)
		return (struct latency_summary){ 0 };
	qsort(samples->ns, samples->count, sizeof(*samples->ns), compare);
	return (struct latency_summary){
		.p50 = rank(samples, 50),
		.p99 = rank(samples, 99),
		.max = samples->ns[samples->count - 1],
	};
}

int latency_summarise_all(const struct latency *latency, struct latency_summary *summary)
{
	struct latency_samples all = { .count = latency->revoke.count + latency->grant.count };

	*summary = (struct latency_summary){ 0 };
	if (!all.count)
		return 0;
	all.ns = malloc(all.count * sizeof(*all.ns));
	if (!all.ns)
		return -1;
	if (latency->revoke.count)
		memcpy(all.ns, latency->revoke.ns, latency->revoke.count * sizeof(*all.ns));
	if (latency->grant.count)
		memcpy(all.ns + latency->revoke.count, latency->grant.ns,
		       latency->grant.count * sizeof(*all.ns));
	*summary = latency_summarise(&all);
	free(all.ns);
	return 0;
}
