/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * latency.c - modelled completion latency.
 */
#include "bench/replay/latency.h"

#include <stdlib.h>

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
	histogram_free(&latency->revoke);
	histogram_free(&latency->grant);
	*latency = (struct latency){ 0 };
}

void latency_begin(struct latency *latency, uint64_t trigger_ns)
{
	if (latency->clock_ns < trigger_ns)
		latency->clock_ns = trigger_ns;
	latency->seen = false;
}

uint64_t latency_sync_published(struct latency *latency, unsigned smmu)
{
	uint64_t start = latency->smmu[smmu].busy_ns;

	if (start < latency->clock_ns)
		start = latency->clock_ns;
	latency->smmu[smmu].busy_ns = start + latency->sync_ns;
	latency->smmu[smmu].end_ns[latency->smmu[smmu].published++ % LATENCY_SYNCS_MAX] =
		latency->smmu[smmu].busy_ns;
	return latency->smmu[smmu].busy_ns;
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

struct latency_summary latency_summarise(const struct histogram *samples)
{
	return (struct latency_summary){
		.p50 = histogram_rank(samples, 500000),
		.p90 = histogram_rank(samples, 900000),
		.p99 = histogram_rank(samples, 990000),
		.p999 = histogram_rank(samples, 999000),
		.max = samples->max,
	};
}

int latency_summarise_all(const struct latency *latency, struct latency_summary *summary)
{
	struct histogram all = { 0 };
	int error = histogram_merge(&all, &latency->revoke) || histogram_merge(&all, &latency->grant) ? -1 : 0;

	*summary = latency_summarise(&all);
	histogram_free(&all);
	return error;
}
