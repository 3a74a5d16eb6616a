/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale_run.c - one point: a machine boots, every CPU makes its trips, and the trips are timed.
 *
 * A trip spends its unlocked time, takes the host lock, spends its locked time and revokes a page of its own. Eager and
 * strict are then complete. A group trip leaves with its page pending, and takes the lock once more when the revoke is
 * complete. It flushes before it leaves, unless more CPUs wait for the lock than pages for a flush: one of them will do it
 * with its own page; or as many flushes are under way as there may be: then whoever sees one of them complete does it.
 * Each CPU is measured over the same number of trips, from the end of one trip to the end of another; those that are done
 * earlier go on until all are. Owns: results depend on the point alone.
 */
#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>
#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "bench/policy/policy.h"
#include "bench/scale/scale_device.h"
#include "engine/platform/linux.h"

#define IA_BITS	     40u
#define MEMORY	     (UINT64_C(1) << 30)
#define HOST_PA	     (UINT64_C(1) << 46)
#define HOST_BYTES   (2 * SHADOW_PAGE_BYTES)
#define POOL_PA	     (HOST_PA + (UINT64_C(1) << 30))
#define REGISTERS    (UINT64_C(1) << 45)
#define REGISTER_LG2 20u
#define CMDQ_LG2     8u
#define EVTQ_LG2     4u
#define SID_BITS     2u
#define SID	     1u
#define VMID	     5u
#define WARM_TRIPS   8u		       /* of each CPU, before they count */
#define FLUSHES_MAX  16u	       /* under way */
#define PS	     UINT64_C(1000)

/* The others have the engine. */
static const struct policy_ops *const baselines[SCALE_POLICIES] = { [SCALE_EAGER] = &policy_eager, [SCALE_STRICT] = &policy_strict };

/* The host's own, under its lock but where it says so. */
struct host {
	uint64_t number;	       /* of the newest transition */
	uint64_t flushed;	       /* up to here */
	uint64_t complete;	       /* somebody knows that it is, up to here; changed without the lock */
	uint64_t under_way[FLUSHES_MAX]; /* what each covers, a ring */
	unsigned first, count;
};

struct machine {
	const struct scale_point *point;
	struct policy_world world;
	struct shadow_range memory;
	uint64_t pages_each;	       /* of a part of memory; each CPU has point->batch of them */
	struct scale_device *device;
	void *host_table;
	/* Either of them. */
	struct policy *policy;
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct shadow_smmu *smmu[SCALE_SMMUS_MAX];
	void *engine_memory, *target_memory;
	size_t engine_bytes, target_bytes;
	uint64_t *pending;	       /* a bit for each page */
	struct host host;
	unsigned busy;		       /* CPUs that are not done yet */
	uint64_t *latency_ns;	       /* of each measured trip */
	uint64_t latencies;
	double rate;		       /* trips per second of the CPUs that are done */
	uint64_t trips;
	uint64_t boot_syncs;
	int error;
};

/* ---- what the CPUs and the core ask for ------------------------------------------------------------------- */

static struct scale_device *device_at(struct machine *machine, uintptr_t address, uint32_t *offset)
{
	*offset = (uint32_t)address & ((1u << REGISTER_LG2) - 1);
	return &machine->device[(address - REGISTERS) >> REGISTER_LG2];
}

static void *hook_virt(void *ctx, shadow_pa_t pa, size_t bytes)
{
	const struct machine *machine = ctx;
	uint64_t in_pool = pa.addr - POOL_PA, in_host = pa.addr - HOST_PA;

	if (in_pool < machine->world.pool.bytes && bytes <= machine->world.pool.bytes - in_pool)
		return (char *)machine->world.pool.virt + in_pool;
	return in_host < HOST_BYTES && bytes <= HOST_BYTES - in_host ? (char *)machine->host_table + in_host : NULL;
}

static uint32_t hook_read32(void *ctx, uintptr_t address)
{
	uint32_t offset;
	struct scale_device *device = device_at(ctx, address, &offset);

	return scale_device_read(device, offset);
}

static void hook_write32(void *ctx, uintptr_t address, uint32_t value)
{
	uint32_t offset;
	struct scale_device *device = device_at(ctx, address, &offset);

	scale_device_write(device, offset, value, hook_virt, ctx);
}

/* ---- a trip --------------------------------------------------------------------------------------------------- */

struct trip {
	struct machine *machine;
	unsigned cpu;
	uint64_t pages;		       /* of its own that it has revoked; */
	uint64_t page;		       /* the last of them */
	uint64_t random;
	uint64_t unlocked_ns;	       /* of the last trip; two in a row have the mean between them */
	bool second;
	uint64_t number;	       /* of the last revoke, */
	uint64_t latency_ps;	       /* and how long it took */
};

/* splitmix64 */
static uint64_t draw(uint64_t *random, uint64_t below)
{
	uint64_t mixed = *random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (mixed ^ mixed >> 31) % below;
}

static void spend_unlocked(struct trip *trip)
{
	const struct scale_point *point = trip->machine->point;
	uint64_t spread = point->unlocked_ns * point->spread_percent / 100;

	if (trip->second)
		trip->unlocked_ns = 2 * point->unlocked_ns - trip->unlocked_ns;
	else
		trip->unlocked_ns = point->unlocked_ns - spread + draw(&trip->random, 2 * spread + 1);
	trip->second = !trip->second;
	scale_spend_ns(trip->unlocked_ns);
}

/* Pages of one trip are in parts of their own. */
static struct shadow_transition revoke_of(struct trip *trip)
{
	const struct machine *machine = trip->machine;
	uint64_t part = trip->cpu * machine->point->batch + trip->pages % machine->point->batch;

	trip->page = (MEMORY >> SHADOW_PAGE_LG2) + part * machine->pages_each + trip->pages / machine->point->batch;
	trip->pages++;
	return (struct shadow_transition){
		.start = { trip->page << SHADOW_PAGE_LG2 },
		.page_count = 1,
		.new_state = SHADOW_STATE_NOPAGE,
		.old_state = SHADOW_STATE_OWNED,
	};
}

static void baseline_trip(struct trip *trip)
{
	struct machine *machine = trip->machine;
	const struct shadow_transition revoke = revoke_of(trip);
	uint64_t start;

	scale_lock();
	scale_spend_ns(machine->point->locked_ns);
	start = scale_now_ps();
	machine->error |= baselines[machine->point->policy]->transition(machine->policy, trip->cpu,
									++machine->host.number, &revoke);
	trip->latency_ps = scale_now_ps() - start;
	scale_unlock();
}

/* May another flush go out? With or without the lock. */
static bool may_flush(const struct machine *machine)
{
	const struct host *host = &machine->host;
	unsigned complete = 0;

	while (complete < host->count && host->under_way[(host->first + complete) % FLUSHES_MAX] <= host->complete)
		complete++;
	return host->count - complete < machine->point->flights;
}

static void flush(struct machine *machine)
{
	struct host *host = &machine->host;

	while (host->count && host->under_way[host->first] <= host->complete) {
		host->first = (host->first + 1) % FLUSHES_MAX;
		host->count--;
	}
	host->flushed = shadow_flush(machine->engine).number;
	host->under_way[(host->first + host->count++) % FLUSHES_MAX] = host->flushed;
}

/* The lock is about to be free: flush, or leave it to the next CPU or to who waits for a flush that is under way? */
static void flush_or_leave(struct machine *machine)
{
	const struct host *host = &machine->host;

	if (scale_lock_waiting() > host->number - host->flushed)
		return;
	if (may_flush(machine))
		flush(machine);
}

/* Host lock not held. */
static int wait_for(struct trip *trip)
{
	struct machine *machine = trip->machine;
	struct host *host = &machine->host;
	int error;

	while ((error = shadow_wait(machine->engine, (shadow_ticket_t){ trip->number }, POLICY_WAIT_NS)) ==
	       -SHADOW_EAGAIN) {
		if (!may_flush(machine) || !scale_lock_free()) {
			platform_relax();
			continue;
		}
		scale_lock();
		if (host->flushed < trip->number && may_flush(machine))
			flush(machine);
		scale_unlock();
	}
	if (host->complete < trip->number)
		host->complete = trip->number;
	return error;
}

static int engine_revoke(struct trip *trip)
{
	struct machine *machine = trip->machine;
	const struct shadow_transition revoke = revoke_of(trip);
	int error = shadow_reserve(machine->engine, trip->cpu, &revoke, POLICY_WAIT_NS);

	if (error)
		return error;
	trip->number = ++machine->host.number;
	shadow_queue(machine->engine, trip->cpu, trip->number, &revoke);
	shadow_trip_end(machine->engine, trip->cpu);
	return 0;
}

/* The page that was revoked last. */
static shadow_ipa_t page_of(const struct trip *trip)
{
	return (shadow_ipa_t){ trip->page << SHADOW_PAGE_LG2 };
}

static void group_trip(struct trip *trip)
{
	struct machine *machine = trip->machine;
	uint64_t after_ns = machine->point->locked_ns * machine->point->after_percent / 100, start;

	scale_lock();
	scale_spend_ns(machine->point->locked_ns - after_ns);
	start = scale_now_ps();
	machine->error |= engine_revoke(trip);
	machine->error |= shadow_pending(machine->engine, page_of(trip), 1);
	flush_or_leave(machine);
	scale_unlock();
	machine->error |= wait_for(trip);
	trip->latency_ps = scale_now_ps() - start;
	scale_lock();
	scale_spend_ns(after_ns);
	shadow_pending_end(machine->engine, page_of(trip), 1);
	if (machine->host.flushed < machine->host.number)
		flush_or_leave(machine);
	scale_unlock();
}

static void held_trip(struct trip *trip)
{
	struct machine *machine = trip->machine;
	uint64_t start;

	scale_lock();
	scale_spend_ns(machine->point->locked_ns);
	start = scale_now_ps();
	for (unsigned i = 0; i < machine->point->batch; i++)
		machine->error |= engine_revoke(trip);
	machine->error |= shadow_wait(machine->engine, shadow_flush(machine->engine), POLICY_WAIT_NS);
	trip->latency_ps = scale_now_ps() - start;
	scale_unlock();
}

static void overlap_trip(struct trip *trip)
{
	struct machine *machine = trip->machine;
	const struct scale_point *point = machine->point;
	const struct shadow_transition revoke = revoke_of(trip);
	uint64_t tlbi_ns = point->tlbi_ns < point->locked_ns ? point->tlbi_ns : point->locked_ns;
	uint64_t start, number;
	shadow_ticket_t ticket = { 0 };

	scale_lock();
	number = machine->host.number + 1;
	scale_spend_ns(point->locked_ns - tlbi_ns);
	start = scale_now_ps();
	machine->error |= shadow_prepare(machine->engine, trip->cpu, &number, &revoke, POLICY_WAIT_NS, &ticket);
	scale_spend_ns(tlbi_ns);
	machine->error |= shadow_finish(machine->engine, trip->cpu, &number, &revoke, POLICY_WAIT_NS, ticket);
	shadow_trip_end(machine->engine, trip->cpu);
	machine->host.number = number - 1;
	trip->latency_ps = scale_now_ps() - start;
	scale_unlock();
}

static void one_trip(struct trip *trip)
{
	static void (*const trips[SCALE_POLICIES])(struct trip *) = {
		[SCALE_EAGER] = baseline_trip, [SCALE_STRICT] = baseline_trip, [SCALE_HELD] = held_trip,
		[SCALE_OVERLAP] = overlap_trip, [SCALE_GROUP] = group_trip,
	};

	spend_unlocked(trip);
	trips[trip->machine->point->policy](trip);
	trip->machine->trips++;
}

static void work(void *ctx, unsigned cpu)
{
	struct machine *machine = ctx;
	const struct scale_point *point = machine->point;
	struct trip trip = { .machine = machine, .cpu = cpu, .random = point->seed * SCALE_CPUS_MAX + cpu };
	uint64_t start;

	/* Not all at once. */
	scale_spend_ns(draw(&trip.random, point->unlocked_ns + point->locked_ns + point->sync_ns + 1));
	for (unsigned i = 0; i < WARM_TRIPS; i++)
		one_trip(&trip);
	start = scale_now_ps();
	for (unsigned i = 0; i < point->trips; i++) {
		one_trip(&trip);
		machine->latency_ns[machine->latencies++] = trip.latency_ps / PS;
	}
	machine->rate += point->trips * 1e12 / (double)(scale_now_ps() - start);
	for (machine->busy--; machine->busy && trip.pages < machine->pages_each * point->batch;)
		one_trip(&trip);
}

/* ---- the machine -------------------------------------------------------------------------------------------------- */

/* A power of two. */
static unsigned queue_slots(const struct scale_point *point)
{
	unsigned slots = 16;

	while (slots < point->batch)
		slots *= 2;
	return slots;
}

static struct shadow_smmu_target_config target_config(const struct machine *machine)
{
	const struct scale_point *point = machine->point;

	/* The baselines keep memory in pages, and their pool has room for that. */
	return (struct shadow_smmu_target_config){
		.map = machine->world.map, .bbml = baselines[point->policy] ? 0 : 2, .vmid = VMID,
		.pool = machine->world.pool, .runs_max = point->cpus * queue_slots(point),
	};
}

static size_t pending_bytes(const struct machine *machine)
{
	return shadow_page_bits_bytes(machine->memory, SHADOW_PAGE_LG2);
}

static int open_memory(struct machine *machine)
{
	const struct scale_point *point = machine->point;
	uint64_t pages = WARM_TRIPS + 2 * (uint64_t)point->trips;
	struct shadow_smmu_target_config target;

	machine->pages_each = (pages + 511) & ~UINT64_C(511);
	machine->memory = (struct shadow_range){
		MEMORY, MEMORY + ((point->cpus * point->batch * machine->pages_each) << SHADOW_PAGE_LG2) };
	machine->world = (struct policy_world){
		.map = { .ia_bits = IA_BITS, .memory = &machine->memory, .memory_count = 1 }, .vmid = VMID,
		.cpu_count = point->cpus, .queue_slots = queue_slots(point), .smmu_count = point->smmus, .sid = SID,
		.pool.base = { POOL_PA }, .host = { .root = { HOST_PA }, .ia_bits = IA_BITS, .start_level = 1 },
	};
	for (unsigned i = 0; i < point->smmus; i++)
		machine->world.smmu[i] = (struct shadow_smmu_config){
			.registers = REGISTERS + ((uintptr_t)i << REGISTER_LG2), .cmdq_lg2 = CMDQ_LG2,
			.evtq_lg2 = EVTQ_LG2, .sid_bits = SID_BITS, .nested = point->nested,
			.wait_ns = POLICY_WAIT_NS };
	target = target_config(machine);
	machine->world.pool.bytes = shadow_smmu_pool_bytes(&target, machine->world.smmu, point->smmus);
	machine->world.pool.virt = platform_linux_alloc(machine->world.pool.bytes, 1 << 21);
	machine->host_table = platform_linux_alloc(HOST_BYTES, HOST_BYTES);
	machine->device = platform_linux_alloc(point->smmus * sizeof(*machine->device), 64);
	machine->pending = platform_linux_alloc(pending_bytes(machine), 64);
	machine->latency_ns = calloc((size_t)point->cpus * point->trips, sizeof(*machine->latency_ns));
	if (!machine->world.pool.virt || !machine->host_table || !machine->device || !machine->pending ||
	    !machine->latency_ns)
		return -SHADOW_ENOMEM;
	for (unsigned i = 0; i < point->smmus; i++)
		scale_device_init(&machine->device[i], point->nested);
	return 0;
}

static int open_target(struct machine *machine)
{
	struct shadow_smmu_target_config config = target_config(machine);
	int error;

	machine->target_bytes = shadow_smmu_target_bytes(&config);
	machine->target_memory = platform_linux_alloc(machine->target_bytes, 64);
	if (!machine->target_memory)
		return -SHADOW_ENOMEM;
	error = shadow_smmu_target_init(machine->target_memory, machine->target_bytes, &config, &machine->target);
	for (unsigned i = 0; i < machine->point->smmus && !error; i++) {
		error = shadow_smmu_attach(machine->target, &machine->world.smmu[i], &machine->smmu[i]);
		if (!error)
			error = shadow_smmu_stream(machine->smmu[i], SID);
	}
	return error;
}

static int open_engine(struct machine *machine)
{
	const struct shadow_engine_config config = { .cpu_count = machine->point->cpus, .queue_slots = queue_slots(machine->point),
						     .map = machine->world.map,
						     .pending = { machine->pending, machine->memory } };
	int error;

	machine->engine_bytes = shadow_engine_bytes(&config);
	machine->engine_memory = platform_linux_alloc(machine->engine_bytes, 64);
	if (!machine->engine_memory)
		return -SHADOW_ENOMEM;
	error = shadow_engine_init(machine->engine_memory, machine->engine_bytes, &config, &machine->engine);
	if (!error)
		error = open_target(machine);
	if (!error)
		error = shadow_engine_register(machine->engine, machine->target);
	return error ? error : shadow_snapshot(machine->engine, &machine->world.host);
}

static int open_machine(struct machine *machine, const struct scale_point *point)
{
	const struct scale_hooks hooks = { machine, hook_read32, hook_write32, hook_virt };
	int error;

	*machine = (struct machine){ .point = point, .busy = point->cpus };
	error = open_memory(machine);
	if (!error)
		error = scale_time_open(point->cpus, &point->costs, &hooks);
	if (!error && !baselines[point->policy])
		error = open_engine(machine);
	else if (!error)
		error = baselines[point->policy]->open(&machine->world, &machine->policy);
	/* The boot took no time. */
	for (unsigned i = 0; i < point->smmus && !error; i++) {
		machine->device[i].sync_ps = point->sync_ns * PS;
		machine->device[i].busy_ps = point->sync_ns * PS * point->busy_percent / 100;
		machine->boot_syncs += machine->device[i].syncs;
	}
	return error;
}

static void close_machine(struct machine *machine)
{
	if (machine->policy)
		baselines[machine->point->policy]->close(machine->policy);
	scale_time_close();
	platform_linux_free(machine->engine_memory, machine->engine_bytes);
	platform_linux_free(machine->target_memory, machine->target_bytes);
	platform_linux_free(machine->world.pool.virt, machine->world.pool.bytes);
	platform_linux_free(machine->host_table, HOST_BYTES);
	platform_linux_free(machine->device, machine->point->smmus * sizeof(*machine->device));
	platform_linux_free(machine->pending, pending_bytes(machine));
	free(machine->latency_ns);
}

/* ---- results ------------------------------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void gather(struct machine *machine, struct scale_result *result)
{
	uint64_t count = machine->latencies;

	qsort(machine->latency_ns, count, sizeof(*machine->latency_ns), compare);
	*result = (struct scale_result){
		.trips_per_second = machine->rate, .trips = machine->trips,
		.p50_ns = machine->latency_ns[(count * 50 + 99) / 100 - 1],
		.p99_ns = machine->latency_ns[(count * 99 + 99) / 100 - 1],
		.accesses = scale_accesses(), .misses = scale_misses(),
	};
	result->syncs = 0 - machine->boot_syncs;
	for (unsigned i = 0; i < machine->point->smmus; i++)
		result->syncs += machine->device[i].syncs;
}

int scale_run(const struct scale_point *point, struct scale_result *result)
{
	struct machine machine;
	int error = open_machine(&machine, point);

	if (!error) {
		scale_time_run(work, &machine);
		error = machine.error;
	}
	if (!error)
		gather(&machine, result);
	close_machine(&machine);
	return error;
}

/* A trip where nothing else takes time. With a stage 1 there are two syncs, one behind the other. */
static double alone_ns(const struct scale_point *point)
{
	return (double)(point->unlocked_ns + point->locked_ns + point->sync_ns * (point->nested ? 2 : 1));
}

double scale_one_cpu(const struct scale_point *point)
{
	return 1e9 / alone_ns(point);
}

double scale_bound(const struct scale_point *point)
{
	double lock = alone_ns(point) / (double)point->locked_ns;

	return lock < point->cpus ? lock : point->cpus;
}
