# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""qtest.py - starts qemu-system-aarch64 and reads and writes its physical memory over qtest.

The CPU only executes WFI; with -icount sleep=off virtual time jumps to the next timer, so the
100 ms of a copy by the edu device pass at once. Commands are sent in groups to save round trips.
"""

import re
import shutil
import subprocess
import tempfile

GROUP = 512     # commands in flight: well below what two pipes hold


class QemuError(Exception):
    """QEMU did not start, stopped, or answered something else than OK."""


def find(program="qemu-system-aarch64"):
    """(path, version) of QEMU, or (None, what is wrong)."""
    path = shutil.which(program)
    if path is None:
        return None, f"there is no {program}"
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"QEMU emulator version (\d+)\.(\d+)", text)
    if not match:
        return None, f"{path} does not say which version it is"
    version = int(match[1]), int(match[2])
    if version < (9, 2):
        return None, f"{path} is {version[0]}.{version[1]}, 9.2 or newer is needed"
    return path, f"{version[0]}.{version[1]}"


class Qemu:
    def __init__(self, path, arguments):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [path, *arguments, "-qtest", "stdio", "-qtest-log", "none", "-display", "none",
             "-serial", "none", "-monitor", "none", "-nodefaults"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr,
            text=True, encoding="ascii")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.stderr.close()

    def failed(self, what):
        self.process.poll()
        self.stderr.seek(0)
        said = self.stderr.read().strip().splitlines()
        return QemuError(f"QEMU {what}" + (f": {said[-1]}" if said else ""))

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise self.failed("stopped")
        words = line.split()
        if words[:1] != ["OK"]:
            raise self.failed(f"answered '{line.strip()}'")
        return words[1] if len(words) > 1 else None

    def commands(self, lines):
        """Sends all lines, in order; returns the answers."""
        answers = []
        for i in range(0, len(lines), GROUP):
            group = lines[i:i + GROUP]
            try:
                self.process.stdin.write("\n".join(group) + "\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                raise self.failed("stopped") from None
            answers += [self.answer() for _ in group]
        return answers

    def read(self, size, address):
        return int(self.commands([f"read{size} 0x{address:x}"])[0], 16)

    def write(self, size, address, value):
        self.commands([f"write{size} 0x{address:x} 0x{value:x}"])

    def read64s(self, addresses):
        return [int(word, 16) for word in self.commands([f"readq 0x{a:x}" for a in addresses])]

    def write64s(self, pairs):
        self.commands([f"writeq 0x{address:x} 0x{value:x}" for address, value in pairs])

    def read_bytes(self, address, size):
        return bytes.fromhex(self.commands([f"read 0x{address:x} 0x{size:x}"])[0][2:])
