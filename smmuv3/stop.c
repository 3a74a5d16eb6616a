/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stop.c - streams that are made to abort, one or all at once, and an SMMU that goes for good.
 *
 * Beside attach.c, which lets streams in and SMMUs come and go.
 * Owns: when a call returns 0, the SMMU has dropped its copy of every entry that it is about, or is shut; no entry that was
 * made to abort is put in force again but by who lets its stream in.
 * Context: host lock. Spec: IHI 0070, Configuration structure update procedure; CMD_CFGI_STE; CMD_CFGI_STE_RANGE.
 */
#include <shadow/platform.h>

#include "engine/assert.h"
#include "smmuv3/ats.h"
#include "smmuv3/target.h"

/* In memory; the SMMU is not told yet. */
static void stop_stream(struct target_stream *stream)
{
	stream->out = true;
	if (smmu_is_shut(stream->smmu))
		return;
	if (stream->ats)
		ats_remove(stream->smmu, stream->sid);
	stream_store_abort(stream->smmu, stream->sid);
}

/* Have an SMMU drop its copies. One that does not say that it has is shut. Return: 0; -SHADOW_EIO: isolation is lost. */
static int stop_confirm(struct shadow_smmu *smmu, struct smmu_cmd cfgi)
{
	if (!smmu_is_shut(smmu) && smmu_invalidate(smmu, cfgi) != 0)
		(void)smmu_close(smmu);
	return load_acquire_u32(&smmu->isolation_lost) ? -SHADOW_EIO : 0;
}

int shadow_smmu_abort(struct shadow_target *target)
{
	struct smmu_target *smmus = smmu_target_of(target);
	uint32_t count = load_relaxed_u32(&smmus->stream_count);
	int error = 0;

	shadow_assert(platform_host_lock_held());
	for (uint32_t i = 0; i < count; i++)
		stop_stream(&smmus->stream[i]);
	for (unsigned i = 0; i < target_smmus(smmus); i++) {
		int lost = stop_confirm(&smmus->smmu[i], smmu_cmd_cfgi_all());

		error = error ? error : lost;
	}
	return error;
}

int shadow_smmu_stream_abort(struct shadow_smmu *smmu, uint32_t sid)
{
	struct smmu_target *target = smmu_target_of(smmu->target);
	uint32_t count = load_relaxed_u32(&target->stream_count);

	shadow_assert(platform_host_lock_held());
	for (uint32_t i = 0; i < count; i++)
		if (target->stream[i].smmu == smmu && target->stream[i].sid == sid) {
			stop_stream(&target->stream[i]);
			return stop_confirm(smmu, smmu_cmd_cfgi_ste(sid, true));
		}
	return -SHADOW_EINVAL;
}

int shadow_smmu_shutdown(struct shadow_smmu *smmu)
{
	int error = shadow_smmu_detach(smmu);

	if (!error)
		store_release_u32(&smmu->gone, 1);
	return error;
}
