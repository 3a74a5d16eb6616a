#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""benchmarks - every benchmark in the sources runs, and what the program writes is what Google Benchmark's tools read.

Usage: benchmarks.py S2SHADOW-BENCH

Each runs at its smallest size. A benchmark whose name stands in a bench/benchmarks/bench_*.c, but which the program does not have,
is a failure; so is one that fails, and a policy whose final table is not that of the others. Speaks TAP.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from command import ROOT, Command

NAME = re.compile(r'"([a-z0-9_]+/[a-z0-9_]+/[a-z0-9_]+)"')
CONTEXT = {"version", "commit", "build", "compiler", "flags", "cpu", "kernel", "governor", "topology", "measured_on",
           "allocator"}
RUN = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time",
       "cpu_time", "time_unit"}
CHECKED = {"flush", "tables", "snapshot", "threads", "coalesce"}    # areas where policies must agree
COMPARE = "/usr/share/benchmark/compare.py"     # Debian's libbenchmark-tools, with python3-scipy
INTERPRETER = "/usr/bin/python3"                # which is that of Debian's modules
COUNT = os.path.join(ROOT, "scripts", "count-table-instructions")
SHOW = os.path.join(ROOT, "scripts", "show-benchmarks")


def benchmark(name):
    return "/".join(name.split("/")[:3])


def sources():
    """Names by file."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "bench", "benchmarks", "bench_*.c"))):
        with open(path, encoding="utf-8") as file:
            names = NAME.findall(file.read())
        if names:
            found[os.path.basename(path)] = names
    return found


def results(command, folder, *arguments):
    """Exit status, what was written as JSON, and where."""
    path = os.path.join(folder, "results.json")
    done = command.run(*arguments, f"--benchmark_out={path}", "--benchmark_out_format=json", timeout=500)
    with open(path, encoding="utf-8") as file:
        return done.returncode, json.load(file), path


def check_smallest(command, folder):
    status, written, path = results(command, folder, "--smallest")
    runs = {}
    for run in written["benchmarks"]:
        runs.setdefault(benchmark(run["run_name"]), []).append(run)
    for file, names in sources().items():
        missing = [name for name in names if name not in runs]
        failed = [f"{run['run_name']}: {run['error_message']}" for name in names for run in runs.get(name, ())
                  if run.get("error_occurred")]
        command.case(f"all benchmarks of {file} run", "\n".join(
            [f"{name} is in the source, but not in the program" for name in missing] + failed) or None)
    strange = sorted(set(runs) - {name for names in sources().values() for name in names})
    command.case("every benchmark of the program stands in a source by its full name", ", ".join(strange) or None)
    command.case("the program ends with status 0", None if status == 0 else f"status {status}")
    return written, path


def check_checksums(command, written):
    sums, areas = {}, set()
    complaints = []
    for run in written["benchmarks"]:
        area, workload, policy, *rest = run["run_name"].split("/")
        if "checksum" not in run:
            continue
        first = sums.setdefault((area, workload, *rest), (policy, run["checksum"]))
        if first[0] != policy:
            areas.add(area)
        if first[1] != run["checksum"]:
            complaints.append(f"{run['run_name']}: not {first[0]}'s")
    complaints += [f"no two policies of {area} are compared" for area in sorted(CHECKED - areas)]
    command.case("policies that do the same work arrive at the same tables", "\n".join(complaints) or None)


def check_shape(command, written):
    context, run = written["context"], written["benchmarks"][0]
    missing = sorted(CONTEXT - set(context)) + sorted(RUN - set(run))
    command.case("results carry commit, compiler, flags, CPU and pinning, and each run has the library's keys",
                 f"missing: {', '.join(missing)}" if missing else None)


def check_options(command, folder):
    status, written, path = results(command, folder, "--benchmark_filter=harness/empty/loop/batch:1$",
                                    "--benchmark_min_time=0.001", "--benchmark_repetitions=3",
                                    "--benchmark_enable_random_interleaving=true")
    kinds = sorted(run.get("aggregate_name", run["run_type"]) for run in written["benchmarks"])
    expected = sorted(["iteration"] * 3 + ["mean", "median", "stddev", "cv"])
    command.case("repetitions by turns, with their aggregates", None if status == 0 and kinds == expected else kinds)
    names = command.run("--benchmark_list_tests=true", "--benchmark_filter=^cmdq/").stdout.split()
    wanted = "cmdq/tlbi/batched/commands:64/real_time/threads:1"
    command.case("the list has only what the filter lets through, threads and parameters in its names",
                 None if wanted in names and all(name.startswith("cmdq/") for name in names) else str(names))
    done = command.run("--benchmark_filter=^nothing$")
    command.case("a filter that nothing passes is an error", None if done.returncode == 2 else done.stderr)
    done = command.run("--no-such-option")
    command.case("an option that there is not is an error", None if done.returncode == 2 else done.stderr)
    done = command.run("--cpus=100000")
    command.case("a CPU that there is not is an error",
                 None if done.returncode == 2 and "no CPU 100000" in done.stderr else done.stderr)
    last = max(os.sched_getaffinity(0))
    done = command.run("--smallest", f"--cpus={last}", "--benchmark_filter=^queue/", "--benchmark_format=json")
    where = json.loads(done.stdout)["context"]["measured_on"]
    command.case("benchmarks run on the CPU that is named", None if where == f"CPU {last}" else where)
    check_compare(command, path)


def check_compare(command, path):
    name = "the library's compare tool reads the results"
    known = os.path.exists(COMPARE) and subprocess.run([INTERPRETER, "-c", "import scipy"], stderr=subprocess.DEVNULL,
                                                       check=False).returncode == 0
    if not known:
        command.case(name + " # SKIP needs Debian's libbenchmark-tools and python3-scipy", None)
        return
    done = subprocess.run([INTERPRETER, COMPARE, "benchmarks", path, path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    good = done.returncode == 0 and "harness/empty/loop/batch:1_pvalue" in done.stdout
    command.case(name, None if good else done.stdout)


def check_tables(command, path):
    done = subprocess.run([SHOW, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    long = [line for line in done.stdout.splitlines() if len(line) > 80]
    good = done.returncode == 0 and "== flush" in done.stdout and "to_eager" in done.stdout
    command.case("scripts/show-benchmarks shows them in 80 columns", "\n".join(long) or (None if good else done.stdout))


def check_counting(command):
    """What is counted has a function of its own: one that the compiler drops, or makes one with another, is not found."""
    name = "scripts/count-table-instructions finds what it counts"
    done = subprocess.run([COUNT, command.program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 77:
        command.case(name + " # SKIP needs valgrind", None)
        return
    rows = re.findall(r"^tables/\w+/\w+ +\d+\.\d\d  an? ", done.stdout, re.MULTILINE)
    command.case(name, None if done.returncode == 0 and len(rows) == len(done.stdout.splitlines()) else done.stdout)


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip())
        return 2
    command = Command(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        written, path = check_smallest(command, folder)
        check_checksums(command, written)
        check_shape(command, written)
        check_tables(command, path)
        check_options(command, folder)
    check_counting(command)
    return command.end()


if __name__ == "__main__":
    sys.exit(main())
