/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * threads_rig.c - see threads_rig.h.
 */
#include "threads_rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench/replay/observed.h"
#include "engine/order.h"
#include "engine/platform/linux.h"

#define SID		0x10u
#define HOST_PA		(UINT64_C(1) << 50)
#define HOST_BYTES	UINT64_C(0x10000)
#define POOL_PA		(UINT64_C(4) << 30)
#define IA_BITS		40u
#define QUEUE_SLOTS	64u
#define REGISTERS_BYTES UINT32_C(0x40000)
#define LINE_BYTES	64u /* most that a device reads at once: a stream table entry */
#define LINES		8u
#define ADDRESS		UINT64_C(0x0000fffffffff000)

/* ---- what ThreadSanitizer sees of a device ---------------------------------------------------------------- */

#ifdef SHADOW_ORDER_TSAN

void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);

/* What races once does so often: one report will do. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1";
}

static void unseen_begin(void)
{
	AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static void unseen_end(void)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
}

/* The device finds what was made visible to it. Before each read, as it may have followed a pointer long ago. */
static void device_finds(void)
{
	(void)atomic_load_explicit(&order_tsan_published, memory_order_acquire);
}

/* What it has done comes before the register that says so. */
static void device_has_done(void)
{
	atomic_fetch_add_explicit(&order_tsan_done, 1, memory_order_release);
}

#else

static void unseen_begin(void)
{
}

static void unseen_end(void)
{
}

static void device_finds(void)
{
}

static void device_has_done(void)
{
}

#endif

static void enter(struct threads_smmu *smmu)
{
	unseen_begin();
	pthread_mutex_lock(&smmu->lock);
}

static void leave(struct threads_smmu *smmu)
{
	unseen_end();
	device_has_done();
	unseen_begin();
	pthread_mutex_unlock(&smmu->lock);
	unseen_end();
}

/* ---- the SMMUs and what they see -------------------------------------------------------------------------- */

static uint32_t device_read32(void *ctx, uint32_t offset)
{
	struct threads_smmu *smmu = ctx;
	uint32_t value;

	enter(smmu);
	value = model_read32(smmu->model, offset);
	leave(smmu);
	return value;
}

static uint64_t device_read64(void *ctx, uint32_t offset)
{
	struct threads_smmu *smmu = ctx;
	uint64_t value;

	enter(smmu);
	value = model_read64(smmu->model, offset);
	leave(smmu);
	return value;
}

/* Behind a doorbell another thread often comes first. */
static void device_write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct threads_smmu *smmu = ctx;

	enter(smmu);
	model_write32(smmu->model, offset, value);
	leave(smmu);
	sched_yield();
}

static void device_write64(void *ctx, uint32_t offset, uint64_t value)
{
	struct threads_smmu *smmu = ctx;

	enter(smmu);
	model_write64(smmu->model, offset, value);
	leave(smmu);
}

static const struct platform_linux_device device = { device_read32, device_read64, device_write32, device_write64 };

static void *memory_write(void *ctx, uint64_t pa, size_t bytes)
{
	const struct shadow_pool *pool = &((struct threads_rig *)ctx)->pool;

	if (pa < pool->base.addr || pa - pool->base.addr + bytes > pool->bytes)
		return NULL;
	return (char *)pool->virt + (pa - pool->base.addr);
}

/* A device reads in single-copy atomic words. Whole tables are read by the model's rules only, when it meets a stream
 * for the first time: before there are threads. */
static const void *memory_read(void *ctx, uint64_t pa, size_t bytes)
{
	static _Thread_local uint64_t lines[LINES][LINE_BYTES / sizeof(uint64_t)];
	static _Thread_local unsigned newest;
	const uint64_t *memory = memory_write(ctx, pa, bytes);
	uint64_t *line = lines[newest++ % LINES];

	if (!memory || bytes > LINE_BYTES)
		return memory;
	unseen_end();
	device_finds();
	for (size_t i = 0; i < bytes / sizeof(*line); i++)
		line[i] = __atomic_load_n(&memory[i], __ATOMIC_RELAXED);
	unseen_begin();
	return line;
}

/* An MSI or an event: what the device has done so far comes before it. */
static void *device_writes(void *ctx, uint64_t pa, size_t bytes)
{
	unseen_end();
	device_has_done();
	unseen_begin();
	return memory_write(ctx, pa, bytes);
}

static void violated(void *ctx, const struct model_violation *violation)
{
	struct threads_rig *rig = ctx;

	if (!rig->violations++)
		fprintf(stderr, "model: %s: %s (pa %llx)\n", model_rule_name(violation->rule), violation->what,
			(unsigned long long)violation->pa);
}

/* A table has just been linked, in the midst of a flush: let others run, who may walk it. */
static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	(void)where;
	(void)old_value;
	if (memory_write(ctx, value & ADDRESS, sizeof(value)))
		sched_yield();
}

bool threads_step(struct threads_rig *rig, unsigned number)
{
	struct threads_smmu *smmu = &rig->smmu[number];
	bool worked;

	enter(smmu);
	worked = model_step(smmu->model);
	leave(smmu);
	return worked;
}

/* Who waits lets the devices work as well, so that a test does not depend on when their thread runs. */
static void relax(void *ctx)
{
	bool worked = false;

	for (unsigned i = 0; i < THREADS_SMMUS_MAX; i++)
		if (((struct threads_rig *)ctx)->smmu[i].model)
			worked |= threads_step(ctx, i);
	if (!worked)
		sched_yield();
}

bool threads_dma(struct threads_rig *rig, unsigned number, uint64_t page)
{
	struct threads_smmu *smmu = &rig->smmu[number];
	struct model_access access;

	enter(smmu);
	access = model_dma(smmu->model, SID, page << SHADOW_PAGE_LG2, true);
	leave(smmu);
	if (access.fault)
		return false;
	if (access.bypass || access.pa != page << SHADOW_PAGE_LG2)
		rig->violations++;
	return true;
}

uint32_t threads_look(const _Atomic uint32_t *where)
{
	uint32_t value;

	unseen_begin();
	value = atomic_load(where);
	unseen_end();
	return value;
}

void threads_refuse(struct threads_rig *rig, unsigned number, unsigned queue)
{
	struct threads_smmu *smmu = &rig->smmu[number];
	uint64_t position;

	enter(smmu);
	position = model_queue_position(smmu->model, queue);
	if (position > smmu->refused[queue]) {
		smmu->refused[queue] = position;
		model_inject_cerror_on(smmu->model, queue, position, 1);
	}
	leave(smmu);
}

/* Devices of these suites try what they must not: events are no trouble. */
static void reported(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	struct threads_rig *rig = ctx;

	if (what == PLATFORM_REPORT_COMMAND_ERROR && rig->config.errors)
		return;
	if (what != PLATFORM_REPORT_EVENT && what != PLATFORM_REPORT_EVENTS_LOST && !rig->troubles++)
		fprintf(stderr, "report %d: %llx %llx\n", (int)what, (unsigned long long)a, (unsigned long long)b);
}

/* ---- the host lock ---------------------------------------------------------------------------------------- */

void threads_lock(struct threads_rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	platform_linux_set_host_lock(true);
}

void threads_unlock(struct threads_rig *rig)
{
	platform_linux_set_host_lock(false);
	pthread_mutex_unlock(&rig->lock);
}

/* ---- up and down ------------------------------------------------------------------------------------------ */

static void *zeroed(size_t bytes)
{
	void *memory = platform_linux_alloc(bytes, 4096);

	assert_non_null(memory);
	return memory;
}

static struct shadow_smmu_config smmu_of(const struct threads_rig *rig, unsigned number)
{
	return (struct shadow_smmu_config){ .registers = rig->smmu[number].registers,
					    .cmdq_lg2 = 5 - number % 2,
					    .ecmdq = number == 0 ? THREADS_ECMDQS : 0,
					    .irq = rig->config.errors ? SHADOW_IRQ_ALL : 0,
					    .evtq_lg2 = 4,
					    .sid_bits = 6,
					    .nested = rig->config.nested,
					    .wait_ns = THREADS_WAIT_NS };
}

static const struct shadow_range memory = { THREADS_PAGE_FIRST << SHADOW_PAGE_LG2,
					    (THREADS_PAGE_FIRST + THREADS_PAGES) << SHADOW_PAGE_LG2 };

static struct shadow_address_map map(void)
{
	return (struct shadow_address_map){ .ia_bits = IA_BITS, .memory = &memory, .memory_count = 1 };
}

static unsigned smmus_of(const struct threads_rig *rig)
{
	return rig->config.smmus + rig->config.later;
}

static void open_target(struct threads_rig *rig)
{
	struct shadow_smmu_config smmus[THREADS_SMMUS_MAX];
	struct shadow_smmu_target_config target = { .map = map(),
						    .bbml = rig->config.bbml,
						    .vmid = 5,
						    .start = SHADOW_START_SINGLE,
						    .collapse = SHADOW_COLLAPSE_EAGER,
						    .contiguous = true,
						    .runs_max = rig->config.cpus * QUEUE_SLOTS };

	for (unsigned i = 0; i < smmus_of(rig); i++)
		smmus[i] = smmu_of(rig, i);
	target.pool.base.addr = POOL_PA;
	target.pool.bytes = shadow_smmu_pool_bytes(&target, smmus, smmus_of(rig));
	assert_int_not_equal(target.pool.bytes, 0);
	target.pool.virt = zeroed(target.pool.bytes);
	rig->pool = target.pool;
	rig->target_bytes = shadow_smmu_target_bytes(&target);
	rig->target_memory = zeroed(rig->target_bytes);
	assert_int_equal(shadow_smmu_target_init(rig->target_memory, rig->target_bytes, &target, &rig->target), 0);
}

static void open_engine(struct threads_rig *rig)
{
	struct shadow_engine_config engine = { .cpu_count = rig->config.cpus, .queue_slots = QUEUE_SLOTS, .map = map() };

	for (unsigned i = 0; i < 2 && rig->config.marks; i++)
		rig->marks[i] = zeroed(shadow_page_bits_bytes(memory, SHADOW_PAGE_LG2));
	engine.pending = (struct shadow_page_bits){ rig->marks[0], memory };
	engine.consent = (struct shadow_page_bits){ rig->marks[1], memory };
	rig->engine_bytes = shadow_engine_bytes(&engine);
	rig->engine_memory = zeroed(rig->engine_bytes);
	assert_int_equal(shadow_engine_init(rig->engine_memory, rig->engine_bytes, &engine, &rig->engine), 0);
}

/* The device alone: it aborts what reaches it until it is attached. */
static void open_device(struct threads_rig *rig, unsigned number)
{
	struct threads_smmu *smmu = &rig->smmu[number];
	struct model_config model = { 0 };

	model_config_default(&model);
	model.s1p = rig->config.nested;
	model.bbml = rig->config.bbml;
	model.ril = number % 2 == 0;
	model.ecmdq = number == 0;
	model.msi = number == 1;
	model.sev = number == 2;
	model.ecmdq_lg2nump = model.ecmdq_lg2numq = 1;
	model.gbpa_abort_at_reset = true;
	model.seed = rig->config.seed + number;
	model.memory = (struct model_memory){ rig, memory_read, device_writes };
	model.report_ctx = rig;
	model.report = violated;
	smmu->rig = rig;
	assert_int_equal(pthread_mutex_init(&smmu->lock, NULL), 0);
	smmu->model = model_new(&model);
	assert_non_null(smmu->model);
	smmu->registers = platform_linux_add_device(&device, smmu, REGISTERS_BYTES);
	assert_int_not_equal(smmu->registers, 0);
}

/* Host lock held. */
static int attach(struct threads_rig *rig, unsigned number)
{
	struct threads_smmu *smmu = &rig->smmu[number];
	struct shadow_smmu_config config = smmu_of(rig, number);
	int error = shadow_smmu_attach(rig->target, &config, &smmu->smmu);

	return error ? error : shadow_smmu_stream(smmu->smmu, SID);
}

int threads_enable(struct threads_rig *rig, unsigned number)
{
	int error = shadow_smmu_enable(rig->smmu[number].smmu);

	if (!error)
		rig->smmu[number].turn++;
	return error;
}

int threads_attach(struct threads_rig *rig, unsigned number)
{
	int error;

	threads_lock(rig);
	error = attach(rig, number);
	threads_unlock(rig);
	return error ? error : threads_enable(rig, number);
}

int threads_detach(struct threads_rig *rig, unsigned number)
{
	int error;

	rig->smmu[number].turn++;
	threads_lock(rig);
	error = shadow_smmu_detach(rig->smmu[number].smmu);
	threads_unlock(rig);
	return error;
}

void threads_open(struct threads_rig *rig, const struct threads_config *config)
{
	const struct shadow_host_table host = { .root = { HOST_PA }, .ia_bits = IA_BITS, .start_level = 0 };

	assert_true(config->smmus && config->smmus + config->later <= THREADS_SMMUS_MAX);
	memset(rig, 0, sizeof(*rig));
	rig->config = *config;
	assert_int_equal(pthread_mutex_init(&rig->lock, NULL), 0);
	observed_set(NULL, NULL);
	platform_linux_set_relax(relax, rig);
	platform_linux_set_report(reported, rig);
	open_target(rig);
	/* A test that failed leaves its memory behind. */
	platform_linux_remove_memory(rig->pool.base);
	platform_linux_remove_memory((shadow_pa_t){ HOST_PA });
	assert_int_equal(platform_linux_add_memory(rig->pool.base, rig->pool.virt, rig->pool.bytes), 0);
	rig->host_memory = zeroed(HOST_BYTES);
	assert_int_equal(platform_linux_add_memory((shadow_pa_t){ HOST_PA }, rig->host_memory, HOST_BYTES), 0);
	open_engine(rig);
	for (unsigned i = 0; i < smmus_of(rig); i++)
		open_device(rig, i);
	threads_lock(rig);
	for (unsigned i = 0; i < config->smmus; i++)
		assert_int_equal(attach(rig, i), 0);
	assert_int_equal(shadow_engine_register(rig->engine, rig->target), 0);
	assert_int_equal(shadow_snapshot(rig->engine, &host), 0);
	threads_unlock(rig);
	for (unsigned i = 0; i < config->smmus; i++) {
		rig->smmu[i].turn = 1;
		assert_true(threads_dma(rig, i, THREADS_PAGE_FIRST));
	}
	observed_set(stored, rig);
}

void threads_close(struct threads_rig *rig)
{
	observed_set(NULL, NULL);
	for (unsigned i = 0; i < smmus_of(rig); i++) {
		platform_linux_remove_device(rig->smmu[i].registers);
		model_free(rig->smmu[i].model);
		pthread_mutex_destroy(&rig->smmu[i].lock);
	}
	platform_linux_remove_memory(rig->pool.base);
	platform_linux_remove_memory((shadow_pa_t){ HOST_PA });
	platform_linux_set_relax(NULL, NULL);
	platform_linux_set_report(NULL, NULL);
	platform_linux_free(rig->pool.virt, rig->pool.bytes);
	platform_linux_free(rig->host_memory, HOST_BYTES);
	for (unsigned i = 0; i < 2 && rig->config.marks; i++)
		platform_linux_free(rig->marks[i], shadow_page_bits_bytes(memory, SHADOW_PAGE_LG2));
	platform_linux_free(rig->engine_memory, rig->engine_bytes);
	platform_linux_free(rig->target_memory, rig->target_bytes);
	pthread_mutex_destroy(&rig->lock);
}
