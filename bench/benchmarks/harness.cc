/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * harness.cc - a C interface to Google Benchmark, and the main() of the benchmarks.
 *
 * The only C++ of the project. Every report carries commit, compiler, flags, CPU, governor and topology.
 */
#include "bench/benchmarks/harness.h"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

extern "C" {
#include "bench/common/info.h"
#include "bench/common/machine.h"
#include "bench/common/placement.h"
#include "engine/platform/linux.h"
}

namespace
{

struct registration {
	struct bench_entry entry;
	/* Of the threads of one run. Thread 0 writes them before the loops begin. */
	void *shared;
	std::atomic<const char *> trouble;

	explicit registration(const struct bench_entry &of) : entry(of), shared(nullptr), trouble(nullptr)
	{
	}
};

/* Stay where they are. */
std::vector<registration *> registrations;
std::map<std::string, uint64_t> checksums;
const struct bench_hooks *hooks;
struct placement places;
bool failed;

} // namespace

struct bench {
	benchmark::State &state;
	registration &of;
	bool begun;
};

namespace
{

bool has_threads(const struct bench *bench)
{
	return bench->of.entry.threads_max > 0;
}

/* ---- what the library is told ------------------------------------------------------------------------ */

std::vector<int64_t> values_of(const struct bench_axis &axis)
{
	if (!axis.values)
		return benchmark::CreateRange(axis.first, axis.last, axis.factor);
	return std::vector<int64_t>(axis.values, axis.values + axis.count);
}

void run(registration &of, benchmark::State &state)
{
	struct bench bench = { state, of, false };

	if (state.thread_index() == 0) {
		of.shared = nullptr;
		of.trouble = nullptr;
	}
	/* Thread 0 is the one that all other benchmarks run on, and it has its place. */
	if (state.thread_index() > 0)
		placement_bind(&places, (unsigned)state.thread_index());
	of.entry.run(&bench);
}

void hand_over(registration &of, bool smallest, bool once)
{
	const struct bench_entry &entry = of.entry;
	std::vector<std::vector<int64_t>> values;
	std::vector<std::string> names;
	auto *benchmark =
		benchmark::RegisterBenchmark(entry.name, [&of](benchmark::State &state) { run(of, state); });

	for (unsigned i = 0; i < BENCH_AXES_MAX && entry.axis[i].name; i++) {
		names.push_back(entry.axis[i].name);
		values.push_back(values_of(entry.axis[i]));
		if (smallest)
			values.back().resize(1);
	}
	if (!values.empty())
		benchmark->ArgNames(names)->ArgsProduct(values);
	if (once)
		benchmark->Iterations(1);
	if (!entry.threads_max)
		return;
	benchmark->UseRealTime();
	for (int threads = 1; threads <= (int)entry.threads_max && threads <= (int)places.count; threads *= 2)
		benchmark->Threads(threads);
}

void add_context()
{
	struct machine machine;
	int cpu = placement_bind(&places, 0);

	machine_read(&machine);
	benchmark::AddCustomContext("version", info_version());
	benchmark::AddCustomContext("build", info_build());
	benchmark::AddCustomContext("commit", info_commit());
	benchmark::AddCustomContext("compiler", info_compiler());
	benchmark::AddCustomContext("flags", info_flags());
	benchmark::AddCustomContext("cpu", machine.cpu);
	benchmark::AddCustomContext("kernel", machine.kernel);
	benchmark::AddCustomContext("governor", machine.governor);
	benchmark::AddCustomContext("topology", std::to_string(machine.packages) + " packages, " +
							std::to_string(machine.cores) + " cores, " +
							std::to_string(machine.pus) + " hardware threads");
	benchmark::AddCustomContext("measured_on", cpu < 0 ? "any CPU" : "CPU " + std::to_string(cpu));
	benchmark::AddCustomContext("allocator", platform_linux_allocator());
	for (unsigned i = 0; i < machine.doubts.count; i++)
		benchmark::AddCustomContext("doubt_" + std::to_string(i + 1), machine.doubts.text[i]);
}

/* ---- the options that are not the library's ----------------------------------------------------------- */

struct own_options {
	const char *cpus, *membind;
	bool huge_pages, smallest, once;
};

/* What is behind "--name=", or NULL. */
const char *value_of(const char *argument, const char *name)
{
	size_t length = std::strlen(name);

	return std::strncmp(argument, name, length) || argument[length] != '=' ? nullptr :
										 argument + length + 1;
}

/* Take them out of the arguments; the library takes the others, and refuses what it does not know. */
own_options read_own_options(int *argc, char **argv)
{
	static char briefly[] = "--benchmark_min_time=0.0001";
	own_options own = {};
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const char *cpus = value_of(argv[i], "--cpus"), *membind = value_of(argv[i], "--membind");

		own.cpus = cpus ? cpus : own.cpus;
		own.membind = membind ? membind : own.membind;
		if (!std::strcmp(argv[i], "--huge-pages"))
			own.huge_pages = true;
		else if (!std::strcmp(argv[i], "--smallest"))
			own.smallest = true;
		else if (!std::strcmp(argv[i], "--once"))
			own.once = true;
		else if (!cpus && !membind)
			argv[kept++] = argv[i];
	}
	/* There was an argument in this one's place. */
	if (own.smallest || own.once)
		argv[kept++] = briefly;
	argv[kept] = nullptr;
	*argc = kept;
	return own;
}

/* ---- what a loop does -------------------------------------------------------------------------------- */

/* Has thread 0 not come to its loop? Then this one must not run either. */
bool is_off(struct bench *bench)
{
	const char *trouble = bench->of.trouble;

	if (trouble && !bench->state.error_occurred())
		bench->state.SkipWithError(trouble);
	return trouble;
}

bool next(struct bench *bench, bool more)
{
	if (!bench->begun) {
		bench->begun = true;
		if (has_threads(bench) && is_off(bench))
			return false;
		if (hooks && more)
			hooks->start();
	} else if (hooks && !more) {
		hooks->stop();
		hooks->report(bench, (int64_t)bench->state.iterations());
	}
	return more;
}

/* Area, workload and parameters, without the policy. */
std::string work_of(const struct bench *bench)
{
	std::string name = bench->of.entry.name;
	std::string work = name.substr(0, name.rfind('/'));

	for (unsigned i = 0; i < BENCH_AXES_MAX && bench->of.entry.axis[i].name; i++)
		work += "/" + std::to_string(bench->state.range(i));
	return work;
}

} // namespace

/* ---- the interface ----------------------------------------------------------------------------------- */

void bench_add(const struct bench_entry *entry)
{
	registrations.push_back(new registration(*entry));
}

void bench_register(const char *name, const char *param, void (*run)(struct bench *bench),
		    const int64_t *values, unsigned count)
{
	struct bench_entry entry = {};

	entry.name = name;
	entry.run = run;
	entry.axis[0].name = param;
	entry.axis[0].values = values;
	entry.axis[0].count = count;
	bench_add(&entry);
}

void bench_set_hooks(const struct bench_hooks *of)
{
	hooks = of;
}

int64_t bench_argument(const struct bench *bench)
{
	return bench->state.range(0);
}

int64_t bench_parameter(const struct bench *bench, unsigned axis)
{
	return bench->state.range(axis);
}

const void *bench_context(const struct bench *bench)
{
	return bench->of.entry.context;
}

bool bench_next(struct bench *bench)
{
	return next(bench, bench->state.KeepRunning());
}

bool bench_next_batch(struct bench *bench, int64_t batch)
{
	return next(bench, bench->state.KeepRunningBatch(batch));
}

void bench_pause(struct bench *bench)
{
	bench->state.PauseTiming();
	if (hooks)
		hooks->stop();
}

void bench_resume(struct bench *bench)
{
	if (hooks)
		hooks->start();
	bench->state.ResumeTiming();
}

unsigned bench_thread(const struct bench *bench)
{
	return (unsigned)bench->state.thread_index();
}

unsigned bench_threads(const struct bench *bench)
{
	return (unsigned)bench->state.threads();
}

void bench_share(struct bench *bench, void *shared)
{
	bench->of.shared = shared;
}

void *bench_shared(const struct bench *bench)
{
	return bench->of.shared;
}

void bench_counter(struct bench *bench, const char *name, double value)
{
	bench->state.counters[name] = value;
}

void bench_counter_average(struct bench *bench, const char *name, double total)
{
	bench->state.counters[name] = benchmark::Counter(total, benchmark::Counter::kAvgIterations);
}

void bench_counter_rate(struct bench *bench, const char *name, double per_repetition)
{
	bench->state.counters[name] =
		benchmark::Counter(per_repetition, benchmark::Counter::kIsIterationInvariantRate);
}

void bench_checksum(struct bench *bench, uint64_t checksum)
{
	uint64_t expected = checksums.emplace(work_of(bench), checksum).first->second;

	bench_counter(bench, "checksum", (double)((checksum ^ checksum >> 32) & UINT32_MAX));
	if (checksum != expected)
		bench_fail(bench, "its checksum differs from another policy's");
}

void bench_skip(struct bench *bench, const char *why)
{
	bench->of.trouble = why;
	bench->state.SkipWithError(why);
}

void bench_fail(struct bench *bench, const char *why)
{
	failed = true;
	bench_skip(bench, why);
}

int main(int argc, char **argv)
{
	own_options own = read_own_options(&argc, argv);

	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv) ||
	    placement_read(&places, own.cpus, own.membind, own.huge_pages))
		return 2;
	benchmark::AddCustomContext("hardware_counters", bench_counters_register());
	bench_cmdq_register();
	bench_coalesce_register();
	bench_flush_register();
	bench_harness_register();
	bench_memory_register();
	bench_planner_register();
	bench_queue_register();
	bench_snapshot_register();
	bench_storm_register();
	bench_tables_change_register();
	bench_tables_fill_register();
	bench_tables_random_register();
	bench_threads_register();
	for (registration *of : registrations)
		hand_over(*of, own.smallest, own.once);
	add_context();
	if (!benchmark::RunSpecifiedBenchmarks()) {
		std::fprintf(stderr, "s2shadow: no benchmark of that name\n");
		return 2;
	}
	benchmark::Shutdown();
	return failed ? 1 : 0;
}
