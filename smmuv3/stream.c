/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stream.c - linear stream table: changes of live entries without a moment of an illegal one.
 *
 * Sits under target.c, beside smmu.c. An entry is changed in two phases:
 *   1. words 1 .. 7, which an aborting entry does not use; the SMMU drops its copy of the entry;
 *   2. word 0, in one store; the SMMU drops its copy again.
 * Without the first drop it could use a new word 0 with cached old words.
 * Leaves out two-level tables and everything that concerns translations; see tlbi.c.
 * Spec: IHI 0070, Configuration structure update procedure; Stream Table Entry.
 */
#include "smmuv3/stream.h"

#include "smmuv3/cmd.h"

void stream_table_fill(uint64_t *table, unsigned sid_bits)
{
	const struct smmu_ste abort = smmu_ste_abort();
	uint64_t words = (uint64_t)SMMU_STE_WORDS << sid_bits;
	uint64_t i;

	for (i = 0; i < words; i++)
		order_store_device(&table[i], abort.word[i % SMMU_STE_WORDS]);
}

bool stream_exists(const struct shadow_smmu *smmu, uint32_t sid)
{
	return (uint64_t)sid >> smmu->config.sid_bits == 0;
}

static uint64_t *stream_entry(const struct shadow_smmu *smmu, uint32_t sid)
{
	return &smmu->memory.strtab[(uint64_t)sid * SMMU_STE_WORDS];
}

void stream_place(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	uint64_t *entry = stream_entry(smmu, sid);

	for (unsigned i = 0; i < SMMU_STE_WORDS; i++)
		order_store_device(&entry[i], ste->word[i]);
}

/* The SMMU forgets its copy of the entry; waits until it has. [D1] What was stored into the entry is visible
 * before the doorbell of the command. Observer: SMMU. */
static int stream_refetch(struct shadow_smmu *smmu, uint32_t sid)
{
	if (!smmu->coherent)
		order_clean(stream_entry(smmu, sid), sizeof(struct smmu_ste));
	return smmu_invalidate(smmu, smmu_cmd_cfgi_ste(sid, true));
}

static int stream_store_word0(struct shadow_smmu *smmu, uint32_t sid, uint64_t word)
{
	order_store_device(stream_entry(smmu, sid), word);
	return stream_refetch(smmu, sid);
}

void stream_store_abort(struct shadow_smmu *smmu, uint32_t sid)
{
	order_store_device(stream_entry(smmu, sid), smmu_ste_abort().word[0]);
	if (!smmu->coherent)
		order_clean(stream_entry(smmu, sid), sizeof(struct smmu_ste));
}

int stream_abort(struct shadow_smmu *smmu, uint32_t sid)
{
	if (!stream_exists(smmu, sid))
		return -SHADOW_EINVAL;
	return stream_store_word0(smmu, sid, smmu_ste_abort().word[0]);
}

int stream_set(struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	uint64_t *entry;
	int error;
	unsigned i;

	if (!stream_exists(smmu, sid))
		return -SHADOW_EINVAL;

	entry = stream_entry(smmu, sid);
	if (entry[0] != smmu_ste_abort().word[0]) {
		error = stream_abort(smmu, sid);
		if (error != 0)
			return error;
	}
	for (i = 1; i < SMMU_STE_WORDS; i++)
		order_store_device(&entry[i], ste->word[i]);
	error = stream_refetch(smmu, sid);
	if (error != 0)
		return error;
	return stream_store_word0(smmu, sid, ste->word[0]);
}

struct smmu_ste stream_get(const struct shadow_smmu *smmu, uint32_t sid)
{
	struct smmu_ste ste = { .word = { 0 } };
	const uint64_t *entry;
	unsigned i;

	if (!stream_exists(smmu, sid) || smmu->memory.strtab == NULL)
		return ste;

	entry = stream_entry(smmu, sid);
	for (i = 0; i < SMMU_STE_WORDS; i++)
		ste.word[i] = entry[i];
	return ste;
}
