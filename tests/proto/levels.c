/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * levels.c - the rig of good_levels.c and bad_levels.c; see levels.h.
 */
#include "levels.h"

static const struct levels_format formats[] = {
	{ "4K, 48 bits", 12, 48, false, 0, 1 },	 { "4K, 32 bits, four start tables", 12, 32, false, 2, 1 },
	{ "4K, 52 bits", 12, 52, true, -1, 0 },	 { "4K, 52 bits, sixteen start tables", 12, 52, true, 0, 0 },
	{ "16K, 47 bits", 14, 47, false, 1, 2 }, { "16K, 52 bits", 14, 52, true, 0, 1 },
	{ "64K, 48 bits", 16, 48, false, 1, 2 }, { "64K, 52 bits", 16, 52, true, 1, 1 },
};

static uint64_t bits_of(uint64_t value, unsigned high, unsigned low)
{
	return value & (~UINT64_C(0) >> (63 - high)) & (~UINT64_C(0) << low);
}

static unsigned shift_of(const struct levels_format *format, int level)
{
	return format->granule_lg2 + (unsigned)(3 - level) * (format->granule_lg2 - 3);
}

static bool is_ds(const struct levels_format *format)
{
	return format->large && format->granule_lg2 != 16;
}

static unsigned group_of(const struct levels_format *format, int level)
{
	if (format->granule_lg2 == 12)
		return level >= 1 ? 16 : 0;
	if (format->granule_lg2 == 14)
		return level == 3 ? 128 : level == 2 ? 32 : 0;
	return level >= 2 ? 32 : 0;
}

static uint64_t address_field(const struct levels_format *format, uint64_t pa)
{
	if (!format->large)
		return bits_of(pa, 47, 12);
	if (format->granule_lg2 == 16)
		return bits_of(pa, 47, 16) | pa >> 48 << 12;
	return bits_of(pa, 49, 12) | pa >> 50 << 8;
}

uint64_t levels_leaf(const struct levels *levels, int level, uint64_t address, uint64_t bits)
{
	uint64_t memattr = bits & LEVELS_DEVICE ? 1 : levels->fwb ? 6 : 0xf;

	return (bits & ~LEVELS_DEVICE) | address_field(levels->format, address) | 0x4c0 /* AF, RW */ |
	       (is_ds(levels->format) ? 0 : 0x300) | memattr << 2 | (level == 3 ? 3 : 1);
}

uint64_t levels_table(const struct levels *levels, uint64_t pa)
{
	return address_field(levels->format, pa) | 3;
}

uint64_t levels_block(const struct levels *levels, uint64_t bits)
{
	return levels_leaf(levels, levels->level, levels->address, bits);
}

/* Tables by number. */
enum {
	START = 0, /* up to 16, side by side */
	PATH = 16, /* from the start to the level under test */
	CHILD = 24
};

static uint64_t table_pa(const struct levels *levels, unsigned number)
{
	return RIG_TABLES + ((uint64_t)number << levels->format->granule_lg2);
}

void levels_fill(struct levels *levels, uint64_t bits)
{
	unsigned index, entries = 1u << (levels->format->granule_lg2 - 3);

	for (index = 0; index < entries; index++)
		*rig_word(&levels->rig, levels->child + 8 * (uint64_t)index) = levels_leaf(
			levels, levels->level + 1, levels->address + levels->child_bytes * index, bits);
	if (levels->hole)
		*rig_word(&levels->rig, levels->child + 8 * (uint64_t)(entries - 1)) = 0;
}

static void expect_identity(struct levels *levels, uint64_t address, bool may_fault)
{
	struct model_access access = model_probe(levels->rig.model, RIG_SID, address, true);

	if (access.fault == MODEL_F_TRANSLATION && may_fault)
		return;
	if (access.fault || access.pa != address)
		print_error("%s, level %d of %s: a device at %llx\n", levels->name, levels->level,
			    levels->format->name, (unsigned long long)address);
	assert_int_equal(access.fault, MODEL_OK);
	assert_int_equal(access.pa, address);
}

/* A device that uses the leaf is never cut off between two steps of a sequence that does not break. */
static void look(struct levels *levels)
{
	if (levels->rig.violations)
		return;
	expect_identity(levels, levels->address, levels->may_fault);
	expect_identity(levels, levels->address + levels->bytes - 8, levels->may_fault || levels->hole);
}

void levels_store_member(struct levels *levels, unsigned member, uint64_t value)
{
	rig_store(&levels->rig, levels->slot - 8 * levels->member + 8 * (uint64_t)member, value);
	look(levels);
}

void levels_store(struct levels *levels, uint64_t value)
{
	levels_store_member(levels, levels->member, value);
}

void levels_store_group(struct levels *levels, uint64_t bits)
{
	unsigned member;

	for (member = 0; member < levels->members; member++)
		levels_store_member(
			levels, member,
			levels_leaf(levels, levels->level,
				    levels->address + levels->bytes * member - levels->bytes * levels->member,
				    bits));
}

void levels_clear_group(struct levels *levels)
{
	unsigned member;

	levels->may_fault = true;
	for (member = 0; member < levels->members; member++)
		levels_store_member(levels, member, 0);
}

static void command(struct levels *levels, uint64_t address, uint64_t bytes, uint64_t bits)
{
	static const unsigned tg[] = { 1, 2, 3 };
	unsigned granule_lg2 = levels->format->granule_lg2, scale = 0;

	while (bytes >> granule_lg2 >> scale > 1)
		scale++;
	if (!scale)
		bits |= RIG_TTL(3);
	rig_queue(&levels->rig, RIG_S2_IPA | RIG_SCALE(scale),
		  address | bits | RIG_TG(tg[granule_lg2 / 2 - 6]));
	rig_run(&levels->rig);
}

void levels_command(struct levels *levels, uint64_t bits)
{
	command(levels, levels->address, levels->bytes, bits);
}

void levels_sync(struct levels *levels)
{
	rig_queue(&levels->rig, RIG_SYNC, 0);
	rig_run(&levels->rig);
	look(levels);
}

void levels_tlbi(struct levels *levels, uint64_t bits)
{
	levels_command(levels, bits);
	levels_sync(levels);
}

void levels_tlbi_group(struct levels *levels, uint64_t bits)
{
	command(levels, levels->address - levels->bytes * levels->member, levels->bytes * levels->members,
		bits);
	levels_sync(levels);
}

void levels_begin_table(struct levels *levels)
{
	levels->may_fault = true;
	levels_fill(levels, 0);
	levels_store(levels, 0);
	levels_tlbi(levels, 0);
	levels_store(levels, levels_table(levels, levels->child));
	levels->may_fault = false;
	levels_sync(levels);
}

void levels_last(struct levels *levels)
{
	assert_int_equal(levels->rig.violations, 0);
}

/* The stream table entry of the format. */
static void stream_set(struct levels *levels)
{
	const struct levels_format *format = levels->format;
	uint64_t *ste = rig_word(&levels->rig, RIG_STRTAB + 64 * RIG_SID);
	uint64_t tg = format->granule_lg2 == 12 ? 0 : format->granule_lg2 == 14 ? 2 : 1;
	uint64_t sl0 = (format->granule_lg2 == 12 ? 2 : 3) - format->start;

	rig_ste(&levels->rig, RIG_SID, 6, RIG_VMID, table_pa(levels, START));
	ste[1] = (uint64_t)levels->fwb << 25;
	ste[2] = (ste[2] &
		  ~(UINT64_C(0x3f) << 32 | UINT64_C(3) << 38 | UINT64_C(3) << 46 | UINT64_C(7) << 48)) |
		 (uint64_t)(64 - format->ia_bits) << 32 | (sl0 & 3) << 38 | tg << 46 |
		 (format->large ? UINT64_C(6) : UINT64_C(5)) << 48;
	if (format->start == -1)
		ste[2] &= ~(UINT64_C(3) << 38);
	ste[3] |= (uint64_t)is_ds(format) << 3 | (uint64_t)(format->start == -1) << 2;
}

static void tables_make(struct levels *levels)
{
	const struct levels_format *format = levels->format;
	uint64_t table = table_pa(levels, START);
	int level;
	unsigned member;

	for (level = format->start;; level++) {
		uint64_t index = levels->address >> shift_of(format, level);

		if (level > format->start)
			index &= (UINT64_C(1) << (format->granule_lg2 - 3)) - 1;
		levels->slot = table + 8 * index;
		if (level == levels->level)
			break;
		table = table_pa(levels, PATH + (unsigned)(level - format->start));
		*rig_word(&levels->rig, levels->slot) = levels_table(levels, table);
	}
	*rig_word(&levels->rig, levels->slot) = levels_block(levels, 0);
	for (member = 0; member < levels->members; member++)
		*rig_word(&levels->rig, levels->slot + 8 * (uint64_t)member - 8 * (uint64_t)levels->member) =
			levels_leaf(levels, levels->level,
				    levels->address + levels->bytes * member - levels->bytes * levels->member,
				    0);
}

static void levels_up(struct levels *levels, const struct levels_format *format, int level, unsigned bbml,
		      bool fwb)
{
	*levels = (struct levels){ .format = format, .level = level, .fwb = fwb };
	rig_config(&levels->rig);
	levels->rig.config.bbml = bbml;
	levels->rig.config.fwb = fwb;
	levels->rig.config.ds = is_ds(format);
	levels->rig.config.oas_bits = format->large ? 52 : 48;
	levels->bytes = UINT64_C(1) << shift_of(format, level);
	levels->members = group_of(format, level);
	levels->member = levels->members ? 1 : 0;
	/* 0xb...: of 52-bit addresses bits 51, 49 and 48 are set, which lie apart in descriptors. */
	levels->address = (UINT64_C(0xb) << (format->ia_bits - 4)) + levels->bytes;
	levels->child = table_pa(levels, CHILD);
	levels->child_bytes = UINT64_C(1) << (level < 3 ? shift_of(format, level + 1) : 0);
	rig_new(&levels->rig);
	stream_set(levels);
	tables_make(levels);
	rig_enable(&levels->rig);
	model_watch(levels->rig.model, RIG_SID, levels->address);
	model_watch(levels->rig.model, RIG_SID, levels->address + levels->bytes - 8);
	if (levels->members)
		model_watch(levels->rig.model, RIG_SID, levels->address - levels->bytes);
	rig_expect_pa(&levels->rig, levels->address, levels->address);
	rig_expect_pa(&levels->rig, levels->address + levels->bytes - 8, levels->address + levels->bytes - 8);
	assert_int_equal(levels->rig.violations, 0);
}

static void case_run(const struct levels_case *one, const struct levels_format *format, int level,
		     unsigned bbml)
{
	struct levels levels;
	bool fwb = (bbml + (unsigned)level + format->granule_lg2 / 2) & 1, good;

	levels_up(&levels, format, level, bbml, fwb);
	levels.name = one->name;
	one->run(&levels);
	good = one->rule == LEVELS_GOOD ? !levels.rig.violations :
					  levels.rig.violations && (int)levels.rig.last.rule == one->rule;
	if (!good)
		print_error("%s, level %d of %s, BBML %u: %s: %s\n", one->name, level, format->name, bbml,
			    levels.rig.violations ? model_rule_name(levels.rig.last.rule) : "no violation",
			    levels.rig.violations ? levels.rig.last.what : "");
	assert_true(good);
	assert_int_equal(model_read32(levels.rig.model, 0x60), 0); /* no command was refused */
	rig_free(&levels.rig);
}

static bool has_place(const struct levels_case *one, const struct levels_format *format, int level)
{
	switch (one->where) {
	case LEVELS_BLOCKS:
		return level < 3;
	case LEVELS_GROUPS:
		return group_of(format, level) != 0;
	case LEVELS_BLOCK_GROUPS:
		return group_of(format, level) != 0 && level < 3;
	case LEVELS_NO_GROUPS:
		return group_of(format, level) == 0;
	default:
		return true;
	}
}

void levels_run(const struct levels_case *cases, unsigned count)
{
	unsigned index, number, bbml;
	int level;

	for (number = 0; number < count; number++) {
		const struct levels_case *one = &cases[number];

		for (index = 0; index < sizeof(formats) / sizeof(formats[0]); index++) {
			const struct levels_format *format = &formats[index];

			level = format->blocks > format->start ? format->blocks : format->start;
			for (; level <= 3; level++) {
				for (bbml = one->bbml_first; bbml <= one->bbml_last; bbml++) {
					if (has_place(one, format, level))
						case_run(one, format, level, bbml);
				}
			}
		}
	}
}
