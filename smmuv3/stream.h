/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stream.h - stream table: changes of live entries without a moment of an illegal one.
 *
 * Owns: an entry's word 0 changes in one store, and the SMMU has dropped every older copy of the other
 * words by then. All entries have V = 1 from stream_table_fill() on, those of level-2 tables that nothing leads to
 * yet as well. Host lock held, except stream_get().
 * Spec: IHI 0070, Configuration structure update procedure.
 */
#ifndef SMMUV3_STREAM_H
#define SMMUV3_STREAM_H

#include "smmuv3/smmu.h"
#include "smmuv3/ste.h"

/* Every entry to abort, and level-2 tables where they were; only while no SMMU reads the table. */
void stream_table_fill(struct shadow_smmu *smmu);

/* See to it that a stream has an entry, which aborts: in a table of two levels one is set aside for it and the streams
 * around it. The SMMU sees that with the first change of the entry. Return: 0; -SHADOW_EINVAL: no such stream;
 * -SHADOW_ENOSPC: all level-2 tables are taken. */
int stream_reserve(struct shadow_smmu *smmu, uint32_t sid);

/* One entry; only while no SMMU reads the table. The stream is reserved. */
void stream_place(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste);

/* Is @sid inside the stream table? */
bool stream_exists(const struct shadow_smmu *smmu, uint32_t sid);

/* Put an entry in force, through abort if another one is live. Waits for the SMMU.
 * Return: 0; -SHADOW_EINVAL: no such stream, or not reserved; -SHADOW_ETIMEDOUT, -SHADOW_EIO: the stream may still abort. */
int stream_set(struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste);

/* The same for many streams of an SMMU, all of which abort as every cache of it knows, in two calls of each: what an aborting
 * entry does not use; when stream_forget() has returned, the rest; and stream_forget() again. */
void stream_store_unused(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste);
void stream_store_used(const struct shadow_smmu *smmu, uint32_t sid, const struct smmu_ste *ste);

/* The SMMU drops its copies of all entries. Waits for it. Return: as stream_set(). */
int stream_forget(struct shadow_smmu *smmu);

/* Let the stream abort. Waits for the SMMU.
 * Return: as stream_set(); after a failure the SMMU may still use the old entry. */
int stream_abort(struct shadow_smmu *smmu, uint32_t sid);

/* Let the stream abort as soon as the SMMU drops its copy of the entry, which is the caller's to see to. Waits for nobody;
 * the stream is live and stays so otherwise. Context: completion lock. */
void stream_store_abort(struct shadow_smmu *smmu, uint32_t sid);

/* The entry as it stands in memory; all zero if there is no such stream, or it is not reserved. */
struct smmu_ste stream_get(const struct shadow_smmu *smmu, uint32_t sid);

#endif
