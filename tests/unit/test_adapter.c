/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_adapter.c - pKVM's transitions through the adapter of tests/adapter/, over a software SMMU.
 *
 * The functions called like pKVM's are what pKVM does, as far as the adapter can see it: states of pages, and
 * the hooks in their places.
 */
#include "core_rig.h"
#include "tests/adapter/kvm_smmu.h"

#define PAGES	  16u
#define PAGE	  CORE_MEMORY_PAGE
#define PA(page)  ((page) << 12)
#define FIRST(nr) PAGE, PAGE + (nr)

static struct core core;
static struct kvm_smmu_device device;
static const uint32_t sids[] = { CORE_SID };
static u8 host_state[PAGES]; /* of PAGE and those behind it */
static bool guest_has[PAGES];

unsigned int hyp_smp_processor_id(void)
{
	return 0;
}

/* All that the host describes. init() is the test's. */
static int set_up(void **state)
{
	(void)state;
	memset(host_state, PKVM_PAGE_OWNED, sizeof(host_state));
	memset(guest_has, 0, sizeof(guest_has));
	core_init(&core);
	core_model_up(&core, 0);
	core_host_up(&core);
	device = (struct kvm_smmu_device){ .config = core_smmu_config(&core, 0),
					   .sids = sids,
					   .sid_count = 1 };
	kvm_smmu = (struct kvm_smmu){ .engine_config = core_engine_config(&core),
				      .target_config = core_target_config(&core),
				      .host = core.host,
				      .devices = &device,
				      .device_count = 1,
				      .wait_ns = CORE_WAIT_NS };
	core.pool = kvm_smmu.target_config.pool;
	core.pool.virt = kvm_smmu.target_config.pool.virt = core_alloc(core.pool.bytes);
	assert_int_equal(platform_linux_add_memory(core.pool.base, core.pool.virt, core.pool.bytes), 0);
	core.engine_bytes = kvm_smmu.engine_bytes = shadow_engine_bytes(&kvm_smmu.engine_config);
	core.target_bytes = kvm_smmu.target_bytes = shadow_smmu_target_bytes(&kvm_smmu.target_config);
	core.engine_memory = kvm_smmu.engine_memory = core_alloc(core.engine_bytes);
	core.target_memory = kvm_smmu.target_memory = core_alloc(core.target_bytes);
	return 0;
}

static int set_up_and_init(void **state)
{
	set_up(state);
	assert_int_equal(kvm_smmu_ops.init(), 0);
	core_forget(&core);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(core.violations, 0);
	core_down(&core);
	return 0;
}

/* ---- pKVM -------------------------------------------------------------------------------------------- */

static int check(uint64_t page, uint64_t end, enum pkvm_page_state new_state)
{
	return kvm_smmu_ops.host_state_reserve(PA(page), PA(end), &host_state[page - PAGE], new_state);
}

static void set_host_state(uint64_t page, uint64_t end, enum pkvm_page_state new_state)
{
	kvm_smmu_ops.host_state_queue(PA(page), PA(end), &host_state[page - PAGE], new_state);
	memset(&host_state[page - PAGE], new_state, end - page);
}

static int change(uint64_t page, uint64_t end, enum pkvm_page_state new_state)
{
	int error = check(page, end, new_state);

	if (error)
		return error;
	set_host_state(page, end, new_state);
	return kvm_smmu_ops.host_state_complete();
}

static int host_donate_guest(uint64_t page)
{
	int error = check(page, page + 1, PKVM_NOPAGE);

	if (error)
		return error;
	set_host_state(page, page + 1, PKVM_NOPAGE);
	assert_false(guest_has[page - PAGE]);
	error = kvm_smmu_ops.host_state_complete();
	guest_has[page - PAGE] = !error;
	return error;
}

static unsigned syncs(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < core.log_count; i++)
		count += core.log[i].event == CORE_COMMAND && (core.log[i].word[0] & 0xff) == CORE_SYNC;
	return count;
}

/* ---- transitions ------------------------------------------------------------------------------------- */

static void a_page_donated_to_a_guest_is_out_of_reach_before_the_guest_has_it(void **state)
{
	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 2));
	assert_int_equal(host_donate_guest(PAGE + 2), 0);
	assert_true(guest_has[2]);
	assert_false(core_reaches(&core, 0, PAGE + 2));
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_true(core_reaches(&core, 0, PAGE + 3));
	assert_int_equal(syncs(), 1);
}

static void a_guest_does_not_get_a_page_while_the_smmu_has_not_answered(void **state)
{
	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 2));
	kvm_smmu.wait_ns = CORE_WAIT_NS / 10;
	core.smmu[0].stalled = true;
	assert_int_equal(host_donate_guest(PAGE + 2), -SHADOW_ETIMEDOUT);
	assert_false(guest_has[2]);

	core.smmu[0].stalled = false;
	assert_int_equal(kvm_smmu_ops.host_state_complete(), 0);
	assert_false(core_reaches(&core, 0, PAGE + 2));
}

static void a_range_donated_to_the_hypervisor_takes_one_doorbell(void **state)
{
	(void)state;
	for (uint64_t page = PAGE; page < PAGE + 8; page++)
		assert_true(core_reaches(&core, 0, page));
	assert_int_equal(change(FIRST(8), PKVM_NOPAGE), 0);
	for (uint64_t page = PAGE; page < PAGE + 8; page++)
		assert_false(core_reaches(&core, 0, page));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
}

static void a_list_of_pages_is_reserved_queued_and_completed_once(void **state)
{
	(void)state;
	for (uint64_t page = PAGE; page < PAGE + 8; page += 2)
		assert_int_equal(check(page, page + 1, PKVM_NOPAGE), 0);
	for (uint64_t page = PAGE; page < PAGE + 8; page += 2)
		set_host_state(page, page + 1, PKVM_NOPAGE);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(kvm_smmu_ops.host_state_complete(), 0);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 1);
	for (uint64_t page = PAGE; page < PAGE + 8; page++)
		assert_int_equal(core_reaches(&core, 0, page), (page - PAGE) % 2);
}

static void sharing_and_unsharing_with_guest_or_hypervisor_change_nothing_for_devices(void **state)
{
	(void)state;
	assert_int_equal(change(FIRST(2), PKVM_PAGE_SHARED_OWNED), 0);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_int_equal(change(FIRST(2), PKVM_PAGE_OWNED), 0);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(core.stores, 0);
	assert_int_equal(kvm_smmu.number, 0);
}

static void what_a_guest_shares_the_host_s_devices_reach_until_it_unshares(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE + 2), 0);
	assert_int_equal(change(PAGE + 2, PAGE + 3, PKVM_PAGE_SHARED_BORROWED), 0);
	assert_true(core_reaches(&core, 0, PAGE + 2));
	assert_int_equal(change(PAGE + 2, PAGE + 3, PKVM_NOPAGE), 0);
	assert_false(core_reaches(&core, 0, PAGE + 2));
}

static void a_reclaimed_page_is_in_reach_again_when_the_call_returns(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE + 2), 0);
	assert_int_equal(change(PAGE + 2, PAGE + 3, PKVM_PAGE_OWNED), 0);
	assert_true(core_reaches(&core, 0, PAGE + 2));
}

/* Sharing first, teardown later: the host has the page all the time. */
static void reclaiming_a_page_that_the_guest_had_shared_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE + 2), 0);
	assert_int_equal(change(PAGE + 2, PAGE + 3, PKVM_PAGE_SHARED_BORROWED), 0);
	core_forget(&core);
	assert_int_equal(change(PAGE + 2, PAGE + 3, PKVM_PAGE_OWNED), 0);
	assert_true(core_reaches(&core, 0, PAGE + 2));
	assert_int_equal(core.stores, 0);
}

static void of_a_range_in_several_states_each_page_is_judged_by_its_own(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE), 0);
	assert_int_equal(change(FIRST(4), PKVM_NOPAGE), 0);
	for (uint64_t page = PAGE; page < PAGE + 4; page++)
		assert_false(core_reaches(&core, 0, page));
	assert_true(core_reaches(&core, 0, PAGE + 4));
	assert_int_equal(change(FIRST(4), PKVM_PAGE_OWNED), 0);
	for (uint64_t page = PAGE; page < PAGE + 4; page++)
		assert_true(core_reaches(&core, 0, page));
}

static void a_transition_that_is_refused_in_the_check_phase_has_changed_nothing(void **state)
{
	static const u8 owned;
	phys_addr_t beyond = UINT64_C(1) << CORE_IA_BITS;

	(void)state;
	assert_int_equal(kvm_smmu_ops.host_state_reserve(beyond, beyond + 4096, &owned, PKVM_NOPAGE),
			 -SHADOW_EINVAL);
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(core.stores, 0);
	assert_int_equal(host_donate_guest(PAGE), 0);
}

static void the_single_call_is_in_force_when_it_returns(void **state)
{
	struct model_access access;

	(void)state;
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE + 1), PA(PAGE + 3), 0), 0);
	assert_false(core_reaches(&core, 0, PAGE + 1));
	assert_false(core_reaches(&core, 0, PAGE + 2));
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE + 1), PA(PAGE + 2),
							KVM_PGTABLE_PROT_R | KVM_PGTABLE_PROT_W),
			 0);
	assert_true(core_reaches(&core, 0, PAGE + 1));
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE + 2), PA(PAGE + 3), KVM_PGTABLE_PROT_R), 0);
	assert_false(core_reaches(&core, 0, PAGE + 2));
	access = model_dma(core.smmu[0].model, CORE_SID, PA(PAGE + 2), false);
	assert_int_equal(access.fault, 0);
}

/* ---- init -------------------------------------------------------------------------------------------- */

static void assert_shut(void)
{
	core_forget(&core);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_int_equal(host_donate_guest(PAGE), 0);
	assert_int_equal(change(PAGE, PAGE + 1, PKVM_PAGE_OWNED), 0);
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE), PA(PAGE + 1),
							KVM_PGTABLE_PROT_R | KVM_PGTABLE_PROT_W),
			 0);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_int_equal(core_count(&core, CORE_DOORBELL, 0), 0);
	assert_int_equal(core.stores, 0);
}

static void nothing_is_passed_on_before_the_snapshot(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE), 0);
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE), PA(PAGE + 1), 0), 0);
	assert_int_equal(core.stores, 0);
	*core_host_entry(&core, PAGE, 3) = UINT64_C(2) << 60; /* as the donation has left it */
	assert_int_equal(kvm_smmu_ops.init(), 0);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_true(core_reaches(&core, 0, PAGE + 1));
}

static void a_second_init_is_refused_and_the_first_goes_on(void **state)
{
	(void)state;
	assert_int_equal(host_donate_guest(PAGE + 2), 0);
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_EBUSY);
	assert_true(core_reaches(&core, 0, PAGE));
	assert_int_equal(host_donate_guest(PAGE), 0);
	assert_false(core_reaches(&core, 0, PAGE));
	assert_false(core_reaches(&core, 0, PAGE + 2));
}

static void without_memory_for_an_engine_nothing_is_touched(void **state)
{
	(void)state;
	kvm_smmu.engine_bytes = 0;
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_ENOMEM);
	core_forget(&core);
	assert_int_equal(change(FIRST(2), PKVM_NOPAGE), 0);
	assert_int_equal(kvm_smmu_ops.host_stage2_idmap(PA(PAGE), PA(PAGE + 1), KVM_PGTABLE_PROT_R), 0);
	assert_int_equal(core.log_count, 0);
}

static void a_snapshot_that_fails_leaves_every_stream_in_abort(void **state)
{
	(void)state;
	kvm_smmu.host.ia_bits++;
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_EINVAL);
	assert_shut();
}

static void an_init_that_has_failed_is_not_tried_again(void **state)
{
	(void)state;
	kvm_smmu.host.ia_bits++;
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_EINVAL);
	kvm_smmu.host.ia_bits--;
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_EBUSY);
	assert_shut();
}

static void a_stream_that_cannot_be_leaves_the_others_in_abort(void **state)
{
	static const uint32_t bad[] = { CORE_SID, 1 << 20 };

	(void)state;
	device.sids = bad;
	device.sid_count = 2;
	assert_int_equal(kvm_smmu_ops.init(), -SHADOW_EINVAL);
	assert_shut();
}

int main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up_and_init, tear_down)
#define EARLY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_page_donated_to_a_guest_is_out_of_reach_before_the_guest_has_it),
		TEST(a_guest_does_not_get_a_page_while_the_smmu_has_not_answered),
		TEST(a_range_donated_to_the_hypervisor_takes_one_doorbell),
		TEST(a_list_of_pages_is_reserved_queued_and_completed_once),
		TEST(sharing_and_unsharing_with_guest_or_hypervisor_change_nothing_for_devices),
		TEST(what_a_guest_shares_the_host_s_devices_reach_until_it_unshares),
		TEST(a_reclaimed_page_is_in_reach_again_when_the_call_returns),
		TEST(reclaiming_a_page_that_the_guest_had_shared_changes_nothing),
		TEST(of_a_range_in_several_states_each_page_is_judged_by_its_own),
		TEST(a_transition_that_is_refused_in_the_check_phase_has_changed_nothing),
		TEST(the_single_call_is_in_force_when_it_returns),
		TEST(a_second_init_is_refused_and_the_first_goes_on),
		EARLY(nothing_is_passed_on_before_the_snapshot),
		EARLY(without_memory_for_an_engine_nothing_is_touched),
		EARLY(a_snapshot_that_fails_leaves_every_stream_in_abort),
		EARLY(an_init_that_has_failed_is_not_tried_again),
		EARLY(a_stream_that_cannot_be_leaves_the_others_in_abort),
	};

	return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
