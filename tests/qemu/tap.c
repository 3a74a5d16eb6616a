/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tap.c - cases one after the other, one TAP line each.
 */
#include "tests/qemu/tap.h"

#include <stddef.h>

#include "tests/qemu/console.h"

static uint32_t failures;
static const char *skipped;

bool tap_check(bool ok, const char *file, int line, const char *what)
{
	if (!ok) {
		__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
		say("# %s:%d: not so: %s\n", file, line, what);
	}
	return ok;
}

bool tap_equal(uint64_t is, uint64_t wanted, const char *file, int line, const char *what)
{
	if (is != wanted)
		say("# %s is %lx, should be %lx\n", what, is, wanted);
	return tap_check(is == wanted, file, line, what);
}

void tap_skip(const char *why)
{
	skipped = why;
}

void tap_run(const struct tap_case *cases, unsigned count)
{
	say("1..%u\n", count);
	for (unsigned i = 0; i < count; i++) {
		failures = 0;
		skipped = NULL;
		cases[i].run();
		if (failures)
			say("not ok %u - %s\n", i + 1, cases[i].name);
		else if (skipped)
			say("ok %u - %s # SKIP %s\n", i + 1, cases[i].name, skipped);
		else
			say("ok %u - %s\n", i + 1, cases[i].name);
	}
}
