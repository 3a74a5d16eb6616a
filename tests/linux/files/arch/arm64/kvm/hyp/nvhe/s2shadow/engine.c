// SPDX-License-Identifier: GPL-2.0-only
/*
 * The batched ways: the library's engine behind the two-phase hooks.
 *
 * batched: what a function of the hypervisor revokes is flushed once, and waited for with the host lock held. Grants are flushed
 * when control returns to the host. group: a donation drops the lock while it waits; who comes meanwhile is taken along by
 * the next flush, one for all.
 */
#include <asm/kvm_mmu.h>
#include <linux/cpumask.h>
#include <nvhe/mem_protect.h>

#include "s2shadow.h"

static int engine_make(void)
{
	struct shadow_engine_config config = {
		.cpu_count = hyp_nr_cpus,
		.queue_slots = S2SHADOW_QUEUE_SLOTS,
		.map = s2shadow.map,
	};
	struct shadow_range *pages = &config.pending.range;
	const struct shadow_range *memory = s2shadow.map.memory;
	size_t bytes;

	pages->start = ALIGN_DOWN(memory[0].start, 64 * PAGE_SIZE);
	pages->end = ALIGN(memory[s2shadow.map.memory_count - 1].end, 64 * PAGE_SIZE);
	config.pending.word = s2shadow_take(shadow_page_bits_bytes(*pages, PAGE_SHIFT));
	bytes = shadow_engine_bytes(&config);
	return shadow_engine_init(s2shadow_take(bytes), bytes, &config, &s2shadow.engine);
}

static int smmus_attach(void)
{
	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		int ret = shadow_smmu_attach(s2shadow.target, &s2shadow.smmu_config[i], &s2shadow.smmu[i]);

		for (u32 sid = 0; sid < s2shadow.config.sid_count && !ret; sid++)
			ret = shadow_smmu_stream(s2shadow.smmu[i], sid);
		if (ret)
			return ret;
	}
	return 0;
}

static int init(void)
{
	u64 bytes = shadow_smmu_pool_bytes(&s2shadow.target_config, s2shadow.smmu_config, s2shadow.config.smmu_count);
	u64 start;
	int ret;

	if (!bytes || bytes > s2shadow.config.pool_bytes)
		return -ENOMEM;
	ret = engine_make();
	if (ret)
		return ret;
	bytes = shadow_smmu_target_bytes(&s2shadow.target_config);
	ret = shadow_smmu_target_init(s2shadow_take(bytes), bytes, &s2shadow.target_config, &s2shadow.target);
	if (!ret)
		ret = smmus_attach();
	if (!ret)
		ret = shadow_engine_register(s2shadow.engine, s2shadow.target);
	start = read_sysreg(cntpct_el0);
	if (!ret)
		ret = shadow_snapshot(s2shadow.engine, &s2shadow.host);
	s2shadow.snapshot_ticks = read_sysreg(cntpct_el0) - start;
	return ret;
}

static struct shadow_transition transition_of(phys_addr_t start, u64 size, enum pkvm_page_state from,
					      enum pkvm_page_state to)
{
	return (struct shadow_transition){
		.start = { start },
		.page_count = size >> PAGE_SHIFT,
		.old_state = (enum shadow_state)from,
		.new_state = (enum shadow_state)to,
	};
}

static int host_check(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to)
{
	struct shadow_transition transition = transition_of(start, size, from, to);

	return shadow_reserve(s2shadow.engine, s2shadow_this_cpu(), &transition, S2SHADOW_TICKET_NS);
}

static void host_update(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to)
{
	struct shadow_transition transition = transition_of(start, size, from, to);

	s2shadow.number += shadow_queue(s2shadow.engine, s2shadow_this_cpu(), s2shadow.number + 1, &transition);
}

/* Ends the trip, since from now on somebody may be given the pages. */
static u64 flush(void)
{
	u64 ticket;

	shadow_trip_end(s2shadow.engine, s2shadow_this_cpu());
	ticket = shadow_flush(s2shadow.engine).number;
	WRITE_ONCE(s2shadow.in_flight, ticket);
	return ticket;
}

/* A silent SMMU is shut long before the time is over, and then nothing waits for it. If it cannot be, no page may change hands. */
static void wait(u64 ticket)
{
	BUG_ON(shadow_wait(s2shadow.engine, (shadow_ticket_t){ ticket }, S2SHADOW_TICKET_NS));
}

static void host_complete(void)
{
	wait(flush());
}

static void trip_end(void)
{
	hyp_spin_lock(&host_mmu.lock);
	flush();
	hyp_spin_unlock(&host_mmu.lock);
}

/* One flush at a time is on its way: who finds none makes one, the others are taken along by the next. */
static u64 host_publish(phys_addr_t start, u64 size)
{
	shadow_ticket_t in_flight = { s2shadow.in_flight };

	WARN_ON(shadow_pending(s2shadow.engine, (shadow_ipa_t){ start }, size >> PAGE_SHIFT));
	if (shadow_complete(s2shadow.engine, in_flight))
		return flush();
	shadow_trip_end(s2shadow.engine, s2shadow_this_cpu());
	return shadow_ticket(s2shadow.engine).number;
}

static void host_wait(u64 ticket)
{
	u64 in_flight = READ_ONCE(s2shadow.in_flight);

	if (in_flight < ticket) {
		wait(in_flight);
		hyp_spin_lock(&host_mmu.lock);
		if (s2shadow.in_flight < ticket)
			flush();
		hyp_spin_unlock(&host_mmu.lock);
	}
	wait(ticket);
}

static void host_handed_over(phys_addr_t start, u64 size)
{
	shadow_pending_end(s2shadow.engine, (shadow_ipa_t){ start }, size >> PAGE_SHIFT);
}

const struct kvm_iommu_ops s2shadow_batched_ops = {
	.init = init,
	.host_check = host_check,
	.host_update = host_update,
	.host_complete = host_complete,
	.trip_end = trip_end,
};

const struct kvm_iommu_ops s2shadow_group_ops = {
	.init = init,
	.host_check = host_check,
	.host_update = host_update,
	.host_complete = host_complete,
	.trip_end = trip_end,
	.host_publish = host_publish,
	.host_wait = host_wait,
	.host_handed_over = host_handed_over,
};
