/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * observed.c - the hooks that builds with SHADOW_ORDER_OBSERVED call after each store that a device may read.
 */
#include "bench/replay/observed.h"

#include <stddef.h>

/* Declared by engine/order.h in observed builds only. */
void order_observed_descriptor(uint64_t *where, uint64_t old_value, uint64_t value);
void order_observed_device(uint64_t *where, uint64_t old_value, uint64_t value);

static void (*observed_store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value);
static void *observed_ctx;
static void (*observed_device_store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value);
static void *observed_device_ctx;

void observed_set(void (*store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value), void *ctx)
{
	observed_store = store;
	observed_ctx = ctx;
}

void order_observed_descriptor(uint64_t *where, uint64_t old_value, uint64_t value)
{
	if (observed_store)
		observed_store(observed_ctx, where, old_value, value);
}

void observed_set_device(void (*store)(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value), void *ctx)
{
	observed_device_store = store;
	observed_device_ctx = ctx;
}

void order_observed_device(uint64_t *where, uint64_t old_value, uint64_t value)
{
	if (observed_device_store)
		observed_device_store(observed_device_ctx, where, old_value, value);
}
