/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_order.h - what engine/order.h defines, on the simulated platform. Included by it alone.
 *
 * Each name means what it means there; which pair it belongs to, and who observes it, is said there.
 */
#ifndef ENGINE_PLATFORM_SIM_ORDER_H
#define ENGINE_PLATFORM_SIM_ORDER_H

#include "engine/platform/sim.h"

static inline uint32_t load_acquire_u32(const _Atomic uint32_t *where)
{
	return (uint32_t)sim_load((const void *)where, 4, true);
}

static inline uint32_t load_relaxed_u32(const _Atomic uint32_t *where)
{
	return (uint32_t)sim_load((const void *)where, 4, false);
}

static inline void store_release_u32(_Atomic uint32_t *where, uint32_t value)
{
	sim_store((void *)where, value, 4, true);
}

static inline void store_relaxed_u32(_Atomic uint32_t *where, uint32_t value)
{
	sim_store((void *)where, value, 4, false);
}

static inline uint64_t load_acquire_u64(const _Atomic uint64_t *where)
{
	return sim_load((const void *)where, 8, true);
}

static inline uint64_t load_relaxed_u64(const _Atomic uint64_t *where)
{
	return sim_load((const void *)where, 8, false);
}

static inline void store_release_u64(_Atomic uint64_t *where, uint64_t value)
{
	sim_store((void *)where, value, 8, true);
}

static inline void store_relaxed_u64(_Atomic uint64_t *where, uint64_t value)
{
	sim_store((void *)where, value, 8, false);
}

static inline bool order_try_lock(_Atomic uint32_t *lock)
{
	return !load_relaxed_u32(lock) && !sim_exchange((void *)lock, 1, 4);
}

static inline void order_unlock(_Atomic uint32_t *lock)
{
	sim_store((void *)lock, 0, 4, true);
}

static inline void order_store_descriptor(uint64_t *where, uint64_t value)
{
	sim_store_descriptor(where, value);
}

static inline void order_fill_descriptor(uint64_t *where, uint64_t value)
{
	sim_store_descriptor(where, value);
}

static inline void order_store_device(uint64_t *where, uint64_t value)
{
	sim_store(where, value, 8, false);
}

static inline void order_clean(const void *start, size_t bytes)
{
	platform_clean(start, bytes);
}

/* dmb ishst; dsb sy */
static inline void order_before_link(bool coherent)
{
	if (coherent)
		sim_order_stores();
	else
		sim_wait_stores(true);
}

/* dsb st; dsb sy */
static inline void order_device_publish(bool coherent)
{
	sim_wait_stores(!coherent);
}

/* dmb ish; dsb sy */
static inline void order_full(bool coherent)
{
	sim_wait_stores(!coherent);
}

/* dmb oshld */
static inline void order_device_seen(void)
{
	sim_order_loads();
}

#endif
