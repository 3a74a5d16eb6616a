/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * command.h - commands: their bits, which of them are illegal, and what an invalidation must remove.
 */
#ifndef SMMUV3_MODEL_COMMAND_H
#define SMMUV3_MODEL_COMMAND_H

#include "model.h"

enum command_kind {
	COMMAND_NOTHING, /* legal, but touches nothing that is modelled */
	COMMAND_CFGI,
	COMMAND_TLBI,
	COMMAND_ATC,
	COMMAND_SYNC,
};

enum granule_set {
	GRANULE_4K = 1,
	GRANULE_16K = 2,
	GRANULE_64K = 4,
	GRANULE_ANY = 7,
};

/* What one TLBI is guaranteed to remove, and the model therefore removes: no more than that. */
struct invalidation {
	bool stage2, combined; /* which translations */
	bool vmid_any;
	uint16_t vmid;
	bool everything;		    /* of those translations; else the fields below */
	uint64_t first, last;		    /* addresses, inclusive */
	unsigned granules;		    /* enum granule_set */
	unsigned leaf_levels, table_levels; /* LEVEL_BIT() of each */
};

struct command {
	enum command_kind kind;
	uint64_t word[2];    /* as fetched */
	bool is_tlbi_opcode; /* 0x10 .. 0x30, for counting */
	struct invalidation tlbi;
	uint64_t sid_first, sid_last; /* CFGI, inclusive; ATC_INV */
	uint64_t atc_first, atc_last; /* addresses, inclusive */
	bool cfgi_level1;	      /* CFGI also removes cached level-1 descriptors */
	bool msi;		      /* SYNC writes msi_data to msi_address */
	bool event;		      /* SYNC wakes CPUs that wait for an event */
	uint64_t msi_address;
	uint32_t msi_data;
};

enum {
	CERROR_NONE = 0,
	CERROR_ILL = 1,
	CERROR_ABT = 2,
	CERROR_ATC_INV_SYNC = 3
};

/** command_decode() - Return: CERROR_NONE or CERROR_ILL. @why says what is wrong, static. */
unsigned command_decode(const uint64_t word[2], const struct model_config *config, struct command *command,
			const char **why);

#endif
