/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * guest.h - what the guest program and the VMM agree about.
 *
 * The VMM writes a list of commands to a page of each vCPU; the guest carries them out with its MMU off,
 * counts what went wrong, and talks back with stores to one address that is not memory.
 */
#ifndef TESTS_LINUX_VMM_GUEST_H
#define TESTS_LINUX_VMM_GUEST_H

#include <stdint.h>

#define GUEST_BASE UINT64_C(0x80000000) /* its memory starts here, with the program */
#define GUEST_COMMANDS \
	UINT64_C(0x8000) /* offset of the first vCPU's commands; its stack is in the same page */
#define GUEST_DOORBELL UINT64_C(0x10000000) /* a store here exits to the VMM */
#define GUEST_PAGE     UINT64_C(4096)

enum guest_op {
	GUEST_OFF,
	GUEST_TOUCH, /* a: start, b: bytes, c: stride, d: times: each word at a stride becomes its address */
	GUEST_TOUCH_RANDOM, /* a: start, b: pages (a power of two), c: seed, d: visits, in the order of a
			       permutation */
	GUEST_READ,	    /* a: start, b: bytes, c: stride */
	GUEST_CHECK,	    /* a: start, b: bytes, c: stride: is there what GUEST_TOUCH wrote? */
	GUEST_FILL,	    /* a: start, b: bytes, c: seed: each word becomes guest_word() */
	GUEST_VERIFY,	    /* a: start, b: bytes, c: seed: is there what GUEST_FILL wrote? */
	GUEST_EXPECT,	    /* a: address, b: the word that is there */
	GUEST_SHARE,	    /* a: start, b: bytes */
	GUEST_UNSHARE,	    /* a: start, b: bytes */
	GUEST_PINGPONG,	    /* a: start, b: pages shared at a time, c: times, d: window in pages */
	GUEST_IO, /* a: start, b: window in pages, c: requests, d: seed: share 1 to 16 pages, ask, unshare */
	GUEST_KICK,   /* a: the value */
	GUEST_REPORT, /* tell how much went wrong since the last report */
	GUEST_GOTO,   /* a: number of the next command */
};

struct guest_command {
	uint64_t op, a, b, c, d;
};

/* What is stored to the doorbell: which of these in bits 63:56, and what it says below. */
enum guest_message {
	GUEST_SAYS_OFF,	   /* what went wrong since the last report */
	GUEST_SAYS_REPORT, /* the same */
	GUEST_SAYS_KICK,   /* the command's value */
	GUEST_SAYS_IO,	   /* bits 55:8: offset of pages that are shared now, bits 7:0: how many */
};

#define GUEST_MESSAGE_SHIFT 56

/* What GUEST_FILL writes to an @address: never 0. */
static inline uint64_t guest_word(uint64_t address, uint64_t seed)
{
	uint64_t word = (address ^ seed << 32) * UINT64_C(0x9e3779b97f4a7c15);

	return (word ^ word >> 29) | 1;
}

static inline uint64_t guest_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
