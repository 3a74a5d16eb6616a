#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""selftest.py - check's judgement of boots, profile's reading of logs, and what the scripts say to bad usage; boots nothing.
Speaks TAP.

Usage: selftest.py
Exit: 0 all is right, 1 not, 2 bad usage.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import unittest.mock

HOME = os.path.dirname(os.path.abspath(__file__))
GOOD = "\n".join([
    "[    0.6] kvm [1]: Protected hVHE mode initialized successfully",
    "[    0.7] rcu: Hierarchical RCU implementation.",
    "stats before mode group",
    "ok disks hold what was written",
    "stats after mode group",
    "ok the shadow and the page states agree",
    "[vmm 3.21] done",
    ""])

SYMBOLS = """\
ffff800080200000 T __kvm_nvhe___hyp_text_start
ffff800080200800 T __kvm_nvhe___kvm_hyp_host_vector
ffff800080201000 t __kvm_nvhe_handle
ffff800080202000 T __kvm_nvhe_donate
ffff800080203000 T __kvm_nvhe___hyp_text_end
ffff800080400000 T donate
"""


def log_of(*blocks):
    """QEMU's log of blocks that are executed in this order: a block is translated when it is first."""
    log, known = "", set()
    for address, count in blocks:
        if (address, count) not in known:
            log += "----------------\nIN: \n" + "".join(f"0x{address + 4 * i:x}:  d503201f  nop\n" for i in range(count)) + "\n"
        known.add((address, count))
        log += f"Trace 0: 0x7f{address:010x}{count:02x} [00001001/{address:016x}/00000051/ff022200] \n"
    return log


def load(script):
    loader = importlib.machinery.SourceFileLoader(script, os.path.join(HOME, script))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(script, loader))
    loader.exec_module(module)
    return module


class Cases:
    def __init__(self):
        self.check, self.profile = load("check"), load("profile")
        self.count = self.failed = 0

    def case(self, right, name, told=""):
        self.count += 1
        self.failed += not right
        print(f"{'ok' if right else 'not ok'} {self.count} - {name}", flush=True)
        if not right and told:
            print("# " + str(told).replace("\n", "\n# "))

    def judged(self, name, console, failed, boot="group/dma", status=0):
        """So many of the boot's cases are to fail."""
        tally, shown = self.check.Tally(), io.StringIO()
        with contextlib.redirect_stdout(shown):
            self.check.judge(next(one for one in self.check.boots(30) if one.name == boot), status, console, tally)
        self.case(tally.failed == failed and tally.passed + tally.failed > 0, name, shown.getvalue())

    def profiled(self, name, log, function, sizes, by_function):
        """What a log's trips are, and what the most frequent of them executes."""
        with tempfile.TemporaryDirectory() as folder:
            nm = os.path.join(folder, "nm")
            with open(nm, "w", encoding="ascii") as file:
                file.write(f"#!/bin/sh\ncat <<'END'\n{SYMBOLS}END\n")
            os.chmod(nm, 0o755)
            with unittest.mock.patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"):
                symbols = self.profile.Symbols("vmlinux")
        trips = self.profile.Trips(symbols, function)
        trips.read(log.splitlines(keepends=True))
        found = dict(trips.sizes), trips.sizes and dict(trips.by_function())
        self.case(found == (sizes, by_function), name, found)

    def passed_on(self, script, *arguments):
        """What run refuses is refused in run's words."""
        done = subprocess.run([os.path.join(HOME, script), *arguments], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        self.case(done.returncode == 2 and done.stderr.startswith("run: "), f"{' '.join((script, *arguments))} says why not",
                  f"{done.returncode}\n{done.stderr}")

    def refused(self, script, *arguments):
        """Bad usage: status 2, and standard error says what is wrong first of all."""
        done = subprocess.run([os.path.join(HOME, script), *arguments], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        told = done.stderr.startswith((f"{script}: ", f"usage: {script}")) and f"{script}: " in done.stderr
        self.case(done.returncode == 2 and told and not done.stdout, f"{' '.join((script, *arguments))} is refused",
                  f"{done.returncode}\n{done.stdout}{done.stderr}")


def main():
    if len(sys.argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    cases = Cases()
    attacked = "not ok a device gets nothing of a donated page: the device read the guest's secret\n"
    cases.judged("a boot without trouble passes", GOOD, 0)
    cases.judged("a case of the workload fails", GOOD.replace("ok disks", "not ok disks"), 1)
    cases.judged("a case fails that passed and then failed", GOOD + "not ok disks hold what was written: 1 block\n", 1)
    cases.judged("a case fails that failed and then passed", "not ok disks hold what was written: 1 block\n" + GOOD, 1)
    for trouble in ("WARNING: CPU: 0 PID: 1 at mm/slub.c:1", "kernel BUG at mm/slub.c:1!", "Internal error: Oops: 1",
                    "watchdog: BUG: soft lockup - CPU#0 stuck for 23s!", "rcu: INFO: rcu_preempt detected stalls on CPUs",
                    "Kernel panic - not syncing: HYP panic:", "INFO: task init:1 blocked for more than 120 seconds.",
                    "kvm [1]: nVHE hyp panic at: 0"):
        cases.judged(f"'{trouble}' fails", GOOD.replace("[    0.7]", f"[    0.7] {trouble}\n[    0.7]"), 1)
    for donations, pages, failed in ((100, 1600, 0), (1600, 1600, 1), (0, 0, 1)):
        cases.judged(f"{pages} pages in {donations} trips {'fail' if failed else 'pass'}", GOOD.replace(
            "ok the", f"stats after trip host_donate_guest {donations} 5\n"
            f"stats after trip reclaim_dying_guest_page {pages} 5\nok the"), failed, boot="group/pvm-chunks")
    cases.judged("a boot fails that does not end", GOOD.replace("done", "don"), 1)
    cases.judged("a boot fails whose QEMU fails", GOOD, 1, status=124)
    cases.judged("a boot in another mode than was asked for fails", GOOD.replace("mode group", "mode eager"), 1)
    cases.judged("a boot fails that says nothing", "", 1)
    cases.judged("without invalidations, an attack that succeeds is right", attacked, 0, boot="group/hostile-no-tlbi")
    cases.judged("without invalidations, an attack that is stopped is wrong",
                 attacked.replace("not ok", "ok").partition(":")[0], 1, boot="group/hostile-no-tlbi")
    cases.judged("tables of 100 KiB pass", GOOD + "stats before table_bytes 102400\n", 0, boot="group/boot")
    cases.judged("tables of 8 MiB do not", GOOD + "stats before table_bytes 8388608\n", 1, boot="group/boot")
    vector, handle, donate = (0x800000600000 + offset for offset in (0xc00, 0x1000, 0x2000))
    short, long = ((vector, 2), (handle, 3)), ((vector, 2), (handle, 3), (donate, 5), (donate + 20, 1), (handle + 12, 2))
    cases.profiled("trips that do not enter the function are not counted", log_of(*short, *short, (vector, 2)), "donate", {}, {})
    cases.profiled("trips that do are, by function", log_of((0x40080000, 4), *short, *long, *short, (vector, 2)), "donate",
                   {13: 1}, {"__kvm_hyp_host_vector": 2, "handle": 5, "donate": 6})
    cases.profiled("the most frequent number is taken", log_of(*long, (donate, 5), *long, *long, (vector, 2)), "donate",
                   {18: 1, 13: 2}, {"__kvm_hyp_host_vector": 2, "handle": 5, "donate": 6})
    cases.refused("profile", "--symbols", "/no/such/vmlinux")
    cases.refused("profile", "--fast")
    cases.passed_on("measure", "--image", "/no/such/image")
    cases.refused("check", "group/no-such-boot")
    cases.refused("check", "--seconds", "0")
    cases.refused("run", "--mode", "fast")
    cases.refused("run", "--cpus", "9")
    cases.refused("run", "--image", "/no/such/image")
    cases.refused("build", "--jobs", "none")
    cases.refused("build", "--stock", "--record")
    cases.refused("fetch", "--deb", os.path.join(HOME, "fetch"))
    cases.refused("fetch", "--deb")
    print(f"1..{cases.count}")
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main())
