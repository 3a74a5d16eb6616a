/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay_rig.h - one trace given as text, ready to be replayed: world, schedule, and a policy on some
 * devices.
 */
#ifndef TESTS_UNIT_REPLAY_RIG_H
#define TESTS_UNIT_REPLAY_RIG_H

#include <stdbool.h>

#include "trace_text.h"

#include "bench/policy/instant.h"
#include "bench/replay/observer.h"
#include "bench/replay/options.h"
#include "bench/replay/tables.h"
#include "bench/replay/world.h"

/* 64 MiB of memory at 1 GiB, no host mapping yet. */
#define REPLAY_RIG_HEAD                                                                   \
	TRACE_TEXT_MAGIC TRACE_TEXT_SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1\n" \
					     "# R 0 40000000 4000000 flags 0\n"

struct replay_rig {
	struct options options;
	struct trace trace;
	struct world world;
	struct schedule schedule;
	struct instant instant[SHADOW_SMMUS_MAX];
	unsigned instants;
	struct observer observer;
	bool observed;
	const struct policy_ops *ops;
	struct policy *policy;
};

/* World and schedule; @options: as after `s2shadow replay`, separated by spaces. One --policy counts. */
void replay_rig_init(struct replay_rig *rig, const char *text, const char *options);

/* Open the policy that the options name, on devices that complete at once. */
void replay_rig_open_instant(struct replay_rig *rig);

/* The same on software SMMUs. @ops: NULL, or a policy in its place. @log: NULL, or where the log goes. */
void replay_rig_open_observed(struct replay_rig *rig, const struct policy_ops *ops, FILE *log);

/* Play the whole schedule. Return: what play() returns. */
int replay_rig_play(struct replay_rig *rig);

/* The tables as they are; also the STE if @ste is not NULL. */
void replay_rig_tables(struct replay_rig *rig, struct tables *tables, uint64_t ste[8]);

void replay_rig_fini(struct replay_rig *rig);

#endif
