/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * observed.h - who is told of each descriptor store, and of each other store that a device reads, of the observed
 * core; see engine/order.h.
 */
#ifndef BENCH_OBSERVED_H
#define BENCH_OBSERVED_H

#include <stdint.h>

/* One observer at a time, in one thread; NULL: nobody. */
void observed_set(void (*store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value), void *ctx);
/* Likewise words of stream tables and queues. */
void observed_set_device(void (*store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value), void *ctx);

#endif
