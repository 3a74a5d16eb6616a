/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * order.h - every atomic, barrier and device-visible store of the core, each with its order in its name.
 *
 * Nothing else in engine/ or smmuv3/ touches shared or device-visible memory. Builds with
 * SHADOW_ORDER_OBSERVED call order_observed_descriptor() after each descriptor store, so that replay and
 * the tests see the table as a walker could between any two stores, and order_observed_device() after each store of
 * a word of stream table or queue; the ordering is the same. Builds with
 * SHADOW_ORDER_SIMULATED have the whole header from the simulated platform, where stores wait in store buffers.
 *
 * The pairs (tag: this side; partner; observer):
 *   Q1  queue_open(): slot before tail       queue_count() reads tail, then slots              CPU
 *   Q2  queue_drop(): slots read before head  queue_open() reads head, then reuses a slot        CPU
 *   T1  fresh table filled before it is linked; members of a group alike before they get the hint
 *                                              the walker's fetch through what leads there    SMMU
 *   D1  descriptors and commands before PROD   the fetch that the doorbell triggers            SMMU
 *   D2  grant visible before control returns   the walk of a device told to use the page       SMMU
 *   L1  order_try_lock() before what it guards  order_unlock() after it                        CPU
 *   A1  ats_add(), ats_empty(): who keeps translations, and who is on trial  ats_lost() reads both   CPU
 *   P1  syncs seen before a position or number is called complete  who reads that it is        CPU
 *   C1  CONS read before what it completes     the SMMU's write of CONS after the SYNC         SMMU
 *   E1  a flush stores before it reads which SMMUs are live  one is live before SMMUEN lets it walk  CPU and SMMU:
 *       either the flush sees that it is live, and sends commands, or its walks see what the flush stored
 *
 * An SMMU that is not coherent reads memory behind the caches. For it a pair has one step more, in the same
 * place: between the stores and the barrier the lines are cleaned, and the barrier waits for that as well.
 *   T1  fill the table, order_clean() it, order_before_link(false), store the link
 *   D1  store descriptors, entries and commands, order_clean() them, order_device_publish(false), write PROD
 *   D2  store descriptors, order_clean() them, order_device_publish(false), return
 * A clean comes after the stores to its own lines by program order: it needs no barrier before it.
 * Spec: DDI 0487, Data Synchronization Barrier; Ordering and completion of data cache instructions;
 * IHI 0070, Command queue; Translation table coherency.
 */
#ifndef ENGINE_ORDER_H
#define ENGINE_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <shadow/platform.h>

#ifdef SHADOW_ORDER_SIMULATED
/* The same names on the simulated platform: a name added below is added there as well. */
#include "engine/platform/sim_order.h"
#else

#ifdef SHADOW_ORDER_OBSERVED
/* Supplied by who builds so: called after @where changed from @old_value to @value. */
void order_observed_descriptor(uint64_t *where, uint64_t old_value, uint64_t value);
/* The same after each word of a queue entry or stream table entry. */
void order_observed_device(uint64_t *where, uint64_t old_value, uint64_t value);
#endif

/* ThreadSanitizer knows no fences and no instructions. Beside each barrier is what it knows instead: who makes
 * something visible to devices releases the one word, which a device acquires when it reads memory; what a device has
 * done it releases in the other, which is acquired where a register was read. Neither orders CPUs among themselves.
 * The barriers stay, but for fences, which it refuses: on x86-64 these are for the compiler alone. */
#ifdef SHADOW_ORDER_TSAN
__attribute__((weak)) _Atomic uint32_t order_tsan_published, order_tsan_done;

static inline void order_tsan_publish(void)
{
	atomic_fetch_add_explicit(&order_tsan_published, 1, memory_order_release);
}

static inline void order_tsan_see(void)
{
	(void)atomic_load_explicit(&order_tsan_done, memory_order_acquire);
}

#define order_fence(order) atomic_signal_fence(order)
#else
static inline void order_tsan_publish(void)
{
}

static inline void order_tsan_see(void)
{
}

#define order_fence(order) atomic_thread_fence(order)
#endif

static inline uint32_t load_acquire_u32(const _Atomic uint32_t *where)
{
	return atomic_load_explicit(where, memory_order_acquire);
}

static inline uint32_t load_relaxed_u32(const _Atomic uint32_t *where)
{
	return atomic_load_explicit(where, memory_order_relaxed);
}

static inline void store_release_u32(_Atomic uint32_t *where, uint32_t value)
{
	atomic_store_explicit(where, value, memory_order_release);
}

static inline void store_relaxed_u32(_Atomic uint32_t *where, uint32_t value)
{
	atomic_store_explicit(where, value, memory_order_relaxed);
}

static inline uint64_t load_acquire_u64(const _Atomic uint64_t *where)
{
	return atomic_load_explicit(where, memory_order_acquire);
}

static inline uint64_t load_relaxed_u64(const _Atomic uint64_t *where)
{
	return atomic_load_explicit(where, memory_order_relaxed);
}

static inline void store_release_u64(_Atomic uint64_t *where, uint64_t value)
{
	atomic_store_explicit(where, value, memory_order_release);
}

static inline void store_relaxed_u64(_Atomic uint64_t *where, uint64_t value)
{
	atomic_store_explicit(where, value, memory_order_relaxed);
}

/* [L1] Taken before what it guards is read; false: someone else has it. Pairs with order_unlock(). Observer: CPU. */
static inline bool order_try_lock(_Atomic uint32_t *lock)
{
	/* Looking first keeps the line shared while someone else has it. */
	return !atomic_load_explicit(lock, memory_order_relaxed) &&
	       !atomic_exchange_explicit(lock, 1, memory_order_acquire);
}

/* [L1] What it guards was written before it is free. Pairs with order_try_lock(). Observer: CPU. */
static inline void order_unlock(_Atomic uint32_t *lock)
{
	atomic_store_explicit(lock, 0, memory_order_release);
}

/* A descriptor that a walker may read at this moment: one single-copy atomic 64-bit store. */
static inline void order_store_descriptor(uint64_t *where, uint64_t value)
{
#ifdef SHADOW_ORDER_OBSERVED
	uint64_t old_value = *where;
#endif
	__atomic_store_n(where, value, __ATOMIC_RELAXED);
#ifdef SHADOW_ORDER_OBSERVED
	order_observed_descriptor(where, old_value, value);
#endif
}

/* A descriptor of a table that no walker can reach yet. */
static inline void order_fill_descriptor(uint64_t *where, uint64_t value)
{
#ifdef SHADOW_ORDER_OBSERVED
	uint64_t old_value = *where;
#endif
	*where = value;
#ifdef SHADOW_ORDER_OBSERVED
	order_observed_descriptor(where, old_value, value);
#endif
}

/* A word of a queue entry or stream table entry: single-copy atomic, unordered. */
static inline void order_store_device(uint64_t *where, uint64_t value)
{
#ifdef SHADOW_ORDER_OBSERVED
	uint64_t old_value = *where;
#endif
	__atomic_store_n(where, value, __ATOMIC_RELAXED);
#ifdef SHADOW_ORDER_OBSERVED
	order_observed_device(where, old_value, value);
#endif
}

/* [T1] [D1] [D2] What was stored into these bytes is on its way to memory; the barrier of the pair waits for
 * it. Observer: SMMU, not coherent. */
static inline void order_clean(const void *start, size_t bytes)
{
	platform_clean(start, bytes);
}

/* [T1] Fresh table filled, and cleaned where an SMMU is not coherent, before it is linked. Observer: SMMU. */
static inline void order_before_link(bool coherent)
{
	order_tsan_publish();
#if defined(__aarch64__)
	if (coherent)
		__asm__ volatile("dmb ishst" ::: "memory");
	else
		__asm__ volatile("dsb sy" ::: "memory");
#else
	(void)coherent;
	order_fence(memory_order_release);
#endif
}

/* [D1] [D2] All stores so far, descriptors and commands, are visible to devices that look into caches; not
 * @coherent: and what was cleaned is in memory, which takes a barrier for loads as well. Observer: SMMU. */
static inline void order_device_publish(bool coherent)
{
	order_tsan_publish();
#if defined(__aarch64__)
	if (coherent)
		__asm__ volatile("dsb st" ::: "memory");
	else
		__asm__ volatile("dsb sy" ::: "memory");
#elif defined(__x86_64__)
	(void)coherent;
	__asm__ volatile("sfence" ::: "memory");
#else
	(void)coherent;
	order_fence(memory_order_seq_cst);
#endif
}

/* [E1] Everything so far before everything to come, loads behind stores as well; not @coherent: what was cleaned is
 * in memory too. Observers: CPU and SMMU. */
static inline void order_full(bool coherent)
{
	order_tsan_publish();
#if defined(__aarch64__)
	if (coherent)
		__asm__ volatile("dmb ish" ::: "memory");
	else
		__asm__ volatile("dsb sy" ::: "memory");
#elif defined(__x86_64__)
	(void)coherent;
	__asm__ volatile("lock addl $0, -4(%%rsp)" ::: "memory", "cc"); /* cheaper than mfence */
#else
	(void)coherent;
	order_fence(memory_order_seq_cst);
#endif
}

/* [C1] What was read from a device register before everything that follows. Observer: CPU. */
static inline void order_device_seen(void)
{
	order_tsan_see();
#if defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#else
	order_fence(memory_order_acquire);
#endif
}

#endif
#endif
