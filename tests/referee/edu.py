# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""edu.py - the DMA engines: QEMU's `edu` PCI devices, one copy each at a time.

A copy moves up to 4096 bytes between the device's own buffer and an address that the SMMU
translates. It takes 100 ms of virtual time whatever its size, so all engines copy side by side.
"""

import time

from machine import ECAM_BASE

PCI_ID = 0x11E81234
PCI_COMMAND, PCI_BAR0 = 0x04, 0x10
PCI_MEMORY_AND_MASTER = 0x6
SOURCE, DESTINATION, COUNT, COMMAND = 0x80, 0x88, 0x90, 0x98
START, TO_RAM = 1, 2
BUFFER, BUFFER_BYTES = 0x40000, 4096
WAIT_SECONDS = 60


class EduError(Exception):
    """An engine is missing or does not finish."""


class Engines:
    def __init__(self, qemu, board):
        self.qemu, self.bars = qemu, board.bars
        for slot, bar in board.bars.items():
            config = ECAM_BASE + (slot << 15)
            identity = qemu.read("l", config)
            if identity != PCI_ID:
                raise EduError(f"PCI slot {slot} has 0x{identity:x}, not an edu device")
            qemu.write("l", config + PCI_BAR0, bar)
            qemu.write("w", config + PCI_COMMAND, PCI_MEMORY_AND_MASTER)

    def copy(self, copies):
        """Runs all copies at once and waits. copies: {slot: (to_ram, address, offset, count)}."""
        lines, polls = [], []
        for slot, (to_ram, address, offset, count) in copies.items():
            bar = self.bars[slot]
            source, destination = BUFFER + offset, address
            if not to_ram:
                source, destination = destination, source
            lines += [f"writeq 0x{bar + SOURCE:x} 0x{source:x}",
                      f"writeq 0x{bar + DESTINATION:x} 0x{destination:x}",
                      f"writeq 0x{bar + COUNT:x} 0x{count:x}",
                      f"writeq 0x{bar + COMMAND:x} 0x{START | (TO_RAM if to_ram else 0):x}"]
            polls.append(f"readq 0x{bar + COMMAND:x}")
        self.qemu.commands(lines)
        give_up = time.monotonic() + WAIT_SECONDS
        while any(int(word, 16) & START for word in self.qemu.commands(polls)):
            if time.monotonic() > give_up:
                raise EduError(f"a copy did not end in {WAIT_SECONDS} s")
