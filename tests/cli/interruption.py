#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""interruption - Ctrl-C: what is complete is shown, files are whole, exit status 130; and the bar. Speaks TAP.

Usage: interruption.py COMMAND
Standard error is a terminal of our own: once the bar is there, the command is at work.
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile

from command import TRACES, Command, data

SMALL = data("good_small.txt")
LONG = os.path.join(TRACES, "pingpong.txt.xz")
PATIENCE = 120          # seconds until something is broken for good


class Interrupted:
    """A command that gets SIGINT once `sign` is on its terminal; `again`: twice."""

    def __init__(self, command, folder, arguments, sign, again=False):
        ours, theirs = pty.openpty()
        environment = dict(os.environ, TERM="xterm")
        process = subprocess.Popen([command.program, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=theirs, env=environment)
        os.close(theirs)
        self.terminal = b""
        self.seen = self.read(ours, sign)
        process.send_signal(signal.SIGINT)
        if again:
            process.send_signal(signal.SIGINT)
        self.output = process.stdout.read().decode()
        self.read(ours, None)
        process.stdout.close()
        self.status = process.wait(PATIENCE)
        os.close(ours)
        self.left = sorted(os.listdir(folder))

    def read(self, terminal, sign):
        """What the terminal shows, up to the sign, or its end."""
        while sign is None or sign not in self.terminal:
            if not select.select([terminal], [], [], PATIENCE)[0]:
                return False
            try:
                got = os.read(terminal, 4096)
            except OSError:     # nobody is at the other end
                return False
            if not got:
                return False
            self.terminal += got
        return True

    def told(self):
        return f"exit status {self.status}, files {self.left}\n{self.terminal!r}\n{self.output}"


def replay_in_the_second_trace(command):
    with tempfile.TemporaryDirectory() as folder:
        done = Interrupted(command, folder, ["replay", "--repeat", "400", "--json", "json", SMALL, LONG], b"replay pingpong [")
        if not done.seen or done.status != 130 or done.left != ["json"]:
            return done.told()
        with open(os.path.join(folder, "json"), encoding="utf-8") as file:
            results = json.load(file)
    small = [run for run in results["runs"] if run["trace"] == "good_small"]
    if not results["interrupted"] or [run["cpu_runs"] for run in small] != [400] * 3:
        return f"interrupted: {results['interrupted']}, {len(small)} runs of the first trace"
    if any(run["cpu_runs"] < 1 for run in results["runs"]):
        return "a run was never timed"
    if b"interrupted; what is complete follows" not in done.terminal or "good_small" not in done.output:
        return done.told()
    return None


def replay_before_anything(command):
    with tempfile.TemporaryDirectory() as folder:
        done = Interrupted(command, folder, ["replay", "--policy", "batched", "--verify", "--json", "json", "--map", "map",
                                             "--log", "log", os.path.join(TRACES, "pvm-4k.txt.xz")], b"replay pvm-4k [")
        if not done.seen or done.status != 130 or done.output or done.left != ["json"]:
            return done.told()
        with open(os.path.join(folder, "json"), encoding="utf-8") as file:
            results = json.load(file)
    return None if results["interrupted"] and not results["runs"] else f"{results}"


def replay_twice_at_once(command):
    with tempfile.TemporaryDirectory() as folder:
        done = Interrupted(command, folder, ["replay", "--repeat", "10000", "--json", "json", LONG], b"replay pingpong [",
                           again=True)
    ends = {130: ["json"], -signal.SIGINT: []}
    return None if done.seen and ends.get(done.status) == done.left else done.told()


def simulate(command):
    with tempfile.TemporaryDirectory() as folder:
        done = Interrupted(command, folder, ["simulate", "--seeds", "4000000000"], b"simulate [")
    right = done.seen and done.status == 130 and " clean\n" in done.output and b"interrupted after" in done.terminal
    return None if right else done.told()


def scale(command):
    with tempfile.TemporaryDirectory() as folder:
        done = Interrupted(command, folder, ["scale", "--cpus", "16,32,64,128,256", "--smmus", "1,2,4,8", "--csv", "csv"],
                           b"scale [")
    right = done.seen and done.status == 130 and "trips/s" in done.output and done.left == ["csv"]
    return None if right else done.told()


def no_terminal(command):
    done = command.run("replay", "--policy", "batched", "--repeat", "300", LONG)
    return None if not done.returncode and not done.stderr else f"{done.returncode}: {done.stderr!r}"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    command.case("a replay that is interrupted keeps the traces before", replay_in_the_second_trace(command))
    command.case("a replay that is interrupted in its first run leaves no map and no log", replay_before_anything(command))
    command.case("a second Ctrl-C leaves no file behind that is not whole", replay_twice_at_once(command))
    command.case("a simulation that is interrupted says what it has seen", simulate(command))
    command.case("a scaling that is interrupted shows its points so far", scale(command))
    command.case("without a terminal there is no bar", no_terminal(command))
    return command.end()


if __name__ == "__main__":
    sys.exit(main())
