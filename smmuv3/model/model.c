/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * model.c - the life of a model, its steps, and what its parts share.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ecmdq.h"
#include "state.h"

void model_config_default(struct model_config *config)
{
	config->s2p = true;
	config->s1p = false;
	config->ril = true;
	config->cohacc = true;
	config->vmid16 = true;
	config->st_level2 = true;
	config->bbml = 2;
	config->oas_bits = 48;
	config->sid_bits = 16;
	config->cmdq_lg2 = 19;
	config->evtq_lg2 = 19;
	config->gbpa_abort_at_reset = false;
	config->gran16k = true;
	config->gran64k = true;
}

struct model *model_new(const struct model_config *config)
{
	struct model *model = model_alloc(sizeof(*model));

	if (!model)
		return NULL;
	model->config = *config;
	model->random = config->seed;
	model->streams = stream_cache_new(config->sid_bits);
	model->tlb = tlb_new();
	model->bbm = bbm_new();
	if (!model->streams || !model->tlb || !model->bbm) {
		model_free(model);
		return NULL;
	}
	model->queue_count = 1 + ecmdq_count(config);
	registers_reset(model);
	cmdq_reset(model);
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	cmdq_consumer_free(model);
	watch_free(model);
	atc_free(&model->atc);
	stream_cache_free(model->streams);
	tlb_free(model->tlb);
	bbm_free(model->bbm);
	model_release(model);
}

bool model_step(struct model *model)
{
	return registers_step(model) || cmdq_consumer_step(model);
}

uint64_t model_run(struct model *model)
{
	uint64_t steps = 0;

	while (model_step(model))
		steps++;
	return steps;
}

/* splitmix64 */
uint64_t model_random(struct model *model, uint64_t below)
{
	uint64_t mixed = model->random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (mixed ^ mixed >> 31) % below;
}

void model_violate(struct model *model, enum model_rule rule, uint64_t pa, uint64_t old_value,
		   uint64_t new_value, const char *what)
{
	struct model_violation violation = { rule, pa, old_value, new_value, what };

	model->counters.violations[rule]++;
	if (model->config.report)
		model->config.report(model->config.report_ctx, &violation);
}

void model_out_of_memory(void)
{
	fprintf(stderr, "s2shadow: %s:%d: the SMMU model is out of memory\n", __FILE__, __LINE__);
	exit(2);
}

void *model_must_alloc(size_t bytes)
{
	void *memory = model_alloc(bytes);

	if (!memory)
		model_out_of_memory();
	return memory;
}

void *model_grow(void *array, unsigned *room, unsigned count, size_t bytes)
{
	void *larger;

	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 32;
	larger = model_must_alloc(*room * bytes);
	if (count)
		memcpy(larger, array, count * bytes);
	model_release(array);
	return larger;
}

const struct model_counters *model_counters(const struct model *model)
{
	return &model->counters;
}

const char *model_rule_name(enum model_rule rule)
{
	static const char *const names[MODEL_RULE_COUNT] = {
		[MODEL_RULE_BBM_BLOCK] = "bbm-block",	[MODEL_RULE_BBM_OUTPUT] = "bbm-output",
		[MODEL_RULE_BBM_TYPE] = "bbm-type",	[MODEL_RULE_CONTIGUOUS] = "contiguous",
		[MODEL_RULE_DESCRIPTOR] = "descriptor", [MODEL_RULE_REGISTER] = "register",
		[MODEL_RULE_ALIGNMENT] = "alignment",	[MODEL_RULE_TABLE_REUSE] = "table-reuse",
		[MODEL_RULE_CLEAN] = "clean",		[MODEL_RULE_STREAM_TABLE] = "stream-table",
	};

	return (unsigned)rule < MODEL_RULE_COUNT ? names[rule] : "unknown";
}
