/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_attach_threads.c - real threads: one takes an SMMU away and brings it back while others revoke, wait and ask.
 *
 * The software SMMUs have one lock around them. What is judged is what a device may reach once a wait has returned.
 */
#include "core_rig.h"

#include <pthread.h>

#define PAGE CORE_MEMORY_PAGE
#define ROUNDS 1000u	       /* of each kind at least */
#define WAIT_NS UINT64_C(10000000000)
#define OWNED SHADOW_STATE_OWNED
#define NOPAGE SHADOW_STATE_NOPAGE

static struct core core;
static pthread_mutex_t device_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t host_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic unsigned enabled, revoked; /* times */
static _Atomic bool over;
static _Atomic unsigned wrong;	       /* a thread must not fail a test by itself */

static void lock_host(void)
{
	pthread_mutex_lock(&host_lock);
	platform_linux_set_host_lock(true);
}

static void unlock_host(void)
{
	platform_linux_set_host_lock(false);
	pthread_mutex_unlock(&host_lock);
}

/* ---- devices ------------------------------------------------------------------------------------------- */

static struct model *model_of(void *ctx)
{
	return ((struct core_smmu *)ctx)->model;
}

static uint32_t locked_read32(void *ctx, uint32_t offset)
{
	uint32_t value;

	pthread_mutex_lock(&device_lock);
	value = model_read32(model_of(ctx), offset);
	pthread_mutex_unlock(&device_lock);
	return value;
}

static uint64_t locked_read64(void *ctx, uint32_t offset)
{
	uint64_t value;

	pthread_mutex_lock(&device_lock);
	value = model_read64(model_of(ctx), offset);
	pthread_mutex_unlock(&device_lock);
	return value;
}

static void locked_write32(void *ctx, uint32_t offset, uint32_t value)
{
	pthread_mutex_lock(&device_lock);
	model_write32(model_of(ctx), offset, value);
	pthread_mutex_unlock(&device_lock);
}

static void locked_write64(void *ctx, uint32_t offset, uint64_t value)
{
	pthread_mutex_lock(&device_lock);
	model_write64(model_of(ctx), offset, value);
	pthread_mutex_unlock(&device_lock);
}

static void locked_stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	pthread_mutex_lock(&device_lock);
	core_stored(ctx, where, old_value, value);
	pthread_mutex_unlock(&device_lock);
}

static void locked_relax(void *ctx)
{
	(void)ctx;
	pthread_mutex_lock(&device_lock);
	for (unsigned i = 0; i < core.smmu_count; i++)
		for (unsigned steps = 3; steps; steps--)
			model_step(core.smmu[i].model);
	pthread_mutex_unlock(&device_lock);
}

/* Devices of this suite try what they must not. */
static void count_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	(void)ctx;
	(void)a;
	(void)b;
	wrong += what != PLATFORM_REPORT_EVENT && what != PLATFORM_REPORT_EVENTS_LOST;
}

static bool reaches(unsigned smmu, uint64_t page)
{
	struct model_access access;

	pthread_mutex_lock(&device_lock);
	access = model_dma(core.smmu[smmu].model, CORE_SID, page << 12, true);
	pthread_mutex_unlock(&device_lock);
	return access.fault == MODEL_OK;
}

static void up(void)
{
	static const struct platform_linux_device device = { locked_read32, locked_read64, locked_write32,
							     locked_write64 };

	core_init(&core);
	core.smmu_count = 2;
	core.cmdq_lg2 = 4;
	core.wait_ns = WAIT_NS;
	core_up(&core);
	for (unsigned i = 0; i < 2; i++) {
		platform_linux_remove_device(core.smmu[i].registers);
		assert_int_equal(platform_linux_add_device(&device, &core.smmu[i], 0x20000), core.smmu[i].registers);
	}
	platform_linux_set_time(NULL, NULL);
	platform_linux_set_relax(locked_relax, NULL);
	platform_linux_set_report(count_report, NULL);
	observed_set(locked_stored, &core);
	platform_linux_set_host_lock(false);
}

/* ---- threads --------------------------------------------------------------------------------------------- */

/* Pages of its own; a page that was revoked and waited for is out of reach, and one that was granted is not. */
static void *revoke_and_grant(void *arg)
{
	uint64_t page = PAGE + 600 * (uint64_t)(uintptr_t)arg;

	for (unsigned i = 0; !over; i++) {
		struct shadow_transition revoke = core_transition(page + i % 512, 1, OWNED, NOPAGE);
		struct shadow_transition grant = core_transition(page + i % 512, 1, NOPAGE, OWNED);
		shadow_ticket_t ticket;

		(void)reaches(0, page + i % 512);
		(void)reaches(1, page + i % 512);
		lock_host();
		wrong += shadow_reserve(core.engine, 0, &revoke, WAIT_NS) != 0;
		core.number += shadow_queue(core.engine, 0, core.number + 1, &revoke);
		ticket = shadow_flush(core.engine);
		unlock_host();
		wrong += shadow_wait(core.engine, ticket, WAIT_NS) != 0;
		wrong += reaches(0, page + i % 512);
		wrong += reaches(1, page + i % 512);
		revoked++;
		lock_host();
		wrong += shadow_reserve(core.engine, 0, &grant, WAIT_NS) != 0;
		core.number += shadow_queue(core.engine, 0, core.number + 1, &grant);
		(void)shadow_flush(core.engine);
		unlock_host();
		wrong += !reaches(0, page + i % 512);
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	(void)arg;
	while (enabled < ROUNDS || revoked < ROUNDS) {
		lock_host();
		wrong += shadow_smmu_detach(core.smmu[1].smmu) != 0;
		unlock_host();
		wrong += reaches(1, PAGE + 5000);
		wrong += shadow_smmu_enable(core.smmu[1].smmu) != 0;
		wrong += !reaches(1, PAGE + 5000);
		enabled++;
	}
	over = true;
	return NULL;
}

static void *ask(void *arg)
{
	(void)arg;
	while (!over) {
		shadow_ticket_t ticket;

		lock_host();
		ticket = shadow_flush(core.engine);
		unlock_host();
		(void)shadow_complete(core.engine, ticket);
		(void)shadow_smmu_events(core.smmu[0].smmu, 100);
	}
	return NULL;
}

static void an_smmu_comes_and_goes_beside_flushes_and_waits(void **state)
{
	static void *(*const entry[])(void *) = { come_and_go, revoke_and_grant, revoke_and_grant, ask };
	pthread_t thread[4];

	(void)state;
	up();
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, entry[i], (void *)i), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);

	assert_int_equal(wrong, 0);
	assert_int_equal(core.violations, 0);
	assert_false(core_smmu_stats(&core, 0).closed);
	assert_false(core_smmu_stats(&core, 1).closed);
	core_down(&core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_smmu_comes_and_goes_beside_flushes_and_waits),
	};

	return cmocka_run_group_tests_name("attach_threads", tests, NULL, NULL);
}
