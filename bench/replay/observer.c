/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * observer.c - the observed pass: hooks, devices, log, verification, counting and modelled latency together.
 */
#include "bench/replay/observer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/common/message.h"
#include "bench/replay/logfile.h"
#include "bench/replay/observed.h"
#include "engine/platform/linux.h"

#define STEPS_PER_RELAX	  32u /* at most; the model is slow on purpose */
#define NS_PER_RELAX	  1000u
#define STORES_PER_EVICT  8u
#define SEED		  UINT64_C(0x5332534841444f57)
#define OPCODE_FIRST_TLBI 0x10u
#define OPCODE_LAST_TLBI  0x30u
#define OPCODE_SYNC	  0x46u

static uint64_t next_random(struct observer *observer)
{
	observer->random = observer->random * UINT64_C(6364136223846793005) + 1;
	return observer->random >> 33;
}

/* ---- memory behind the caches -------------------------------------------------------------------------- */

static const void *cache_read(void *ctx, uint64_t pa, size_t bytes)
{
	struct observer *observer = ctx;
	const struct shadow_pool *pool = &observer->world->policy.pool;
	const void *live = observer->world->model.memory.read(observer->world, pa, bytes);

	return live ? (const char *)model_cache_view(observer->cache) + (pa - pool->base.addr) : NULL;
}

static void *cache_write(void *ctx, uint64_t pa, size_t bytes)
{
	return (void *)(uintptr_t)cache_read(ctx, pa, bytes);
}

static void cleaned(void *ctx, const void *start, size_t bytes)
{
	struct observer *observer = ctx;
	uint64_t pa = world_pool_pa(observer->world, start);

	if (pa != WORLD_PA_NONE)
		model_cache_clean(observer->cache, pa - observer->world->policy.pool.base.addr, bytes);
}

/* A cache may write a line back at any time: here some of those stored into, at once. The search for a line
 * that is dirty begins at that one. */
static void evict(struct observer *observer, uint64_t pa)
{
	if (observer->cache && next_random(observer) % STORES_PER_EVICT == 0)
		model_cache_evict(observer->cache,
				  (pa - observer->world->policy.pool.base.addr) / MODEL_CACHE_LINE);
}

struct model_config observer_model_config(struct observer *observer)
{
	struct model_config config = observer->world->model;

	if (observer->cache) {
		config.cohacc = false;
		config.memory =
			(struct model_memory){ .ctx = observer, .read = cache_read, .write = cache_write };
	}
	return config;
}

/* ---- what the devices and the core tell ---------------------------------------------------------------- */

/* Called by the observed core after each descriptor store. */
static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	struct observer *observer = ctx;
	uint64_t pa = world_pool_pa(observer->world, where);

	if (pa == WORLD_PA_NONE)
		return;
	observer->counts.table_writes++;
	logfile_write(observer->log, pa, value);
	for (unsigned i = 0; i < observer->smmu_count; i++)
		model_observe_store(observer->model[i], pa, old_value, value);
	evict(observer, pa);
	if (observer->playing && observer->verifies)
		verify_between(&observer->verify);
}

/* Bring-up is in none. */
static struct timeline *timeline_of(const struct observer *observer)
{
	return observer->playing ? observer->timeline : NULL;
}

static void command(void *ctx, unsigned smmu, uint64_t position, uint64_t word0, uint64_t word1)
{
	struct observer *observer = ctx;
	unsigned opcode = (unsigned)(word0 & 0xff);

	logfile_command(observer->log, smmu, position, word0, word1);
	if (opcode >= OPCODE_FIRST_TLBI && opcode <= OPCODE_LAST_TLBI) {
		observer->counts.tlbi++;
		if (timeline_of(observer))
			timeline_command(observer->timeline, smmu);
	}
	if (opcode == OPCODE_SYNC) {
		uint64_t end_ns;

		observer->counts.syncs++;
		end_ns = latency_sync_published(&observer->latency, smmu);
		if (timeline_of(observer))
			timeline_sync(observer->timeline, smmu, end_ns - observer->latency.sync_ns, end_ns);
	}
}

static void doorbell(void *ctx, unsigned smmu, uint64_t position)
{
	struct observer *observer = ctx;

	logfile_doorbell(observer->log, smmu, position);
	observer->counts.doorbells++;
	if (timeline_of(observer))
		timeline_doorbell(observer->timeline, smmu, observer->latency.clock_ns, position);
	if (observer->cache)
		model_cache_doorbell(observer->cache);
}

static void sync_seen(void *ctx, unsigned smmu, uint64_t position)
{
	struct observer *observer = ctx;

	logfile_sync(observer->log, smmu, position);
	latency_sync_seen(&observer->latency, smmu);
}

static void violated(void *ctx, const struct model_violation *violation)
{
	struct observer *observer = ctx;

	observer->violations++;
	message("%s: %s at %" PRIx64 " (%" PRIx64 " -> %" PRIx64 ") after seq %" PRIu64 ": %s",
		model_rule_name(violation->rule), violation->what, violation->pa, violation->old_value,
		violation->new_value, observer->taken_seq, observer->ops->name);
}

static void reported(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	struct observer *observer = ctx;

	switch (what) {
	case PLATFORM_REPORT_RESERVED:
		observer->reserved_attempts++; /* what --reserve is for: refused, and no error */
		return;
	case PLATFORM_REPORT_ACCESS_UNKNOWN:
		message("unknown access bits %" PRIx64 " at %" PRIx64 ": %s", b, a, observer->ops->name);
		break;
	case PLATFORM_REPORT_COMMAND_ERROR:
		message("SMMU %" PRIu64 " refused a command with error %" PRIu64 " after seq %" PRIu64 ": %s",
			a, b, observer->taken_seq, observer->ops->name);
		break;
	case PLATFORM_REPORT_STREAM_ABORTED:
		message("SMMU %" PRIu64 " aborts stream %" PRIx64 " after seq %" PRIu64 ": %s", a, b,
			observer->taken_seq, observer->ops->name);
		break;
	case PLATFORM_REPORT_SMMU_CLOSED:
	case PLATFORM_REPORT_ISOLATION_LOST:
	case PLATFORM_REPORT_SMMU_RESET:
		message("SMMU %" PRIu64 " failed with GERROR %" PRIx64 " after seq %" PRIu64 ": %s", a, b,
			observer->taken_seq, observer->ops->name);
		break;
	case PLATFORM_REPORT_EVENT:
	case PLATFORM_REPORT_EVENTS_LOST:
		return; /* --verify makes accesses that must fail */
	}
	observer->device_errors++;
}

/* Waits are bounded in the devices' time, not in this machine's, which may be busy with something else. */
static uint64_t virtual_time_ns(void *ctx)
{
	struct observer *observer = ctx;

	return observer->virtual_ns++;
}

/* The driver waits: the devices make some steps, and not all the same number. */
static void relax(void *ctx)
{
	struct observer *observer = ctx;

	observer->virtual_ns += NS_PER_RELAX;
	for (unsigned i = 0; i < observer->smmu_count; i++) {
		unsigned steps;

		steps = 1 + (unsigned)next_random(observer) % STEPS_PER_RELAX;
		while (steps-- && model_step(observer->model[i]))
			;
		/* Once it has taken commands, it has been shut. */
		if (observer->verifies && !observer->playing && observer->device[i].published)
			verify_early(&observer->verify, i);
	}
	if (observer->verifies && observer->playing)
		verify_between(&observer->verify);
}

/* ---- steps of the replay ------------------------------------------------------------------------------- */

static uint64_t record_time(const struct observer *observer, const struct op *op)
{
	return observer->trace->records[op->record].time_ns + op->late_ns;
}

/* When the completion of @op, or of what it forces, is triggered. */
static uint64_t trigger_time(const struct observer *observer, const struct op *op)
{
	return op->kind == OP_FLUSH ? op->page : record_time(observer, op);
}

static int pending_add(struct observer *observer, const struct op *op)
{
	if (observer->pending_count == observer->pending_capacity) {
		size_t capacity = observer->pending_capacity ? 2 * observer->pending_capacity : 64;
		const struct op **grown = realloc(observer->pending, capacity * sizeof(*grown));

		if (!grown)
			return -SHADOW_ENOMEM;
		observer->pending = grown;
		observer->pending_capacity = capacity;
	}
	observer->pending[observer->pending_count++] = op;
	return 0;
}

/* @op is in the host's order now. */
static int taken(struct observer *observer, const struct op *op)
{
	if (op->kind == OP_CONSENT) {
		logfile_consent(observer->log, op->page << trace_page_lg2(observer->trace),
				op->count << trace_page_lg2(observer->trace));
	} else {
		observer->taken_seq = observer->trace->records[op->record].seq;
		observer->any_taken = true;
		logfile_transition(observer->log, observer->taken_seq);
	}
	if (observer->verifies && verify_taken(&observer->verify, op))
		return -SHADOW_ENOMEM;
	return op->changes_access && op->kind == OP_TRANSITION ? pending_add(observer, op) : 0;
}

static int add_latencies(struct observer *observer, uint64_t trigger_ns)
{
	uint64_t end_ns = latency_end(&observer->latency, trigger_ns);

	if (timeline_of(observer) && observer->latency.seen)
		timeline_wait(observer->timeline, observer->cpu, observer->begin_ns, end_ns);
	for (size_t i = 0; i < observer->pending_count; i++) {
		const struct op *op = observer->pending[i];
		struct histogram *samples = op->new_state == TRACE_STATE_NOPAGE ? &observer->latency.revoke :
										  &observer->latency.grant;
		uint64_t start_ns = record_time(observer, op);

		if (histogram_add(samples, end_ns > start_ns ? end_ns - start_ns : 0))
			return -SHADOW_ENOMEM;
	}
	observer->pending_count = 0;
	return 0;
}

/* Everything taken in is in force: K, unless the last one said so. */
static int complete(struct observer *observer, uint64_t trigger_ns)
{
	int error;

	if (observer->any_taken &&
	    (!observer->any_complete || observer->complete_seq != observer->taken_seq)) {
		logfile_complete(observer->log, observer->taken_seq);
		observer->complete_seq = observer->taken_seq;
		observer->any_complete = true;
	}
	error = add_latencies(observer, trigger_ns);
	if (!error && observer->verifies && verify_complete(&observer->verify))
		error = -SHADOW_ENOMEM;
	return error;
}

static bool devices_idle(const struct observer *observer)
{
	for (unsigned i = 0; i < observer->smmu_count; i++)
		if (!device_model_idle(&observer->device[i]))
			return false;
	return true;
}

/* What only the policy knows, looked at after each step. */
static uint64_t flushes_forced(struct observer *observer)
{
	struct policy_stats stats;

	observer->ops->stats(observer->policy, &stats);
	if (observer->bytes_reserved_max < stats.tables.bytes_reserved)
		observer->bytes_reserved_max = stats.tables.bytes_reserved;
	return stats.flushes_forced;
}

static void begin(struct observer *observer, const struct op *op, uint64_t trigger_ns)
{
	latency_begin(&observer->latency, trigger_ns);
	observer->begin_ns = observer->latency.clock_ns;
	observer->cpu = op->cpu;
}

static int transition_before(void *ctx, const struct op *op)
{
	struct observer *observer = ctx;

	begin(observer, op, record_time(observer, op));
	if (observer->verifies)
		verify_before(&observer->verify, op);
	return observer->immediate ? taken(observer, op) : 0;
}

/* A policy that batches has taken @op in only now: what shadow_reserve() forced came before it. */
static int transition_after(void *ctx, const struct op *op)
{
	struct observer *observer = ctx;
	uint64_t forced;
	int error = 0;

	if (observer->immediate)
		return op->changes_access ? complete(observer, record_time(observer, op)) : 0;
	forced = flushes_forced(observer);
	if (forced != observer->flushes_forced && devices_idle(observer))
		error = complete(observer, record_time(observer, op));
	observer->flushes_forced = forced;
	return error ? error : taken(observer, op);
}

static int flush_before(void *ctx, const struct op *op)
{
	struct observer *observer = ctx;

	begin(observer, op, trigger_time(observer, op));
	return 0;
}

static int flush_after(void *ctx, const struct op *op)
{
	struct observer *observer = ctx;

	if (op->kind == OP_FLUSH && op->final && !observer->pending_count)
		return 0;
	return complete(observer, trigger_time(observer, op));
}

const struct runner_hooks observer_hooks = {
	.transition_before = transition_before,
	.transition_after = transition_after,
	.flush_before = flush_before,
	.flush_after = flush_after,
};

/* ---- life ---------------------------------------------------------------------------------------------- */

static int add_devices(struct observer *observer)
{
	struct model_config config = observer_model_config(observer);
	unsigned count = observer->world->policy.smmu_count;

	config.report_ctx = observer;
	config.report = violated;
	observer->device = calloc(count, sizeof(*observer->device));
	observer->model = calloc(count, sizeof(*observer->model));
	if (!observer->device || !observer->model)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		config.seed = SEED + i;
		if (device_model_add(&observer->device[i], i, &config, &observer->events))
			return -1;
		observer->smmu_count++;
		observer->model[i] = observer->device[i].model;
		observer->world->policy.smmu[i].registers = observer->device[i].registers;
	}
	return 0;
}

/* Between the CPU and devices that do not look into its caches. */
static int add_cache(struct observer *observer)
{
	const struct shadow_pool *pool = &observer->world->policy.pool;

	if (observer->immediate || !observer->world->non_coherent)
		return 0;
	observer->cache = model_cache_new(pool->virt, pool->bytes);
	return observer->cache ? 0 : -1;
}

int observer_open(struct observer *observer, struct world *world, const struct trace *trace,
		  const struct policy_ops *ops, bool immediate, uint64_t sync_ns, bool verifies, FILE *log)
{
	*observer = (struct observer){
		.trace = trace,
		.ops = ops,
		.world = world,
		.immediate = immediate,
		.log = log,
		.random = SEED,
		.events = { .ctx = observer,
			    .command = command,
			    .doorbell = doorbell,
			    .sync_seen = sync_seen },
	};
	if (latency_init(&observer->latency, world->policy.smmu_count, sync_ns) || add_cache(observer) ||
	    add_devices(observer) ||
	    (verifies &&
	     verify_init(&observer->verify, trace, ops->name, observer->model, observer->smmu_count,
			 WORLD_SID, world->closed, world->closed_count, SEED))) {
		message("out of memory");
		return -1;
	}
	observer->verifies = verifies;
	observed_set(stored, observer);
	platform_linux_set_time(virtual_time_ns, observer);
	platform_linux_set_relax(relax, observer);
	platform_linux_set_report(reported, observer);
	if (observer->cache)
		platform_linux_set_clean(cleaned, observer);
	logfile_snapshot(log);
	return 0;
}

void observer_start(struct observer *observer, struct policy *policy)
{
	observer->policy = policy;
	observer->counts = (struct observer_counts){ 0 };
	observer->flushes_forced = flushes_forced(observer);
	observer->latency.clock_ns = 0;
	for (unsigned i = 0; i < observer->smmu_count; i++)
		observer->latency.smmu[i].busy_ns = 0;
	observer->playing = true;
}

void observer_close(struct observer *observer)
{
	observed_set(NULL, NULL);
	platform_linux_set_time(NULL, NULL);
	platform_linux_set_relax(NULL, NULL);
	platform_linux_set_report(NULL, NULL);
	platform_linux_set_clean(NULL, NULL);
	for (unsigned i = 0; i < observer->smmu_count; i++)
		device_model_remove(&observer->device[i]);
	free(observer->device);
	free(observer->model);
	model_cache_free(observer->cache);
	free(observer->pending);
	latency_free(&observer->latency);
	verify_free(&observer->verify);
	*observer = (struct observer){ 0 };
}
