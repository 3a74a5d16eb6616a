/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * levels.h - sequences of table stores at every level of every format, for good_levels.c and bad_levels.c.
 *
 * A rig has the tables of one format down to one level, at an address that uses its top bits, and there a
 * group's worth of live leaves; the second one is the leaf that a case works on. The device keeps
 * accessing it. Encodes by hand, as model_rig.h does.
 */
#ifndef TESTS_PROTO_LEVELS_H
#define TESTS_PROTO_LEVELS_H

#include "tests/unit/model_rig.h"

struct levels_format {
	const char *name;
	unsigned granule_lg2, ia_bits;
	bool large;	   /* 52-bit addresses */
	int start, blocks; /* level of the start table; highest level that has blocks */
};

struct levels {
	struct rig rig;
	const char *name; /* of the case */
	const struct levels_format *format;
	int level;
	bool fwb;
	uint64_t address, bytes;     /* of the leaf under test */
	uint64_t slot;		     /* where its descriptor is */
	uint64_t child, child_bytes; /* a table, not yet linked: its pa; what an entry covers */
	unsigned members, member;    /* of its contiguous group, 0 if there is none; which one it is */
	bool may_fault;		     /* the leaf is broken just now: a device may fault */
	bool hole;		     /* the last entry of the child is to be one */
};

struct levels_case {
	const char *name;
	unsigned bbml_first, bbml_last;
	enum {
		LEVELS_LEAVES,
		LEVELS_BLOCKS,
		LEVELS_GROUPS,
		LEVELS_BLOCK_GROUPS,
		LEVELS_NO_GROUPS
	} where;
	int rule; /* enum model_rule that the last step breaks; LEVELS_GOOD */
	void (*run)(struct levels *levels);
};

enum {
	LEVELS_GOOD = -1
};

/* An identity leaf for @address, or one with other bits; a pointer. */
#define LEVELS_DEVICE (UINT64_C(1) << 63) /* for levels_leaf() only: Device memory, not Normal */
uint64_t levels_leaf(const struct levels *levels, int level, uint64_t address, uint64_t bits);
uint64_t levels_table(const struct levels *levels, uint64_t pa);

/* The same for the leaf under test. */
uint64_t levels_block(const struct levels *levels, uint64_t bits);

/* Fill the child with the leaf's outputs; @bits as for levels_leaf(). */
void levels_fill(struct levels *levels, uint64_t bits);

/* Store the descriptor under test, or that of group member @member, and look at what the device sees. */
void levels_store(struct levels *levels, uint64_t value);
void levels_store_member(struct levels *levels, unsigned member, uint64_t value);
/* The same for all members: identity leaves with these bits, or invalid. */
void levels_store_group(struct levels *levels, uint64_t bits);
void levels_clear_group(struct levels *levels);

/* Invalidate the leaf's range, or its group's: S2_IPA; RIG_LEAF and RIG_TTL() or nothing. */
void levels_command(struct levels *levels, uint64_t bits);
void levels_sync(struct levels *levels);
void levels_tlbi(struct levels *levels, uint64_t bits);
void levels_tlbi_group(struct levels *levels, uint64_t bits);

/* Bring a table in place, with nothing cached of what was before. */
void levels_begin_table(struct levels *levels);

/* The step that breaks the rule comes next. */
void levels_last(struct levels *levels);

/** levels_run() - every case at every level, format and BBML that it names. */
void levels_run(const struct levels_case *cases, unsigned count);

#endif
