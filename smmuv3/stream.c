/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stream.c - stream table: changes of live entries without a moment of an illegal one.
 *
 * Sits under target.c, beside smmu.c. An entry is changed in two phases:
 *   1. words 1 .. 7, which an aborting entry does not use; the SMMU drops its copy of the entry;
 *   2. word 0, in one store; the SMMU drops its copy again.
 * Without the first drop it could use a new word 0 with cached old words.
 * In a table of two levels a stream's first change links the level-2 table with its entry, which aborts like all in
 * there; each drop takes the SMMU's copy of the link as well, that it may have of the time before there was one.
 * Leaves out everything that concerns translations; see tlbi.c.
 * Spec: IHI 0070, Configuration structure update procedure; Stream Table Entry.
 */
#include "smmuv3/stream.h"

#include "smmuv3/cmd.h"

static void stream_fill(uint64_t *entries, uint64_t bytes)
{
	const struct smmu_ste abort = smmu_ste_abort();

	for (uint64_t i = 0; i < bytes / sizeof(*entries); i++)
		order_store_device(&entries[i], abort.word[i % SMMU_STE_WORDS]);
}

/* ---- two levels ---------------------------------------------------------------------------------- */

/* Which level-2 table has the entry of @sid? Return: their number if none has. */
static uint32_t level2_find(const struct shadow_smmu *smmu, uint32_t sid)
{
	uint32_t count = load_acquire_u32(&smmu->level2_count), table = 0;

	while (table < count && smmu->level2_index[table] != sid >> smmu->config.sid_split)
		table++;
	return table;
}

/* Where level 1 leads to a level-2 table. */
static uint64_t *level2_link(const struct shadow_smmu *smmu, uint32_t table)
{
	uint64_t bytes = smmu_level2_table_bytes(&smmu->config);
	uint64_t *link = &smmu->memory.strtab[smmu->level2_index[table]];

	order_store_device(link, smmu_l1std(smmu->memory.level2_pa.addr + table * bytes, smmu->config.sid_split));
	return link;
}

static void level2_fill(const struct shadow_smmu *smmu)
{
	uint64_t links = smmu_strtab_bytes(&smmu->config) / sizeof(uint64_t);

	stream_fill(smmu->memory.level2, smmu_level2_bytes(&smmu->config));
	for (uint64_t i = 0; i < links; i++)
		order_store_device(&smmu->memory.strtab[i], 0);
	for (uint32_t i = 0; i < load_acquire_u32(&smmu->level2_count); i++)
		(void)level2_link(smmu, i);
}

int stream_reserve(struct shadow_smmu *smmu, uint32_t sid)
{
	uint32_t count = load_relaxed_u32(&smmu->level2_count);
	uint64_t *link;

	if (!stream_exists(smmu, sid))
		return -SHADOW_EINVAL;
	if (!smmu->config.sid_split || level2_find(smmu, sid) < count)
		return 0;
	if (count == smmu->config.sid_tables)
		return -SHADOW_ENOSPC;
	smmu->level2_index[count] = sid >> smmu->config.sid_split;
	/* All that it leads to aborts, and was made visible when the SMMU was started; or will be. */
	link = level2_link(smmu, count);
	if (!smmu->coherent)
		order_clean(link, sizeof(*link));
	/* [P1] Index before count. Pairs with level2_find(). Observer: CPU. */
	store_release_u32(&smmu->level2_count, count + 1);
	return 0;
}

/* ---- entries ------------------------------------------------------------------------------------- */

void stream_table_fill(struct shadow_smmu *smmu)
{
	if (smmu->config.sid_split)
		level2_fill(smmu);
	else
		stream_fill(smmu->memory.strtab, smmu_strtab_bytes(&smmu->config));
}

bool stream_exists(const struct shadow_smmu *smmu, uint32_t sid)
{
	return (uint64_t)sid >> smmu->config.sid_bits == 0;
}

/* NULL: no such stream, or not reserved. */
static uint64_t *stream_entry(const struct shadow_smmu *smmu, uint32_t sid)
{
	unsigned split = smmu->config.sid_split;
	uint32_t table;

	if (!stream_exists(smmu, sid))
		return NULL;
	if (!split)
		return &smmu->memory.strtab[(uint64_t)sid * SMMU_STE_WORDS];
	table = level2_find(smmu, sid);
	if (table == load_relaxed_u32(&smmu->level2_count))
		return NULL;
	sid &= (UINT32_C(1) << split) - 1;
	return &smmu->memory.level2[(((uint64_t)table << split) + sid) * SMMU_STE_WORDS];
}

void stream_place(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	uint64_t *entry = stream_entry(smmu, sid);

	for (unsigned i = 0; i < SMMU_STE_WORDS; i++)
		order_store_device(&entry[i], ste->word[i]);
}

static void stream_clean(const struct shadow_smmu *smmu, uint32_t sid)
{
	if (!smmu->coherent)
		order_clean(stream_entry(smmu, sid), sizeof(struct smmu_ste));
}

/* The SMMU forgets its copy of the entry; waits until it has. [D1] What was stored into the entry is visible
 * before the doorbell of the command. Observer: SMMU. */
static int stream_refetch(struct shadow_smmu *smmu, uint32_t sid)
{
	stream_clean(smmu, sid);
	return smmu_invalidate(smmu, smmu_cmd_cfgi_ste(sid, !smmu->config.sid_split));
}

static int stream_store_word0(struct shadow_smmu *smmu, uint32_t sid, uint64_t word)
{
	order_store_device(stream_entry(smmu, sid), word);
	return stream_refetch(smmu, sid);
}

void stream_store_abort(struct shadow_smmu *smmu, uint32_t sid)
{
	order_store_device(stream_entry(smmu, sid), smmu_ste_abort().word[0]);
	stream_clean(smmu, sid);
}

int stream_abort(struct shadow_smmu *smmu, uint32_t sid)
{
	if (!stream_entry(smmu, sid))
		return -SHADOW_EINVAL;
	return stream_store_word0(smmu, sid, smmu_ste_abort().word[0]);
}

static void stream_store_words(uint64_t *entry, const struct smmu_ste *ste)
{
	for (unsigned i = 1; i < SMMU_STE_WORDS; i++)
		order_store_device(&entry[i], ste->word[i]);
}

void stream_store_unused(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	stream_store_words(stream_entry(smmu, sid), ste);
	stream_clean(smmu, sid);
}

void stream_store_used(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	order_store_device(stream_entry(smmu, sid), ste->word[0]);
	stream_clean(smmu, sid);
}

int stream_forget(struct shadow_smmu *smmu)
{
	return smmu_invalidate(smmu, smmu_cmd_cfgi_all());
}

int stream_set(struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste)
{
	uint64_t *entry = stream_entry(smmu, sid);
	int error;

	if (!entry)
		return -SHADOW_EINVAL;

	if (entry[0] != smmu_ste_abort().word[0]) {
		error = stream_abort(smmu, sid);
		if (error != 0)
			return error;
	}
	stream_store_words(entry, ste);
	error = stream_refetch(smmu, sid);
	if (error != 0)
		return error;
	return stream_store_word0(smmu, sid, ste->word[0]);
}

struct smmu_ste stream_get(const struct shadow_smmu *smmu, uint32_t sid)
{
	struct smmu_ste ste = { .word = { 0 } };
	const uint64_t *entry = smmu->memory.strtab ? stream_entry(smmu, sid) : NULL;
	unsigned i;

	if (!entry)
		return ste;

	for (i = 0; i < SMMU_STE_WORDS; i++)
		ste.word[i] = entry[i];
	return ste;
}
