/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay_rig.c - one trace given as text, ready to be replayed.
 */
#include "replay_rig.h"

#include "bench/trace/trace_scale.h"
#include "engine/platform/linux.h"

#define ARGUMENTS_MAX 24

static void parse(struct options *options, const char *line)
{
	char words[256], *arguments[ARGUMENTS_MAX] = { "replay", "text" };
	int count = 2;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word && count < ARGUMENTS_MAX; word = strtok(NULL, " "))
		arguments[count++] = word;
	arguments[count] = NULL;
	assert_int_equal(options_parse(options, count, arguments), 0);
}

static enum options_policy policy_of(const struct replay_rig *rig)
{
	return rig->options.policy[OPTIONS_BATCHED] ? OPTIONS_BATCHED :
	       rig->options.policy[OPTIONS_STRICT]  ? OPTIONS_STRICT :
						      OPTIONS_EAGER;
}

void replay_rig_init(struct replay_rig *rig, const char *text, const char *options)
{
	struct schedule_flush flush;
	struct trace_error error;

	memset(rig, 0, sizeof(*rig));
	platform_linux_set_host_lock(true);
	parse(&rig->options, options);
	trace_text_load(text, &rig->trace);
	assert_int_equal(trace_scale(&rig->trace, rig->options.scale_lg2, &error), 0);
	flush = rig->options.flush;
	if (policy_of(rig) != OPTIONS_BATCHED)
		flush.mode = SCHEDULE_NONE;
	assert_int_equal(schedule_make(&rig->schedule, &rig->trace,
				       schedule_records(&rig->trace, rig->options.until), flush),
			 0);
	assert_int_equal(world_init(&rig->world, &rig->options, "text", &rig->trace, rig->schedule.cpu_count),
			 0);
	assert_int_equal(world_pool_open(&rig->world), 0);
}

void replay_rig_open_instant(struct replay_rig *rig)
{
	for (; rig->instants < rig->options.smmus; rig->instants++) {
		assert_int_equal(
			instant_add(&rig->instant[rig->instants], !rig->options.no_ril, rig->options.nested),
			0);
		instant_set_coherent(&rig->instant[rig->instants],
				     world_is_coherent(&rig->world, policy_of(rig)));
		rig->world.policy.smmu[rig->instants].registers = rig->instant[rig->instants].registers;
	}
	rig->ops = runner_native.policies[policy_of(rig)];
	assert_int_equal(rig->ops->open(&rig->world.policy, &rig->policy), 0);
}

void replay_rig_open_observed(struct replay_rig *rig, const struct policy_ops *ops, FILE *log)
{
	rig->ops = ops ? ops : runner_observed.policies[policy_of(rig)];
	rig->observed = true;
	assert_int_equal(observer_open(&rig->observer, &rig->world, &rig->trace, rig->ops,
				       policy_of(rig) != OPTIONS_BATCHED, rig->options.sync_ns,
				       rig->options.verify, log),
			 0);
	assert_int_equal(rig->ops->open(&rig->world.policy, &rig->policy), 0);
	observer_start(&rig->observer, rig->policy);
}

int replay_rig_play(struct replay_rig *rig)
{
	const struct runner *runner = rig->observed ? &runner_observed : &runner_native;
	struct runner_hooks hooks = observer_hooks;
	const struct op *failed;
	uint64_t ns;

	hooks.ctx = &rig->observer;
	return runner->play(rig->ops, rig->policy, &rig->schedule, rig->observed ? &hooks : NULL, &ns,
			    &failed);
}

void replay_rig_tables(struct replay_rig *rig, struct tables *tables, uint64_t ste[8])
{
	uint64_t words[8];

	rig->ops->ste(rig->policy, words);
	if (ste)
		memcpy(ste, words, sizeof(words));
	assert_int_equal(tables_open(tables, words, &rig->world.model), 0);
}

void replay_rig_fini(struct replay_rig *rig)
{
	if (rig->policy)
		rig->ops->close(rig->policy);
	if (rig->observed)
		observer_close(&rig->observer);
	while (rig->instants)
		instant_remove(&rig->instant[--rig->instants]);
	world_pool_close(&rig->world);
	world_free(&rig->world);
	schedule_free(&rig->schedule);
	trace_free(&rig->trace);
	options_free(&rig->options);
}
