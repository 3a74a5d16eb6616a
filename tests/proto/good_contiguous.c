/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * good_contiguous.c - uses of the contiguous bit that the architecture allows; see proto.h.
 */
#include "proto.h"

#define G	  PROTO_GOOD
#define GROUP(v)  RUN16(PAGE(32), 0x20000 | RIG_PAGE | (v))
#define CONTIG	  RIG_CONT
#define READ_ONLY (0x20000 | (RIG_PAGE & ~RIG_WRITE))

static const struct proto_case cases[] = {
	CASE("bit set on live pages one by one", 1, 2, S2_ONLY, G, GROUP(CONTIG), TLBI(R_GROUP_2)),
	CASE("bit set and cleared with nothing between", 1, 2, S2_ONLY, G, GROUP(CONTIG), GROUP(0)),
	CASE("group made where nothing was", 0, 2, S2_ONLY, G, FILL(T(5), 0x400000 | RIG_PAGE | CONTIG),
	     STORE(FREE_SLOT, T(5) | RIG_TABLE)),
	CASE("break-before-make of the whole group", 0, 2, S2_ONLY, G, RUN16(PAGE(32), 0), TLBI(R_GROUP_2),
	     GROUP(CONTIG), TOUCH(0x20000)),
	CASE("and back", 0, 2, S2_ONLY, G, RUN16(PAGE(32), 0), TLBI(R_GROUP_2), GROUP(CONTIG),
	     RUN16(PAGE(32), 0), TLBI(R_GROUP_2), GROUP(0)),
	CASE("one page taken out: bit off the others first, whole group invalidated", 1, 2, S2_ONLY, G,
	     GROUP(CONTIG), RUN15(PAGE(32), 0x20000 | RIG_PAGE), STORE(PAGE(47), 0), TLBI(R_GROUP_2)),
	CASE("permissions changed after the bit was cleared", 1, 2, S2_ONLY, G, GROUP(CONTIG), GROUP(0),
	     RUN16(PAGE(32), READ_ONLY), TLBI(R_GROUP_2), RUN16(PAGE(32), READ_ONLY | CONTIG)),
	CASE("invalid member while the group is being made", 1, 2, S2_ONLY, G, RUN16(PAGE(32), 0),
	     TLBI(R_GROUP_2), RUN15(PAGE(32), 0x20000 | RIG_PAGE | CONTIG), SYNC,
	     STORE(PAGE(47), 0x2f000 | RIG_PAGE | CONTIG)),
};

static void correct_groups_are_accepted(void **state)
{
	unsigned index;

	(void)state;
	for (index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
		proto_run(&cases[index]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(correct_groups_are_accepted) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
