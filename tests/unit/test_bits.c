/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_bits.c - a bit a page: runs and fills of any position agree with an array of bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/bits.h"
#include "seeded.h"

#define START 128u		       /* the range, and more on both sides */
#define END   576u
#define PAGES 704u

static uint64_t word[(END - START) / 64];
static uint8_t wanted[PAGES];
static struct bits bits;

static int set_up(void **state)
{
	struct shadow_page_bits config = { word, { START << 12, END << 12 } };

	(void)state;
	memset(word, 0, sizeof(word));
	memset(wanted, 0, sizeof(wanted));
	return bits_init(&bits, &config, 12, PAGES);
}

static void agree(uint64_t start, uint64_t end)
{
	bool value, any = false;
	uint64_t page = start, set = 0;

	while (page < end) {
		uint64_t next = bits_run(&bits, page, end, &value), at = page;

		assert_true(next > page && next <= end);
		for (; at < next; at++)
			assert_int_equal(wanted[at], value);
		any |= value;
		page = next;
	}
	assert_int_equal(bits_any(&bits, start, end), any);
	for (unsigned i = 0; i < PAGES; i++)
		set += wanted[i];
	assert_int_equal(bits.set, set);
}

static void any_fill_and_any_run_agree_with_bytes(void **state)
{
	uint64_t seed = seeded_start();

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t start = seeded_below(&seed, PAGES), end = start + 1 + seeded_below(&seed, PAGES - start);
		bool value = seeded_below(&seed, 2);

		if (seeded_below(&seed, 3))
			end = start + 1 + seeded_below(&seed, end - start < 3 ? end - start : 3);
		bits_fill(&bits, start, end, value);
		for (uint64_t page = start; page < end; page++)
			if (page >= START && page < END)
				wanted[page] = value;
		start = seeded_below(&seed, PAGES);
		agree(start, start + 1 + seeded_below(&seed, PAGES - start));
	}
	agree(0, PAGES);
}

static void a_run_goes_as_far_as_it_can_inside_the_range(void **state)
{
	bool value;

	(void)state;
	bits_fill(&bits, 200, 300, true);
	assert_int_equal(bits_run(&bits, 130, 500, &value), 200);
	assert_false(value);
	assert_int_equal(bits_run(&bits, 200, 500, &value), 300);
	assert_true(value);
	assert_int_equal(bits_run(&bits, 300, 500, &value), 500);
	assert_false(value);
	assert_int_equal(bits_run(&bits, 250, 260, &value), 260);
	assert_true(value);
}

static void pages_outside_have_no_bit(void **state)
{
	(void)state;
	bits_fill(&bits, 0, PAGES, true);
	assert_int_equal(bits.set, END - START);
	assert_false(bits_any(&bits, 0, START));
	assert_false(bits_any(&bits, END, PAGES));
	assert_true(bits_any(&bits, START, START + 1));
	assert_true(bits_any(&bits, END - 1, PAGES));
	assert_true(bits_hold(&bits, START, END));
	assert_false(bits_hold(&bits, START - 1, END));
	assert_false(bits_hold(&bits, START, END + 1));
	assert_false(bits_hold(&bits, START, START));
}

static void a_range_that_is_not_of_whole_words_is_refused(void **state)
{
	static const struct shadow_range bad[] = { { 0x1000, 0x80000 }, { 0, 0x7f000 }, { 0x80000, 0x40000 },
						   { 0, UINT64_C(0x40000) * (PAGES / 64 + 1) }, { 0, 0 } };
	struct shadow_page_bits config = { .word = word };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		config.range = bad[i];
		assert_int_equal(bits_init(&bits, &config, 12, PAGES), -SHADOW_EINVAL);
	}
	config.word = NULL;
	assert_int_equal(bits_init(&bits, &config, 12, PAGES), 0);
	bits_fill(&bits, 0, PAGES, true);
	assert_false(bits_any(&bits, 0, PAGES));
	assert_int_equal(shadow_page_bits_bytes((struct shadow_range){ 0, UINT64_C(1) << 32 }, 12), 1 << 17);
	assert_int_equal(shadow_page_bits_bytes((struct shadow_range){ 0, UINT64_C(1) << 32 }, 16), 1 << 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_fill_and_any_run_agree_with_bytes, set_up),
		cmocka_unit_test_setup(a_run_goes_as_far_as_it_can_inside_the_range, set_up),
		cmocka_unit_test_setup(pages_outside_have_no_bit, set_up),
		cmocka_unit_test_setup(a_range_that_is_not_of_whole_words_is_refused, set_up),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
