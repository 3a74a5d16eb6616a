#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""report - scripts/make-report and scripts/compare-policies: from results to one HTML file that needs no other. Speaks TAP.

Usage: report.py COMMAND
"""

import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from command import ROOT, Command, data

SCRIPTS = os.path.join(ROOT, "scripts")
VOID = {"meta", "br", "img", "link", "input", "hr"}


def script(name, *arguments):
    return subprocess.run([os.path.join(SCRIPTS, name), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


def benchmarks():
    """Three batch sizes of three policies, and holes."""
    names = [(f"flush/revoke_{order}/{policy}/pages:{pages}", {}) for order in ("sequential", "random")
             for policy in ("eager", "strict", "batched") for pages in (1, 8, 64)]
    names += [(f"memory/holes/batched/holes:{holes}", {"table_KiB": 12.0 * holes}) for holes in (1, 10, 100)]
    return {"context": {}, "benchmarks": [
        {"name": name, "run_name": f"{name}/repeats:2", "run_type": "iteration", "cpu_time": 10.0 + number + i,
         "real_time": 1.0, "time_unit": "ns", **values} for number, (name, values) in enumerate(names) for i in range(2)]}


def stages(order):
    return {"context": {}, "benchmarks": [
        {"name": f"stages/flush/revoke_{order}/batched/pages:512/{stage}", "run_type": "iteration",
         "callgrind_instructions": 5120, "flushes": 3} for stage in ("queue", "drain", "<all>")]}


class Page(html.parser.HTMLParser):
    """What is open at the end, what is loaded from elsewhere, and the plots."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.plots, self.text = [], [], 0, ""

    def handle_starttag(self, tag, attributes):
        self.plots += tag == "svg"
        self.loads += [value for name, value in attributes if name in ("src", "href", "xlink:href", "data")]
        self.loads += [tag] if tag in ("script", "link", "iframe", "object") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.open.append(f"badly closed {tag}")

    def handle_data(self, text):
        self.text += text


def parsed(folder):
    page = Page()
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
        source = file.read()
    page.feed(source)
    page.loads += re.findall(r"url\([^)]*\)|@import", source)
    return page


def write(folder, **results):
    for name, content in results.items():
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
            json.dump(content, file)


def measured(command, folder):
    """What the command itself brings to a report. Return: what is wrong, or None."""
    done = script("compare-policies", "--repeat", "2", "--json", os.path.join(folder, "policies.json"), command.program,
                  data("good_small.txt"))
    if done.returncode:
        return done.stderr
    rows = [line for line in done.stdout.splitlines() if "nothing" in line or "'s end" in line or "* " in line[40:]]
    wide = [line for line in done.stdout.splitlines() if len(line) > 80]
    if len(rows) != 7 or wide:
        return f"{len(rows)} rows, too wide: {wide}\n{done.stdout}"
    for name, arguments in (("scale", ["scale", "--cpus", "1,2", "--sync-ns", "500", "--locked-ns", "500"]),
                            ("profile", ["profile", "--runs", "1,16", "--repetitions", "0", "--accesses", "100"])):
        done = command.run(*arguments, "--json", os.path.join(folder, name + ".json"))
        if done.returncode:
            return done.stderr
    return None


def whole(folder):
    done = script("make-report", folder)
    if done.returncode or done.stderr:
        return f"exit status {done.returncode}: {done.stderr}"
    page = parsed(folder)
    if page.open or page.loads:
        return f"left open: {page.open}, loaded from elsewhere: {page.loads}"
    if page.plots != 11:
        return f"{page.plots} plots"
    for text in ("scripts/compare-policies", "s2shadow scale --cpus 1,2 ", "s2shadow profile --runs 1,16 ", "<all>", "<= 2.5 ns",
                 "guest map at the trip's end", "modelled"):
        if text not in page.text:
            return f"does not say {text!r}"
    if "Left out" in page.text:
        return "something is left out"
    files = os.listdir(os.path.join(folder, "plots"))
    for name in files:
        if name.endswith(".svg"):
            xml.etree.ElementTree.parse(os.path.join(folder, "plots", name))
    return None if sum(name.endswith(".svg") for name in files) == 11 else f"plots: {files}"


def partial(folder):
    for name in ("profile", "stages-sequential", "stages-random"):
        os.remove(os.path.join(folder, name + ".json"))
    done = script("make-report", folder)
    page = parsed(folder)
    right = not done.returncode and page.plots == 8 and "Left out, for want of data: stages-sequential, stages-random, profile." in page.text
    return None if right else f"exit status {done.returncode}, {page.plots} plots\n{page.text[-300:]}"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    command = Command(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        done = script("make-report", folder)
        command.case("a folder without results is refused", None if done.returncode == 2 and len(done.stderr.splitlines()) == 1
                     else done.stderr)
        command.case("policies are compared at 80 columns, each with what it assumes", measured(command, folder))
        write(folder, **{"benchmarks": benchmarks(), "stages-random": stages("random"),
                         "stages-sequential": stages("sequential")})
        with open(os.path.join(folder, "goals.txt"), "w", encoding="utf-8") as file:
            file.write("queue a transition <= 2.5 ns")
        command.case("the report is one whole file with all plots, which stand beside it too", whole(folder))
        command.case("what has no data is left out, and the report says so", partial(folder))
    return command.end()


if __name__ == "__main__":
    sys.exit(main())
