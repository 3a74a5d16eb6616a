/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * proto.h - sequences of table stores and commands that the model must accept, or must refuse by rule.
 *
 * A good_*.c suite lists cases in which no rule is broken; a bad_*.c suite names the rule that each of its
 * cases breaks, and breaks it at its last step. Cases start from the tables of rig_up_mapped(), all live.
 */
#ifndef TESTS_PROTO_PROTO_H
#define TESTS_PROTO_PROTO_H

#include "tests/unit/model_rig.h"

enum proto_op {
	PROTO_END,
	PROTO_FILL,    /* table @where := 512 leaves from @value on, before anyone sees it */
	PROTO_POKE,    /* memory, not yet reachable: @where := @value */
	PROTO_STORE,   /* live descriptor at @where := @value */
	PROTO_RUN16,   /* 16 descriptors from @where on := @value, the address growing by pages */
	PROTO_RUN15,   /* the same without the last one */
	PROTO_COMMAND, /* words @where and @value; consumed, perhaps not executed */
	PROTO_SYNC,    /* a SYNC, run to its end */
	PROTO_TOUCH,   /* device access at @where */
};

struct proto_step {
	enum proto_op op;
	uint64_t where, value;
};

struct proto_case {
	const char *name;
	unsigned bbml_first, bbml_last; /* run at each of these */
	bool nested;
	int rule; /* enum model_rule that the last step breaks; PROTO_GOOD */
	struct proto_step step[12];
};

enum {
	PROTO_GOOD = -1
};

/* A case, as a table reads: name, BBML from .. to, stages, rule, steps. */
enum {
	S2_ONLY = false,
	NESTED = true
};
#define CASE(name, from, to, stages, rule, ...) \
	{                                       \
		name, from, to, stages, rule,   \
		{                               \
			__VA_ARGS__             \
		}                               \
	}

/* Steps. */
#define FILL(table, value)               \
	{                                \
		PROTO_FILL, table, value \
	}
#define POKE(pa, value)               \
	{                             \
		PROTO_POKE, pa, value \
	}
#define STORE(pa, value)               \
	{                              \
		PROTO_STORE, pa, value \
	}
#define RUN16(pa, value)               \
	{                              \
		PROTO_RUN16, pa, value \
	}
#define RUN15(pa, value)               \
	{                              \
		PROTO_RUN15, pa, value \
	}
#define COMMAND(...)                       \
	{                                  \
		PROTO_COMMAND, __VA_ARGS__ \
	}
#define SYNC                     \
	{                        \
		PROTO_SYNC, 0, 0 \
	}
#define TLBI(...)                       \
	{ PROTO_COMMAND, __VA_ARGS__ }, \
	{                               \
		PROTO_SYNC, 0, 0        \
	}
#define TOUCH(ipa)                  \
	{                           \
		PROTO_TOUCH, ipa, 0 \
	}

/* Places in the tables of rig_up_mapped(). */
#define T(n)	   (RIG_TABLES + 0x1000 * (uint64_t)(n))
#define PAGE(n)	   (T(3) + 8 * (uint64_t)(n)) /* slot of page n in 0 .. 2 MiB */
#define PAGES_SLOT T(2)			      /* the pointer to those pages */
#define BLOCK_SLOT (T(2) + 8)		      /* a live 2 MiB block at 0x200000 */
#define FREE_SLOT  (T(2) + 16)		      /* invalid: 0x400000 */
#define BIG_SLOT   (T(0) + 8)		      /* a live 1 GiB block at 0x40000000 */
#define BLOCK_IPA  UINT64_C(0x200000)

/* Ranges, as S2_IPA takes them. */
#define R_BLOCK_LEAF  RIG_S2_IPA | RIG_NUM(0) | RIG_SCALE(9), BLOCK_IPA | RIG_LEAF | RIG_TTL(2) | RIG_TG(1)
#define R_PAGES_ALL   RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), RIG_TG(1)
#define R_PAGES_LEAF  RIG_S2_IPA | RIG_NUM(15) | RIG_SCALE(5), RIG_LEAF | RIG_TG(1)
#define R_PAGES_SHORT RIG_S2_IPA | RIG_NUM(30) | RIG_SCALE(4), RIG_TG(1)
#define R_PAGE_1      RIG_S2_IPA, 0x1000 | RIG_LEAF
#define R_GROUP_2     RIG_S2_IPA | RIG_NUM(15), 0x20000 | RIG_LEAF | RIG_TTL(3) | RIG_TG(1)

/** proto_run() - run one case at every BBML it names, and fail the test if the model judges otherwise. */
void proto_run(const struct proto_case *proto);

#endif
