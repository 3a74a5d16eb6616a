/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bad_bbm.c - table updates that break-before-make forbids, each with the rule it breaks; see proto.h.
 *
 * Proves that each check fires, and at the step that is wrong: a missing break, TLBI, SYNC, level, page,
 * stage or nT; a split or collapse that changes more than the size; a table page used too early.
 */
#include "proto.h"

#define BLOCK  MODEL_RULE_BBM_BLOCK
#define OUTPUT MODEL_RULE_BBM_OUTPUT
#define TYPE   MODEL_RULE_BBM_TYPE
#define REUSE  MODEL_RULE_TABLE_REUSE

static const struct proto_case cases[] = {
	CASE("live block split in one store", 0, 1, S2_ONLY, BLOCK, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("live table collapsed in one store", 0, 1, S2_ONLY, BLOCK, STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("split through an invalid entry without TLBI", 0, 0, S2_ONLY, BLOCK,
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), STORE(BLOCK_SLOT, 0), SYNC,
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("the same with a TLBI but no SYNC", 0, 0, S2_ONLY, BLOCK, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     STORE(BLOCK_SLOT, 0), COMMAND(R_BLOCK_LEAF), STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("the same with a TTL of pages", 0, 0, S2_ONLY, BLOCK, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     STORE(BLOCK_SLOT, 0),
	     TLBI(RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), BLOCK_IPA | RIG_LEAF | RIG_TTL(3) | RIG_TG(1)),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("the same with another VMID", 0, 0, S2_ONLY, BLOCK, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     STORE(BLOCK_SLOT, 0), TLBI(RIG_S12_VMALL + (UINT64_C(1) << 32), 0),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("the same with the TLBI before the break", 0, 0, S2_ONLY, BLOCK,
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), TLBI(R_BLOCK_LEAF), STORE(BLOCK_SLOT, 0),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("page granted under a block that may be cached", 0, 1, S2_ONLY, BLOCK,
	     STORE(FREE_SLOT, 0x400000 | RIG_BLOCK), STORE(FREE_SLOT, 0), STORE(FREE_SLOT, T(5) | RIG_TABLE)),
	CASE("collapse after a range one page short", 0, 0, S2_ONLY, BLOCK, STORE(PAGES_SLOT, 0),
	     TLBI(R_PAGES_SHORT), STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("collapse after Leaf=1", 0, 0, S2_ONLY, BLOCK, STORE(PAGES_SLOT, 0), TLBI(R_PAGES_LEAF),
	     STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("split with nT but without its TLBI", 1, 1, S2_ONLY, BLOCK, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     STORE(BLOCK_SLOT, BLOCK_IPA | RIG_BLOCK | RIG_NT), STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("nT cleared before the invalidation", 1, 1, S2_ONLY, BLOCK,
	     STORE(PAGES_SLOT, RIG_BLOCK | RIG_NT), STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("nT cleared after Leaf=1 only", 1, 1, S2_ONLY, BLOCK, STORE(PAGES_SLOT, RIG_BLOCK | RIG_NT),
	     TLBI(R_PAGES_LEAF), STORE(PAGES_SLOT, RIG_BLOCK)),
	CASE("output of a live page changed", 0, 2, S2_ONLY, OUTPUT, STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("output of a live block changed", 0, 2, S2_ONLY, OUTPUT,
	     STORE(BLOCK_SLOT, 0x800000 | RIG_BLOCK)),
	CASE("output changed through an invalid entry without TLBI", 0, 2, S2_ONLY, OUTPUT, STORE(PAGE(1), 0),
	     STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("split to other outputs", 2, 2, S2_ONLY, OUTPUT, FILL(T(5), 0x800000 | RIG_PAGE),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("split with one other output", 2, 2, S2_ONLY, OUTPUT, FILL(T(5), BLOCK_IPA | RIG_PAGE),
	     POKE(T(5) + 8 * 511, 0x1000 | RIG_PAGE), STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("other output granted into a fresh split", 2, 2, S2_ONLY, OUTPUT,
	     FILL(T(5), BLOCK_IPA | RIG_PAGE), POKE(T(5) + 8 * 3, 0), STORE(BLOCK_SLOT, T(5) | RIG_TABLE),
	     STORE(T(5) + 8 * 3, 0x9000 | RIG_PAGE)),
	CASE("collapse to another output", 2, 2, S2_ONLY, OUTPUT, STORE(PAGES_SLOT, 0x800000 | RIG_BLOCK)),
	CASE("other table with another leaf", 0, 2, S2_ONLY, OUTPUT, FILL(T(5), RIG_PAGE),
	     POKE(T(5) + 8 * 5, 0x9000 | RIG_PAGE), STORE(PAGES_SLOT, T(5) | RIG_TABLE)),
	CASE("nested, stage 2 only invalidated", 0, 2, NESTED, OUTPUT, STORE(PAGE(1), 0), TLBI(R_PAGE_1),
	     STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("nested, both stages before one SYNC", 0, 2, NESTED, OUTPUT, STORE(PAGE(1), 0),
	     COMMAND(R_PAGE_1), TLBI(RIG_NH_ALL, 0), STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("nested, stage 1 first", 0, 2, NESTED, OUTPUT, STORE(PAGE(1), 0), TLBI(RIG_NH_ALL, 0),
	     TLBI(R_PAGE_1), STORE(PAGE(1), 0x9000 | RIG_PAGE)),
	CASE("type of a live page changed", 0, 2, S2_ONLY, TYPE, STORE(PAGE(1), 0x1000 | RIG_DEVICE)),
	CASE("cacheability of a live page changed", 0, 2, S2_ONLY, TYPE,
	     STORE(PAGE(1), 0x1000 | (RIG_PAGE & ~UINT64_C(0x3c)) | 5 << 2)),
	CASE("split to another type", 2, 2, S2_ONLY, TYPE, FILL(T(5), BLOCK_IPA | RIG_DEVICE),
	     STORE(BLOCK_SLOT, T(5) | RIG_TABLE)),
	CASE("one table page linked twice", 0, 2, S2_ONLY, REUSE, STORE(FREE_SLOT, T(3) | RIG_TABLE)),
	CASE("table page reused before its invalidation", 0, 2, S2_ONLY, REUSE, STORE(PAGES_SLOT, 0),
	     STORE(PAGE(7), 0x400000 | RIG_PAGE)),
	CASE("table page reused after Leaf=1 only", 0, 2, S2_ONLY, REUSE, STORE(PAGES_SLOT, 0),
	     TLBI(R_PAGES_LEAF), STORE(PAGE(7), 0x400000 | RIG_PAGE)),
	CASE("table page reused after the TLBI but before the SYNC", 0, 2, S2_ONLY, REUSE,
	     STORE(PAGES_SLOT, 0), COMMAND(R_PAGES_ALL), STORE(PAGE(7), 0x400000 | RIG_PAGE)),
};

static void each_broken_rule_is_named(void **state)
{
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		proto_run(&cases[index]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_broken_rule_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
