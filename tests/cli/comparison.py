#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""comparison - s2shadow compare: what it reads, says at 80 columns, and ends with. Speaks TAP.

Usage: comparison.py COMMAND
"""

import json
import os
import re
import subprocess
import sys
import tempfile

from command import ROOT, Command, data, refused

GOOD = data("good_small.txt")
CONTEXT = {"date": "today", "cpu": "one", "governor": "performance", "load_avg": [0.1]}


def benchmarks(name, times, context=None, **values):
    """A result of the benchmarks with one of them, repeated."""
    return {"context": {**CONTEXT, **(context or {})},
            "benchmarks": [{"name": f"{name}/repeats:{len(times)}", "run_name": f"{name}/repeats:{len(times)}",
                            "run_type": "iteration", "repetition_index": i, "iterations": 10, "real_time": 2 * time,
                            "cpu_time": time, "time_unit": "us", **values} for i, time in enumerate(times)] +
                          [{"name": f"{name}_mean", "run_name": name, "run_type": "aggregate", "cpu_time": 1e9,
                            "time_unit": "us"}]}


def near(value):
    return [value * (1 + i / 1000) for i in range(10)]


class Folder:
    """A directory with files that are JSON of what is given, or text; keys may have one folder in front."""

    def __init__(self, files):
        self.directory = tempfile.TemporaryDirectory()
        for name, content in files.items():
            path = os.path.join(self.directory.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(content if isinstance(content, str) else json.dumps(content))

    def __enter__(self):
        return self.directory.name

    def __exit__(self, *_):
        self.directory.cleanup()


def compared(command, files, *arguments, status=0, says=(), silent=()):
    """What is wrong with a comparison; None if nothing."""
    with Folder(files) as folder:
        done = command.run("compare", *arguments, directory=folder)
    if done.returncode != status or done.stderr:
        return f"exit status {done.returncode}, standard error {done.stderr!r}\n{done.stdout}"
    wide = [line for line in done.stdout.splitlines() if len(line) > 80]
    if wide:
        return "wider than 80 columns: " + wide[0]
    for text in says:
        if not re.search(text, done.stdout):
            return f"does not say {text!r}:\n{done.stdout}"
    for text in silent:
        if re.search(text, done.stdout):
            return f"says {text!r}:\n{done.stdout}"
    return None


LONG = "area/" + "workload" * 9 + "/policy/pages:512"
EQUAL = {"a": benchmarks("s/x", near(100)), "b": benchmarks("s/x", near(100.001))}
SLOWER = {"a": benchmarks(LONG, near(100), tlbi=7), "b": benchmarks(LONG, near(110), tlbi=7)}
COUNTED = {"a": benchmarks("s/x", near(100), tlbi=7), "b": benchmarks("s/x", near(100), tlbi=8)}
FOLDERS = {f"{side}/{i}.json": benchmarks("s/x", near(time + i / 10)) for side, time in (("a", 100), ("b", 103))
           for i in range(8)}

CASES = [
    ("equal results compare as equal", EQUAL, ["--fail-above", "0", "a", "b"], 0,
     ["1 not told apart, 0 better, 0 worse", "passed: nothing"], []),
    ("a tenth more is found", SLOWER, ["a", "b"], 0, [r"cpu_ns +100450 +110495 +1.100 .*WORSE", "1 worse"],
     ["FAILED"]),
    ("a tenth more fails where 5 % are too much", SLOWER, ["--fail-above", "5", "a", "b"], 1, ["FAILED"], []),
    ("a tenth more does not fail where 20 % are not too much", SLOWER, ["--fail-above", "20", "a", "b"], 0,
     ["WORSE", "passed"], []),
    ("a tenth less is better and does not fail", SLOWER, ["--fail-above", "0", "b", "a"], 0, ["better"], ["WORSE"]),
    ("one command more in 7 is found though no time differs", COUNTED, ["--fail-above", "5", "a", "b"], 1,
     [r"tlbi +7 +8 +1.143 WORSE"], []),
    ("3 % are found between folders of 8 processes", FOLDERS, ["a", "b"], 0, [r"1 worse"], ["note: each is one"]),
    ("3 % between two processes count as none", {"a": benchmarks("s/x", near(100)), "b": benchmarks("s/x", near(103))},
     ["a", "b"], 0, ["1 not told apart", "note: each is one process: differences below 5 %"], []),
    ("3 % between two processes are found where asked", {"a": benchmarks("s/x", near(100)),
                                                        "b": benchmarks("s/x", near(103))},
     ["--least", "1", "a", "b"], 0, ["1 worse"], []),
    ("contexts that differ are said", {"a": benchmarks("s/x", near(1)),
                                       "b": benchmarks("s/x", near(1), {"governor": "powersave", "date": "later"})},
     ["a", "b"], 0, [r"warning: governor differs\n  A performance\n  B powersave"], ["date"]),
    ("what makes a side unreliable is said", {"a": benchmarks("s/x", near(1), {"doubts": ["turbo"]}),
                                              "b": benchmarks("s/x", near(1), {"doubts": "a load of 7"})},
     ["a", "b"], 0, ["warning: A: turbo\n", "warning: B: a load of 7\n"], ["differs\n"]),
    ("too few repetitions are not taken for equality", {"a": benchmarks("s/x", [1, 2]), "b": benchmarks("s/x", [9, 9])},
     ["a", "b"], 0, ["1 with too few samples to tell; 4 on each side would do"], ["WORSE"]),
    ("what is in one alone is said", {"a": benchmarks("s/x", near(1)), "b": {
        "benchmarks": benchmarks("s/x", near(1))["benchmarks"] + benchmarks("s/new", near(1))["benchmarks"]}},
     ["a", "b"], 0, ["only in B: s/new"], ["only in A"]),
]

BAD = [      # @: the directory
    ([], {}, "two results are to be compared"),
    (["a"], {}, "two results are to be compared"),
    (["a", "b", "c"], {}, "two results are to be compared"),
    (["--fail-above", "x", "a", "b"], {}, "--fail-above: 'x' is not a number"),
    (["--fail-above", "-1", "a", "b"], {}, "--fail-above: '-1' is not a number"),
    (["--least", "5%", "a", "b"], {}, "--least: '5%' is not a number"),
    (["--seed", "-1", "a", "b"], {}, "--seed: '-1' is not a number"),
    (["--frob", "a", "b"], {}, "unknown option --frob"),
    (["a", "b"], {}, "@a: No such file"),
    (["a", "b"], {"a": "{\n\"x\": ]"}, "@a:2: "),
    (["a", "b"], {"a": "[1]"}, "@a: neither Google Benchmark's JSON nor"),
    (["a", "b"], {"a": {"benchmarks": [{"run_type": "iteration"}]}}, "@a: a benchmark has no name"),
    (["a", "b"], {"a": benchmarks("s/x", [-1])}, "@a: s/x: a value is negative"),
    (["a", "b"], {"a": {"benchmarks": benchmarks("s/x", [1])["benchmarks"][-1:]}}, "aggregates alone"),
    (["a", "b"], {"a": {"config": {}, "runs": [{"trace": "t", "policy": "p"}]}}, "@a: t p: there are no cpu_ns_samples"),
    (["a", "b"], {"a": {"config": {}, "runs": [{}]}}, "@a: a run has no trace and policy"),
    (["a", "b"], {"a": benchmarks("s/x", [1]), "b": {"config": {}, "runs": []}}, "@b: results of a replay, but @a has"),
    (["a", "b"], {"a": benchmarks("s/x", [1]), "b": benchmarks("s/y", [1])}, "@b: nothing in it is also in @a"),
    (["a", "b"], {"a/x.txt": "{}"}, "@a: there are no results in it"),
    (["a", "b"], {"a/1.json": benchmarks("s/x", [1]), "a/2.json": "{"}, "@a/2.json:1: "),
    (["a", "b"], {"a/1.json": benchmarks("s/x", [1]), "a/2.json": {"config": {}, "runs": []}},
     "@a/2.json: results of another kind"),
]


def replays(command):
    """Two replays of one trace, as files: only times differ."""
    with tempfile.TemporaryDirectory() as folder:
        for name in "ab":
            done = command.run("replay", "--repeat", "7", "--json", f"{name}.json", GOOD, directory=folder)
            if done.returncode:
                return done.stderr
        with open(os.path.join(folder, "a.json"), encoding="utf-8") as file:
            runs = json.load(file)["runs"]
        done = command.run("compare", "a.json", "b.json", directory=folder)
    if any(len(run["cpu_ns_samples"]) != 7 or run["cpu_runs"] != 7 for run in runs):
        return "there are not 7 samples"
    if any(abs(min(run["cpu_ns_samples"]) - run["cpu_ns"]) > 0.001 * run["cpu_ns"] for run in runs):
        return "the fastest sample is not cpu_ns"
    if done.returncode or done.stderr:
        return f"exit status {done.returncode}: {done.stderr}"
    for kind in ("counted", "modelled"):
        if not re.search(rf"{kind}: (\d+) values, \1 the same, ", done.stdout):
            return done.stdout
    return None


def builds(command):
    """The same build by turns, each time as a process of its own; and one that fails."""
    script = os.path.join(ROOT, "scripts", "compare-builds")

    def run(*arguments):
        return subprocess.run([script, "--rounds", "4", "--compare", command.program, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    with tempfile.TemporaryDirectory() as folder:
        done = run("--keep", folder, command.program, command.program, "--", "replay", "--repeat", "2", GOOD)
        kept = [len(os.listdir(os.path.join(folder, side))) for side in "ab"]
    if done.returncode or kept != [4, 4] or "counted: " not in done.stdout or "one process" in done.stdout:
        return f"exit status {done.returncode}, results: {kept}\n{done.stdout}{done.stderr}"
    done = run(command.program, command.program, "--", "replay", "no-such-trace")
    if done.returncode != 2 or "no-such-trace" not in done.stderr:
        return f"exit status {done.returncode}: {done.stderr}"
    return None


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    for name, files, arguments, status, says, silent in CASES:
        command.case(name, compared(command, files, *arguments, status=status, says=says, silent=silent))
    command.case("two replays of a trace count and model the same", replays(command))
    command.case("builds that take turns are compared, one sample a process", builds(command))
    for arguments, files, says in BAD:
        with Folder(files) as folder:
            named = [os.path.join(folder, word) if word in "abc" else word for word in arguments]
            command.case(f"compare {' '.join(arguments)} is refused: {says}",
                         refused(command, ["compare", *named], says.replace("@", folder + "/")))
    return command.end()


if __name__ == "__main__":
    sys.exit(main())
