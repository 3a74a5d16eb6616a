/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * policy_rig.h - a policy on instant SMMUs that writes down what it tells them, in order.
 *
 * The record is text, one word an event, "SMMU:WHAT":
 *   0:IPA:40000+3:3  S2_IPA by range: first page, number of pages, TTL    0:IPA:40000  S2_IPA with TG = 0
 *   0:NH_ALL  0:VMALL  0:SYNC     0:!  doorbell       0:?  a look at CONS       0:0x...  anything else
 * Commands stand before the doorbell that published them, read from the ring at that moment. Pages count
 * from the start of memory.
 */
#ifndef TESTS_UNIT_POLICY_RIG_H
#define TESTS_UNIT_POLICY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/benchmarks/storm.h"

#define RIG_TEXT_BYTES 65536u

struct rig {
	struct storm storm;
	uint32_t prod[SHADOW_SMMUS_MAX]; /* as last rung */
	char text[RIG_TEXT_BYTES];
	size_t length;
	uint64_t word[2]; /* of the last command that was not a SYNC */
};

/* World, not yet opened: tests may change rig->storm.world. */
void rig_init(struct rig *rig, const struct storm_config *config);
void rig_open(struct rig *rig, const struct policy_ops *ops);
/* Both. */
void rig_start(struct rig *rig, const struct policy_ops *ops, unsigned smmu_count, bool nested, bool no_ril);
void rig_fini(struct rig *rig);

/* One call: pages first .. first + count become NOPAGE, or OWNED with these access bits (0: R and W). The
 * record starts anew. Return: what the policy returned. */
int rig_revoke(struct rig *rig, uint64_t first, uint64_t count);
int rig_grant(struct rig *rig, uint64_t first, uint64_t count, unsigned access);

/* The same with an old state of each page. */
int rig_transition(struct rig *rig, uint64_t first, uint64_t count, enum shadow_state new_state,
		   const uint8_t *old_states);

/* What the table says of a page, by the model's decoder: access bits. */
unsigned rig_access(const struct rig *rig, uint64_t page);

/* Instructions a page of a sequential storm of this policy costs, by callgrind, with the native core: this
 * program runs itself, so its main() must begin with rig_counted(). Skips the test if that cannot be. */
uint64_t rig_count_instructions(unsigned policy);
bool rig_counted(int argc, char **argv);

#endif
