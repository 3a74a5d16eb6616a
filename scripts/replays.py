# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""replays - what scripts share that replay traces: one run of s2shadow replay, and what it found."""

import json
import os
import signal
import subprocess
import tempfile


def replay(program, options, *traces):
    """The results of s2shadow replay, as of its --json."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "results.json")
        done = subprocess.run([program, "replay", "--json", file, *options, *traces], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, check=False)
        if done.returncode in (130, -signal.SIGINT):
            raise KeyboardInterrupt
        if done.returncode:
            raise OSError(f"{' '.join([*options, *traces])}: exit status {done.returncode}")
        with open(file, encoding="utf-8") as results:
            return json.load(results)
