# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""outputs.py - what --json, --map and --image say is what the log and the trace make it.

Used by check_log.py once a log was read to its end.
"""

import image

ACCESS_NAMES = {1: "ro", 2: "wo", 3: "rw"}
MIB2 = 2 << 20
RING_BYTES = 16 << 15


def check_results(log, results):
    run = log.run
    setting, recorded = log.setting, log.recorded
    wanted = {
        "transitions": len(recorded.transitions),
        "transitions_access": sum(record.changes for record in recorded.transitions),
        "pages_granted": log.oracle.granted, "pages_revoked": log.oracle.revoked,
        "tlbi": log.counts.tlbi, "syncs": log.counts.syncs, "doorbells": log.counts.doorbells,
        "table_writes": log.counts.table_writes, "table_bytes_live": 4096 * len(log.stage2.live),
        "leaves": log.stage2.leaf_counts(), "vmid": log.stage2.vmid, "flushes": log.flushed,
        "reserved": [{"base": hex(start), "bytes": end - start} for start, end in setting.reserved],
    }
    if setting.policy != "batched":
        wanted["flushes_forced"] = 0
    for key, value in wanted.items():
        if run[key] != value:
            log.complain(f"results: {key} is {run[key]}, the log and the trace make it {value}")
    for key in ("tlbi", "syncs", "doorbells", "table_writes"):
        if run["init"][key] != getattr(log.init, key):
            log.complain(f"results: init.{key} is {run['init'][key]}, the log makes it {getattr(log.init, key)}")
    if run["table_bytes_peak"] < 4096 * log.tables_max:
        log.complain(f"results: table_bytes_peak is {run['table_bytes_peak']}, {log.tables_max} tables were in use")
    config = results["config"]
    for key, value in (("smmus", setting.smmus), ("nested", setting.nested), ("bbml", setting.bbml),
                       ("collapse", setting.collapse), ("compact", setting.compact),
                       ("ril", setting.ril), ("until", setting.until)):
        if config[key] != value:
            log.complain(f"results: config.{key} is {config[key]}")


def check_pool(log):
    """Where the pool lies and that the worst case of tables and the rings fit."""
    setting, recorded = log.setting, log.recorded
    base, end = log.pool
    limit = 1 << recorded.ia_bits
    if base % MIB2 or (end - base) % MIB2:
        log.complain(f"pool {base:x}-{end:x} is not of whole 2 MiB")
    if setting.pool is not None:
        wanted = setting.pool
    else:
        wanted = -(-recorded.regions[-1][1] // MIB2) * MIB2
        if wanted + end - base > limit:
            wanted = limit
    if base != wanted:
        log.complain(f"pool at {base:x}, not {wanted:x}")
    touched = {1: set(), 2: set()}
    for start, last in recorded.regions + setting.reserved:
        for level, size in ((1, 1 << 30), (2, MIB2)):
            touched[level].update(range(start // size, -(-last // size)))
    bytes_min = 4096 * (log.stage2.root_pages + len(touched[1]) + len(touched[2])) + RING_BYTES * setting.smmus
    if end - base < bytes_min:
        log.complain(f"pool of {end - base:x} bytes, tables and rings need {bytes_min:x}")


def check_map(log, path):
    with open(path, encoding="ascii") as file:
        lines = file.read()
    for who, runs in (("tables", log.runs()), ("trace", log.oracle.runs(log.recorded.regions, log.recorded.ia_bits))):
        wanted = "".join(f"{start << 12:x} {end << 12:x} {ACCESS_NAMES[access]} {'mem' if memory else 'mmio'}\n"
                         for start, end, access, memory in runs)
        if lines != wanted:
            log.complain(f"the map is not what the {who} make it")


def check_image(log, path):
    try:
        found = image.load(path)
    except image.ImageError as problem:
        log.complain(f"image: {problem}")
        return
    if [hex(word) for word in found.ste] != [hex(int(word, 16)) for word in log.run["ste"]]:
        log.complain("image: another STE than the results have")
    if (found.granule_lg2, found.ia_bits) != (12, log.recorded.ia_bits):
        log.complain("image: another granule or input size")
    pages = set()
    for start, data in found.segments:
        if start % 4096 or len(data) % 4096:
            log.complain(f"image: a segment at {start:x} that is not whole pages")
        words = list(memoryview(bytes(data)).cast("Q"))
        for page in range(start, start + len(data), 4096):
            pages.add(page)
            if words[(page - start) // 8:(page - start) // 8 + 512] != log.stage2.words(page):
                log.complain(f"image: the page at {page:x} is not what the W lines say")
    if pages != set(log.stage2.live):
        log.complain(f"image: {len(pages)} pages, a walk reaches {len(log.stage2.live)}")


def outputs_say(log, results, outputs):
    """Adds a complaint for each thing that is said wrongly."""
    check_results(log, results)
    check_pool(log)
    check_map(log, outputs["map"])
    check_image(log, outputs["image"])
