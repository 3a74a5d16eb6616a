/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * el2.h - what a hypervisor at EL2 hands to el2.c before any other call into the library.
 */
#ifndef ENGINE_PLATFORM_EL2_H
#define ENGINE_PLATFORM_EL2_H

#include <shadow/platform.h>

struct platform_el2 {
	struct shadow_range memory;   /* physical addresses that are mapped at EL2 ... */
	uint64_t virt_offset;	      /* ... each at its address plus this, modulo 2^64 */
	bool (*host_lock_held)(void); /* may be NULL: then the answer is always yes */
	void (*report)(enum platform_report what, uint64_t a, uint64_t b); /* may be NULL: not wanted */
	void (*panic)(const char *where); /* may be NULL; if it returns, the CPU stops in wfe */
};

/* One CPU, before the library is used. @config is copied. */
void platform_el2_init(const struct platform_el2 *config);

#endif
