/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * host.c - a hypervisor's own stage-2 table for its host.
 *
 * A block is split where a range ends inside it; nothing is joined again. Break-before-make and the CPUs'
 * TLBs are left out, since no guest runs. Spec: DDI 0487, VMSAv8-64 stage 2 descriptor formats.
 */
#include "tests/qemu/host.h"

#include "tests/qemu/console.h"
#include "tests/qemu/machine.h"

#define VALID	   UINT64_C(1)
#define TABLE	   UINT64_C(3)
#define PAGE	   UINT64_C(3)
#define LEAF	   (UINT64_C(1) << 10 | 3 << 8 | 0xf << 2) /* AF, inner shareable, write-back */
#define ACCESS_BIT 6
#define ADDRESS	   UINT64_C(0x0000fffffffff000)
#define ANNOTATION (UINT64_C(1) << 2) /* an owner's number; invalid, and not zero */
#define LAST	   3

static unsigned shift_of(const struct host *host, int level)
{
	unsigned granule_lg2 = host->table.granule_lg2;

	return granule_lg2 + (unsigned)(LAST - level) * (granule_lg2 - 3);
}

static uint64_t *new_table(struct host *host)
{
	uint64_t *table = (uint64_t *)host->free;

	host->free += UINT64_C(1) << host->table.granule_lg2;
	if (host->free > host->end) {
		say("Bail out! no memory for the host's tables\n");
		machine_off();
	}
	return table;
}

void host_init(struct host *host, unsigned ia_bits, unsigned granule_lg2, struct shadow_range memory)
{
	unsigned bits = granule_lg2;

	*host = (struct host){ .free = memory.start, .end = memory.end };
	host->table = (struct shadow_host_table){ .ia_bits = ia_bits,
						  .granule_lg2 = granule_lg2,
						  .start_level = LAST + 1 };
	for (; bits < ia_bits; bits += granule_lg2 - 3)
		host->table.start_level--;
	host->root = new_table(host);
	host->table.root.addr = (uintptr_t)host->root;
}

static uint64_t *entry_of(const struct host *host, uint64_t *table, int level, uint64_t address)
{
	uint64_t entries = UINT64_C(1) << (host->table.granule_lg2 - 3);

	return &table[address >> shift_of(host, level) & (entries - 1)];
}

/* What @entry says at one level, said by a table. */
static uint64_t *split(struct host *host, uint64_t *entry, int level)
{
	uint64_t *table = new_table(host), old = *entry;
	uint64_t step = UINT64_C(1) << shift_of(host, level + 1);

	for (uint64_t i = 0; old && i < UINT64_C(1) << (host->table.granule_lg2 - 3); i++)
		table[i] = !(old & VALID) ? old : (old + i * step) | (level + 1 == LAST ? PAGE : VALID);
	*entry = (uintptr_t)table | TABLE;
	return table;
}

/* Blocks are at level 1 with 4 KiB granules, and at level 2 with all. */
static int largest(const struct host *host, uint64_t address, uint64_t end)
{
	int level = host->table.granule_lg2 == 12 ? 1 : 2;

	if (level < host->table.start_level)
		level = host->table.start_level;
	while (level < LAST && (address & ((UINT64_C(1) << shift_of(host, level)) - 1) ||
				end - address < UINT64_C(1) << shift_of(host, level)))
		level++;
	return level;
}

static void set(struct host *host, struct shadow_range range, uint64_t leaf)
{
	uint64_t address = range.start;

	while (address < range.end) {
		int level = largest(host, address, range.end), at = host->table.start_level;
		uint64_t *table = host->root, *entry;

		for (;; at++) {
			entry = entry_of(host, table, at, address);
			if (at == level)
				break;
			table = (*entry & TABLE) == TABLE ? (uint64_t *)(*entry & ADDRESS) :
							    split(host, entry, at);
		}
		*entry = leaf & VALID ? leaf | address | (level == LAST ? PAGE : VALID) : leaf;
		address += UINT64_C(1) << shift_of(host, level);
	}
}

void host_map(struct host *host, struct shadow_range range, unsigned access)
{
	set(host, range, VALID | LEAF | (uint64_t)access << ACCESS_BIT);
}

void host_annotate(struct host *host, struct shadow_range range)
{
	set(host, range, ANNOTATION);
}

uint64_t host_leaf(const struct host *host, uint64_t address)
{
	uint64_t *table = host->root;

	for (int level = host->table.start_level;; level++) {
		uint64_t entry = *entry_of(host, table, level, address);

		if (level == LAST || (entry & TABLE) != TABLE)
			return entry;
		table = (uint64_t *)(entry & ADDRESS);
	}
}
