/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host describes of its SMMUs before it is deprivileged, and what EL2 tells about its shadow later.
 * Read by EL2 once, at initialisation: nothing that the host writes afterwards counts.
 */
#ifndef __ARM64_KVM_S2SHADOW_H__
#define __ARM64_KVM_S2SHADOW_H__

#include <linux/types.h>

/* kvm-arm.s2shadow= */
enum kvm_s2shadow_mode {
	KVM_S2SHADOW_OFF,	/* EL2 leaves SMMUs alone, as the stock kernel does */
	KVM_S2SHADOW_EAGER,	/* each page on its own: edit, invalidate, wait */
	KVM_S2SHADOW_BATCHED,	/* one flush for what a function of the hypervisor changes; grants wait for the trip's end */
	KVM_S2SHADOW_GROUP,	/* the same, and donations drop the host lock while they wait: one flush for several CPUs */
};

/* kvm-arm.s2shadow_test=: what makes the tests fail, and nothing else does */
#define KVM_S2SHADOW_TEST_NO_TLBI	BIT(0)	/* no invalidation reaches an SMMU */
#define KVM_S2SHADOW_TEST_LOSE		BIT(1)	/* the driver is not told of one grant in a hundred */

#define KVM_S2SHADOW_SMMUS	8

struct kvm_s2shadow_smmu {
	phys_addr_t		base;
	u64			size;
};

struct kvm_s2shadow_config {
	enum kvm_s2shadow_mode	mode;
	u32			test;
	u32			smmu_count;
	u32			sid_count;	/* StreamIDs 0 .. sid_count - 1 of each; all others abort */
	u64			pool_bytes;	/* tables, queues and stream tables: multiples of PMD_SIZE */
	u64			state_bytes;	/* what the engine remembers */
	struct kvm_s2shadow_smmu smmu[KVM_S2SHADOW_SMMUS];
};

/* What __pkvm_s2shadow_stat tells, one number a call. */
enum kvm_s2shadow_stat {
	KVM_S2SHADOW_STAT_POOL_START,
	KVM_S2SHADOW_STAT_POOL_END,
	KVM_S2SHADOW_STAT_TRANSITIONS,	/* that changed access, since the snapshot */
	KVM_S2SHADOW_STAT_FLUSHES,
	KVM_S2SHADOW_STAT_TLBI,
	KVM_S2SHADOW_STAT_SYNCS,
	KVM_S2SHADOW_STAT_DOORBELLS,
	KVM_S2SHADOW_STAT_TABLE_BYTES,
	KVM_S2SHADOW_STAT_SPLITS,
	KVM_S2SHADOW_STAT_EVENTS,
	KVM_S2SHADOW_STAT_EVENTS_LOST,
	KVM_S2SHADOW_STAT_REPORTS,	/* everything else that a person must see */
	KVM_S2SHADOW_STAT_SNAPSHOT_TICKS,
	KVM_S2SHADOW_STAT_AUDIT,	/* pages whose shadow and state differ; takes a while */
	KVM_S2SHADOW_STATS,

	/* Added to a place in the ring of the last events: a and b as platform_report() got them. */
	KVM_S2SHADOW_STAT_EVENT_A	= 0x100,
	KVM_S2SHADOW_STAT_EVENT_B	= 0x200,
	/* Added to a hypercall's number: how many, and ticks of the system counter at EL2. */
	KVM_S2SHADOW_STAT_TRIPS		= 0x400,
	KVM_S2SHADOW_STAT_TRIP_TICKS	= 0x800,
};

#define KVM_S2SHADOW_EVENTS	16	/* places in that ring */

/* Trips that are no hypercall of the host; their numbers follow the hypercalls'. */
enum kvm_s2shadow_trip {
	KVM_S2SHADOW_TRIP_ABORT		= 0xf0,	/* of the host */
	KVM_S2SHADOW_TRIP_GUEST_SHARE	= 0xf1,	/* a protected guest's call that EL2 serves */
	KVM_S2SHADOW_TRIP_GUEST_UNSHARE	= 0xf2,
};

#ifdef CONFIG_PKVM_S2SHADOW
u64 kvm_s2shadow_reserve(void);		/* pages for EL2 */
#else
static inline u64 kvm_s2shadow_reserve(void) { return 0; }
#endif

#endif
