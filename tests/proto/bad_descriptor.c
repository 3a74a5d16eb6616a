/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bad_descriptor.c - reserved descriptor encodings, caught when they become reachable; see proto.h.
 */
#include "proto.h"

#define BAD MODEL_RULE_DESCRIPTOR

static const struct proto_case cases[] = {
	CASE("block form at level 3", 0, 2, S2_ONLY, BAD, STORE(PAGE(7), 0x7000 | RIG_BLOCK)),
	CASE("nT where it is not offered", 0, 0, S2_ONLY, BAD,
	     STORE(FREE_SLOT, 0x400000 | RIG_BLOCK | RIG_NT)),
	CASE("block address below its size", 0, 2, S2_ONLY, BAD, STORE(FREE_SLOT, 0x500000 | RIG_BLOCK)),
	CASE("1 GiB block address below its size", 0, 2, S2_ONLY, BAD,
	     STORE(T(0) + 16, 0xa0000000 | RIG_BLOCK)),
	CASE("reserved shareability", 0, 2, S2_ONLY, BAD,
	     STORE(PAGE(7), 0x7000 | (RIG_PAGE & ~UINT64_C(0x200)))),
	CASE("reserved memory attributes 0100", 0, 2, S2_ONLY, BAD,
	     STORE(PAGE(7), 0x7000 | (RIG_PAGE & ~UINT64_C(0x3c)) | 4 << 2)),
	CASE("reserved memory attributes 1000", 0, 2, S2_ONLY, BAD,
	     STORE(PAGE(7), 0x7000 | (RIG_PAGE & ~UINT64_C(0x3c)) | 8 << 2)),
	CASE("address bits above 47", 0, 2, S2_ONLY, BAD, STORE(PAGE(7), UINT64_C(1) << 48 | RIG_PAGE)),
	CASE("table with hierarchical attributes", 0, 2, S2_ONLY, BAD,
	     STORE(FREE_SLOT, T(5) | RIG_TABLE | UINT64_C(1) << 59)),
	CASE("table address bits above 47", 0, 2, S2_ONLY, BAD,
	     STORE(FREE_SLOT, T(5) | RIG_TABLE | UINT64_C(1) << 48)),
	CASE("table where no memory answers", 0, 2, S2_ONLY, BAD, STORE(FREE_SLOT, 0x90000000 | RIG_TABLE)),
	CASE("table that holds a reserved form", 0, 2, S2_ONLY, BAD, POKE(T(5) + 8 * 9, 0x7000 | RIG_BLOCK),
	     STORE(FREE_SLOT, T(5) | RIG_TABLE)),
};

static void each_reserved_form_is_named(void **state)
{
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		proto_run(&cases[index]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_reserved_form_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
