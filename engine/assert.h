/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * assert.h - the two checks of the core: shadow_assert() and shadow_require().
 *
 * shadow_assert(): a contract that our caller broke; checked in builds with SHADOW_DEBUG only.
 * shadow_require(): without it isolation cannot be promised any more; checked in every build.
 * Both end in platform_panic(). Neither evaluates its condition for a side effect.
 */
#ifndef ENGINE_ASSERT_H
#define ENGINE_ASSERT_H

#include <shadow/platform.h>

#define SHADOW_ASSERT_TEXT(text) #text
#define SHADOW_ASSERT_LINE(line) SHADOW_ASSERT_TEXT(line)

#define shadow_require(condition)             \
	(__builtin_expect(!!(condition), 1) ? \
		 (void)0 :                    \
		 platform_panic(__FILE__ ":" SHADOW_ASSERT_LINE(__LINE__) ": " #condition))

#ifdef SHADOW_DEBUG
#define shadow_assert(condition) shadow_require(condition)
#else
#define shadow_assert(condition) ((void)sizeof(!!(condition)))
#endif

#endif
