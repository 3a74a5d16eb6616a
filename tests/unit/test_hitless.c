/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_hitless.c - a stream table entry that changes is, at every moment, the old one, the new one or abort.
 *
 * An SMMU reads an entry word by word, keeps each word for as long as it likes until a CFGI and the SYNC behind it, and sees
 * stores in any order until a barrier. So for each word there are the values that it may have of it: what memory held when
 * the last such SYNC completed, and all that was stored since. After each store, and after each command, every combination
 * of these is an entry that the SMMU may use, and has to be one of the three. Behind the caches what was never cleaned may
 * also be there still.
 */
#include "smmuv3/smmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench/replay/observed.h"
#include "smmuv3/model/model.h"
#include "smmuv3/stream.h"
#include "tests/unit/fake_smmu.h"

#define SID	   9u
#define SID_BITS   8u
#define SPLIT	   6u
#define VALUES_MAX 8u

static struct shadow_smmu smmu;
static _Atomic uint32_t completing;
static struct smmu_memory memory;

/* What the SMMU may have of the entry, and which entries it may be. */
static struct {
	uint64_t value[SMMU_STE_WORDS][VALUES_MAX];
	unsigned count[SMMU_STE_WORDS];
	struct smmu_ste old, new;
	bool changing; /* CFGI executed, and the SYNC behind it not yet */
	bool reread;
	unsigned checks, entries;
} seen;

static uint64_t *entry(void)
{
	return memory.level2 ? &memory.level2[SID * SMMU_STE_WORDS] : &memory.strtab[SID * SMMU_STE_WORDS];
}

static bool legal(const struct smmu_ste *ste)
{
	return ste->word[0] == smmu_ste_abort().word[0] || memcmp(ste, &seen.old, sizeof(*ste)) == 0 ||
	       memcmp(ste, &seen.new, sizeof(*ste)) == 0;
}

/* Every combination, as an odometer. */
static void check(void)
{
	unsigned at[SMMU_STE_WORDS] = { 0 }, word;

	seen.checks++;
	do {
		struct smmu_ste ste;

		for (word = 0; word < SMMU_STE_WORDS; word++)
			ste.word[word] = seen.value[word][at[word]];
		seen.entries++;
		if (!legal(&ste))
			fail_msg("the SMMU may use %#llx %#llx %#llx %#llx", (unsigned long long)ste.word[0],
				 (unsigned long long)ste.word[1], (unsigned long long)ste.word[2],
				 (unsigned long long)ste.word[3]);
		for (word = 0; word < SMMU_STE_WORDS && ++at[word] == seen.count[word]; word++)
			at[word] = 0;
	} while (word < SMMU_STE_WORDS);
}

static void may_have(unsigned word, uint64_t value)
{
	for (unsigned i = 0; i < seen.count[word]; i++)
		if (seen.value[word][i] == value)
			return;
	assert_true(seen.count[word] < VALUES_MAX);
	seen.value[word][seen.count[word]++] = value;
}

/* The SMMU has dropped what it had: what it finds now, and what may still become of that by itself. */
static void reread(void)
{
	for (unsigned word = 0; word < SMMU_STE_WORDS; word++) {
		seen.count[word] = 0;
		may_have(word, *fake_seen(&entry()[word]));
		may_have(word, entry()[word]);
	}
}

static void stored(void *ctx, uint64_t *where, uint64_t old_value, uint64_t value)
{
	(void)ctx;
	(void)old_value;
	if (!seen.changing)
		return;
	if (where >= entry() && where < entry() + SMMU_STE_WORDS) {
		may_have((unsigned)(where - entry()), value);
		check();
	}
	/* A link leads to entries that abort, in memory already. */
	if (memory.level2 && where >= memory.strtab && where < memory.strtab + (1u << (SID_BITS - SPLIT)))
		for (unsigned i = 0; i < SMMU_STE_WORDS << SPLIT; i++)
			assert_int_equal(*fake_seen(&memory.level2[i]), i % SMMU_STE_WORDS == 0);
}

static void executing(const struct fake_command *command)
{
	if ((command->word[0] & 0xff) == 0x46 && seen.reread) {
		reread();
		seen.reread = false;
	}
	if (command->word[0] == ((uint64_t)SID << 32 | 3) || (command->word[0] & 0xff) == 4)
		seen.reread = true;
	if (seen.changing)
		check();
}

static void prepare(bool coherent, bool levels)
{
	struct shadow_smmu_config config = { .cmdq_lg2 = 4, .evtq_lg2 = 3, .sid_bits = SID_BITS, .wait_ns = 10000 };
	const struct smmu_needs needs = { .bbml = 2, .granule_lg2 = 12 };

	memset(&seen, 0, sizeof(seen));
	memset(&memory, 0, sizeof(memory));
	fake_reset();
	fake_set(0x00, fake_get(0x00) | 1u << 27 | 1u << 10);
	if (!coherent)
		fake_set_incoherent();
	config.registers = fake.registers;
	config.sid_split = levels ? SPLIT : 0;
	config.sid_tables = 1;
	memory.strtab = fake_memory(smmu_strtab_bytes(&config));
	memory.cmdq = fake_memory(16 << 4);
	memory.evtq = fake_memory(32 << 3);
	if (levels)
		memory.level2 = fake_memory(smmu_level2_bytes(&config));
	memory.strtab_pa.addr = (uintptr_t)memory.strtab;
	memory.cmdq_pa.addr = (uintptr_t)memory.cmdq;
	memory.evtq_pa.addr = (uintptr_t)memory.evtq;
	memory.level2_pa.addr = (uintptr_t)memory.level2;
	fake.executing = executing;
	observed_set_device(stored, NULL);
	assert_int_equal(smmu_probe(&smmu, &config, &needs, 0), 0);
	assert_int_equal(smmu_bring_up(&smmu, &memory, &completing), 0);
	reread();
	seen.old = smmu_ste_abort();
	seen.changing = true;
	assert_int_equal(stream_reserve(&smmu, SID), 0);
}

/* What a stream may be: aborting, with two tables, with what hosts ask for, with a device that keeps translations. */
static struct smmu_ste kind(unsigned number)
{
	struct smmu_stage2 stage2 = { .ttb = 0x80000000, .granule_lg2 = 12, .ia_bits = 40, .start_level = 1,
				      .ps = 5, .vmid = 5, .coherent = true };
	struct smmu_stage1 stage1 = { { UINT64_C(0x50001000) | UINT64_C(3) << 59, UINT64_C(0x96) } };

	switch (number) {
	case 0:
		return smmu_ste_abort();
	case 1:
		return smmu_ste_s2(stage2);
	case 2:
		stage2.ttb = 0x90000000;
		stage2.vmid = 6;
		stage2.ps = 3;
		return smmu_ste_s2(stage2);
	case 3:
		stage2.ats = true;
		return smmu_ste_s2(stage2);
	case 4:
		return smmu_ste_nested(stage2, stage1);
	default:
		stage2.ttb = 0x90000000;
		stage1.word[0] += 0x1000;
		stage1.word[1] = 0;
		return smmu_ste_nested(stage2, stage1);
	}
}

#define KINDS 6u

/* As the driver does it: word 0 alone for abort. When it returns, the SMMU has the new entry and nothing else. */
static void change_to(unsigned number)
{
	seen.new = kind(number);
	if (number == 0)
		assert_int_equal(stream_abort(&smmu, SID), 0);
	else
		assert_int_equal(stream_set(&smmu, SID, &seen.new), 0);
	for (unsigned word = 0; word < (number == 0 ? 1u : SMMU_STE_WORDS); word++) {
		assert_int_equal(seen.count[word], 1);
		assert_int_equal(seen.value[word][0], seen.new.word[word]);
	}
	seen.old = stream_get(&smmu, SID);
}

static void every_change_is_hitless(bool coherent, bool levels)
{
	for (unsigned from = 0; from < KINDS; from++) {
		for (unsigned to = 0; to < KINDS; to++) {
			prepare(coherent, levels);
			change_to(from);
			seen.checks = seen.entries = 0;
			change_to(to);
			/* At least each store of a change was looked at. */
			assert_true(seen.checks >= (to == 0 ? 1u : SMMU_STE_WORDS));
			change_to(from);
			assert_int_equal(fake.report_count, 0);
		}
	}
	observed_set_device(NULL, NULL);
}

static void an_entry_is_old_new_or_abort_at_every_store(void **state)
{
	(void)state;
	every_change_is_hitless(true, false);
}

static void an_entry_behind_the_caches_is_old_new_or_abort_at_every_store(void **state)
{
	(void)state;
	every_change_is_hitless(false, false);
}

static void an_entry_of_level_2_is_old_new_or_abort_at_every_store(void **state)
{
	(void)state;
	every_change_is_hitless(true, true);
	every_change_is_hitless(false, true);
}

/* One store by who has the completion lock; the SMMU is told by the CFGI_ALL that stands in for the SYNC. */
static void a_device_is_shut_out_with_one_store(void **state)
{
	(void)state;
	prepare(true, false);
	change_to(3);
	seen.new = smmu_ste_abort();

	stream_store_abort(&smmu, SID);

	assert_int_equal(seen.count[0], 2);
	assert_int_equal(smmu_invalidate(&smmu, smmu_cmd_cfgi_all()), 0);
	assert_int_equal(seen.count[0], 1);
	assert_int_equal(seen.value[0][0], 1);
	observed_set_device(NULL, NULL);
}

/* What the driver makes is what the model's own reader of entries takes for translation; it is no accident of words. */
static void each_kind_is_an_entry_that_devices_can_use(void **state)
{
	struct model_config config = { 0 };

	(void)state;
	model_config_default(&config);
	config.s1p = config.ats = true;
	for (unsigned number = 0; number < KINDS; number++) {
		struct smmu_ste ste = kind(number);
		struct model_stage2 stage2 = model_decode_ste(ste.word, &config);

		assert_int_equal(stage2.valid, number > 0);
		if (number > 0)
			assert_int_equal(stage2.nested, number >= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_old_new_or_abort_at_every_store),
		cmocka_unit_test(an_entry_behind_the_caches_is_old_new_or_abort_at_every_store),
		cmocka_unit_test(an_entry_of_level_2_is_old_new_or_abort_at_every_store),
		cmocka_unit_test(a_device_is_shut_out_with_one_store),
		cmocka_unit_test(each_kind_is_an_entry_that_devices_can_use),
	};

	return cmocka_run_group_tests_name("hitless", tests, NULL, NULL);
}
