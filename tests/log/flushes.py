# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""flushes.py - the shape of flushes: doorbells, SYNCs, and how many commands go out for what may be stale.

A flush is what lies between two K. Only batched promises one doorbell. Used by replayed.py.
"""

from stage2 import GROUP, GROUPS
from stale import NSNH_ALL, PAGES, S2_IPA, S12_VMALL, SYNC, TLBI, Command


class Flushes:
    def __init__(self, setting, run, vmid, complain):
        self.setting, self.run, self.vmid, self.complain = setting, run, vmid, complain
        self.needless = self.whole_vmid = 0
        self.commands_per_span = 0      # the most
        self.begin()

    def begin(self):
        self.restricts = False          # a valid descriptor lost or gained something: caches may differ
        self.doorbells = [0] * self.setting.smmus
        self.syncs = [0] * self.setting.smmus
        self.commands = 0
        self.every_stage = False        # a command other than S2_IPA and NH_ALL

    def command(self, number, opcode):
        self.commands += opcode in TLBI
        self.syncs[number] += opcode == SYNC
        if opcode in (S12_VMALL, NSNH_ALL):
            self.every_stage = True
            self.whole_vmid += 1

    def doorbell(self, number, smmu, position):
        self.doorbells[number] += 1
        if self.setting.policy == "eager" and position != smmu.published + 1:
            self.complain("eager rings once a command")
        words = [word for word in smmu.words[smmu.published:position] if word[0] & 0xFF == S2_IPA]
        if words:
            self.check_commands(smmu, words)

    def completion(self):
        """At a K."""
        setting = self.setting
        if self.commands and not self.restricts and not setting.prepares:
            self.needless += 1          # a flush that shadow_reserve() forced also retires tables
            if self.needless > self.run["flushes_forced"]:
                self.complain("commands, though only invalid entries were replaced")
        if setting.policy == "batched" and not setting.prepares and not self.run["doorbells_extra"]:
            syncs = (1, 2) if setting.nested and self.every_stage else (2,) if setting.nested else (1,)
            for number in range(setting.smmus):
                if self.doorbells[number] == 0 == self.syncs[number]:
                    continue
                if self.doorbells[number] != 1:
                    self.complain(f"{self.doorbells[number]} doorbells of SMMU {number} in one flush")
                if self.syncs[number] not in syncs:
                    self.complain(f"{self.syncs[number]} SYNCs of SMMU {number} in one flush")
        self.begin()

    @staticmethod
    def spans(smmu):
        """Maximal runs of pages that may be stale on this SMMU and are not covered; and how many leaves.

        A table counts as 512: without ranges its leaves go one by one.
        """
        found, leaves = [], 512 * len(smmu.tables)
        parts = [(page, page + PAGES[level]) for level, page, _ in smmu.tables]
        for level, pages in smmu.leaves.items():
            leaves += len(pages) * (GROUP if level > GROUPS else 1)
            parts += [(page, page + PAGES[level]) for page in pages]
        for start, end in sorted(parts):
            if found and start <= found[-1][1]:
                found[-1][1] = max(found[-1][1], end)
            else:
                found.append([start, end])
        return found, leaves

    def check_commands(self, smmu, words):
        """How many S2_IPA a doorbell publishes, and how much more than what is stale they cover."""
        spans, leaves = self.spans(smmu)
        rounds = self.setting.policy == "batched"
        self.commands_per_span = max(self.commands_per_span, len(words) / max(1, len(spans)))
        limit = 2 * len(spans) if self.setting.ril else leaves
        if len(words) > limit:
            self.complain(f"{len(words)} commands for {len(spans)} spans of {leaves} leaves")
        if not self.setting.ril or not rounds:
            return
        commands = [Command(word0, word1, self.vmid, True) for word0, word1 in words]
        for command in commands:
            if not command.ranged:
                continue
            count = command.end - command.start
            within = sum(min(end, command.end) - max(start, command.start) for start, end in spans
                         if start < command.end and command.start < end)
            if (count - within) * 16 > within:
                self.complain(f"a command covers {count} pages, of which only {within} may be stale")
