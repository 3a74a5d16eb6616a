/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * attach.c - make a target, attach SMMUs and streams to it, say what they did.
 *
 * Owns: no stream uses the table before the snapshot is done. The batch path is in target.c.
 * Context: one CPU, before transitions pass. Spec: IHI 0070, Initialization and reset; STE.
 */
#include "smmuv3/target.h"

#define POOL_ALIGN (UINT64_C(1) << 21)
#define PHYSICAL_TOP (UINT64_C(1) << 48) /* what a descriptor can name */
#define OAS_48_BITS 5u

static bool config_legal(const struct shadow_smmu_target_config *config)
{
	return config->map.ia_bits >= SHADOW_IA_BITS_MIN && config->map.ia_bits <= SHADOW_IA_BITS_MAX &&
	       (config->bbml == 0 || config->bbml == 2) && config->runs_max &&
	       !(config->pool.base.addr & (POOL_ALIGN - 1)) && config->pool.base.addr <= PHYSICAL_TOP &&
	       config->pool.bytes <= PHYSICAL_TOP - config->pool.base.addr;
}

/* A run gives one span, two more where zones cut it or tables are touched at its ends. */
static size_t spans_capacity(const struct shadow_smmu_target_config *config)
{
	return 2 * (size_t)config->runs_max + 4 * (size_t)(config->map.memory_count + config->map.reserved_count) + 64;
}

static size_t page_bytes(const struct shadow_smmu_target_config *config)
{
	return (config->pool.bytes >> SHADOW_PAGE_LG2) * sizeof(struct pgtable_page);
}

size_t shadow_smmu_target_bytes(const struct shadow_smmu_target_config *config)
{
	if (!config_legal(config))
		return 0;
	return sizeof(struct smmu_target) + page_bytes(config) + spans_capacity(config) * sizeof(struct tlbi_span);
}

/* Queues and stream tables lie at the pool's end, each aligned to its size, in the order of attachment. The
 * pool's end is known to be aligned to POOL_ALIGN: a wider part may lie so much lower. */
static void carve(uint64_t *end, uint64_t bytes)
{
	if (bytes < SHADOW_PAGE_BYTES)
		bytes = SHADOW_PAGE_BYTES;
	*end = (*end - bytes) & ~(bytes - 1);
	if (bytes > POOL_ALIGN)
		*end -= bytes - POOL_ALIGN;
}

uint64_t shadow_smmu_pool_bytes(const struct shadow_smmu_target_config *config, const struct shadow_smmu_config *smmu,
				unsigned smmu_count)
{
	uint64_t top = UINT64_C(1) << 62, end = top, bytes = 0;

	if (config->map.ia_bits < SHADOW_IA_BITS_MIN || config->map.ia_bits > SHADOW_IA_BITS_MAX)
		return 0;
	for (unsigned i = 0; i < smmu_count; i++) {
		if (!smmu_sizes_valid(&smmu[i]))
			return 0;
		carve(&end, smmu_cmdq_bytes(&smmu[i]));
		carve(&end, smmu_strtab_bytes(&smmu[i]));
		carve(&end, smmu_evtq_bytes(&smmu[i]));
	}
	/* How many GiB the pool itself cuts depends on its size: two rounds settle it. */
	for (unsigned i = 0; i < 2; i++) {
		bytes = top - end + (pgtable_tables_max(config, bytes) << SHADOW_PAGE_LG2);
		bytes = (bytes + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1);
	}
	return bytes;
}

int shadow_smmu_target_init(void *memory, size_t bytes, const struct shadow_smmu_target_config *config,
			    struct shadow_target **target)
{
	struct smmu_target *made = memory;
	char *after = (char *)(made + 1);
	int error;

	if (!config_legal(config) || (uintptr_t)memory & 63 || config->pool.bytes & (SHADOW_PAGE_BYTES - 1))
		return -SHADOW_EINVAL;
	if (bytes < shadow_smmu_target_bytes(config))
		return -SHADOW_ENOMEM;
	made->config = *config;
	made->config.map.memory = made->config.map.reserved = NULL; /* the caller's, read by now */
	made->spans = (struct tlbi_spans){ .span = (struct tlbi_span *)(after + page_bytes(config)),
					   .capacity = (unsigned)spans_capacity(config) };
	error = pgtable_init(&made->pgtable, config, (struct pgtable_page *)after, &made->spans);
	if (error)
		return error;
	made->base.ops = &smmu_target_ops;
	made->base.ia_bits = config->map.ia_bits;
	made->base.own = (struct shadow_range){ config->pool.base.addr, config->pool.base.addr + config->pool.bytes };
	*target = &made->base;
	return 0;
}

static int carve_memory(struct smmu_target *target, const struct shadow_smmu_config *config,
			struct smmu_memory *memory)
{
	memory->cmdq = pgtable_carve(&target->pgtable, smmu_cmdq_bytes(config), &memory->cmdq_pa);
	if (memory->cmdq)
		memory->strtab = pgtable_carve(&target->pgtable, smmu_strtab_bytes(config), &memory->strtab_pa);
	if (memory->strtab)
		memory->evtq = pgtable_carve(&target->pgtable, smmu_evtq_bytes(config), &memory->evtq_pa);
	return memory->evtq ? 0 : -SHADOW_ENOMEM;
}

static bool is_attached(const struct smmu_target *target, uintptr_t registers)
{
	for (unsigned i = 0; i < target->smmu_count; i++)
		if (target->smmu[i].config.registers == registers)
			return true;
	return false;
}

/* An input size or a table beyond its output size would make every entry illegal. */
static bool serves_target(const struct smmu_target *target, const struct shadow_smmu *smmu)
{
	uint64_t space = UINT64_C(1) << smmu_oas_bits(smmu->oas);

	return (target->config.vmid <= 0xff || smmu->vmid16) && space >> target->config.map.ia_bits &&
	       target->base.own.end <= space;
}

int shadow_smmu_attach(struct shadow_target *target, const struct shadow_smmu_config *config,
		       struct shadow_smmu **smmu)
{
	struct smmu_target *smmus = smmu_target_of(target);
	struct shadow_smmu *made = &smmus->smmu[smmus->smmu_count];
	struct smmu_memory memory = { 0 };
	int error;

	if (smmus->live || is_attached(smmus, config->registers))
		return -SHADOW_EBUSY;
	if (smmus->smmu_count == SHADOW_SMMUS_MAX)
		return -SHADOW_ENOSPC;
	error = smmu_probe(made, config, smmus->config.bbml, smmus->smmu_count);
	if (!error && !serves_target(smmus, made))
		error = -SHADOW_ENODEV;
	if (!error)
		error = carve_memory(smmus, config, &memory);
	if (!error)
		error = smmu_bring_up(made, &memory);
	if (error)
		return error;
	made->target = target;
	smmus->smmu_count++;
	*smmu = made;
	return 0;
}

/* The entry that lets a stream use the target's table. */
static struct smmu_ste stream_entry(const struct target_stream *stream)
{
	const struct shadow_smmu *smmu = stream->smmu;
	const struct smmu_target *target = smmu_target_of(smmu->target);
	struct smmu_stage2 stage2 = {
		.ttb = target->config.pool.base.addr,
		.ia_bits = target->config.map.ia_bits,
		.start_level = target->pgtable.start_level,
		.ps = smmu->oas < OAS_48_BITS ? smmu->oas : OAS_48_BITS,
		.vmid = target->config.vmid,
	};

	return smmu->config.nested ? smmu_ste_nested(stage2, stream->stage1) : smmu_ste_s2(stage2);
}

static int stream_enable(const struct target_stream *stream)
{
	struct smmu_ste ste = stream_entry(stream);

	return stream_set(stream->smmu, stream->sid, &ste);
}

static int stream_add(struct shadow_smmu *smmu, uint32_t sid, struct smmu_stage1 stage1)
{
	struct smmu_target *target = smmu_target_of(smmu->target);
	struct target_stream stream = { smmu, sid, stage1 };
	int error;

	if (!stream_exists(smmu, sid))
		return -SHADOW_EINVAL;
	/* Once more would be through abort, under the device's feet. */
	for (unsigned i = 0; i < target->stream_count; i++)
		if (target->stream[i].smmu == smmu && target->stream[i].sid == sid)
			return -SHADOW_EBUSY;
	if (target->stream_count == SHADOW_STREAMS_MAX)
		return -SHADOW_ENOSPC;
	error = target->live ? stream_enable(&stream) : 0;
	if (!error)
		target->stream[target->stream_count++] = stream;
	return error;
}

int shadow_smmu_stream(struct shadow_smmu *smmu, uint32_t sid)
{
	return stream_add(smmu, sid, (struct smmu_stage1){ { 0 } });
}

int shadow_smmu_stream_nested(struct shadow_smmu *smmu, uint32_t sid, const uint64_t stage1[2])
{
	if (!smmu->config.nested)
		return -SHADOW_EINVAL;
	return stream_add(smmu, sid, (struct smmu_stage1){ { stage1[0], stage1[1] } });
}

int target_enable(struct shadow_target *target)
{
	struct smmu_target *smmus = smmu_target_of(target);
	int error = 0;

	pgtable_built(&smmus->pgtable);
	smmus->spans.count = 0;	       /* nothing was reachable, so nothing is cached */
	smmus->spans.all = false;
	for (unsigned i = 0; i < smmus->stream_count && !error; i++)
		error = stream_enable(&smmus->stream[i]);
	/* An SMMU that does not say that it has dropped its copy of an entry may go on using it. */
	for (unsigned i = 0; i < smmus->stream_count && error; i++)
		if (stream_abort(smmus->stream[i].smmu, smmus->stream[i].sid))
			(void)smmu_close(smmus->stream[i].smmu);
	smmus->live = !error;
	return error;
}

void shadow_smmu_ste(const struct shadow_smmu *smmu, uint32_t sid, uint64_t ste[8])
{
	struct smmu_ste entry = stream_get(smmu, sid);

	for (unsigned i = 0; i < 8; i++)
		ste[i] = entry.word[i];
}

void shadow_smmu_stats(const struct shadow_smmu *smmu, struct shadow_smmu_stats *stats)
{
	*stats = (struct shadow_smmu_stats){
		.tlbi = smmu->cmdq.stats.tlbi,
		.cfgi = smmu->cmdq.stats.cfgi,
		.syncs = smmu->cmdq.stats.syncs,
		.doorbells = smmu->cmdq.stats.doorbells,
		.doorbells_extra = smmu->doorbells_extra,
		.commands_repaired = smmu->cmdq.stats.repaired,
		.closed = smmu->closed,
		.isolation_lost = smmu->isolation_lost,
	};
}

void shadow_smmu_table_stats(const struct shadow_target *target, struct shadow_table_stats *stats)
{
	const struct pgtable *pgtable = &((const struct smmu_target *)target)->pgtable;

	*stats = pgtable->stats;
	stats->bytes_live = (uint64_t)pgtable->live << SHADOW_PAGE_LG2;
	stats->bytes_retired = (uint64_t)pgtable->unlinked << SHADOW_PAGE_LG2;
	stats->bytes_peak = (uint64_t)pgtable->peak << SHADOW_PAGE_LG2;
}
