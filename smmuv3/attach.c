/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * attach.c - make a target, attach SMMUs and streams to it, say what they did.
 *
 * Owns: no stream uses the table before the snapshot is done, nor on an SMMU that flushes do not know of. The batch
 * path is in target.c.
 * Context: one CPU before transitions pass, then the host lock; shadow_smmu_enable() alone waits for an SMMU without
 * it, so that flushes go on. Spec: IHI 0070, Initialization and reset; STE.
 */
#include "smmuv3/ats.h"
#include "smmuv3/target.h"

#include <shadow/platform.h>

#include "engine/assert.h"
#include "engine/trace.h"
#include "smmuv3/list.h"

#define POOL_ALIGN (UINT64_C(1) << 21)
#define POOL_ROUNDS 8u
#define OAS_48_BITS 5u
#define OAS_52_BITS 6u

static bool config_legal(const struct shadow_smmu_target_config *config, struct pgtable_format *format)
{
	uint64_t top;

	if (format_init(format, &config->map, config->start, config->fwb))
		return false;
	/* What a descriptor can name. */
	top = UINT64_C(1) << (format->large ? 52 : 48);
	return config->bbml <= 2 && config->collapse <= SHADOW_COLLAPSE_NEVER && config->runs_max &&
	       config->region_count <= SHADOW_REGIONS_MAX && !(config->pool.base.addr & (POOL_ALIGN - 1)) &&
	       config->pool.base.addr <= top && config->pool.bytes <= top - config->pool.base.addr;
}

/* A run gives one span, two more where zones cut it or tables are touched at its ends. */
static size_t spans_capacity(const struct shadow_smmu_target_config *config)
{
	return 2 * (size_t)config->runs_max + 4 * (size_t)(config->map.memory_count + config->map.reserved_count) + 64;
}

/* Parts of the caller's memory. */
struct layout {
	size_t pages, regions, spans, dirty, bytes;
};

static struct layout layout_of(const struct shadow_smmu_target_config *config, const struct pgtable_format *format)
{
	struct layout layout = { .pages = sizeof(struct smmu_target) };

	layout.regions = layout.pages + (config->pool.bytes >> format->granule_lg2) * sizeof(struct pgtable_page);
	layout.spans = layout.regions + config->region_count * sizeof(struct shadow_region);
	layout.dirty = layout.spans + spans_capacity(config) * sizeof(struct tlbi_span);
	layout.bytes = layout.dirty + spans_capacity(config) * sizeof(struct tlbi_span);
	return layout;
}

size_t shadow_smmu_target_bytes(const struct shadow_smmu_target_config *config)
{
	struct pgtable_format format;

	return config_legal(config, &format) ? layout_of(config, &format).bytes : 0;
}

/* Queues and stream tables lie at the pool's end, each aligned to its size, in the order of attachment. The
 * pool's end is known to be aligned to POOL_ALIGN: a wider part may lie so much lower. */
static void carve(uint64_t *end, uint64_t bytes, uint64_t least)
{
	if (bytes < least)
		bytes = least;
	*end = (*end - bytes) & ~(bytes - 1);
	if (bytes > POOL_ALIGN)
		*end -= bytes - POOL_ALIGN;
}

uint64_t shadow_smmu_pool_bytes(const struct shadow_smmu_target_config *config, const struct shadow_smmu_config *smmu,
				unsigned smmu_count)
{
	uint64_t top = UINT64_C(1) << 62, end = top, bytes = 0, granule;
	struct pgtable_format format;

	if (format_init(&format, &config->map, config->start, config->fwb))
		return 0;
	granule = UINT64_C(1) << format.granule_lg2;
	for (unsigned i = 0; i < smmu_count; i++) {
		if (!smmu_sizes_valid(&smmu[i]))
			return 0;
		carve(&end, smmu_cmdq_bytes(&smmu[i]), granule);
		carve(&end, smmu_strtab_bytes(&smmu[i]), granule);
		if (smmu[i].sid_split)
			carve(&end, smmu_level2_bytes(&smmu[i]), granule);
		carve(&end, smmu_evtq_bytes(&smmu[i]), granule);
		if (smmu[i].ecmdq)
			carve(&end, smmu_ecmdq_bytes(&smmu[i], smmu[i].ecmdq), granule);
		if (smmu_queue_bytes(smmu[i].ecmdq, smmu_may_use_msi(&smmu[i])))
			carve(&end, smmu_queue_bytes(smmu[i].ecmdq, smmu_may_use_msi(&smmu[i])), granule);
	}
	/* A larger pool reserves more and cuts elsewhere, which makes a few tables' difference: it settles soon. */
	for (unsigned round = 0; round < POOL_ROUNDS; round++) {
		uint64_t need = top - end + (pgtable_tables_max(config, bytes) << format.granule_lg2);

		if (bytes && need <= bytes)
			break;
		bytes = (need + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1);
	}
	return bytes;
}

int shadow_smmu_target_init(void *memory, size_t bytes, const struct shadow_smmu_target_config *config,
			    struct shadow_target **target)
{
	struct smmu_target *made = memory;
	struct pgtable_format format;
	struct layout layout;
	char *base = memory;
	int error;

	if (!config_legal(config, &format) || (uintptr_t)memory & 63 ||
	    config->pool.bytes & ((UINT64_C(1) << format.granule_lg2) - 1))
		return -SHADOW_EINVAL;
	layout = layout_of(config, &format);
	if (bytes < layout.bytes)
		return -SHADOW_ENOMEM;
	made->config = *config;
	made->config.map.memory = made->config.map.reserved = NULL; /* the caller's, read by now */
	made->config.regions = NULL;
	made->spans = (struct tlbi_spans){ .span = (struct tlbi_span *)(base + layout.spans),
					   .capacity = (unsigned)spans_capacity(config) };
	error = pgtable_init(&made->pgtable, config, (struct pgtable_page *)(base + layout.pages),
			     (struct shadow_region *)(base + layout.regions), &made->spans);
	if (error)
		return error;
	made->pgtable.dirty = (struct tlbi_spans){ .span = (struct tlbi_span *)(base + layout.dirty),
						   .capacity = (unsigned)spans_capacity(config) };
	made->base.ops = &smmu_target_ops;
	made->base.ia_bits = config->map.ia_bits;
	made->base.granule_lg2 = format.granule_lg2;
	made->base.prepares = config->bbml == 1 || (config->bbml == 2 && config->contiguous);
	made->base.own = (struct shadow_range){ config->pool.base.addr, config->pool.base.addr + config->pool.bytes };
	*target = &made->base;
	return 0;
}

static int carve_memory(struct smmu_target *target, const struct shadow_smmu *smmu, struct smmu_memory *memory)
{
	const struct shadow_smmu_config *config = &smmu->config;
	uint64_t queue_bytes = smmu_queue_bytes(smmu->ecmdqs, smmu->completion == SHADOW_COMPLETION_MSI);

	memory->cmdq = pgtable_carve(&target->pgtable, smmu_cmdq_bytes(config), &memory->cmdq_pa);
	if (memory->cmdq)
		memory->strtab = pgtable_carve(&target->pgtable, smmu_strtab_bytes(config), &memory->strtab_pa);
	if (memory->strtab && config->sid_split)
		memory->level2 = pgtable_carve(&target->pgtable, smmu_level2_bytes(config), &memory->level2_pa);
	if (memory->strtab && (memory->level2 || !config->sid_split))
		memory->evtq = pgtable_carve(&target->pgtable, smmu_evtq_bytes(config), &memory->evtq_pa);
	if (memory->evtq && smmu->ecmdqs)
		memory->ecmdq = pgtable_carve(&target->pgtable, smmu_ecmdq_bytes(config, smmu->ecmdqs), &memory->ecmdq_pa);
	if (!memory->evtq || (smmu->ecmdqs && !memory->ecmdq))
		return -SHADOW_ENOMEM;
	if (queue_bytes)
		memory->queue = pgtable_carve(&target->pgtable, queue_bytes, &memory->queue_pa);
	return queue_bytes && !memory->queue ? -SHADOW_ENOMEM : 0;
}

static bool is_attached(const struct smmu_target *target, uintptr_t registers)
{
	for (unsigned i = 0; i < target_smmus(target); i++)
		if (target->smmu[i].config.registers == registers)
			return true;
	return false;
}

/* Output size below which a start level does not exist: concatenated tables a level lower do instead. */
static unsigned start_needs_oas(const struct pgtable_format *format)
{
	int level = format_level(format->start);

	if (format->granule_lg2 == 12)
		return level <= 0 ? 44 : 0;
	return level > 1 ? 0 : format->granule_lg2 == 14 ? 42 : 44;
}

/* An input size or a table beyond its output size would make every entry illegal. Tables that are in use were never
 * cleaned if all SMMUs so far look into caches. */
static enum shadow_smmu_refusal refuse_target(const struct smmu_target *target, const struct shadow_smmu *smmu)
{
	unsigned bits = smmu_oas_bits(smmu->oas);
	uint64_t space = UINT64_C(1) << bits;

	if (target->config.vmid > 0xff && !smmu->vmid16)
		return SHADOW_REFUSAL_VMID;
	if (!(space >> target->config.map.ia_bits) || target->base.own.end > space ||
	    bits < start_needs_oas(&target->pgtable.format))
		return SHADOW_REFUSAL_OUTPUT_SIZE;
	if (target->live && !smmu->coherent && target->pgtable.coherent)
		return SHADOW_REFUSAL_COHERENCE;
	return SHADOW_REFUSAL_NONE;
}

static struct smmu_needs needs_of(const struct smmu_target *target)
{
	return (struct smmu_needs){ .bbml = target->config.bbml,
				    .granule_lg2 = target->pgtable.format.granule_lg2,
				    .fwb = target->config.fwb,
				    .large = target->pgtable.format.large };
}

/* Once tables are in use, their memory for good: all that is promised must still fit, or nothing is taken. */
static int carve_live(struct smmu_target *target, const struct shadow_smmu *smmu, struct smmu_memory *memory)
{
	struct pgtable *pgtable = &target->pgtable;
	uint32_t limit = pgtable->limit;
	int error;

	/* Between flushes nothing is promised that could not be asked for again. */
	if (target->base.keeps) {
		target->base.keeps = false;
		pgtable_release(pgtable);
	}
	error = carve_memory(target, smmu, memory);

	if (!error && pgtable->live + pgtable->unlinked + pgtable->reserved > pgtable->limit)
		error = -SHADOW_ENOMEM;
	if (error && target->live)
		pgtable->limit = limit;
	return error;
}

/* What it is, and whether it serves. Return: 0; -SHADOW_EINVAL, -SHADOW_ENODEV, and @refusal says why. */
static int probe(const struct smmu_target *target, struct shadow_smmu *smmu, const struct shadow_smmu_config *config,
		 enum shadow_smmu_refusal *refusal)
{
	struct smmu_needs needs = needs_of(target);
	int error = smmu_probe(smmu, config, &needs, target_smmus(target));

	if (error == -SHADOW_EINVAL)
		*refusal = SHADOW_REFUSAL_CONFIG;
	else
		*refusal = smmu->refusal ? smmu->refusal : refuse_target(target, smmu);
	return *refusal && !error ? -SHADOW_ENODEV : error;
}

int shadow_smmu_attach(struct shadow_target *target, const struct shadow_smmu_config *config,
		       struct shadow_smmu **smmu)
{
	struct smmu_target *smmus = smmu_target_of(target);
	unsigned count = target_smmus(smmus);
	struct shadow_smmu *made = &smmus->smmu[count];
	struct smmu_memory memory = { 0 };
	int error;

	smmus->refusal = SHADOW_REFUSAL_NONE;
	if (is_attached(smmus, config->registers))
		return -SHADOW_EBUSY;
	if (count == SHADOW_SMMUS_MAX)
		return -SHADOW_ENOSPC;
	error = probe(smmus, made, config, &smmus->refusal);
	if (error)
		return error;
	error = carve_live(smmus, made, &memory);
	if (error)
		smmus->refusal = SHADOW_REFUSAL_POOL;
	if (!error)
		error = smmu_set_memory(made, &memory, &target->completing);
	if (!error && !smmus->live)
		error = smmu_start(made, NULL);
	if (error)
		return error;
	made->target = target;
	list_init(smmus, made);
	smmus->pgtable.coherent &= made->coherent;
	/* [P1] All of it before it is counted. Pairs with target_smmus(). Observer: CPU. */
	store_release_u32(&smmus->smmu_count, count + 1);
	*smmu = made;
	return 0;
}

enum shadow_smmu_refusal shadow_smmu_refusal(const struct shadow_target *target)
{
	return ((const struct smmu_target *)target)->refusal;
}

/* The entry that lets a stream use the target's table. */
static struct smmu_ste stream_entry(const struct target_stream *stream)
{
	const struct shadow_smmu *smmu = stream->smmu;
	const struct smmu_target *target = smmu_target_of(smmu->target);
	const struct pgtable_format *format = &target->pgtable.format;
	unsigned most = format->large ? OAS_52_BITS : OAS_48_BITS;
	struct smmu_stage2 stage2 = {
		.ttb = target->config.pool.base.addr,
		.granule_lg2 = format->granule_lg2,
		.ia_bits = format->ia_bits,
		.start_level = format_level(format->start),
		.ps = smmu->oas < most ? smmu->oas : most,
		.fwb = target->config.fwb,
		.ds = format->large && format->granule_lg2 != 16,
		.coherent = smmu->coherent,
		.vmid = target->config.vmid,
		.ats = stream->ats,
	};

	return smmu->config.nested ? smmu_ste_nested(stage2, stream->stage1) : smmu_ste_s2(stage2);
}

static bool stream_aborts(const struct target_stream *stream)
{
	return stream_get(stream->smmu, stream->sid).word[0] == smmu_ste_abort().word[0];
}

/* A device that may keep translations keeps none when it is let in, and is known from its first chance to ask on. */
static int stream_enable(const struct target_stream *stream)
{
	struct smmu_ste ste = stream_entry(stream);
	int error = 0;

	if (stream->ats && !stream_aborts(stream))
		error = stream_abort(stream->smmu, stream->sid);
	if (stream->ats && !error)
		error = ats_empty(stream->smmu, stream->sid);
	if (error)
		return error;
	error = stream_set(stream->smmu, stream->sid, &ste);
	if (stream->ats && !stream_aborts(stream))
		ats_add(stream->smmu, stream->sid);
	return error;
}

/* On an SMMU in use. Nothing completes on a queue that has failed: whoever finds that out shuts its SMMU. */
static int stream_let_in(const struct target_stream *stream)
{
	int error = stream_enable(stream);

	if (error && load_acquire_u32(&stream->smmu->cmdq.failed))
		(void)smmu_close(stream->smmu);
	return error;
}

/* Once more would be through abort, under the device's feet; but one that was shut out may try again. */
static int stream_again(const struct target_stream *stream, bool ats)
{
	if (!ats || !stream->ats || !smmu_target_of(stream->smmu->target)->live || smmu_is_shut(stream->smmu) ||
	    !stream_aborts(stream))
		return -SHADOW_EBUSY;
	return stream_let_in(stream);
}

/* One that was made to abort comes back as if it were new. Its SMMU is read without the host lock, see streams_fill(). */
static int stream_back(struct target_stream *stream, const struct target_stream *again)
{
	bool now = smmu_target_of(stream->smmu->target)->live && !smmu_is_off(stream->smmu);
	int error = now ? stream_let_in(again) : 0;

	if (error)
		return error;
	stream->stage1 = again->stage1;
	stream->ats = again->ats;
	stream->out = false;
	return 0;
}

static int stream_add(struct shadow_smmu *smmu, uint32_t sid, struct smmu_stage1 stage1, bool ats)
{
	struct smmu_target *target = smmu_target_of(smmu->target);
	struct target_stream stream = { smmu, sid, stage1, ats, false };
	uint32_t count = load_relaxed_u32(&target->stream_count);
	int error;

	if (ats && !smmu->ats)
		return -SHADOW_ENODEV;
	if (!stream_exists(smmu, sid))
		return -SHADOW_EINVAL;
	for (unsigned i = 0; i < count; i++)
		if (target->stream[i].smmu == smmu && target->stream[i].sid == sid)
			return target->stream[i].out ? stream_back(&target->stream[i], &stream) :
						       stream_again(&target->stream[i], ats);
	if (count == SHADOW_STREAMS_MAX)
		return -SHADOW_ENOSPC;
	error = stream_reserve(smmu, sid);
	if (!error && target->live && !smmu_is_off(smmu))
		error = stream_let_in(&stream);
	if (error)
		return error;
	target->stream[count] = stream;
	/* [P1] The entry before its number. Pairs with streams_fill(). Observer: CPU. */
	store_release_u32(&target->stream_count, count + 1);
	return 0;
}

int shadow_smmu_stream(struct shadow_smmu *smmu, uint32_t sid)
{
	return stream_add(smmu, sid, (struct smmu_stage1){ { 0 } }, false);
}

int shadow_smmu_stream_nested(struct shadow_smmu *smmu, uint32_t sid, const uint64_t stage1[2])
{
	if (!smmu->config.nested)
		return -SHADOW_EINVAL;
	return stream_add(smmu, sid, (struct smmu_stage1){ { stage1[0], stage1[1] } }, false);
}

int shadow_smmu_stream_ats(struct shadow_smmu *smmu, uint32_t sid, const uint64_t stage1[2])
{
	if (smmu->config.nested != (stage1 != NULL))
		return -SHADOW_EINVAL;
	return stream_add(smmu, sid, (struct smmu_stage1){ { stage1 ? stage1[0] : 0, stage1 ? stage1[1] : 0 } }, true);
}

/* A device that did not confirm when it was to be let in is no failure of its SMMU: it stays out. */
static bool device_stays_out(const struct target_stream *stream)
{
	return stream->ats && stream_aborts(stream) && !load_relaxed_u32(&stream->smmu->cmdq.failed);
}

/* Put the entry of a stream of whose device it is to be known what it keeps in force. An SMMU that does not follow may use
 * it or not: it is shut, and the others go on. Return: 0; what went wrong with the SMMU, which is shut then. */
static int stream_start_ats(const struct target_stream *stream)
{
	int error = smmu_is_shut(stream->smmu) || stream->out ? 0 : stream_enable(stream);

	if (error == -SHADOW_EIO && device_stays_out(stream)) {
		trace_report(PLATFORM_REPORT_STREAM_ABORTED, stream->smmu->number, stream->sid);
		return 0;
	}
	if (error)
		(void)smmu_close(stream->smmu);
	return error;
}

/* Entries of all streams of an SMMU at once: two waits, however many they are. */
static int streams_enable(struct smmu_target *target, struct shadow_smmu *smmu)
{
	uint32_t count = load_relaxed_u32(&target->stream_count);
	int error = 0;

	for (unsigned phase = 0; phase < 2 && !error; phase++) {
		bool any = false;

		for (uint32_t i = 0; i < count; i++) {
			const struct target_stream *stream = &target->stream[i];
			const struct smmu_ste ste = stream_entry(stream);

			if (stream->smmu != smmu || stream->ats || stream->out)
				continue;
			if (phase)
				stream_store_used(smmu, stream->sid, &ste);
			else
				stream_store_unused(smmu, stream->sid, &ste);
			any = true;
		}
		error = any ? stream_forget(smmu) : 0;
	}
	return error;
}

/* The same for all other streams of an SMMU. */
static int streams_start(struct smmu_target *target, struct shadow_smmu *smmu)
{
	int error = smmu_is_shut(smmu) ? 0 : streams_enable(target, smmu);

	if (error)
		(void)smmu_close(smmu);
	return error;
}

/* Is there one that translates, or will be, and none that nobody knows of what it does? */
static bool target_serves(const struct smmu_target *target)
{
	bool serves = false;

	for (unsigned i = 0; i < target_smmus(target); i++) {
		if (load_relaxed_u32(&target->smmu[i].isolation_lost))
			return false;
		serves |= !load_relaxed_u32(&target->smmu[i].closed);
	}
	return serves;
}

int target_enable(struct shadow_target *target)
{
	struct smmu_target *smmus = smmu_target_of(target);
	uint32_t count = load_relaxed_u32(&smmus->stream_count);
	int error = 0;

	pgtable_built(&smmus->pgtable);
	smmus->spans.count = 0;	       /* nothing was reachable, so nothing is cached */
	smmus->spans.all = false;
	for (unsigned i = 0; i < target_smmus(smmus); i++) {
		int failed = streams_start(smmus, &smmus->smmu[i]);

		error = error ? error : failed;
	}
	for (unsigned i = 0; i < count; i++) {
		int failed = smmus->stream[i].ats ? stream_start_ats(&smmus->stream[i]) : 0;

		error = error ? error : failed;
	}
	if (error && target_serves(smmus))
		error = 0;
	/* An SMMU that does not say that it has dropped its copy of an entry may go on using it. */
	for (unsigned i = 0; i < count && error; i++)
		if (!smmu_is_shut(smmus->stream[i].smmu) && stream_abort(smmus->stream[i].smmu, smmus->stream[i].sid))
			(void)smmu_close(smmus->stream[i].smmu);
	smmus->live = !error;
	return error;
}

/* ---- off and on while flushes go on ------------------------------------------------------------------ */

/* Every stream that was let in before, as the SMMU is to find it; but not those whose devices may have kept
 * translations from before. */
static void streams_fill(struct shadow_smmu *smmu)
{
	const struct smmu_target *target = smmu_target_of(smmu->target);
	uint32_t count = load_acquire_u32(&target->stream_count);

	for (uint32_t i = 0; i < count; i++)
		if (target->stream[i].smmu == smmu && !target->stream[i].ats && !target->stream[i].out) {
			struct smmu_ste ste = stream_entry(&target->stream[i]);

			stream_place(smmu, target->stream[i].sid, &ste);
		}
}

int shadow_smmu_enable(struct shadow_smmu *smmu)
{
	if (!smmu_target_of(smmu->target)->live)
		return -SHADOW_EAGAIN;
	if (smmu_serves(smmu))
		return -SHADOW_EBUSY;
	if (load_acquire_u32(&smmu->isolation_lost))
		return -SHADOW_EIO;
	if (load_acquire_u32(&smmu->gone))
		return -SHADOW_ENODEV;
	/* Shut by a failure: a flush under way may have found it live. */
	if (!smmu_is_off(smmu))
		return -SHADOW_EAGAIN;
	return smmu_start(smmu, streams_fill);
}

int shadow_smmu_detach(struct shadow_smmu *smmu)
{
	const struct smmu_target *target = smmu_target_of(smmu->target);
	uint32_t count = load_relaxed_u32(&target->stream_count);

	shadow_assert(platform_host_lock_held());
	/* What is on its way is complete before the SMMU goes; should that fail, it is shut as whoever waits would do it. */
	for (uint32_t i = 0; i < count && !smmu_is_shut(smmu); i++)
		if (target->stream[i].smmu == smmu && stream_abort(smmu, target->stream[i].sid))
			(void)smmu_close(smmu);
	if (load_acquire_u32(&smmu->isolation_lost))
		return -SHADOW_EIO;
	return smmu_turn_off(smmu);
}

void shadow_smmu_ste(const struct shadow_smmu *smmu, uint32_t sid, uint64_t ste[8])
{
	struct smmu_ste entry = stream_get(smmu, sid);

	for (unsigned i = 0; i < 8; i++)
		ste[i] = entry.word[i];
}

static void add_queue(struct shadow_smmu_stats *stats, const struct cmdq *cmdq)
{
	stats->tlbi += cmdq->stats.tlbi;
	stats->cfgi += cmdq->stats.cfgi;
	stats->atc += cmdq->stats.atc;
	stats->syncs += cmdq->stats.syncs;
	stats->doorbells += cmdq->stats.doorbells;
	stats->commands_repaired += cmdq->repaired;
}

void shadow_smmu_stats(const struct shadow_smmu *smmu, struct shadow_smmu_stats *stats)
{
	*stats = (struct shadow_smmu_stats){
		.errata = smmu->errata,
		.ecmdq = smmu->ecmdqs,
		.completion = smmu->completion,
		.doorbells_extra = smmu->doorbells_extra,
		.events = smmu->events.taken,
		.events_unreported = smmu->events.unreported,
		.events_lost = smmu->events.lost,
		.closed = load_acquire_u32(&smmu->closed),
		.isolation_lost = load_acquire_u32(&smmu->isolation_lost),
		.failure = (enum shadow_smmu_failure)load_acquire_u32(&smmu->cmdq.failed),
	};
	add_queue(stats, &smmu->cmdq);
	for (unsigned i = 0; i < smmu->ecmdqs; i++)
		add_queue(stats, &smmu->ecmdq[i]);
}

void shadow_smmu_table_stats(const struct shadow_target *target, struct shadow_table_stats *stats)
{
	const struct pgtable *pgtable = &((const struct smmu_target *)target)->pgtable;

	unsigned granule_lg2 = pgtable->format.granule_lg2;

	*stats = pgtable->stats;
	stats->bytes_live = (uint64_t)pgtable->live << granule_lg2;
	stats->bytes_retired = (uint64_t)pgtable->unlinked << granule_lg2;
	/* What is left of the last batch's promise is nobody's until it is asked for again. */
	stats->bytes_reserved = target->keeps ? 0 : (uint64_t)pgtable->reserved << granule_lg2;
	stats->bytes_peak = (uint64_t)pgtable->peak << granule_lg2;
}
