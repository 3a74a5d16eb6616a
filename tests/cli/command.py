# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""command - what the tests of the command share: run it in an empty directory, report cases in TAP."""

import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "tests", "data")
TRACES = os.path.join(ROOT, "bench", "traces")


def data(name):
    return os.path.join(DATA, name)


class Command:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.cases = self.failed = 0

    def run(self, *arguments, directory=None, timeout=300):
        return subprocess.run([self.program, *arguments], cwd=directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout)

    def case(self, name, complaint):
        """One case; `complaint` is None or says what is wrong."""
        self.cases += 1
        if complaint:
            self.failed += 1
        print(f"{'not ok' if complaint else 'ok'} {self.cases} - {name}")
        for line in (complaint or "").splitlines():
            print(f"# {line}")

    def end(self):
        print(f"1..{self.cases}")
        return 1 if self.failed else 0


def refused(command, arguments, says=None):
    """What is wrong with the way the command refuses these arguments; None if nothing."""
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "old"), "w", encoding="ascii") as file:
            file.write("kept\n")
        done = command.run(*arguments, directory=directory)
        left = sorted(os.listdir(directory))
        with open(os.path.join(directory, "old"), encoding="ascii") as file:
            kept = file.read() == "kept\n"
    lines = done.stderr.splitlines()
    if done.returncode != 2:
        return f"exit status {done.returncode}"
    if len(lines) != 1 or not lines[0].startswith("s2shadow: "):
        return f"standard error: {done.stderr!r}"
    if done.stdout:
        return f"standard output: {done.stdout!r}"
    if left != ["old"] or not kept:
        return f"files left: {left}, the old one is {'kept' if kept else 'damaged'}"
    if says and says not in lines[0]:
        return f"says {lines[0]!r}, not {says!r}"
    return None
