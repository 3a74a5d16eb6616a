/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * bad_contiguous.c - contiguous groups broken or misprogrammed; see proto.h.
 */
#include "proto.h"

#define BAD    MODEL_RULE_CONTIGUOUS
#define CONTIG RIG_CONT
#define MAKE   RUN16(PAGE(32), 0), TLBI(R_GROUP_2), RUN16(PAGE(32), 0x20000 | RIG_PAGE | CONTIG)

static const struct proto_case cases[] = {
	CASE("bit set on a live page", 0, 0, S2_ONLY, BAD, STORE(PAGE(32), 0x20000 | RIG_PAGE | CONTIG)),
	CASE("bit cleared on a live member", 0, 0, S2_ONLY, BAD, MAKE, STORE(PAGE(32), 0x20000 | RIG_PAGE)),
	CASE("bit set through an invalid entry without TLBI", 0, 0, S2_ONLY, BAD, STORE(PAGE(32), 0),
	     STORE(PAGE(32), 0x20000 | RIG_PAGE | CONTIG)),
	CASE("the same with no neighbours", 0, 0, S2_ONLY, BAD, RUN16(PAGE(32), 0), TLBI(R_GROUP_2),
	     STORE(PAGE(32), 0x20000 | RIG_PAGE), STORE(PAGE(32), 0),
	     STORE(PAGE(32), 0x20000 | RIG_PAGE | CONTIG)),
	CASE("page moved while the group may be cached by another member", 1, 2, S2_ONLY, BAD,
	     RUN16(PAGE(32), 0x20000 | RIG_PAGE | CONTIG), RUN16(PAGE(32), 0x20000 | RIG_PAGE),
	     RUN16(PAGE(32), 0x20000 | (RIG_PAGE & ~RIG_WRITE)), STORE(PAGE(33), 0),
	     TLBI(RIG_S2_IPA, 0x21000 | RIG_LEAF), STORE(PAGE(33), 0x9000 | RIG_PAGE)),
	CASE("group made beside a live page without the bit", 0, 0, S2_ONLY, BAD, RUN15(PAGE(32), 0),
	     TLBI(R_GROUP_2), STORE(PAGE(32), 0x20000 | RIG_PAGE | CONTIG)),
	CASE("page made while the old group may be cached", 0, 0, S2_ONLY, BAD, MAKE, RUN16(PAGE(32), 0),
	     TLBI(RIG_S2_IPA, 0x20000 | RIG_LEAF), STORE(PAGE(32), 0x20000 | RIG_PAGE)),
	CASE("member with an output of its own", 0, 2, S2_ONLY, BAD, RUN16(PAGE(32), 0), TLBI(R_GROUP_2),
	     RUN15(PAGE(32), 0x20000 | RIG_PAGE | CONTIG), STORE(PAGE(47), 0x50000 | RIG_PAGE | CONTIG)),
	CASE("output not aligned to the group", 0, 2, S2_ONLY, BAD, RUN16(PAGE(32), 0), TLBI(R_GROUP_2),
	     STORE(PAGE(32), 0x21000 | RIG_PAGE | CONTIG)),
	CASE("member with permissions of its own", 0, 2, S2_ONLY, BAD, MAKE,
	     STORE(PAGE(33), 0x21000 | (RIG_PAGE & ~RIG_WRITE) | CONTIG)),
	CASE("neighbour with permissions of its own", 1, 2, S2_ONLY, BAD, MAKE,
	     STORE(PAGE(33), 0x21000 | (RIG_PAGE & ~RIG_WRITE))),
	CASE("page taken out while the others keep the bit", 0, 2, S2_ONLY, BAD, MAKE, STORE(PAGE(33), 0),
	     TLBI(R_GROUP_2)),
	CASE("group with two outputs linked at once", 0, 2, S2_ONLY, BAD,
	     FILL(T(5), 0x400000 | RIG_PAGE | CONTIG), POKE(T(5) + 8 * 20, 0x1000 | RIG_PAGE | CONTIG),
	     STORE(FREE_SLOT, T(5) | RIG_TABLE)),
};

static void each_broken_group_is_named(void **state)
{
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		proto_run(&cases[index]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_broken_group_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
