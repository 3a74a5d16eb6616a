/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * harness.cc - a C interface to Google Benchmark, and the main() of the benchmarks.
 *
 * The only C++ of the project. Every report carries commit, compiler, flags, CPU, governor and topology.
 */
#include "bench/harness.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

extern "C" {
#include "bench/info.h"
#include "bench/machine.h"
#include "engine/platform/linux.h"
}

struct bench {
	benchmark::State &state;
};

namespace
{

struct registration {
	const char *name, *param;
	void (*run)(struct bench *bench);
	const int64_t *values;
	unsigned count;
};

std::vector<registration> registrations;
bool failed;

void hand_over(const registration &entry, unsigned count, bool once)
{
	void (*run)(struct bench *) = entry.run;
	auto *benchmark = benchmark::RegisterBenchmark(entry.name, [run](benchmark::State &state) {
		struct bench bench = { state };

		run(&bench);
	});

	benchmark->ArgName(entry.param);
	if (once)
		benchmark->Iterations(1);
	for (unsigned i = 0; i < count; i++)
		benchmark->Arg(entry.values[i]);
}

void add_context()
{
	struct machine machine;
	int cpu = machine_pin();

	machine_read(&machine);
	benchmark::AddCustomContext("version", info_version());
	benchmark::AddCustomContext("build", info_build());
	benchmark::AddCustomContext("cpu", machine.cpu);
	benchmark::AddCustomContext("kernel", machine.kernel);
	benchmark::AddCustomContext("governor", machine.governor);
	benchmark::AddCustomContext("topology", std::to_string(machine.packages) + " packages, " +
							std::to_string(machine.cores) + " cores, " +
							std::to_string(machine.pus) + " hardware threads");
	benchmark::AddCustomContext("measured_on", cpu < 0 ? "any CPU" : "CPU " + std::to_string(cpu));
	benchmark::AddCustomContext("allocator", platform_linux_allocator());
}

} // namespace

void bench_register(const char *name, const char *param, void (*run)(struct bench *bench),
		    const int64_t *values, unsigned count)
{
	registrations.push_back({ name, param, run, values, count });
}

int64_t bench_argument(const struct bench *bench)
{
	return bench->state.range(0);
}

bool bench_next(struct bench *bench)
{
	return bench->state.KeepRunning();
}

bool bench_next_batch(struct bench *bench, int64_t batch)
{
	return bench->state.KeepRunningBatch(batch);
}

void bench_pause(struct bench *bench)
{
	bench->state.PauseTiming();
}

void bench_resume(struct bench *bench)
{
	bench->state.ResumeTiming();
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

void bench_skip(struct bench *bench, const char *why)
{
	bench->state.SkipWithError(why);
}

void bench_fail(struct bench *bench, const char *why)
{
	failed = true;
	bench->state.SkipWithError(why);
}

int main(int argc, char **argv)
{
	static char briefly[] = "--benchmark_min_time=0.0001";
	bool smallest = false, once = false;

	for (int i = 1; i < argc; i++) {
		if (!std::strcmp(argv[i], "--smallest")) {
			smallest = true;
			argv[i] = briefly;
		} else if (!std::strcmp(argv[i], "--once")) {
			once = true;
			argv[i] = briefly;
		}
	}
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	bench_flush_register();
	bench_harness_register();
	bench_memory_register();
	bench_queue_register();
	bench_storm_register();
	bench_tables_register();
	for (const registration &entry : registrations)
		hand_over(entry, smallest ? 1 : entry.count, once);
	add_context();
	if (!benchmark::RunSpecifiedBenchmarks()) {
		std::fprintf(stderr, "s2shadow: no benchmark of that name\n");
		return 2;
	}
	benchmark::Shutdown();
	return failed ? 1 : 0;
}
