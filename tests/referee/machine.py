# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""machine.py - the board: QEMU's `virt`, where its parts are, and where the referee keeps its own.

RAM starts at 1 GiB and is one piece, so it must reach from there over the trace's memory and over
the table pool; it is reserved lazily, and only pages that are touched cost anything. The referee's
own structures (a kernel of two instructions, stream table, queues, two tables, a page to copy
through) come after all of that. No device window is above RAM: ECAM is the low one, the high PCIe
window is off.
"""

import struct

from image import elf

RAM_BASE = 0x40000000
RAM_BYTES_MAX = 4 << 40         # far enough for a pool just above 41 input bits; reserved, not used
ECAM_BASE = 0x3F000000
BUS_MMIO = 0x10000000           # PCIe 32-bit window
SMMU_BASE = 0x09050000
SMMUS_STAGE2_ONLY = "virt-9.1"  # the newest machine where the SMMU's `stage` can be chosen
SMMU_NESTED = "virt"
OWN_BYTES = 4 << 20
MIB = 1 << 20

WFI, BRANCH_BACK = 0xD503207F, 0x17FFFFFF

# Reading or writing these would disturb the machine. (start, end)
KEEP_OFF = [
    (0x00000000, 0x08000000),   # flash
    (0x08000000, 0x09000000),   # GIC, ITS
    (0x09000000, 0x0A000000),   # UART, RTC, fw_cfg, GPIO, SMMU
    (0x0A000000, 0x0A004000),   # virtio-mmio
    (0x0C000000, 0x10000000),   # platform bus, secure RAM
    (0x3EFF0000, 0x3F000000),   # PCIe ports
    (0x3F000000, 0x3F100000),   # ECAM of bus 0
]


class MachineError(Exception):
    """This image and trace do not fit on the board."""


class Board:
    """Places everything for one image; `devices` is the number of DMA engines."""

    def __init__(self, regions, pool, devices, nested=False):
        self.nested = nested
        end = max([region_end for _, region_end in regions] + [pool[1]])
        start = min([region_start for region_start, _ in regions] + [pool[0]])
        if start < RAM_BASE:
            raise MachineError(f"memory or pool at 0x{start:x}: the board's RAM starts at "
                               f"0x{RAM_BASE:x}")
        self.own = (end + 2 * MIB - 1) & -(2 * MIB)
        self.ram_bytes = self.own + OWN_BYTES - RAM_BASE
        if self.ram_bytes > RAM_BYTES_MAX:
            raise MachineError(f"RAM would have to reach 0x{self.own + OWN_BYTES:x} to hold memory "
                               f"and pool (0x{pool[0]:x}-0x{pool[1]:x}); the board ends at "
                               f"0x{RAM_BASE + RAM_BYTES_MAX:x}")
        self.pool = pool
        self.kernel = self.own
        self.scratch = self.own + 0x10000
        self.command_queue = self.own + 0x20000
        self.event_queue = self.own + 0x30000
        self.stream_table = self.own + 0x40000
        self.probe = self.own + 0x50000
        self.context = self.own + 0x60000
        self.stage1 = self.own + 0x100000
        self.slots = range(1, 1 + devices)
        self.bars = {slot: BUS_MMIO + 0x100000 * (slot - 1) for slot in self.slots}

    def in_ram(self, address):
        return RAM_BASE <= address < RAM_BASE + self.ram_bytes

    def keep_off(self, address):
        """True where neither a device nor qtest may touch what is behind the address."""
        windows = KEEP_OFF + [(self.own, self.own + OWN_BYTES)]
        windows += [(bar, bar + 0x100000) for bar in self.bars.values()]
        return any(start <= address < end for start, end in windows)

    def kernel_elf(self):
        """All the guest does: sleep."""
        return elf([(self.kernel, struct.pack("<II", WFI, BRANCH_BACK))], entry=self.kernel)

    def arguments(self, kernel_path, image_path=None):
        machine = SMMU_NESTED if self.nested else SMMUS_STAGE2_ONLY
        arguments = [
            "-machine", f"{machine},iommu=smmuv3,gic-version=3,memory-backend=ram,"
                        "highmem-ecam=off,highmem-mmio=off",
            "-cpu", "cortex-a57", "-smp", "1",
            "-m", f"{self.ram_bytes // MIB}M",
            "-object", f"memory-backend-ram,id=ram,size={self.ram_bytes},reserve=off",
            "-accel", "tcg", "-icount", "shift=0,sleep=off",
            "-kernel", kernel_path,
        ]
        if not self.nested:
            arguments += ["-global", "arm-smmuv3.stage=2"]
        if image_path:
            arguments += ["-device", f"loader,file={image_path}"]
        for slot in self.slots:
            arguments += ["-device", f"edu,addr={slot:02x}.0,dma_mask=0xffffffffffffffff"]
        return arguments
