/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * replay.c - `s2shadow replay`.
 *
 * Trace by trace: load it, check it against itself, decide where everything lies; then an observed pass for
 * each policy, against software SMMUv3s, which counts, verifies and writes files; then a native pass for each
 * policy, against devices that complete at once, which is timed: a few runs, interleaved policy by policy,
 * of which the fastest counts; before them, for --timeline and --counters, a traced pass. Nothing is printed and no file appears before all of it went well, or Ctrl-C ended it:
 * then what is complete is printed and written.
 */
#include "bench/replay/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/common/message.h"
#include "bench/common/outfile.h"
#include "bench/common/placement.h"
#include "bench/common/progress.h"
#include "bench/policy/instant.h"
#include "bench/replay/check.h"
#include "bench/replay/imagefile.h"
#include "bench/replay/mapfile.h"
#include "bench/replay/observer.h"
#include "bench/replay/replay_watch.h"
#include "bench/replay/results.h"
#include "bench/replay/stages.h"
#include "bench/replay/traced.h"
#include "bench/replay/world.h"
#include "bench/trace/trace_scale.h"
#include "engine/platform/linux.h"

#define EXIT_WRONG_ANSWER 1
#define EXIT_BAD	  2
#define NATIVE_RUNS_MIN	  3u
#define NATIVE_RUNS_MAX	  50u
#define NATIVE_NS_ENOUGH  300000000u /* more runs until one policy's add up to this ... */

/* ... but no more once the trace's, bring-up included, took this long. */
#define NATIVE_WALL_NS_MAX 5000000000u

#define OBSERVED_PERCENT 80u /* of the time, roughly */

struct outputs {
	struct outfile json, map, log, image, timeline;
};

struct replay {
	struct options options;
	struct outputs outputs;
	struct results results;
	uint64_t bytes_done; /* of trace files, to show progress by */
	struct timeline timeline;
	struct counters counters;
	struct stages stages; /* of the policy whose stages are counted */
	bool wrong_answer;
};

/* One run on devices that complete at once. */
struct pass {
	const struct runner *runner;
	const struct runner_hooks *hooks; /* NULL: none, and @hit neither */
	void (*hit)(void *ctx, enum platform_trace_event event, uint64_t a, uint64_t b);
	const char *name;
};

static const struct pass native_pass = { &runner_native, NULL, NULL, "timed replay" };

/* One trace. */
struct session {
	struct replay *replay;
	const char *path;
	struct trace trace;
	size_t records;
	struct check check;
	struct world world;
	struct schedule immediate, batched;
	uint64_t checksum[OPTIONS_POLICIES]; /* of the observed tables */
	size_t result[OPTIONS_POLICIES];     /* index of each policy's */
	bool runs[OPTIONS_POLICIES];	     /* asked for and not skipped */
	uint64_t bytes;			     /* of its file */
};

static const struct schedule *schedule_of(const struct session *session, enum options_policy policy)
{
	return policy == OPTIONS_BATCHED ? &session->batched : &session->immediate;
}

static struct result *result_of(const struct session *session, enum options_policy policy)
{
	return &session->replay->results.result[session->result[policy]];
}

/* So many bytes of its file stand for what is done before this policy's observed pass, or before the timed ones. */
static uint64_t bytes_before(const struct session *session, enum options_policy policy)
{
	return session->replay->bytes_done + session->bytes * OBSERVED_PERCENT * policy / OPTIONS_POLICIES / 100;
}

/* A failure of a policy as a line: at which record, and what it says. */
static int policy_failed(const struct session *session, enum options_policy policy, const char *step,
			 const struct op *op, int error)
{
	const char *name = options_policy_name(policy);

	if (op)
		message("%s:%" PRIu32 ": %s: %s: %s", session->path, session->trace.records[op->record].line,
			name, step, message_error(error));
	else
		message("%s: %s: %s: %s", session->path, name, step, message_error(error));
	return -1;
}

/* ---- observed pass --------------------------------------------------------------------------------------
 */

static void take_init(struct result *result, const struct policy_stats *stats)
{
	result->init.tlbi = stats->tlbi;
	result->init.syncs = stats->syncs;
	result->init.doorbells = stats->doorbells;
	result->init.table_writes = stats->tables.writes;
	result->init.table_bytes_live = stats->tables.bytes_live;
}

static void take_ahead(struct result *result, const struct ahead *ahead)
{
	result->ahead.consents = ahead->count;
	result->ahead.pages_early = ahead->pages_early;
	result->ahead.page_ns = ahead->page_ns;
	result->ahead.ns_max = ahead->ns_max;
}

static int take_stats(const struct session *session, struct result *result, struct observer *observer,
		      const struct policy_stats *init, const struct policy_stats *end)
{
	result->transitions = schedule_of(session, result->policy)->transitions;
	result->transitions_access = schedule_of(session, result->policy)->transitions_access;
	result->contradictions = session->check.contradictions;
	result->pages_granted = session->check.pages_granted;
	result->pages_revoked = session->check.pages_revoked;
	result->pool_base = session->world.policy.pool.base.addr;
	result->pool_bytes = session->world.pool_bytes;
	result->vmid = session->world.policy.vmid;
	result->flushes = end->flushes - init->flushes;
	result->flushes_forced = end->flushes_forced - init->flushes_forced;
	result->tlbi = observer->counts.tlbi;
	result->syncs = observer->counts.syncs;
	result->doorbells = observer->counts.doorbells;
	result->doorbells_extra = end->doorbells_extra - init->doorbells_extra;
	result->table_writes = observer->counts.table_writes;
	result->table_bytes_live = end->tables.bytes_live;
	result->table_bytes_peak = end->tables.bytes_peak;
	result->table_bytes_reserved = observer->bytes_reserved_max;
	result->splits = end->tables.splits - init->tables.splits;
	result->collapses = end->tables.collapses - init->tables.collapses;
	result->hints = end->tables.hints - init->tables.hints;
	result->hints_dropped = end->tables.hints_dropped - init->tables.hints_dropped;
	result->reserved_attempts = observer->reserved_attempts;
	result->violations = observer->violations + observer->device_errors;
	result->verify = observer->verify.counts;
	take_ahead(result, &schedule_of(session, result->policy)->ahead);
	result->latency_revoke = latency_summarise(&observer->latency.revoke);
	result->latency_grant = latency_summarise(&observer->latency.grant);
	return latency_summarise_all(&observer->latency, &result->latency);
}

/* What the policy counted and what passed by outside must agree. */
static int compare_counts(const struct session *session, const struct result *result,
			  const struct policy_stats *init, const struct policy_stats *end)
{
	const struct ahead *ahead = &schedule_of(session, result->policy)->ahead;
	const struct {
		const char *name;
		uint64_t policy, seen;
	} counts[] = {
		{ "pages revoked ahead", end->pages_ahead, ahead->count * ahead->block_pages },
		{ "pages donated thanks to that", end->pages_inherited, ahead->count * ahead->block_pages },
		{ "TLBI commands", end->tlbi - init->tlbi, result->tlbi },
		{ "syncs", end->syncs - init->syncs, result->syncs },
		{ "doorbells", end->doorbells - init->doorbells, result->doorbells },
		{ "descriptor writes", end->tables.writes - init->tables.writes, result->table_writes },
		{ "leaves of level 1", end->tables.leaves[1], result->leaves[1] },
		{ "leaves of level 2", end->tables.leaves[2], result->leaves[2] },
		{ "leaves of level 3", end->tables.leaves[3], result->leaves[3] },
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		if (counts[i].policy == counts[i].seen)
			continue;
		message("%s: %s: %s: the policy counts %" PRIu64 ", %" PRIu64 " were seen", session->path,
			options_policy_name(result->policy), counts[i].name, counts[i].policy,
			counts[i].seen);
		return -1;
	}
	return 0;
}

static int write_outputs(struct session *session, const struct tables *tables, const uint64_t ste[8])
{
	struct outputs *outputs = &session->replay->outputs;

	if (outputs->map.file && mapfile_write(outputs->map.file, tables)) {
		message("%s: the tables are malformed", session->path);
		return -1;
	}
	if (outputs->image.file && imagefile_write(outputs->image.file, tables, ste)) {
		message("%s: the tables are malformed or in too many pieces", session->path);
		return -1;
	}
	return 0;
}

/* After the last step: everything that is read from the tables in memory. */
static int read_tables(struct session *session, struct observer *observer, struct result *result)
{
	struct model_config seen = observer_model_config(observer);
	struct tables_walk walk;
	struct tables tables;

	observer->ops->ste(observer->policy, result->ste);
	if (tables_open(&tables, result->ste, &seen) || tables_walk(&tables, &walk, NULL, NULL) ||
	    (observer->verifies && verify_tables(&observer->verify, &tables))) {
		message("%s: %s: the tables are malformed", session->path, observer->ops->name);
		return -1;
	}
	for (unsigned level = 0; level < 4; level++)
		result->leaves[level] = walk.leaves[level];
	session->checksum[result->policy] = walk.checksum;
	return write_outputs(session, &tables, result->ste);
}

static int observe_open_policy(struct session *session, struct observer *observer, enum options_policy policy)
{
	const struct schedule *schedule = schedule_of(session, policy);
	struct result *result = result_of(session, policy);
	struct runner_hooks inner = observer_hooks, hooks;
	struct replay_watch watch = { &inner, schedule, bytes_before(session, policy),
				      bytes_before(session, policy + 1) };
	struct policy_stats init, end;
	const struct op *failed;
	uint64_t ns;
	int error;

	observer->ops->stats(observer->policy, &init);
	take_init(result, &init);
	inner.ctx = observer;
	hooks = replay_watch_hooks(&watch);
	error = runner_observed.play(observer->ops, observer->policy, schedule, &hooks, &ns, &failed);
	if (error == REPLAY_WATCH_INTERRUPTED)
		return error;
	if (error)
		return policy_failed(session, policy, "replay", failed, error);
	observer->ops->stats(observer->policy, &end);
	if (read_tables(session, observer, result))
		return -1;
	if (take_stats(session, result, observer, &init, &end)) {
		message("%s: out of memory", session->path);
		return -1;
	}
	return compare_counts(session, result, &init, &end);
}

static int observe_open_world(struct session *session, struct observer *observer, enum options_policy policy)
{
	struct policy *opened;
	int error = observer->ops->open(&session->world.policy, &opened);

	if (error)
		return policy_failed(session, policy, "bring-up", NULL, error);
	observer_start(observer, opened);
	error = observe_open_policy(session, observer, policy);
	observer->ops->close(opened);
	if (observer_failed(observer))
		session->replay->wrong_answer = true;
	return error;
}

static int observe(struct session *session, enum options_policy policy)
{
	const struct options *options = &session->replay->options;
	struct observer observer;
	int error;

	if (world_pool_open(&session->world))
		return -1;
	error = observer_open(&observer, &session->world, &session->trace, runner_observed.policies[policy],
			      policy != OPTIONS_BATCHED, options->sync_ns, options->verify,
			      session->replay->outputs.log.file);
	if (session->replay->outputs.timeline.file)
		observer.timeline = &session->replay->timeline;
	if (!error)
		error = observe_open_world(session, &observer, policy);
	observer_close(&observer);
	world_pool_close(&session->world);
	return error;
}

/* ---- native pass ----------------------------------------------------------------------------------------
 */

/* The timed tables must be the observed ones; one look is enough. */
static int compare_tables(const struct session *session, enum options_policy policy, const struct pass *pass,
			  const uint64_t ste[8])
{
	struct tables_walk walk;
	struct tables tables;

	if (result_of(session, policy)->native_runs)
		return 0;
	if (!tables_open(&tables, ste, &session->world.model) && !tables_walk(&tables, &walk, NULL, NULL) &&
	    walk.checksum == session->checksum[policy])
		return 0;
	message("%s: %s: the %s ends with other tables than the observed one", session->path,
		options_policy_name(policy), pass->name);
	return -1;
}

static int play_pass(struct session *session, enum options_policy policy, const struct pass *pass, uint64_t *ns)
{
	const struct policy_ops *ops = pass->runner->policies[policy];
	struct policy *opened;
	const struct op *failed;
	uint64_t ste[8];
	int error = ops->open(&session->world.policy, &opened);

	if (error)
		return policy_failed(session, policy, "bring-up", NULL, error);
	if (pass->hooks)
		traced_set(pass->hit, pass->hooks->ctx);
	error = pass->runner->play(ops, opened, schedule_of(session, policy), pass->hooks, ns, &failed);
	traced_set(NULL, NULL);
	ops->ste(opened, ste);
	ops->close(opened);
	if (error)
		return policy_failed(session, policy, pass->name, failed, error);
	return compare_tables(session, policy, pass, ste);
}

static void remove_instant(struct instant *instant, unsigned count)
{
	while (count--)
		instant_remove(&instant[count]);
	free(instant);
}

static int play_instant(struct session *session, enum options_policy policy, const struct pass *pass, uint64_t *ns)
{
	const struct options *options = &session->replay->options;
	struct instant *instant = calloc(options->smmus, sizeof(*instant));
	unsigned added = 0;
	int error = -1;

	while (instant && added < options->smmus &&
	       !instant_add(&instant[added], !options->no_ril, options->nested)) {
		instant_set_coherent(&instant[added], world_is_coherent(&session->world, policy));
		session->world.policy.smmu[added].registers = instant[added].registers;
		added++;
	}
	if (!instant || added < options->smmus)
		message("no room for %u devices", options->smmus);
	else if (!world_pool_open(&session->world))
		error = play_pass(session, policy, pass, ns);
	world_pool_close(&session->world);
	if (instant)
		remove_instant(instant, added);
	return error;
}

/* The observed pass has said all there is to say of the same transitions. */
static void ignore_report(void *ctx, enum platform_report what, uint64_t a, uint64_t b)
{
	(void)ctx;
	(void)what;
	(void)a;
	(void)b;
}

static void show_timed(const struct session *session, unsigned run, unsigned repeat)
{
	uint64_t first = bytes_before(session, OPTIONS_POLICIES), last = session->replay->bytes_done + session->bytes;
	unsigned runs = repeat ? repeat : NATIVE_RUNS_MIN;

	progress_set(run < runs ? first + (last - first) * run / runs : last);
}

/* A policy that Ctrl-C leaves without a run is left out. */
static int time_policies(struct session *session)
{
	uint64_t total_ns[OPTIONS_POLICIES] = { 0 }, start_ns = platform_time_ns();
	unsigned repeat = session->replay->options.repeat;
	bool more = true;

	platform_linux_set_report(ignore_report, NULL);
	for (unsigned run = 0; more; run++) {
		more = false;
		for (unsigned policy = 0; policy < OPTIONS_POLICIES; policy++) {
			struct result *result = result_of(session, policy);
			uint64_t ns;

			if (!session->runs[policy])
				continue;
			if (progress_interrupted())
				return 0;
			show_timed(session, run, repeat);
			if (play_instant(session, policy, &native_pass, &ns))
				return -1;
			if (result_add_run(result, ns)) {
				message("out of memory");
				return -1;
			}
			total_ns[policy] += ns;
			more |= repeat ? run + 1 < repeat :
					 run + 1 < NATIVE_RUNS_MIN ||
						 (total_ns[policy] < NATIVE_NS_ENOUGH &&
						  run + 1 < NATIVE_RUNS_MAX &&
						  platform_time_ns() - start_ns < NATIVE_WALL_NS_MAX);
		}
	}
	return 0;
}

/* ---- traced pass --------------------------------------------------------------------------------------- */

static void timeline_start(struct session *session, enum options_policy policy)
{
	struct replay *replay = session->replay;

	timeline_open(&replay->timeline, replay->outputs.timeline.file, session->trace.name, options_policy_name(policy),
		      session->immediate.cpu_count, replay->options.smmus, replay->options.sync_ns);
}

static int trace_timeline(struct session *session, enum options_policy policy)
{
	struct timeline *timeline = &session->replay->timeline;
	struct runner_hooks hooks = timeline_hooks;
	struct pass pass = { &runner_traced, &hooks, timeline_hit, "traced replay" };
	uint64_t ns;

	hooks.ctx = timeline;
	timeline_begin(timeline);
	if (play_instant(session, policy, &pass, &ns))
		return -1;
	if (!timeline_finish(timeline))
		return 0;
	message("%s: out of memory", session->path);
	return -1;
}

static int trace_counters(struct session *session)
{
	struct replay *replay = session->replay;
	struct runner_hooks hooks = stages_hooks;
	struct pass pass = { &runner_traced, &hooks, stages_hit, "traced replay" };
	uint64_t ns;

	hooks.ctx = &replay->stages;
	stages_begin(&replay->stages, &replay->counters);
	return play_instant(session, OPTIONS_BATCHED, &pass, &ns);
}

static int trace_policy(struct session *session, enum options_policy policy)
{
	platform_linux_set_report(ignore_report, NULL);
	if (session->replay->outputs.timeline.file)
		return trace_timeline(session, policy);
	return session->replay->options.counters ? trace_counters(session) : 0;
}

/* ---- one trace ------------------------------------------------------------------------------------------
 */

/* An entry for each policy that was asked for; one that does not fit into memory says so. */
static int add_results(struct session *session)
{
	struct replay *replay = session->replay;

	for (unsigned policy = 0; policy < OPTIONS_POLICIES; policy++) {
		uint64_t needed, available;
		struct result *result;

		session->result[policy] = replay->results.count;
		if (!replay->options.policy[policy])
			continue;
		result = results_add(&replay->results, session->trace.name, policy);
		if (!result) {
			message("out of memory");
			return -1;
		}
		session->runs[policy] = world_fits(&session->world, policy, &needed, &available);
		if (!session->runs[policy] &&
		    asprintf(&result->skipped, "needs %" PRIu64 " MiB of memory, %" PRIu64 " MiB are free",
			     needed >> 20, available >> 20) < 0) {
			result->skipped = NULL;
			message("out of memory");
			return -1;
		}
	}
	return 0;
}

static int make_schedules(struct session *session)
{
	const struct options *options = &session->replay->options;
	struct schedule_flush none = { .mode = SCHEDULE_NONE };

	session->records = schedule_records(&session->trace, options->until);
	if (schedule_make(&session->immediate, &session->trace, session->records, none) ||
	    schedule_make(&session->batched, &session->trace, session->records, options->flush)) {
		message("%s: out of memory", session->path);
		return -1;
	}
	return 0;
}

static int replay_session(struct session *session)
{
	const struct options *options = &session->replay->options;

	if (make_schedules(session) || world_init(&session->world, options, session->path, &session->trace,
						  session->immediate.cpu_count))
		return -1;
	if (check_trace(&session->check, session->path, &session->trace, session->records, options->until,
			options->lenient, session->world.closed, session->world.closed_count))
		return -1;
	if (add_results(session))
		return -1;
	for (unsigned policy = 0; policy < OPTIONS_POLICIES; policy++) {
		int error;

		if (!session->runs[policy])
			continue;
		if (session->replay->outputs.timeline.file)
			timeline_start(session, policy);
		error = observe(session, policy);
		if (!error)
			error = trace_policy(session, policy);
		if (error)
			return error;
	}
	return time_policies(session);
}

static uint64_t bytes_of(const char *path)
{
	struct stat info;

	return stat(path, &info) ? 0 : (uint64_t)info.st_size;
}

static int replay_trace(struct replay *replay, const char *path)
{
	struct session session = { .replay = replay, .path = path, .bytes = bytes_of(path) };
	struct trace_error error = { 0 };
	int result;

	if (trace_load(path, &session.trace, &error) ||
	    trace_scale(&session.trace, replay->options.scale_lg2, &error)) {
		if (error.line)
			message("%s:%lu: %s", path, error.line, error.message);
		else
			message("%s: %s", path, error.message);
		trace_free(&session.trace);
		return -1;
	}
	progress_say(session.trace.name);
	result = replay_session(&session);
	replay->bytes_done += session.bytes;
	world_free(&session.world);
	schedule_free(&session.immediate);
	schedule_free(&session.batched);
	trace_free(&session.trace);
	return result;
}

/* ---- the command ----------------------------------------------------------------------------------------
 */

static int open_output(struct outfile *out, const char *path)
{
	return path ? outfile_open(out, path) : 0;
}

static int open_outputs(struct replay *replay)
{
	const struct options *options = &replay->options;
	struct outputs *outputs = &replay->outputs;

	return open_output(&outputs->json, options->json) || open_output(&outputs->map, options->map) ||
			       open_output(&outputs->log, options->log) ||
			       open_output(&outputs->image, options->image) ||
			       open_output(&outputs->timeline, options->timeline) ?
		       -1 :
		       0;
}

static int commit_output(struct outfile *out)
{
	return out->file ? outfile_commit(out) : 0;
}

static int commit_outputs(struct replay *replay)
{
	struct outputs *outputs = &replay->outputs;

	if (outputs->json.file && results_write_json(&replay->results, outputs->json.file)) {
		message("%s: cannot write", replay->options.json);
		return -1;
	}
	return commit_output(&outputs->json) || commit_output(&outputs->map) ||
			       commit_output(&outputs->log) || commit_output(&outputs->image) ||
			       commit_output(&outputs->timeline) ?
		       -1 :
		       0;
}

static void discard_outputs(struct outputs *outputs)
{
	outfile_discard(&outputs->json);
	outfile_discard(&outputs->map);
	outfile_discard(&outputs->log);
	outfile_discard(&outputs->image);
	outfile_discard(&outputs->timeline);
}

/* The replay is thread 0, and there are no others. */
static int place(struct replay *replay)
{
	struct placement placement;

	if (placement_read(&placement, replay->options.cpus, replay->options.membind, replay->options.huge_pages))
		return -1;
	replay->results.cpu = placement_bind(&placement, 0);
	return 0;
}

/* Return: 0, also where Ctrl-C ended it; -1 after a line on standard error. */
static int replay_traces(struct replay *replay)
{
	uint64_t bytes = 0;
	int error = 0;

	for (unsigned i = 0; i < replay->options.traces_count; i++)
		bytes += bytes_of(replay->options.traces[i]);
	progress_catch_interrupt();
	progress_start("replay", bytes);
	for (unsigned i = 0; !error && i < replay->options.traces_count; i++)
		error = progress_interrupted() ? REPLAY_WATCH_INTERRUPTED :
						 replay_trace(replay, replay->options.traces[i]);
	progress_end();
	replay->results.interrupted = progress_interrupted();
	return error < 0 ? -1 : 0;
}

/* What was measured before Ctrl-C stays; --map and its like are of the one run, if it was complete. */
static void drop_incomplete(struct replay *replay)
{
	struct outputs *outputs = &replay->outputs;

	results_drop_untimed(&replay->results);
	message("interrupted; %s", replay->results.count ? "what is complete follows" : "nothing is complete");
	if (replay->results.count)
		return;
	outfile_discard(&outputs->map);
	outfile_discard(&outputs->log);
	outfile_discard(&outputs->image);
	outfile_discard(&outputs->timeline);
}

/* Before anything else runs: who has none is soon told. */
static int open_counters(struct replay *replay)
{
	const char *why;

	if (!replay->options.counters || !counters_open(&replay->counters, NULL, &why))
		return 0;
	message("--counters: %s; scripts/count-flush-stages counts instructions", why);
	return -1;
}

static int run(struct replay *replay)
{
	if (place(replay) || open_counters(replay) || open_outputs(replay))
		return -1;
	platform_linux_set_host_lock(true); /* one thread, which is always the host */
	if (replay_traces(replay))
		return -1;
	if (replay->results.interrupted)
		drop_incomplete(replay);
	if (commit_outputs(replay))
		return -1;
	if (replay->results.count)
		results_print(&replay->results, stdout);
	if (replay->results.count && replay->options.counters)
		stages_print(&replay->stages, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		message("standard output: cannot write");
		return -1;
	}
	return 0;
}

int replay_main(int argc, char **argv)
{
	struct replay replay = { 0 };
	int status = EXIT_BAD;

	if (!options_parse(&replay.options, argc, argv)) {
		replay.results.options = &replay.options;
		if (replay.options.help) {
			fputs(options_help, stdout);
			status = EXIT_SUCCESS;
		} else if (!run(&replay)) {
			status = replay.wrong_answer	     ? EXIT_WRONG_ANSWER :
				 replay.results.interrupted ? PROGRESS_EXIT_INTERRUPTED :
							      EXIT_SUCCESS;
		}
	}
	discard_outputs(&replay.outputs);
	timeline_free(&replay.timeline);
	results_free(&replay.results);
	options_free(&replay.options);
	return status;
}
