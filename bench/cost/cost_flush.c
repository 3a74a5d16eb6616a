/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_flush.c - the commands of one flush, built and published by the core's own code, in a way that is asked for.
 *
 * A part of one object with a core of its own, since it reaches below the public interface: a target with SMMUs, as
 * publish_commands() of target.c has it, but with spans from outside. What each strategy sets on every SMMU:
 *   page     no ranges; the whole VMID costs more than any list
 *   exact    a leaf that goes though it need not costs as much as can be said, so nothing is rounded or bridged
 *   bridged  the parameters given, but for the whole VMID, as with page
 *   vmid     the spans did not fit
 *   planned  the parameters given
 *   range    leaves that go though they need not cost nothing, but the plan's wall is put up, so that no gap is bridged.
 *            The list is then written here as list.c does it: SYNC, and NH_ALL, SYNC for nested streams. So are long
 *            bridged lists, in pieces that cost less than the most that the whole VMID can be said to cost
 */
#include "bench/cost/cost_flush.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <shadow/error.h>

#include "bench/cost/cost_ring.h"
#include "engine/order.h"
#include "engine/platform/linux.h"
#include "smmuv3/list.h"

#define POOL_BASE    (UINT64_C(1) << 45)
#define POOL_LG2     32u	       /* from one to the next: several may be open */
#define MEMORY_BYTES (UINT64_C(1) << 21)
#define EVTQ_LG2     4u
#define SID_BITS     4u
#define WAIT_NS	     UINT64_C(1000000000)
#define ALIGNMENT    64u

struct cost_flush {
	struct cost_flush_config config;
	enum cost_strategy strategy;
	struct smmu_target *target;
	void *memory;
	struct shadow_pool pool;
	struct shadow_range range;
	struct instant *device;
	struct tlbi_span *span;
	unsigned count, capacity;
	const struct cost_listener *listener;
	uint32_t *seen;		       /* PROD of each SMMU, as its listener has heard of it */
};

static const struct {
	const char *name;
	bool needs_ranges;
} strategies[COST_STRATEGIES] = {
	[COST_PAGE] = { "page", false },     [COST_RANGE] = { "range", true }, [COST_EXACT] = { "exact", true },
	[COST_BRIDGED] = { "bridged", true }, [COST_VMID] = { "vmid", false },  [COST_PLANNED] = { "planned", false },
};

const char *cost_strategy_name(enum cost_strategy strategy)
{
	return strategies[strategy].name;
}

bool cost_strategy_needs_ranges(enum cost_strategy strategy)
{
	return strategies[strategy].needs_ranges;
}

/* ---- set up ------------------------------------------------------------------------------------------------------ */

static int attach(struct cost_flush *flush, struct shadow_target *target)
{
	int error = 0;

	for (unsigned i = 0; i < flush->config.smmus && !error; i++) {
		struct shadow_smmu_config config = { .cmdq_lg2 = COST_CMDQ_LG2,
						     .evtq_lg2 = EVTQ_LG2,
						     .sid_bits = SID_BITS,
						     .nested = flush->config.nested,
						     .wait_ns = WAIT_NS };
		struct shadow_smmu *smmu;

		if (instant_add(&flush->device[i], flush->config.ril, flush->config.nested))
			return -SHADOW_ENOSPC;
		flush->device[i].number = i;
		flush->device[i].ctx = flush;
		config.registers = flush->device[i].registers;
		error = shadow_smmu_attach(target, &config, &smmu);
	}
	return error;
}

static struct shadow_smmu_target_config target_config(struct cost_flush *flush)
{
	return (struct shadow_smmu_target_config){
		.map = { .ia_bits = COST_IA_BITS, .memory = &flush->range, .memory_count = 1 },
		.bbml = 2,
		.vmid = COST_FLUSH_VMID,
		.pool = flush->pool,
		.runs_max = 1,
	};
}

static int open_target(struct cost_flush *flush)
{
	struct shadow_smmu_target_config config = target_config(flush);
	struct shadow_smmu_config ring = { .cmdq_lg2 = COST_CMDQ_LG2, .evtq_lg2 = EVTQ_LG2, .sid_bits = SID_BITS,
					   .nested = flush->config.nested, .wait_ns = WAIT_NS };
	struct shadow_smmu_config *rings = calloc(flush->config.smmus, sizeof(*rings));
	struct shadow_target *target;
	size_t bytes;
	int error;

	if (!rings)
		return -SHADOW_ENOMEM;
	for (unsigned i = 0; i < flush->config.smmus; i++)
		rings[i] = ring;
	flush->pool.bytes = shadow_smmu_pool_bytes(&config, rings, flush->config.smmus);
	free(rings);
	flush->pool.virt = platform_linux_alloc(flush->pool.bytes, 1 << 21);
	config.pool = flush->pool;
	bytes = shadow_smmu_target_bytes(&config);
	flush->memory = bytes ? aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT) : NULL;
	if (!flush->pool.virt || !flush->memory)
		return -SHADOW_ENOMEM;
	memset(flush->memory, 0, bytes);
	error = platform_linux_add_memory(flush->pool.base, flush->pool.virt, flush->pool.bytes);
	if (!error)
		error = shadow_smmu_target_init(flush->memory, bytes, &config, &target);
	if (error)
		return error;
	flush->target = smmu_target_of(target);
	return attach(flush, target);
}

int cost_flush_open(struct cost_flush **opened, const struct cost_flush_config *config)
{
	static unsigned number;
	struct cost_flush *flush = calloc(1, sizeof(*flush));
	int error;

	if (!flush)
		return -SHADOW_ENOMEM;
	flush->config = *config;
	flush->range = (struct shadow_range){ 0, MEMORY_BYTES };
	flush->pool.base.addr = POOL_BASE + ((uint64_t)number++ << POOL_LG2);
	flush->device = calloc(config->smmus, sizeof(*flush->device));
	flush->seen = calloc(config->smmus, sizeof(*flush->seen));
	platform_linux_set_host_lock(true);
	error = flush->device && flush->seen ? open_target(flush) : -SHADOW_ENOMEM;
	if (error) {
		cost_flush_close(flush);
		return error;
	}
	cost_flush_use(flush, COST_PLANNED, &(struct shadow_tlbi_cost){ 0 });
	*opened = flush;
	return 0;
}

void cost_flush_close(struct cost_flush *flush)
{
	if (!flush)
		return;
	for (unsigned i = 0; flush->device && i < flush->config.smmus; i++)
		instant_remove(&flush->device[i]);
	if (flush->pool.virt) {
		platform_linux_remove_memory(flush->pool.base);
		platform_linux_free(flush->pool.virt, flush->pool.bytes);
	}
	free(flush->memory);
	free(flush->device);
	free(flush->seen);
	free(flush->span);
	free(flush);
}

/* ---- strategies -------------------------------------------------------------------------------------------------- */

static struct shadow_tlbi_cost cost_of(enum cost_strategy strategy, const struct shadow_tlbi_cost *given)
{
	struct shadow_tlbi_cost cost = tlbi_cost(given);

	switch (strategy) {
	case COST_PAGE:
	case COST_RANGE:
		return (struct shadow_tlbi_cost){ .command = 1, .vmid = SHADOW_TLBI_COST_MAX, .share = 16 };
	case COST_EXACT:
		return (struct shadow_tlbi_cost){ .command = 1, .entry = SHADOW_TLBI_COST_MAX,
						  .table = SHADOW_TLBI_COST_MAX, .vmid = SHADOW_TLBI_COST_MAX,
						  .share = SHADOW_TLBI_COST_MAX };
	case COST_BRIDGED:
		/* Nested, this is weighed against what a list has behind it as well. */
		cost.sync = 0;
		cost.vmid = SHADOW_TLBI_COST_MAX;
		return cost;
	default:
		return cost;
	}
}

void cost_flush_use(struct cost_flush *flush, enum cost_strategy strategy, const struct shadow_tlbi_cost *given)
{
	flush->strategy = strategy;
	for (unsigned i = 0; i < flush->config.smmus; i++) {
		struct shadow_smmu *smmu = &flush->target->smmu[i];

		smmu->ril = flush->config.ril && strategy != COST_PAGE;
		smmu->config.cost = cost_of(strategy, given);
	}
}

struct shadow_tlbi_cost cost_flush_cost(const struct shadow_tlbi_cost *cost)
{
	return tlbi_cost(cost);
}

int cost_flush_load(struct cost_flush *flush, const struct cost_span *span, size_t count)
{
	if (count > flush->capacity) {
		struct tlbi_span *grown = realloc(flush->span, count * sizeof(*grown));

		if (!grown)
			return -SHADOW_ENOMEM;
		flush->span = grown;
		flush->capacity = (unsigned)count;
	}
	for (size_t i = 0; i < count; i++)
		flush->span[i] = (struct tlbi_span){ .start = span[i].start, .end = span[i].end,
						     .level = span[i].level, .leaf = span[i].leaf };
	flush->count = (unsigned)count;
	return 0;
}

/* ---- a flush ----------------------------------------------------------------------------------------------------- */

static int write_one(struct cmdq *cmdq, struct smmu_cmd cmd)
{
	int error = 0;

	if (cmdq_room(cmdq) < 2) {
		cmdq_publish(cmdq);
		error = cmdq_wait_room(cmdq, 2, WAIT_NS);
	}
	if (!error)
		cmdq_write(cmdq, cmd);
	return error;
}

static int write_sync(struct cmdq *cmdq)
{
	int error = cmdq_room(cmdq) ? 0 : cmdq_wait_room(cmdq, 1, WAIT_NS);

	if (!error)
		(void)cmdq_write_sync(cmdq);
	return error;
}

/* What of a plan is single pages, straight into the ring, as list.c does it. */
static void write_pages(struct cmdq *cmdq, struct tlbi_plan *plan)
{
	uint64_t room = cmdq_room(cmdq);

	if (room > 1)
		cmdq_wrote_tlbi(cmdq, tlbi_plan_pages(plan, cmdq_slot(cmdq), cmdq_slots(cmdq, room - 1)));
}

static int write_plan(struct cmdq *cmdq, struct tlbi_plan *plan)
{
	struct smmu_cmd cmd;
	int error = 0;

	do {
		write_pages(cmdq, plan);
		if (!tlbi_plan_left(plan) || !tlbi_plan_next(plan, &cmd))
			break;
		error = write_one(cmdq, cmd);
	} while (!error);
	return error;
}

/* As list_write(), but planned @piece spans at a time. @bridges: may gaps be bridged? */
static int write_pieces(struct smmu_target *target, struct shadow_smmu *smmu, unsigned piece, bool bridges)
{
	const struct tlbi_format format = { .ril = smmu->ril, .nested = smmu->config.nested,
					    .granule_lg2 = target->pgtable.format.granule_lg2,
					    .ia_bits = target->pgtable.format.ia_bits,
					    .vmid = target->config.vmid, .cost = smmu->config.cost };
	struct cmdq *cmdq = smmu_queue_of(smmu, 0);
	int error = 0;

	for (unsigned i = 0, left = target->spans.count; left && !error; i += piece, left -= piece) {
		piece = piece < left ? piece : left;
		tlbi_plan_init(&target->plan,
			       &(struct tlbi_spans){ .span = &target->spans.span[i], .count = piece, .capacity = piece },
			       &format);
		target->plan.wall = bridges ? target->plan.wall : 0;
		error = write_plan(cmdq, &target->plan);
	}
	if (!error)
		error = write_sync(cmdq);
	if (!error && smmu->config.nested) {
		error = write_one(cmdq, smmu_cmd_tlbi_nh_all(target->config.vmid));
		if (!error)
			error = write_sync(cmdq);
	}
	return error;
}

/* So many spans, which take two ranges at most, cost less than the whole VMID can. */
static unsigned bridged_at_once(const struct shadow_smmu *smmu)
{
	unsigned spans = SHADOW_TLBI_COST_MAX / (4 * smmu->config.cost.command);

	return spans ? spans : 1;
}

static int write_list(struct cost_flush *flush, unsigned number)
{
	struct smmu_target *target = flush->target;
	struct shadow_smmu *smmu = &target->smmu[number];
	uint64_t position;
	int error;

	if (flush->strategy == COST_RANGE)
		return write_pieces(target, smmu, target->spans.count, false);
	if (flush->strategy == COST_BRIDGED && target->spans.count > bridged_at_once(smmu))
		return write_pieces(target, smmu, bridged_at_once(smmu), true);
	error = list_write(target, smmu, 0, &position);
	if (!error && target->plan.whole_vmid && flush->strategy < COST_VMID)
		return -SHADOW_EOPNOTSUPP; /* not what was asked for */
	return error;
}

static int publish(struct cost_flush *flush)
{
	struct smmu_target *target = flush->target;
	int error = 0;

	target->spans.span = flush->span;
	target->spans.count = flush->count;
	target->spans.capacity = flush->count;
	target->spans.all = flush->strategy == COST_VMID;
	tlbi_spans_close(&target->spans);
	for (unsigned i = 0; i < flush->config.smmus && !error; i++)
		error = write_list(flush, i);
	for (unsigned i = 0; i < flush->config.smmus; i++)
		cmdq_publish(smmu_queue_of(&target->smmu[i], 0));
	return error;
}

static int wait_all(struct cost_flush *flush)
{
	int error = 0;

	for (unsigned i = 0; i < flush->config.smmus && !error; i++)
		error = smmu_wait_idle(&flush->target->smmu[i]);
	return error;
}

/* A doorbell: the commands from where the last one ended. */
static void hear(void *ctx, unsigned number, enum instant_event event, uint32_t value)
{
	struct cost_flush *flush = ctx;
	const struct cost_listener *listener = flush->listener;

	if (event != INSTANT_DOORBELL)
		return;
	listener->doorbell(listener->ctx, number);
	cost_ring_each(&flush->device[number], COST_CMDQ_LG2, &flush->seen[number], value, listener->command, listener->ctx);
}

int cost_flush_run(struct cost_flush *flush, const struct cost_listener *listener)
{
	int error;

	flush->listener = listener;
	for (unsigned i = 0; i < flush->config.smmus; i++) {
		flush->seen[i] = (uint32_t)flush->target->smmu[i].cmdq.written & cost_ring_mask(COST_CMDQ_LG2);
		flush->device[i].listen = hear;
	}
	error = publish(flush);
	for (unsigned i = 0; i < flush->config.smmus; i++)
		flush->device[i].listen = NULL;
	return error ? error : wait_all(flush);
}

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int cost_flush_time(struct cost_flush *flush, unsigned times, double *ns)
{
	double start = now_ns();
	int error = 0;

	for (unsigned i = 0; i < times && !error; i++)
		error = publish(flush);
	*ns = (now_ns() - start) / times;
	return error ? error : wait_all(flush);
}
