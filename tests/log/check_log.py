#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""check_log.py - replay with --log and hold the log, results, map and image to the trace. Speaks TAP.

Usage: check_log.py --s2shadow COMMAND [--policy P]... [--trace TRACE]... [-- REPLAY-OPTION...]
       check_log.py --s2shadow COMMAND --sweep quick|long [--jobs N] --traces FOLDER
       check_log.py --s2shadow COMMAND --random N

The log alone must show, beside the trace: tables that grant exactly what the trace grants at each K, no
translation that may still be cached and grants more or less, no table page used again too early, and the counts of the
results. A sweep goes through policies, flush modes, SMMUs, stages, BBML, RIL and reserved ranges. Random traces
start from a seed that is printed; S2SHADOW_SEED=SEED starts from it again.
Exit: 0 all true, 1 something is not, 2 bad usage.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, os.pardir, "referee"))

from outputs import outputs_say                         # noqa: E402
from random_trace import random_case                    # noqa: E402
from recorded import Recorded                           # noqa: E402
from replayed import Replayed                           # noqa: E402
from stage2 import Wrong                                # noqa: E402
from sweep import cases                                 # noqa: E402
from trace import TraceError                            # noqa: E402

POLICIES = ("eager", "strict", "batched")


class Setting:
    """The replay's options, as far as they change what the log must show."""

    def __init__(self, policy, options):
        parser = argparse.ArgumentParser(prog="replay options", allow_abbrev=False)
        parser.add_argument("--flush", default="trip")
        parser.add_argument("--smmus", type=int, default=1)
        parser.add_argument("--nested", action="store_true")
        parser.add_argument("--bbml", type=int, default=2)
        parser.add_argument("--collapse", default="patient")
        parser.add_argument("--compact", type=int, default=0)
        parser.add_argument("--contiguous", action="store_true")
        parser.add_argument("--fwb", action="store_true")
        parser.add_argument("--non-coherent", action="store_true")
        parser.add_argument("--no-ril", action="store_true")
        parser.add_argument("--until", type=int)
        parser.add_argument("--pool", type=lambda text: int(text, 16))
        parser.add_argument("--reserve", action="append", default=[])
        parser.add_argument("--verify", action="store_true")
        parser.add_argument("--sync-ns", type=int)
        found = parser.parse_args(options)
        self.policy, self.options = policy, list(options)
        self.flush = int(found.flush) if found.flush.isdigit() else found.flush
        self.smmus, self.nested, self.until = found.smmus, found.nested, found.until
        self.bbml, self.ril, self.pool = found.bbml, not found.no_ril, found.pool
        self.reserved = [tuple(int(edge, 16) for edge in text.split("-")) for text in found.reserve]
        self.pages_only = policy != "batched" or self.bbml == 0
        self.collapse, self.compact = found.collapse, found.compact
        self.contiguous = found.contiguous and policy == "batched"
        self.prepares = self.bbml == 1 or self.contiguous       # marks or hints go first, with a SYNC of their own
        self.largest_blocks = not self.pages_only and self.collapse == "eager"


def replay(command, path, setting, folder):
    """Runs the command; returns the paths of its outputs by name, and what it complained of itself."""
    outputs = {name: os.path.join(folder, name) for name in ("log", "json", "map", "image")}
    arguments = [command, "replay", "--policy", setting.policy, *setting.options]
    for name, output in outputs.items():
        arguments += ["--" + name, output]
    done = subprocess.run([*arguments, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    said = f"the command ends with status {done.returncode} and says {done.stderr[:400]!r}"
    if done.returncode not in (0, 1):
        raise Wrong(said)
    return outputs, [said] if done.returncode or done.stderr else []


def check(recorded, setting, outputs):
    """The complaints about one replay, and a summary."""
    with open(outputs["json"], encoding="utf-8") as file:
        results = json.load(file)
    run = results["runs"][0]
    log = Replayed(recorded, setting, run)
    with open(outputs["log"], encoding="ascii", newline="\n") as stream:
        log.read(stream)
    if log.whole:
        outputs_say(log, results, outputs)
    return log.complaints, (f"{log.taken} T, {log.completions} K, {log.counts.table_writes} W, {log.counts.tlbi} "
                            f"TLBI ({log.flushes.whole_vmid} of a whole VMID), at most "
                            f"{log.flushes.commands_per_span:.2f} a span, forced {run['flushes_forced']}")


# --- cases ---------------------------------------------------------------------------------------------

def run_case(arguments):
    """(name, complaints, summary) of one case; own process, so that cases run side by side."""
    command, path, policy, options = arguments
    name = " ".join([os.path.basename(path).split(".")[0], policy, *options])
    begun = time.monotonic()
    try:
        setting = Setting(policy, options)
        recorded = Recorded(path, setting.until)
        with tempfile.TemporaryDirectory() as folder:
            outputs, said = replay(command, path, setting, folder)
            complaints, summary = check(recorded, setting, outputs)
            complaints = said + complaints
    except (Wrong, TraceError) as problem:
        complaints, summary = [str(problem)], "no log to check"
    return name, complaints, f"{summary}, {time.monotonic() - begun:.1f} s"


def report(results):
    number = failed = 0
    for name, complaints, summary in results:
        number += 1
        failed += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {number} - the log of {name} is true")
        print(f"# {summary}")
        for complaint in complaints:
            print(f"# {complaint}")
        sys.stdout.flush()
    print(f"1..{number}")
    return 1 if failed else 0


def child(arguments):
    """One case in a process of its own: Python's threads share one CPU."""
    command, path, policy, options = arguments
    done = subprocess.run([sys.executable, "-B", os.path.abspath(__file__), "--s2shadow", command, "--as-json",
                           "--policy", policy, "--trace", path, "--", *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return " ".join([path, policy, *options]), [f"the checker died: {done.stderr[-600:]}"], "nothing checked"


def random_cases(command, count):
    """Each random case has a seed of its own, which its name tells."""
    seed = int(os.environ.get("S2SHADOW_SEED") or random.SystemRandom().getrandbits(32))
    with tempfile.TemporaryDirectory() as folder:
        for each in range(seed, seed + count):
            policy, options, text = random_case(random.Random(each))
            path = os.path.join(folder, f"random-{each}.txt")
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            yield run_case((command, path, policy, options))
            os.remove(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--s2shadow", required=True)
    parser.add_argument("--policy", action="append", choices=POLICIES)
    parser.add_argument("--trace", action="append")
    parser.add_argument("--sweep", choices=("quick", "long"))
    parser.add_argument("--traces", help="the folder of the recorded traces, for --sweep")
    parser.add_argument("--random", type=int, default=0, metavar="N")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--as-json", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("options", nargs="*")
    found = parser.parse_args()
    if bool(found.sweep) + bool(found.trace) + bool(found.random) != 1 or bool(found.sweep) != bool(found.traces):
        parser.error("one of --trace, --random, and --sweep with --traces")
    command = os.path.abspath(found.s2shadow)
    if found.random:
        return report(random_cases(command, found.random))
    if found.sweep:
        wanted = [(command, os.path.join(found.traces, trace + ".txt.xz"), policy, options)
                  for trace, policy, options in cases(found.sweep)]
        with ThreadPoolExecutor(found.jobs) as pool:
            return report(pool.map(child, wanted))
    wanted = [(command, path, policy, found.options)
              for path in found.trace for policy in found.policy or POLICIES]
    if found.as_json:
        json.dump(run_case(wanted[0]), sys.stdout)
        return 0
    return report(map(run_case, wanted))


if __name__ == "__main__":
    sys.exit(main())
