/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an IOMMU driver at EL2 is told of the host's access to memory.
 *
 * All but trip_end() is called with host_mmu.lock held, and does nothing before init() has made the snapshot. In the check phase
 * of a transition host_check() may refuse it. host_update() comes with the host's states, host_complete() before the pages are
 * used by who gets them.
 */
#ifndef __ARM64_KVM_NVHE_IOMMU_H__
#define __ARM64_KVM_NVHE_IOMMU_H__

#include <asm/kvm_pgtable.h>
#include <asm/kvm_s2shadow.h>
#include <nvhe/memory.h>

struct kvm_iommu_ops {
	/*
	 * Once, when all states are set and the host is not deprivileged yet. An error: the host must not be let go.
	 */
	int (*init)(void);

	/*
	 * The posted shape: the host has now this access to start .. end, none at all or R and W. Called for changes of access
	 * alone; complete on return. The other members are NULL or optional then.
	 */
	void (*host_stage2_idmap)(phys_addr_t start, phys_addr_t end, enum kvm_pgtable_prot prot);

	/*
	 * The two-phase shape. All pages are in state @from.
	 * host_check(): 0, or the error to refuse with: -EAGAIN for pages that change hands at the moment.
	 * host_update(): cannot fail. host_complete(): what was revoked so far is out of every device's reach.
	 * trip_end(): control returns to the host; what was granted has to be within devices' reach. Takes the lock itself.
	 */
	int (*host_check)(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to);
	void (*host_update)(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to);
	void (*host_complete)(void);
	void (*trip_end)(void);

	/*
	 * As host_complete(), in two steps between which the lock is dropped; NULL: host_complete() it is. The pages are marked
	 * until host_handed_over(), and host_check() refuses them meanwhile.
	 */
	u64 (*host_publish)(phys_addr_t start, u64 size);
	void (*host_wait)(u64 ticket);		/* without the lock */
	void (*host_handed_over)(phys_addr_t start, u64 size);
};

#ifdef CONFIG_PKVM_S2SHADOW

unsigned long kvm_iommu_pages(void);		/* of the hypervisor's memory, the first of it */
void kvm_iommu_give_pages(void *virt);
int kvm_iommu_init(void);
int kvm_iommu_hide_registers(void);		/* from the host; again after its MMIO mappings were dropped */

int kvm_iommu_host_check(phys_addr_t start, u64 size, enum pkvm_page_state from, enum pkvm_page_state to);
void kvm_iommu_host_update(phys_addr_t start, u64 size, enum pkvm_page_state to);
void kvm_iommu_host_complete(void);
bool kvm_iommu_waits_unlocked(void);
u64 kvm_iommu_host_publish(phys_addr_t start, u64 size);
void kvm_iommu_host_wait(u64 ticket);
void kvm_iommu_host_handed_over(phys_addr_t start, u64 size);
void kvm_iommu_trip_end(void);
u64 kvm_iommu_stat(u32 which);
u64 kvm_iommu_trip_start(void);
void kvm_iommu_trip_count(u64 trip, u64 start);	/* a hypercall's number, or enum kvm_s2shadow_trip */

#else

static inline unsigned long kvm_iommu_pages(void) { return 0; }
static inline void kvm_iommu_give_pages(void *virt) { }
static inline int kvm_iommu_init(void) { return 0; }
static inline int kvm_iommu_hide_registers(void) { return 0; }
static inline int kvm_iommu_host_check(phys_addr_t start, u64 size, enum pkvm_page_state from,
				       enum pkvm_page_state to) { return 0; }
static inline void kvm_iommu_host_update(phys_addr_t start, u64 size, enum pkvm_page_state to) { }
static inline void kvm_iommu_host_complete(void) { }
static inline bool kvm_iommu_waits_unlocked(void) { return false; }
static inline u64 kvm_iommu_host_publish(phys_addr_t start, u64 size) { return 0; }
static inline void kvm_iommu_host_wait(u64 ticket) { }
static inline void kvm_iommu_host_handed_over(phys_addr_t start, u64 size) { }
static inline void kvm_iommu_trip_end(void) { }
static inline u64 kvm_iommu_stat(u32 which) { return 0; }
static inline u64 kvm_iommu_trip_start(void) { return 0; }
static inline void kvm_iommu_trip_count(u64 trip, u64 start) { }

#endif
#endif
