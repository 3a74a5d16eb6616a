/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * rig.c - a small hypervisor around the library.
 *
 * What a real one does, in its order: engine and target in memory of its own, the SMMU attached with every
 * stream in abort, streams, the snapshot; then trips. Its locks are those of docs/locking.md, "one lock".
 */
#include "tests/qemu/rig.h"

#include "engine/platform/el2.h"
#include "smmuv3/regs.h"
#include "tests/qemu/console.h"
#include "tests/qemu/lock.h"
#include "tests/qemu/spy.h"
#include "tests/qemu/tap.h"

#define IA_BITS	    33u
#define QUEUE_SLOTS 1024u
#define EVENT_NS    (SHADOW_EVENT_PERIOD_NS + 100000000)

struct rig rig;

static uint64_t arena;

static const struct shadow_range memory[] = { { MACHINE_MEMORY, MACHINE_MEMORY_END } };
static const struct shadow_range reserved[] = {
	{ MACHINE_GICD, MACHINE_UART },
	{ MACHINE_SMMU, MACHINE_SMMU_END },
	{ MACHINE_MEMORY, MACHINE_HOST }, /* the hypervisor: image, arena, pool */
};

/* ---- what the library asks of its embedder ----------------------------------------------------------- */

static bool lock_held(void)
{
	return __atomic_load_n(&rig.lock, __ATOMIC_RELAXED);
}

static void report(enum platform_report what, uint64_t a, uint64_t b)
{
	__atomic_fetch_add(&rig.reports[what], 1, __ATOMIC_RELAXED);
	if (what == PLATFORM_REPORT_EVENT && rig.events < RIG_EVENTS) {
		rig.event[rig.events].a = a;
		rig.event[rig.events++].b = b;
	}
}

static void panic(const char *where)
{
	say("Bail out! the library's panic: %s\n", where);
	machine_off();
}

/* ---- up and down ------------------------------------------------------------------------------------- */

static void *take(uint64_t bytes, uint64_t align)
{
	uint64_t start = (arena + align - 1) & ~(align - 1);

	arena = start + bytes;
	__builtin_memset((void *)start, 0, bytes);
	return check(arena <= MACHINE_POOL) ? (void *)start : NULL;
}

bool rig_nested(void)
{
	return platform_mmio_read32(MACHINE_SMMU + SMMU_IDR0) & SMMU_IDR0_S1P;
}

/* The host's: a context whose stage 1 is an identity of 512 GiB, in blocks of 1 GiB. */
static void context_build(void)
{
	uint64_t *context = (uint64_t *)RIG_CONTEXT, *table = (uint64_t *)RIG_STAGE1;

	for (uint64_t i = 0; i < 512; i++)
		table[i] = i << 30 | 0x741;
	for (unsigned i = 0; i < 8; i++)
		context[i] = 0;
	context[0] = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 |
		     UINT64_C(1) << 31 |					 /* T0SZ, walks, EPD1, V */
		     UINT64_C(4) << 32 | UINT64_C(1) << 41 | UINT64_C(3) << 45 | /* IPS 44 bits, AA64, R, A */
		     UINT64_C(1) << 48;						 /* ASID */
	context[1] = RIG_STAGE1;
	context[3] = 0xff;
}

static void host_build(unsigned granule_lg2)
{
	struct shadow_range tables = { .end = MACHINE_POOL };

	tables.start = (uintptr_t)take(UINT64_C(1) << 22, 1 << 16);
	tables.end = arena;
	host_init(&rig.host, IA_BITS, granule_lg2, tables);
	host_map(&rig.host, (struct shadow_range){ MACHINE_HOST, RIG_LAZY }, SHADOW_ACCESS_RW);
	host_annotate(&rig.host, (struct shadow_range){ MACHINE_MEMORY, MACHINE_HOST });
	host_annotate(&rig.host, (struct shadow_range){ RIG_GONE, RIG_GONE + rig.page_bytes });
	host_map(&rig.host, (struct shadow_range){ RIG_READABLE, RIG_READABLE + rig.page_bytes },
		 SHADOW_ACCESS_R);
}

int rig_stream_add(uint32_t sid)
{
	static const uint64_t stage1[2] = { RIG_CONTEXT,
					    1 << 2 | 1 << 4 | 3 << 6 }; /* write-back, inner shareable */

	return rig_nested() ? shadow_smmu_stream_nested(rig.smmu, sid, stage1) :
			      shadow_smmu_stream(rig.smmu, sid);
}

static int streams_add(const struct rig_shape *shape)
{
	int error = 0;

	if (rig_nested())
		context_build();
	for (unsigned i = 0; i < 2 && !error; i++) {
		if (!check(edu_find(&rig.edu[i], i, (uint64_t *)(RIG_WORDS + i * UINT64_C(0x10000)))))
			return -SHADOW_ENODEV;
		if (!i || !shape->one_stream)
			error = rig_stream_add(rig.edu[i].pci.sid);
	}
	if (error || !shape->nvme)
		return error;
	return check(nvme_find(&rig.nvme)) ? rig_stream_add(rig.nvme.pci.sid) : -SHADOW_ENODEV;
}

static int target_build(const struct rig_shape *shape, const struct shadow_address_map *map)
{
	struct shadow_region pages = { { RIG_SMALL, RIG_LARGE }, SHADOW_MAPPING_PAGES };
	struct shadow_smmu_config smmu = {
		.registers = MACHINE_SMMU,
		.cmdq_lg2 = shape->cmdq_lg2 ? shape->cmdq_lg2 : 8,
		.evtq_lg2 = 8,
		.sid_bits = shape->two_levels ? 16 : 8,
		.sid_split = shape->two_levels ? 6 : 0,
		.sid_tables = shape->two_levels ? 2 : 0,
		.no_ril = shape->no_ril,
		.irq = shape->irq,
		.cost = shape->cost,
		.nested = rig_nested(),
		.wait_ns = RIG_WAIT_NS,
	};
	struct shadow_smmu_target_config config = {
		.map = *map,
		.bbml = 2 - shape->bbm_less,
		.vmid = 1,
		.pool = { .base = { MACHINE_POOL }, .virt = (void *)MACHINE_POOL },
		.runs_max = MACHINE_CPUS_MAX * QUEUE_SLOTS,
		.collapse = shape->collapse,
		.contiguous = shape->contiguous,
		.regions = shape->pages ? &pages : NULL,
		.region_count = shape->pages,
	};
	size_t bytes;
	int error;

	config.pool.bytes = shadow_smmu_pool_bytes(&config, &smmu, 1);
	if (!check(config.pool.bytes && MACHINE_POOL + config.pool.bytes <= MACHINE_HOST))
		return -SHADOW_ENOMEM;
	__builtin_memset(config.pool.virt, 0, config.pool.bytes);
	bytes = shadow_smmu_target_bytes(&config);
	error = shadow_smmu_target_init(take(bytes, 64), bytes, &config, &rig.target);
	if (!error)
		error = shadow_smmu_attach(rig.target, &smmu, &rig.smmu);
	return error ? error : streams_add(shape);
}

static int engine_build(const struct shadow_address_map *map)
{
	struct shadow_engine_config config = { .cpu_count = MACHINE_CPUS_MAX,
					       .queue_slots = QUEUE_SLOTS,
					       .map = *map };
	size_t bytes = shadow_engine_bytes(&config);
	int error = shadow_engine_init(take(bytes, 64), bytes, &config, &rig.engine);

	return error ? error : shadow_engine_register(rig.engine, rig.target);
}

bool rig_start(const struct rig_shape *shape)
{
	struct platform_el2 platform = { .memory = { MACHINE_MEMORY, MACHINE_MEMORY_END },
					 .host_lock_held = lock_held,
					 .report = report,
					 .panic = panic };
	struct shadow_address_map map = { .ia_bits = IA_BITS,
					  .granule_lg2 = shape->granule_lg2 ? shape->granule_lg2 : 12,
					  .memory = memory,
					  .memory_count = 1,
					  .reserved = reserved,
					  .reserved_count = sizeof(reserved) / sizeof(reserved[0]) };

	__builtin_memset(&rig, 0, sizeof(rig));
	arena = MACHINE_ARENA;
	rig.page_bytes = UINT64_C(1) << map.granule_lg2;
	rig.number = 1;
	rig.map = map;
	platform_el2_init(&platform);
	host_build(map.granule_lg2);
	lock_take(&rig.lock);
	if (!check_equal((uint64_t)-target_build(shape, &map), 0) ||
	    !check_equal((uint64_t)-engine_build(&map), 0) ||
	    !check_equal((uint64_t)-shadow_snapshot(rig.engine, &rig.host.table), 0)) {
		lock_give(&rig.lock);
		return false;
	}
	lock_give(&rig.lock);
	return check(edu_load(&rig.edu[0])) && (shape->one_stream || check(edu_load(&rig.edu[1]))) &&
	       (!shape->nvme || check(nvme_start(&rig.nvme, RIG_QUEUES)));
}

int rig_detach(void)
{
	int error;

	lock_take(&rig.lock);
	error = shadow_smmu_detach(rig.smmu);
	lock_give(&rig.lock);
	return error;
}

void rig_stop(void)
{
	spy_delay(0);
	spy_before_doorbell(NULL);
	check_equal((uint64_t)-rig_detach(), 0);
	check_equal(rig.reports[PLATFORM_REPORT_SMMU_CLOSED], 0);
	check_equal(rig.reports[PLATFORM_REPORT_ISOLATION_LOST], 0);
}

/* ---- trips ------------------------------------------------------------------------------------------- */

/* The host's own table follows what the check phase has allowed. */
static void host_follow(const struct shadow_transition *transition)
{
	struct shadow_range range = { .start = transition->start.addr };

	range.end = range.start + transition->page_count * rig.page_bytes;
	if (transition->new_state == SHADOW_STATE_NOPAGE)
		host_annotate(&rig.host, range);
	else
		host_map(&rig.host, range, transition->access ? transition->access : SHADOW_ACCESS_RW);
}

static shadow_ticket_t trip(unsigned cpu, const struct shadow_transition *transition, bool flush)
{
	shadow_ticket_t ticket = { 0 };

	lock_take(&rig.lock);
	if (check_equal((uint64_t)-shadow_reserve(rig.engine, cpu, transition, RIG_WAIT_NS), 0)) {
		host_follow(transition);
		if (shadow_queue(rig.engine, cpu, rig.number, transition))
			rig.number++;
		shadow_trip_end(rig.engine, cpu);
		ticket = flush ? shadow_flush(rig.engine) : shadow_ticket(rig.engine);
	}
	lock_give(&rig.lock);
	return ticket;
}

shadow_ticket_t rig_queue(unsigned cpu, const struct shadow_transition *transition)
{
	return trip(cpu, transition, true);
}

shadow_ticket_t rig_queue_only(unsigned cpu, const struct shadow_transition *transition)
{
	return trip(cpu, transition, false);
}

/* Without the lock: the pages that a case changes are its CPU's alone, so nobody else can ask for them
 * meanwhile. */
void rig_wait(shadow_ticket_t ticket)
{
	check_equal((uint64_t)-shadow_wait(rig.engine, ticket, RIG_WAIT_NS), 0);
}

void rig_revoke(unsigned cpu, uint64_t start, uint64_t pages)
{
	rig_wait(rig_queue(cpu, &(struct shadow_transition){ .start = { start },
							     .page_count = pages,
							     .new_state = SHADOW_STATE_NOPAGE }));
}

void rig_grant(unsigned cpu, uint64_t start, uint64_t pages, unsigned access)
{
	rig_wait(rig_queue(cpu, &(struct shadow_transition){ .start = { start },
							     .page_count = pages,
							     .old_state = SHADOW_STATE_NOPAGE,
							     .access = access }));
}

/* ---- what the SMMU has recorded ---------------------------------------------------------------------- */

void rig_events_forget(void)
{
	while (shadow_smmu_events(rig.smmu, 64))
		;
	machine_sleep_ns(EVENT_NS);
	rig.events = 0;
}

bool rig_refused(unsigned nth, uint64_t address, unsigned type)
{
	while (shadow_smmu_events(rig.smmu, 64))
		;
	for (unsigned i = 0; i < rig.events; i++)
		if (rig.event[i].a == rig.edu[nth].pci.sid &&
		    rig.event[i].b == ((address & ~UINT64_C(0xfff)) | type))
			return true;
	say("# %u events, none of type %lx at %lx\n", rig.events, (uint64_t)type, address);
	for (unsigned i = 0; i < rig.events; i++)
		say("#   %lx %lx\n", rig.event[i].a, rig.event[i].b);
	return false;
}

bool rig_closed(uint64_t address)
{
	rig_events_forget();
	return !edu_writes(&rig.edu[0], address) && rig_refused(0, address, RIG_F_TRANSLATION);
}
