#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""selftest.py - the referee passes right tables, and reports wrong ones, without s2shadow.

stand_in.py builds the tables from the trace; QEMU walks them. Recorded traces given as arguments
also check the oracle: at a trace's last snapshot, the pages in state N are those without access.
Exit: 0 pass, 1 fail, 77 no QEMU that can do this.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import image
from play import Oracle as LogOracle
from qtest import find
from steps import LogError, damage_flush, read_log
from trace import NONE, PAGE, PAGES, R, RW, Reader, TraceError, open_trace

HERE = os.path.dirname(os.path.abspath(__file__))
REFEREE = os.path.join(HERE, "referee.py")
STAND_IN = os.path.join(HERE, "stand_in.py")

# Memory in three adjoining regions, one of them no-map. Hypervisor text that the host may read, a
# whole block of the hypervisor, pages that come and go, one shared with another state, and a second
# snapshot, whose leaves must not be taken.
TRACE = """\
# pkvm-host-trace 1
# name small
# snapshot start seq 0
# G ia_bits 40 start_level 1 pgd_pages 2
# R 0 40000000 10000000 flags 0
# R 1 50000000 100000 flags 4
# R 2 50100000 ff00000 flags 0
# S 40595000 4000 N
# S 44000000 200000 N
# L 0 40000000 1 valid RW
# L 40200000 200000 2 valid RWX
# L 40595000 4000 3 valid R
# L 44000000 200000 3 owner hyp
# L 48000000 2000 3 owner guest
T 2 0 100 host_donate_guest 42000000 1000 O N u
T 3 1 110 host_donate_guest 42001000 3000 O N u
X 4 0 120 hvc pkvm_host_donate_guest 20 1 0 0
T 5 1 130 host_share_hyp 42010000 1000 O S u
M 6 1 140 42200000 200000 mem
T 7 0 150 guest_share_host 42001000 1000 N B u
T 8 0 160 hyp_donate_host 44100000 1000 N O u
T 9 0 170 host_donate_guest 4fffe000 5000 O N u
T 10 1 180 host_reclaim_guest 42001000 1000 B O u
T 11 1 190 host_donate_guest 5ffff000 1000 O N u
T 12 1 200 host_donate_hyp 46000000 200000 O N u
T 13 1 210 host_reclaim_guest 46080000 1000 N O u
# snapshot end seq 14
# G ia_bits 40 start_level 1 pgd_pages 2
# R 0 40000000 10000000 flags 0
# L 4a000000 200000 2 owner hyp
T 15 1 220 host_reclaim_guest 42000000 1000 N O u
"""


class Files(unittest.TestCase):
    """Gives each test a folder with the small trace."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = self.write("small.txt", TRACE)

    def write(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, "w" if isinstance(content, str) else "wb") as file:
            file.write(content)
        return path

    def state(self, seq, text=TRACE):
        return Reader(self.write("other.txt", text)).states([seq])[0]


class Oracle(Files):
    def test_initial_access_comes_from_leaves(self):
        state = self.state(1)
        self.assertEqual(state.access(0x40000000), RW)
        self.assertEqual(state.access(0x40595000), R)
        self.assertEqual(state.access(0x44000000), NONE)
        self.assertEqual(state.access(0x48001000), NONE)
        self.assertEqual(state.access(0x48002000), RW)
        self.assertEqual(state.access(0x8000000000), RW)
        self.assertEqual(state.access(1 << 40), NONE)

    def test_adjoining_regions_are_one_and_no_map_is_memory(self):
        self.assertEqual(self.state(1).regions, [(0x40000000, 0x60000000)])
        self.assertTrue(self.state(1).is_memory(0x50000000))
        self.assertFalse(self.state(1).is_memory(0x60000000))

    def test_until_is_the_last_record_applied(self):
        self.assertEqual(self.state(1).access(0x42000000), RW)
        self.assertEqual(self.state(2).access(0x42000000), NONE)
        self.assertEqual(self.state(6).access(0x42001000), NONE)
        self.assertEqual(self.state(7).access(0x42001000), RW)

    def test_all_points_in_one_pass_equal_each_point_alone(self):
        points = [9, 2, 2, 99]
        together = Reader(self.trace).states(points)
        alone = [Reader(self.trace).states([point])[0] for point in points]
        self.assertEqual([s.special for s in together], [s.special for s in alone])
        self.assertEqual([s.seq for s in together], points)

    def test_only_from_and_to_no_page_changes_access(self):
        self.assertEqual(self.state(99).access(0x42010000), RW)
        text = TRACE + "T 16 0 230 host_share_hyp 40595000 1000 O S u\n"
        self.assertEqual(self.state(16, text).access(0x40595000), R)
        text = TRACE + "T 16 0 230 hyp_donate_host 40595000 1000 N O u\n"
        self.assertEqual(self.state(16, text).access(0x40595000), RW)

    def test_leaves_of_a_later_snapshot_change_nothing(self):
        self.assertEqual(self.state(99).access(0x4A000000), RW)
        self.assertEqual(self.state(99).access(0x42000000), RW)

    def test_pool_and_reserved_ranges_are_never_reachable(self):
        state = self.state(1)
        state.close([(0x60000000, 0x60200000), (0x41000000, 0x41001000)])
        self.assertEqual(state.access(0x601FFFF8), NONE)
        self.assertEqual(state.access(0x60200000), RW)
        self.assertEqual(state.access(0x41000000), NONE)
        self.assertIn(0x41001000, state.edges())

    def test_edges_are_where_access_or_memory_changes(self):
        self.assertEqual(self.state(2).edges(), [
            0, 0x40000000, 0x40595000, 0x40599000, 0x42000000, 0x42001000, 0x44000000, 0x44200000,
            0x48000000, 0x48002000, 0x60000000, 1 << 40])

    def test_survey_finds_the_transitions_and_the_peak(self):
        self.assertEqual(Reader(self.trace).survey(), ([2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 15], 12))

    def test_larger_pages_multiply_every_address(self):
        for page, factor in ((PAGES["16K"], 4), (PAGES["64K"], 16)):
            plain = Reader(self.trace).states([9])[0]
            state = Reader(self.trace, page).states([9])[0]
            self.assertEqual(state.ia_bits, 40 + factor.bit_length() - 1)
            self.assertEqual((state.special, state.touched), (plain.special, plain.touched))
            self.assertEqual(state.regions, [(0x40000000 * factor, 0x60000000 * factor)])
            self.assertEqual(state.edges(), [edge * factor for edge in plain.edges()])
            self.assertEqual(state.access(0x42001000 * factor - 8), NONE)
            self.assertEqual(state.access(0x4FFFE000 * factor - 8), RW)
            self.assertEqual(Reader(self.trace, page).survey(), Reader(self.trace).survey())

    def test_bad_transitions_are_refused_with_their_line(self):
        for record in ("T 16 0 1 x 5ffff000 2000 O N u", "T 16 0 1 x 42000800 1000 O N u",
                       "T 16 0 1 x 42000000 0 O N u", "T 16 0 1 x 3ffff000 1000 O N u"):
            with self.assertRaisesRegex(TraceError, f":{TRACE.count(chr(10)) + 1}: a transition"):
                self.state(16, TRACE + record + "\n")


class ImageReader(Files):
    STE = [0xD, 0, 1 << 58, 0x60000000, 0, 0, 0, 0]

    def elf(self):
        return bytearray(image.elf([(0x60001000, bytes(4096)), (0x60000000, b"\x03" * 4096)],
                                   ste=self.STE, ia_bits=40))

    def test_reads_back_what_was_written(self):
        read = image.parse(self.elf())
        self.assertEqual((read.ste, read.granule_lg2, read.ia_bits), (self.STE, 12, 40))
        self.assertEqual([start for start, _ in read.segments], [0x60000000, 0x60001000])
        self.assertEqual(read.read64(0x60000FF8), 0x0303030303030303)
        self.assertIsNone(read.read64(0x60002000))

    def test_refuses_what_is_no_image(self):
        whole = self.elf()
        wrong = {
            "empty": b"", "no ELF": b"\x7fELG" + whole[4:], "32 bits": self.put(whole, 4, b"\x01"),
            "relocatable": self.put(whole, 16, b"\x01"), "x86": self.put(whole, 18, b"\x3e"),
            "cut": whole[:-1], "header cut": whole[:80],
            "no note": bytes(image.elf([(0, bytes(8))])),
            "other note": whole.replace(b"S2SHADOW", b"S2SHADOX"),
            "note type": self.put(whole, whole.index(b"S2SHADOW") - 4, b"\x02"),
            "overlap": bytes(image.elf([(0, bytes(16)), (8, bytes(8))], ste=self.STE, ia_bits=40)),
            "no segment": bytes(image.elf([], ste=self.STE, ia_bits=40)),
        }
        for name, data in wrong.items():
            with self.subTest(name), self.assertRaises(image.ImageError):
                image.parse(bytes(data))

    @staticmethod
    def put(data, offset, what):
        return bytes(data[:offset]) + what + bytes(data[offset + len(what):])

    def test_memory_beyond_the_file_is_zero(self):
        data = self.elf()
        offset = data.index(struct.pack("<Q", 0x60001000) * 2) + 24
        read = image.parse(self.put(data, offset, struct.pack("<Q", 8192)))
        self.assertEqual(read.read64(0x60002FF8), 0)


LOG = """\
T -
W 60000000 7fd
C 0 0 4 1f
C 0 1 46 0
D 0 2
S 0 1
C 0 2 4 1f
D 0 3
T 2
T 3
W 60001000 0
W 60001008 0
W 60001010 0
W 60001018 0
C 0 3 10000302a 42000701
C 0 4 46 0
D 0 5
S 0 4
K 3
A 42200000 200000
T 7
W 60001008 420017ff
K 7
T 8
"""


class Logs(Files):
    def read(self, text):
        return read_log(self.write("log", text))

    def test_a_log_is_cut_at_the_last_cfgi_and_at_each_k(self):
        (first, second), flushes = self.read(LOG)
        self.assertEqual((len(first), len(second)), (4, 2))
        self.assertEqual(second[0], ("C", 0x4, 0x1f))
        self.assertEqual([(flush.taken, flush.seq, len(flush.steps)) for flush in flushes],
                         [([2, 3], 3, 7), ([7], 7, 1)])

    def test_damage_leaves_out_the_tlbi_or_its_last_page(self):
        flush = self.read(LOG)[1][0]
        self.assertFalse(damage_flush("short", flush, [1, 2, 3], False))
        self.assertFalse(damage_flush("short", flush, [1, 2, 3, 4], True))
        self.assertTrue(damage_flush("short", flush, [1, 2, 3, 4], False))
        self.assertIn(("C", 0x10000202A, 0x42000701), flush.steps)
        self.assertTrue(damage_flush("tlbi", flush, [1, 2, 3, 4], False))
        self.assertEqual([step[1] for step in flush.steps if step[0] == "C"], [0x46])

    def test_what_cannot_be_played_is_refused(self):
        for wrong, said in ((LOG + "C 1 0 46 0\n", ":25: more than one SMMU"),
                            (LOG + "W 60000000\n", ":25: a line that cannot be read"),
                            (LOG + "Q\n", ":25: a line that cannot be read"),
                            ("T -\nT 1\nK 1\n", "announces no stream table entry"),
                            ("T -\n", "no transition is in force")):
            with self.subTest(wrong), self.assertRaisesRegex(LogError, said):
                self.read(wrong)

    def test_the_oracle_of_a_log_moves_on_record_by_record(self):
        oracle = LogOracle(self.trace)
        self.assertEqual(oracle.advance(1), {})
        self.assertEqual(oracle.advance(3), dict.fromkeys(range(0x42000, 0x42004), RW))
        self.assertEqual(oracle.advance(7), {0x42001: NONE})
        self.assertEqual(oracle.access(0x42001), RW)


class Whole(Files):
    """referee.py itself, with stand_in.py in place of s2shadow."""

    def run_referee(self, *arguments, mistake="none", trace=None, granule="4K"):
        environment = dict(os.environ, S2SHADOW_STAND_IN=mistake)
        done = subprocess.run(
            [sys.executable, "-B", REFEREE, "--s2shadow", STAND_IN, "--addresses", "600", "--case",
             f"granule={granule}:{trace or self.trace}", *arguments],
            capture_output=True, text=True, env=environment, check=False)
        return done.returncode, done.stdout + done.stderr

    def expect(self, status, *arguments, said=".", **keywords):
        code, output = self.run_referee(*arguments, **keywords)
        self.assertEqual(code, status, output)
        self.assertRegex(output, said)
        return output

    def test_right_tables_pass_at_every_point(self):
        output = self.expect(0, "--points", "1,3,7,peak,100%")
        self.assertEqual(len(re.findall(r"^ok ", output, re.M)), 5, output)

    def test_reserved_ranges_and_a_pool_past_all_input_pass(self):
        self.expect(0, "--points", "9", "--", "--reserve", "42100000-42103000",
                    "--reserve", "5fffe000-60001000", "--pool", "10000000000")

    def test_every_mistake_is_reported(self):
        for mistake, said in (
                ("lost-revoke", "expected fault .memory none., seen moved"),
                ("lost-grant", "0x44100... read: expected moved .memory rw., seen fault"),
                ("readable-revoked", "read: expected fault .memory none., seen moved"),
                ("read-only-writable", "0x4059.... write: expected fault .memory ro., seen moved"),
                ("pool-reachable", "expected fault .pool or reserved none., seen moved"),
                ("past-region", "expected moved .memory rw., seen fault"),
                ("wrong-output", "expected moved .memory rw., seen neither fault nor data"),
                ("no-mmio", "expected no fault .mmio rw., seen fault"),
                ("no-device-events", "S2R is 0")):
            with self.subTest(mistake):
                self.expect(1, "--points", "10", mistake=mistake, said=said)

    def test_larger_pages_pass_if_right_and_are_reported_if_not(self):
        for granule in ("16K", "64K"):
            for mistake, status, said in (
                    ("none", 0, "1 of 1 points agree"),
                    ("lost-revoke", 1, "expected fault .memory none., seen moved"),
                    ("past-region", 1, "expected moved .memory rw., seen fault"),
                    ("wrong-output", 1, "expected moved .memory rw., seen neither fault nor data")):
                with self.subTest(granule=granule, mistake=mistake):
                    self.expect(status, "--points", "10", mistake=mistake, granule=granule, said=said)
            with self.subTest(granule=granule, planted=True):
                self.expect(0, "--points", "9", "--plant", granule=granule, said="planted damage found")

    def test_planted_damage_is_found(self):
        for point in ("2", "9", "100%"):
            with self.subTest(point):
                self.expect(0, "--points", point, "--plant", said="planted damage found")

    def test_planted_damage_does_not_hide_other_faults(self):
        self.expect(1, "--points", "9", "--plant", mistake="past-region",
                    said="reported, but not planted")

    def test_the_same_seed_asks_the_same(self):
        first, second = (self.expect(0, "--points", "9", "--seed", "5") for _ in range(2))
        self.assertEqual(first, second)

    def test_bad_usage_is_refused(self):
        for arguments in (["--points", "half"], ["--points", "101%"], ["--addresses", "0"],
                          ["--engines", "31"], ["--trace", "/nonexistent"],
                          ["--s2shadow", "/nonexistent"]):
            with self.subTest(arguments):
                self.expect(2, *arguments)
        self.expect(2, trace=self.write("bad.txt", TRACE + "T 16 0 1 x 0 1000 O N u\n"),
                    said=f"referee: [^:]*bad.txt:{TRACE.count(chr(10)) + 1}: a transition outside")
        self.expect(2, trace=self.write("bad.txt.xz", b"no xz"))

    def test_a_command_that_fails_is_a_failure(self):
        self.expect(1, "--points", "9", "--", "--pool", "nonsense", said="ended with status 2")

    def test_no_qemu_is_a_skip(self):
        self.expect(77, "--qemu", "qemu-that-does-not-exist", said="SKIP")


def last_snapshot(path):
    """(seq, pages in state N) of the last snapshot of a trace."""
    seq, pages = 0, set()
    with open_trace(path) as stream:
        for line in stream:
            words = line.split()
            if words[:2] == ["#", "snapshot"]:
                seq, pages = int(words[4]), set()
            elif words[:2] == ["#", "S"] and words[4] == "N":
                start = int(words[2], 16)
                pages.update(range(start // PAGE, (start + int(words[3], 16)) // PAGE))
    return seq, pages


class Recorded(unittest.TestCase):
    paths = []

    def test_the_last_snapshot_agrees_with_the_oracle(self):
        for path in self.paths:
            with self.subTest(path):
                seq, pages = last_snapshot(path)
                state = Reader(path).states([seq])[0]
                self.assertEqual({page for page, access in state.special.items() if access != RW},
                                 pages)


def main():
    path, version = find()
    if path is None:
        print(f"selftest: skipped: {version}")
        return 77
    Recorded.paths = sys.argv[1:]
    program = unittest.main(argv=sys.argv[:1], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
