# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""image.py - reads the ELF file that `s2shadow replay --image` writes: table pages and the STE.

Also writes small ELF files: the kernel that only waits, and the images of stand_in.py.
"""

import struct

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
NHDR = struct.Struct("<III")
IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)   # 64 bits, little-endian, version 1
ET_EXEC, EM_AARCH64 = 2, 183
PT_LOAD, PT_NOTE = 1, 4
NOTE_NAME = b"S2SHADOW\0"
NOTE_TYPE = 1
NOTE_DESC = struct.Struct("<8QII")


class ImageError(Exception):
    """The file is not the image it should be."""


class Image:
    def __init__(self, ste, granule_lg2, ia_bits, segments):
        self.ste = ste
        self.granule_lg2 = granule_lg2
        self.ia_bits = ia_bits
        self.segments = segments    # sorted (physical address, bytearray)

    def read64(self, address):
        """The word at a physical address, or None where the image has nothing."""
        for start, data in self.segments:
            if start <= address and address + 8 <= start + len(data):
                return struct.unpack_from("<Q", data, address - start)[0]
        return None


def align4(size):
    return (size + 3) & ~3


def notes(data):
    """Yields (name, type, descriptor) of each note of a PT_NOTE segment."""
    offset = 0
    while offset + NHDR.size <= len(data):
        name_size, desc_size, kind = NHDR.unpack_from(data, offset)
        offset += NHDR.size
        name = data[offset:offset + name_size]
        offset += align4(name_size)
        desc = data[offset:offset + desc_size]
        offset += align4(desc_size)
        if len(desc) != desc_size:
            raise ImageError("a note runs past its segment")
        yield bytes(name), kind, bytes(desc)


def program_headers(data):
    if len(data) < EHDR.size:
        raise ImageError("too short for an ELF header")
    (ident, kind, machine, version, _entry, offset, _sections, _flags,
     _ehsize, entry_size, count) = EHDR.unpack_from(data)[:11]
    if ident[:7] != IDENT[:7]:
        raise ImageError("not a little-endian ELF64 file")
    if kind != ET_EXEC or machine != EM_AARCH64 or version != 1:
        raise ImageError(f"not ET_EXEC for AArch64 (type {kind}, machine {machine})")
    if entry_size != PHDR.size:
        raise ImageError(f"program headers of {entry_size} bytes")
    if offset + count * entry_size > len(data):
        raise ImageError("program headers run past the end of the file")
    return [PHDR.unpack_from(data, offset + i * entry_size) for i in range(count)]


def parse(data):
    segments, found = [], []
    for kind, _, offset, _, paddr, file_size, memory_size, _ in program_headers(data):
        if kind not in (PT_LOAD, PT_NOTE):
            continue
        if offset + file_size > len(data):
            raise ImageError("a segment runs past the end of the file")
        content = bytearray(data[offset:offset + file_size])
        if kind == PT_LOAD:
            content += bytes(memory_size - file_size)
            segments.append((paddr, content))
        else:
            found += [desc for name, number, desc in notes(content)
                      if name.rstrip(b"\0") == NOTE_NAME.rstrip(b"\0") and number == NOTE_TYPE]
    if len(found) != 1:
        raise ImageError(f"{len(found)} notes S2SHADOW of type {NOTE_TYPE} instead of one")
    if len(found[0]) != NOTE_DESC.size:
        raise ImageError(f"a note of {len(found[0])} bytes instead of {NOTE_DESC.size}")
    if not segments:
        raise ImageError("no PT_LOAD segment")
    segments.sort(key=lambda segment: segment[0])
    for (start, content), (following, _) in zip(segments, segments[1:]):
        if start + len(content) > following:
            raise ImageError(f"segments overlap at 0x{following:x}")
    words = NOTE_DESC.unpack(found[0])
    return Image(list(words[:8]), words[8], words[9], segments)


def load(path):
    with open(path, "rb") as file:
        return parse(file.read())


def elf(segments, entry=0, ste=None, ia_bits=0, granule_lg2=12):
    """The bytes of an ELF file with these (physical address, bytes) segments, and a note if ste."""
    note = b""
    if ste is not None:
        desc = NOTE_DESC.pack(*ste, granule_lg2, ia_bits)
        note = NHDR.pack(len(NOTE_NAME), len(desc), NOTE_TYPE)
        note += NOTE_NAME.ljust(align4(len(NOTE_NAME)), b"\0") + desc
    count = len(segments) + bool(note)
    header = EHDR.pack(IDENT, ET_EXEC, EM_AARCH64, 1, entry, EHDR.size, 0, 0, EHDR.size, PHDR.size,
                       count, 0, 0, 0)
    offset = EHDR.size + count * PHDR.size
    headers, body = b"", b""
    if note:
        headers += PHDR.pack(PT_NOTE, 4, offset, 0, 0, len(note), len(note), 4)
        body += note
    for address, data in segments:
        body += bytes(-(offset + len(body)) % 4096)
        headers += PHDR.pack(PT_LOAD, 7, offset + len(body), address, address, len(data), len(data),
                             4096)
        body += bytes(data)
    return header + headers + body
