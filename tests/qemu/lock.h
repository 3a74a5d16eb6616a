/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * lock.h - the payload's spinlock: acquire when taken, release when given back, not fair.
 */
#ifndef TESTS_QEMU_LOCK_H
#define TESTS_QEMU_LOCK_H

#include <stdint.h>

static inline void lock_take(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		__asm__ volatile("yield" ::: "memory");
}

static inline void lock_give(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
