// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an SMMU and the library have to say: events and reports are counted, the last events kept. EL2 takes no interrupt of an
 * SMMU, so events are read when somebody asks for them; the queue keeps the first ones that came since.
 */
#include <asm/kvm_mmu.h>
#include <nvhe/mem_protect.h>

#include <shadow/platform.h>

#include "s2shadow.h"

/* Written by whoever reports, several CPUs at once: numbers are atomic, a place in the ring may be torn by the 17th event at once. */
static atomic64_t reports, event_count;
static struct {
	u64 a, b;
} event[KVM_S2SHADOW_EVENTS];

static DEFINE_HYP_SPINLOCK(events_lock);	/* shadow_smmu_events(): one at a time */

void platform_report(enum platform_report what, u64 a, u64 b)
{
	u64 place;

	if (what != PLATFORM_REPORT_EVENT) {
		atomic64_inc(&reports);
		return;
	}
	place = (u64)atomic64_fetch_inc(&event_count) % KVM_S2SHADOW_EVENTS;
	event[place].a = a;
	event[place].b = b;
}

static void events_take(void)
{
	hyp_spin_lock(&events_lock);
	for (u32 i = 0; i < s2shadow.config.smmu_count; i++)
		if (s2shadow.smmu[i])
			shadow_smmu_events(s2shadow.smmu[i], BIT(S2SHADOW_QUEUE_LG2));
	hyp_spin_unlock(&events_lock);
}

/* A counter of all SMMUs: where it is in struct shadow_smmu_stats. */
static u64 smmu_sum(size_t offset)
{
	u64 sum = 0;

	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		struct shadow_smmu_stats stats;

		if (!s2shadow.smmu[i])
			continue;
		shadow_smmu_stats(s2shadow.smmu[i], &stats);
		sum += *(u64 *)((void *)&stats + offset);
	}
	return sum;
}

static struct shadow_stats engine_stats(void)
{
	struct shadow_stats stats;

	shadow_engine_stats(s2shadow.engine, &stats);
	return stats;
}

static struct shadow_table_stats table_stats(void)
{
	struct shadow_table_stats stats;

	shadow_smmu_table_stats(s2shadow.target, &stats);
	return stats;
}

/* Counters of the batched ways. */
static u64 batched_stat(u32 which)
{
	switch (which) {
	case KVM_S2SHADOW_STAT_TRANSITIONS:
		return engine_stats().transitions_access;
	case KVM_S2SHADOW_STAT_FLUSHES:
		return engine_stats().flushes;
	case KVM_S2SHADOW_STAT_TLBI:
		return smmu_sum(offsetof(struct shadow_smmu_stats, tlbi));
	case KVM_S2SHADOW_STAT_SYNCS:
		return smmu_sum(offsetof(struct shadow_smmu_stats, syncs));
	case KVM_S2SHADOW_STAT_DOORBELLS:
		return smmu_sum(offsetof(struct shadow_smmu_stats, doorbells));
	case KVM_S2SHADOW_STAT_TABLE_BYTES:
		return table_stats().bytes_live;
	case KVM_S2SHADOW_STAT_SPLITS:
		return table_stats().splits;
	case KVM_S2SHADOW_STAT_EVENTS:
		events_take();
		return smmu_sum(offsetof(struct shadow_smmu_stats, events));
	case KVM_S2SHADOW_STAT_EVENTS_LOST:
		return smmu_sum(offsetof(struct shadow_smmu_stats, events_lost));
	default:
		return 0;
	}
}

static u64 audit(void)
{
	u64 ste[8], differences;

	hyp_spin_lock(&host_mmu.lock);
	if (s2shadow.engine)
		shadow_smmu_ste(s2shadow.smmu[0], 0, ste);
	else
		s2shadow_eager_ste(ste);
	differences = s2shadow_audit(ste);
	hyp_spin_unlock(&host_mmu.lock);
	return differences;
}

u64 kvm_iommu_stat(u32 which)
{
	u32 place = which & 0xff;

	switch (which & ~0xff) {
	case KVM_S2SHADOW_STAT_TRIPS:
	case KVM_S2SHADOW_STAT_TRIP_TICKS:
		return s2shadow_trip_stat(which);
	case KVM_S2SHADOW_STAT_EVENT_A:
		return place < KVM_S2SHADOW_EVENTS ? event[place].a : 0;
	case KVM_S2SHADOW_STAT_EVENT_B:
		return place < KVM_S2SHADOW_EVENTS ? event[place].b : 0;
	case 0:
		break;
	default:
		return 0;
	}
	if (s2shadow.config.mode == KVM_S2SHADOW_OFF)
		return 0;
	switch (which) {
	case KVM_S2SHADOW_STAT_POOL_START:
		return __hyp_pa(s2shadow.memory);
	case KVM_S2SHADOW_STAT_POOL_END:
		return __hyp_pa(s2shadow.memory) + s2shadow.config.pool_bytes;
	case KVM_S2SHADOW_STAT_REPORTS:
		return atomic64_read(&reports);
	case KVM_S2SHADOW_STAT_SNAPSHOT_TICKS:
		return s2shadow.snapshot_ticks;
	case KVM_S2SHADOW_STAT_AUDIT:
		return audit();
	}
	return s2shadow.engine ? batched_stat(which) : s2shadow_eager_stat(which);
}
