/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records that EL2 writes of the host's page states, and the hypercall that steers it.
 *
 * A recording is a file of such records, little-endian. `s2shadow record` of the s2shadow project
 * turns it into a trace; its docs/recording.md describes the fields.
 */
#ifndef __ARM64_KVM_RECORD_H__
#define __ARM64_KVM_RECORD_H__

#include <linux/types.h>

#define RECORD_MAGIC	"s2record"
#define RECORD_VERSION	1

enum record_type {
	RECORD_HEAD		= 'H', /* text: the magic; word: version */
	RECORD_CLOCK		= 'C', /* first: counter's ticks a second; second: bytes of a page */
	RECORD_NAME		= 'W', /* part of a name: sort, part, word: its number, text */
	RECORD_SNAPSHOT		= 'G', /* kind; word: ia_bits; first: start level; second: start tables */
	RECORD_REGION		= 'R', /* word: flags; first: base; second: bytes */
	RECORD_STATES		= 'S', /* state; first: address; second: bytes */
	RECORD_LEAVES		= 'L', /* level, kind; first: address; second: bytes */
	RECORD_TRANSITION	= 'T', /* old | new << 4, flags; word: cause; first: address; second: bytes */
	RECORD_TRIP		= 'X', /* why; word: id; first: ticks, quiet trips before; second: calls, maps */
	RECORD_MAP		= 'M', /* 1 for mmio; first: address; second: bytes */
	RECORD_REFUSAL		= 'F', /* first: address */
	RECORD_UNMAP_DEVICES	= 'U',
	RECORD_MARK		= 'K', /* first: the mark */
	RECORD_QUIET		= 'Q', /* word: hypercall; first: its trips that changed and mapped nothing */
	RECORD_LOST		= 'D', /* first: records that did not fit in here */
	RECORD_END		= 'E', /* the last one */
};

enum record_name_sort { RECORD_NAME_CAUSE, RECORD_NAME_HYPERCALL };

enum record_snapshot_kind {
	RECORD_SNAPSHOT_INIT, RECORD_SNAPSHOT_FINALISE, RECORD_SNAPSHOT_START, RECORD_SNAPSHOT_END
};

enum record_leaf_kind { RECORD_LEAF_OWNER_HYP = 8, RECORD_LEAF_OWNER_GUEST = 9 }; /* else R 1, W 2, X 4 */

enum record_why { RECORD_WHY_HVC, RECORD_WHY_ABORT, RECORD_WHY_SMC, RECORD_WHY_GUEST };

#define RECORD_DIRECT	1 /* the state was set without __host_update_page_state() */
#define RECORD_PIECE	2 /* a further piece of the same call */

struct record {
	u8 type;
	u8 cpu;
	u8 detail[2]; /* those fields above that are neither word, first nor second */
	u32 word;
	union {
		struct {
			u64 time; /* of the counter */
			u64 first;
			u64 second;
		};
		char text[24];
	};
};

/* What the host asks of EL2: __pkvm_record(op, first, second). */
enum record_op {
	RECORD_OP_START,	/* first page frame and number of pages for a buffer; 0, 0 for semihosting */
	RECORD_OP_STOP,
	RECORD_OP_MARK,		/* the mark */
	RECORD_OP_READ,		/* page frame of a page shared with EL2; gives the bytes put there */
	RECORD_OP_RELEASE,	/* the buffer goes back to the host */
};

#endif
