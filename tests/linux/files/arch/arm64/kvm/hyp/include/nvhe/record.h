/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder's hooks. Without CONFIG_S2SHADOW_RECORD they are nothing.
 */
#ifndef __ARM64_KVM_NVHE_RECORD_H__
#define __ARM64_KVM_NVHE_RECORD_H__

#include <asm/kvm_host.h>
#include <asm/kvm_hypevents.h>
#include <asm/kvm_record.h>

#include <nvhe/memory.h>

#ifdef CONFIG_S2SHADOW_RECORD

/* An entry into EL2, and the way out of it. */
void record_enter(struct kvm_cpu_context *host_ctxt, u8 reason);
void record_exit(u8 reason);

/* The kernel has its events exactly where trips begin and end: be called where they are. */
#define trace_hyp_enter(host_ctxt, reason) \
	do { record_enter(host_ctxt, reason); (trace_hyp_enter)(host_ctxt, reason); } while (0)
#define trace_hyp_exit(host_ctxt, reason) \
	do { record_exit(reason); (trace_hyp_exit)(host_ctxt, reason); } while (0)

/* Before pkvm_init() changes the first state, and before it goes back to the host. */
void record_init_begin(void);
void record_init_end(void);

/* The function that takes the host's lock is the cause of what is recorded under it. */
void record_cause(const char *function);

/* Before the states of a range are written; the host's lock is held. @flags: RECORD_DIRECT or 0. */
void record_state(phys_addr_t addr, u64 size, enum pkvm_page_state state, u8 flags);

/* The same for pages that one of those they are shared with gives back. */
void record_unshare_guest(phys_addr_t addr, u64 size);

/* A host's abort was answered with a mapping, or is to be refused. */
void record_map(u64 addr, u64 size, bool memory);
void record_refusal(u64 addr);

/* All device mappings are to be removed. */
void record_unmap_devices(void);

/* A hypercall, op is of enum record_op. */
long __pkvm_record(u64 op, u64 first, u64 second);

#else

static inline void record_init_begin(void) { }
static inline void record_init_end(void) { }
static inline void record_state(phys_addr_t addr, u64 size, enum pkvm_page_state state,
				u8 flags) { }
static inline void record_unshare_guest(phys_addr_t addr, u64 size) { }
static inline void record_map(u64 addr, u64 size, bool memory) { }
static inline void record_refusal(u64 addr) { }
static inline void record_unmap_devices(void) { }
static inline long __pkvm_record(u64 op, u64 first, u64 second) { return -ENODEV; }

#endif
#endif
