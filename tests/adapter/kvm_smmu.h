/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * kvm_smmu.h - the library in the shape in which pKVM asks an IOMMU driver at EL2: an ops structure.
 *
 * There are two ways to say that the host's access changes. The posted one is a single call after the host's
 * own edit; it cannot refuse in time. The two-phase one can, and makes one flush of all that a trip changes:
 *
 *   check phase       host_state_reserve()    for each range; an error refuses the transition
 *   after the edit    host_state_queue()      for the same ranges, cannot fail
 *   before the new owner's mapping            host_state_complete()
 *
 * All are called under the host lock, and do nothing before init() has succeeded.
 */
#ifndef TESTS_ADAPTER_KVM_SMMU_H
#define TESTS_ADAPTER_KVM_SMMU_H

#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "tests/adapter/el2.h"

struct kvm_iommu_ops {
	/* Once, before the host is deprivileged, host lock held. Return: 0, or an error: then every stream of
	 * an SMMU that was brought up aborts, and one that was refused is as firmware left it: the host is
	 * not to be let go. */
	int (*init)(void);

	/* The host has now this access to start .. end: none at all, or R, W or both. Called for changes of
	 * access alone. Complete on return; if that is an error, the pages may not be given to anyone. */
	int (*host_stage2_idmap)(phys_addr_t start, phys_addr_t end, enum kvm_pgtable_prot prot);

	/* @old_states: of each page, as before the edit. Return: 0, or a reason to refuse; nothing is
	 * changed. */
	int (*host_state_reserve)(phys_addr_t start, phys_addr_t end, const u8 *old_states,
				  enum pkvm_page_state new_state);
	void (*host_state_queue)(phys_addr_t start, phys_addr_t end, const u8 *old_states,
				 enum pkvm_page_state new_state);
	int (*host_state_complete)(void);
};

extern const struct kvm_iommu_ops kvm_smmu_ops;

struct kvm_smmu_device {
	struct shadow_smmu_config config;
	const uint32_t *sids;
	unsigned sid_count;
	struct shadow_smmu *smmu; /* init()'s */
};

/* What the host describes before it is deprivileged, and what is made of it. One for the machine. */
struct kvm_smmu {
	struct shadow_engine_config engine_config;
	struct shadow_smmu_target_config target_config;
	struct shadow_host_table host;
	struct kvm_smmu_device *devices;
	unsigned device_count;
	void *engine_memory, *target_memory; /* zeroed, aligned to 64 */
	size_t engine_bytes, target_bytes;
	u64 wait_ns;

	/* The rest is init()'s and all zero before it. */
	struct shadow_engine *engine;
	struct shadow_target *target;
	u64 number; /* the last transition's */
	bool tried, ready;
};

extern struct kvm_smmu kvm_smmu;

#endif
