// SPDX-License-Identifier: GPL-2.0-only
/*
 * The baseline lets one stream in; a host has more. Built as the library is, since it knows the baseline from inside.
 */
#include "bench/policy/baseline.h"
#include "smmuv3/stream.h"

int s2shadow_eager_streams(struct policy *policy, unsigned count);

/* Streams 1 .. @count - 1 of every SMMU are what stream 0 is. */
int s2shadow_eager_streams(struct policy *policy, unsigned count)
{
	for (unsigned number = 0; number < policy->smmu_count; number++) {
		struct smmu_ste ste = stream_get(&policy->smmu[number], policy->sid);

		for (uint32_t sid = 1; sid < count; sid++) {
			int error = stream_set(&policy->smmu[number], sid, &ste);

			if (error)
				return error;
		}
	}
	return 0;
}
