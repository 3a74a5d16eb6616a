/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * hostlock.h - the lock of a host whose CPUs are threads; the platform knows who holds it.
 *
 * Who waits spins for a while, as a hypervisor does, and then sleeps: the machine may have fewer CPUs than
 * the host.
 */
#ifndef BENCH_HOSTLOCK_H
#define BENCH_HOSTLOCK_H

#include <pthread.h>

#include "engine/platform/linux.h"

struct hostlock {
	pthread_mutex_t mutex;
};

static inline void hostlock_init(struct hostlock *lock)
{
	pthread_mutexattr_t kind;

	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&lock->mutex, &kind);
	pthread_mutexattr_destroy(&kind);
}

static inline void hostlock_fini(struct hostlock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

static inline void hostlock_take(struct hostlock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	platform_linux_set_host_lock(true);
}

static inline void hostlock_drop(struct hostlock *lock)
{
	platform_linux_set_host_lock(false);
	pthread_mutex_unlock(&lock->mutex);
}

#endif
