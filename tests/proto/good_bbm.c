/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * good_bbm.c - table updates that break-before-make allows; see proto.h.
 *
 * Proves that the checks do not cry wolf: each sequence is one that a correct driver uses, at every BBML
 * that permits it.
 */
#include "proto.h"

#define G PROTO_GOOD

static const struct proto_case cases[] = {
	CASE("grant of an invalid page", 0, 2, S2_ONLY, G, STORE(PAGE(7), 0x7000 | RIG_PAGE)),
	CASE("revoke of a page", 0, 2, S2_ONLY, G, TOUCH(0x1000), STORE(PAGE(1), 0), TLBI(R_PAGE_1)),
	CASE("revoke and grant of the same page with nothing between", 0, 2, S2_ONLY, G, TOUCH(0x1000),
	     STORE(PAGE(1), 0), STORE(PAGE(1), 0x1000 | RIG_PAGE)),
	CASE("permissions and software bits change in place", 0, 2, S2_ONLY, G,
	     STORE(PAGE(1), 0x1000 | (RIG_PAGE & ~RIG_WRITE)),
	     STORE(PAGE(1), 0x1000 | RIG_PAGE | UINT64_C(5) << 55)),
	CASE("another output after break-before-make", 0, 2, S2_ONLY, G, STORE(PAGE(1), 0), TLBI(R_PAGE_1),
	     STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("another type after break-before-make", 0, 2, S2_ONLY, G, STORE(PAGE(1), 0), TLBI(R_PAGE_1),
	     STORE(PAGE(1), 0x1000 | RIG_DEVICE)),
	CASE("the same, whole VMID", 0, 2, S2_ONLY, G, STORE(PAGE(1), 0), TLBI(RIG_S12_VMALL, 0),
	     STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("the same, nested, both stages with a SYNC between", 0, 2, NESTED, G, STORE(PAGE(1), 0),
	     TLBI(R_PAGE_1), TLBI(RIG_NH_ALL, 0), STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("the same, nested, one command for both stages", 0, 2, NESTED, G, STORE(PAGE(1), 0),
	     TLBI(RIG_S12_VMALL, 0), STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("split of a live block in one store, hole in place", 2, 2, S2_ONLY, G,
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), POKE(T(5) + 8 * 3, 0), STORE(BLOCK_SLOT, T(5) | RIG_TABLE),
	     TLBI(R_BLOCK_LEAF)),
	CASE("collapse of a live table in one store", 2, 2, S2_ONLY, G, STORE(PAGE(7), 0x7000 | RIG_PAGE),
	     STORE(PAGES_SLOT, RIG_BLOCK), TLBI(R_PAGES_ALL)),
	CASE("split again while the collapse is not yet invalidated", 2, 2, S2_ONLY, G,
	     STORE(PAGES_SLOT, RIG_BLOCK), FILL(T(5), RIG_PAGE), POKE(T(5) + 8 * 3, 0),
	     STORE(PAGES_SLOT, T(5) | RIG_TABLE), TLBI(R_PAGES_ALL)),
	CASE("the old table itself linked again while the collapse is not yet invalidated", 2, 2, S2_ONLY, G,
	     STORE(PAGES_SLOT, RIG_BLOCK), STORE(PAGES_SLOT, T(3) | RIG_TABLE), TLBI(R_PAGES_ALL)),
	CASE("grant into a fresh split before its invalidation", 2, 2, S2_ONLY, G,
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), POKE(T(5) + 8 * 3, 0), STORE(BLOCK_SLOT, T(5) | RIG_TABLE),
	     STORE(T(5) + 8 * 3, 0x203000 | RIG_PAGE)),
	CASE("split with nT first", 1, 1, S2_ONLY, G, STORE(BLOCK_SLOT, BLOCK_IPA | RIG_BLOCK | RIG_NT),
	     TLBI(R_BLOCK_LEAF), FILL(T(5), BLOCK_IPA | RIG_PAGE), STORE(BLOCK_SLOT, T(5) | RIG_TABLE),
	     TLBI(R_BLOCK_LEAF)),
	CASE("collapse to nT, cleared after the invalidation", 1, 1, S2_ONLY, G,
	     STORE(PAGES_SLOT, RIG_BLOCK | RIG_NT), TLBI(R_PAGES_ALL), STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("split through an invalid entry", 0, 2, S2_ONLY, G, STORE(BLOCK_SLOT, 0), TLBI(R_BLOCK_LEAF),
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("collapse through an invalid entry", 0, 2, S2_ONLY, G, STORE(PAGES_SLOT, 0), TLBI(R_PAGES_ALL),
	     STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("another table in place of one, with the same leaves", 0, 2, S2_ONLY, G, FILL(T(5), RIG_PAGE),
	     STORE(PAGES_SLOT, T(5) | RIG_TABLE), TLBI(R_PAGES_ALL)),
	CASE("table reused after Leaf=0 and SYNC", 0, 2, S2_ONLY, G, STORE(PAGES_SLOT, 0), TLBI(R_PAGES_ALL),
	     STORE(PAGE(1), 0x400000 | RIG_PAGE), STORE(FREE_SLOT, T(3) | RIG_TABLE)),
	CASE("table reused after its TLBI although another has left the same slot since", 2, 2, S2_ONLY, G,
	     STORE(PAGES_SLOT, 0), TLBI(R_PAGES_ALL), FILL(T(5), RIG_PAGE),
	     STORE(PAGES_SLOT, T(5) | RIG_TABLE), STORE(PAGES_SLOT, 0), STORE(PAGE(1), 0x400000 | RIG_PAGE)),
	CASE("table cleared before its invalidation", 0, 2, S2_ONLY, G, STORE(PAGES_SLOT, 0),
	     STORE(PAGE(1), 0), STORE(PAGE(2), 0), TLBI(R_PAGES_ALL)),
	CASE("a 1 GiB block split to a table of blocks", 2, 2, S2_ONLY, G, POKE(T(6), 0x40000000 | RIG_BLOCK),
	     STORE(BIG_SLOT, T(6) | RIG_TABLE), TLBI(RIG_S2_IPA, 0x40000000 | RIG_LEAF)),
};

static void correct_sequences_are_accepted(void **state)
{
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		proto_run(&cases[index]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(correct_sequences_are_accepted) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
