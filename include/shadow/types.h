/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * types.h - addresses, ranges, page states, access rights and limits that every interface shares.
 */
#ifndef SHADOW_TYPES_H
#define SHADOW_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHADOW_CPUS_MAX 256u	      /* CPUs of one engine */
#define SHADOW_SMMUS_MAX 64u	      /* SMMUs of one target */
#define SHADOW_STREAMS_MAX 256u	      /* streams of one target, on all its SMMUs */
#define SHADOW_PAGE_LG2 12u	      /* the page where a map does not say otherwise: 4 KiB */
#define SHADOW_PAGE_BYTES (UINT64_C(1) << SHADOW_PAGE_LG2)
#define SHADOW_IA_BITS_MIN 32u
#define SHADOW_IA_BITS_MAX 52u	      /* above 48 only where SMMU and granule have 52-bit addresses */
#define SHADOW_REGIONS_MAX 4096u      /* regions of one target whose mapping is declared */
#define SHADOW_WAIT_NS_MAX UINT64_C(60000000000) /* longest wait: one minute */

/* Addresses are wrapped at interfaces: an intermediate physical address is not a physical one. */
typedef struct {
	uint64_t addr;
} shadow_ipa_t;

typedef struct {
	uint64_t addr;
} shadow_pa_t;

/* Bytes start .. end, END exclusive. */
struct shadow_range {
	uint64_t start, end;
};

/* The host component of a page's state, numbered as pKVM numbers it. */
enum shadow_state {
	SHADOW_STATE_OWNED = 0,
	SHADOW_STATE_SHARED_OWNED = 1,
	SHADOW_STATE_SHARED_BORROWED = 2,
	SHADOW_STATE_NOPAGE = 3,
};

/* What a device may do: R and W as in the stage-2 S2AP field. */
enum shadow_access {
	SHADOW_ACCESS_NONE = 0,
	SHADOW_ACCESS_R = 1,
	SHADOW_ACCESS_W = 2,
	SHADOW_ACCESS_RW = 3,
};

enum shadow_memory {
	SHADOW_MEMORY_NORMAL = 0, /* inside a memory region: cacheable */
	SHADOW_MEMORY_DEVICE = 1, /* everything else */
};

/* The host's address space: what is memory, and what no device may ever reach. The library adds its pool to
 * the reserved ranges; the embedder lists the rest: its own image and data, the register frames of every
 * SMMU, MSI words. */
struct shadow_address_map {
	unsigned ia_bits;	  /* SHADOW_IA_BITS_MIN .. SHADOW_IA_BITS_MAX: the space is 0 .. 2^ia_bits */
	unsigned granule_lg2;	  /* the host's page, which transitions count in: 12, 14 or 16; 0 stands for 12 */
	const struct shadow_range *memory; /* aligned to the granule, sorted, disjoint; all else is MMIO */
	unsigned memory_count;
	const struct shadow_range *reserved; /* aligned to 4 KiB, rounded outwards to pages; any order, may overlap
					      * and lie anywhere */
	unsigned reserved_count;
};

static inline unsigned shadow_map_granule_lg2(const struct shadow_address_map *map)
{
	return map->granule_lg2 ? map->granule_lg2 : SHADOW_PAGE_LG2;
}

/* What to wait for: everything up to a place in the order of transitions; zero is before the first one. The
 * number of a shadow_compact() ticket has no place in the order: do not compare it with others. */
typedef struct {
	uint64_t number;
} shadow_ticket_t;

#ifdef __cplusplus
}
#endif
#endif
