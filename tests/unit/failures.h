/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * failures.h - every way in which a software SMMU can be made to fail for good.
 */
#ifndef TESTS_UNIT_FAILURES_H
#define TESTS_UNIT_FAILURES_H

#include "core_rig.h"

/* Position of the command that the device takes next. */
static inline uint64_t failure_next(struct model *model)
{
	return model_counters(model)->commands;
}

static inline void failure_refuse(struct model *model, unsigned error, unsigned times)
{
	while (times--)
		model_inject_cerror(model, failure_next(model), error);
}

static inline void refuse_command_and_cover(struct model *model)
{
	failure_refuse(model, 1, 2);
}

static inline void abort_the_fetch(struct model *model)
{
	failure_refuse(model, 2, 1);
}

static inline void miss_an_atc(struct model *model)
{
	failure_refuse(model, 3, 1);
}

static inline void report_an_unknown_error(struct model *model)
{
	failure_refuse(model, 0x55, 1);
}

static inline void fail_service(struct model *model)
{
	model_stall_commands(model, true);
	model_raise_gerror(model, 1u << 8);
}

static inline void fall_silent(struct model *model)
{
	model_stall_commands(model, true);
}

static inline void forge_cons_far_ahead(struct model *model)
{
	model_stall_commands(model, true);
	model_forge_cons(model, true, model_read32(model, 0x98) + 5);
}

static inline void forge_cons_behind(struct model *model)
{
	model_stall_commands(model, true);
	model_forge_cons(model, true, model_read32(model, 0x9c) - 1);
}

/* What a device reads as that has left the bus. */
static inline void forge_all_ones(struct model *model)
{
	model_stall_commands(model, true);
	model_forge_cons(model, true, UINT32_MAX);
}

static const struct failure {
	const char *what;
	void (*inject)(struct model *model);
	enum shadow_smmu_failure is;
} failures[] = {
	{ "a command and its cover are refused", refuse_command_and_cover, SHADOW_SMMU_COMMAND },
	{ "the fetch of a command aborts", abort_the_fetch, SHADOW_SMMU_FETCH },
	{ "a device does not confirm ATC_INV", miss_an_atc, SHADOW_SMMU_ATC },
	{ "an error that nobody knows", report_an_unknown_error, SHADOW_SMMU_COMMAND },
	{ "service failure mode", fail_service, SHADOW_SMMU_SERVICE },
	{ "a sync that never completes", fall_silent, SHADOW_SMMU_SILENT },
	{ "CMDQEN is gone", model_stop_queue, SHADOW_SMMU_STOPPED },
	{ "a reset", model_reset, SHADOW_SMMU_RESET },
	{ "CONS far ahead", forge_cons_far_ahead, SHADOW_SMMU_CONS },
	{ "CONS behind", forge_cons_behind, SHADOW_SMMU_CONS },
	{ "CONS all ones", forge_all_ones, SHADOW_SMMU_CONS },
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

/* GBPA says abort, no update is under way, and SMMUEN is off. */
static inline void failure_is_shut(struct model *model, uint64_t page)
{
	assert_int_equal(model_dma(model, CORE_SID, page << 12, false).fault, MODEL_ABORT);
	assert_int_equal(model_read32(model, 0x44) >> 20 & 0x801, 1);
	assert_int_equal(model_read32(model, 0x24) & 1, 0);
}

#endif
