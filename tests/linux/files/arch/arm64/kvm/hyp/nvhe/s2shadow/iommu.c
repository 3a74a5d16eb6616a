// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks of mem_protect.c: which of the drivers' ways is chosen, and what reaches it. Nothing does before the snapshot.
 */
#include <asm/kvm_mmu.h>
#include <nvhe/mem_protect.h>

#include "s2shadow.h"

static const struct kvm_iommu_ops *ops;		/* before the host is deprivileged, never after */
static bool ready;				/* the same */

/* Is there something for trip_end()? Each CPU's own. */
static DEFINE_PER_CPU(bool, trip_changed);

int kvm_iommu_init(void)
{
	int ret;

	s2shadow.config = kvm_s2shadow_config;
	switch (s2shadow.config.mode) {
	case KVM_S2SHADOW_OFF:
		return 0;
	case KVM_S2SHADOW_EAGER:
		ops = &s2shadow_eager_ops;
		break;
	case KVM_S2SHADOW_BATCHED:
		ops = &s2shadow_batched_ops;
		break;
	case KVM_S2SHADOW_GROUP:
		ops = &s2shadow_group_ops;
		break;
	default:
		return -EINVAL;
	}
	ret = s2shadow_describe();
	if (!ret)
		ret = ops->init();
	ready = !ret;
	return ret;
}

static bool has_access(enum pkvm_page_state state)
{
	return state != PKVM_NOPAGE;
}

int kvm_iommu_host_check(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to)
{
	if (!ready || !ops->host_check || has_access(from) == has_access(to))
		return 0;
	return ops->host_check(start, size, from, to);
}

static void update(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to)
{
	if (has_access(from) == has_access(to) || (has_access(to) && s2shadow_test_loses()))
		return;
	if (ops->host_stage2_idmap) {
		ops->host_stage2_idmap(start, start + size, has_access(to) ? PKVM_HOST_MEM_PROT : 0);
		return;
	}
	ops->host_update(start, size, from, to);
	*this_cpu_ptr(&trip_changed) = true;
}

/* Page by page: a range whose pages had different states is told in pieces. */
void kvm_iommu_host_update(phys_addr_t start, u64 size, enum pkvm_page_state to)
{
	struct hyp_page *page, *end, *first;

	if (!ready)
		return;
	page = hyp_phys_to_page(start);
	end = page + (size >> PAGE_SHIFT);
	while (page < end) {
		enum pkvm_page_state from = get_host_state(page);

		first = page++;
		while (page < end && get_host_state(page) == from)
			page++;
		update(hyp_page_to_phys(first), (u64)(page - first) << PAGE_SHIFT, from, to);
	}
}

void kvm_iommu_host_complete(void)
{
	if (ready && ops->host_complete) {
		ops->host_complete();
		*this_cpu_ptr(&trip_changed) = false;
	}
}

bool kvm_iommu_waits_unlocked(void)
{
	return ready && ops->host_publish;
}

u64 kvm_iommu_host_publish(phys_addr_t start, u64 size)
{
	*this_cpu_ptr(&trip_changed) = false;
	return ops->host_publish(start, size);
}

void kvm_iommu_host_wait(u64 ticket)
{
	ops->host_wait(ticket);
}

void kvm_iommu_host_handed_over(phys_addr_t start, u64 size)
{
	ops->host_handed_over(start, size);
}

void kvm_iommu_trip_end(void)
{
	bool *changed = this_cpu_ptr(&trip_changed);

	if (!*changed)
		return;
	*changed = false;
	ops->trip_end();
}
