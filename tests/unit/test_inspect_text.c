/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_text.c - what a person reads of tables.
 */
#include "inspect_rig.h"

#include <stdlib.h>
#include <string.h>

#include "bench/inspect/inspect_text.h"
#include "bench/inspect/inspect_words.h"

static struct inspect_rig rig;
static char *text;

static int tear_down(void **state)
{
	(void)state;
	inspect_rig_close(&rig);
	free(text);
	text = NULL;
	return 0;
}

static void write_text(bool all, const uint64_t *address)
{
	struct inspect_subject subject = {
		.path = "some.img",
		.image = &rig.image,
		.shape = &rig.shape,
		.survey = inspect_rig_survey(&rig),
	};
	size_t bytes;
	FILE *file;

	if (address) {
		subject.has_address = true;
		subject.address = *address;
		inspect_walk(&rig.image, &rig.shape, *address, &subject.walk);
	}
	free(text);
	file = open_memstream(&text, &bytes);
	assert_non_null(file);
	assert_int_equal(inspect_text_write(file, &subject, all), 0);
	fclose(file);
}

static void says(const char *what)
{
	if (!strstr(text, what))
		fail_msg("not in the text: %s\n%s", what, text);
}

static void the_shape_is_in_words(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	write_text(false, NULL);

	says("some.img: 2 stage-2 tables in 1 piece of memory\n");
	says("granule       4 KiB\n");
	says("input         40 bits: 1 TiB\n");
	says("start         level 1, 2 tables side by side, 1024 entries (8 KiB) at 0x4000000000\n");
	says("walks         inner write-back, outer write-back, inner shareable\n");
	says("memory types  combined with stage 1's (no FWB)\n");
	says("VMID 5, stage 2 only, a clear AF faults, faults are recorded\n");
	says("1 run of the address space\n");
	says("no problems\n");
}

static void large_addresses_are_named(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 12, 52, -1, true, 0);
	write_text(false, NULL);
	says("granule       4 KiB, 52-bit descriptors (DS)\n");
	says("start         level -1, 1 table, 16 entries (128 B)");
	inspect_rig_close(&rig);
	inspect_rig_open(&rig, 16, 52, 1, true, 0);
	write_text(false, NULL);
	says("granule       64 KiB, 52-bit addresses (LPA)\n");
}

static uint64_t open_pages(void)
{
	uint64_t pages;

	inspect_rig_open(&rig, 12, 40, 1, false, 2);
	pages = inspect_rig_descend(&rig, 3);
	for (unsigned i = 0; i < 512; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i));
	return pages;
}

static void every_step_to_an_address_is_shown(void **state)
{
	const uint64_t address = 0x5123;

	(void)state;
	open_pages();
	write_text(false, &address);

	says("address 5123\n");
	says("  level 1, table 0x4000000000, entry 0, covers 0 to 40000000 (1 GiB)\n"
	     "    0x4000000000: 0x0000004000002003, table at 0x4000002000\n");
	says("  level 3, table 0x4000003000, entry 5, covers 5000 to 6000 (4 KiB)\n"
	     "    0x4000003028: 0x00000000000057ff, page, rw, Normal, outer WB, inner WB, inner shareable, AF 1\n"
	     "  result: 0x5123, rw, normal, by a page of 4 KiB\n");
}

static void faults_and_holes_are_results_too(void **state)
{
	uint64_t address = UINT64_C(1) << 40;

	(void)state;
	inspect_rig_open(&rig, 12, 40, 1, false, 0);
	write_text(false, &address);
	says("  result: F_TRANSLATION, the address lies beyond the input size\n");
	address = 0x1000;
	write_text(false, &address);
	says("    0x4000000000: 0x0000000000000000, invalid\n  result: F_TRANSLATION, nothing is mapped\n");
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_link(&rig, 0x1000));
	write_text(false, &address);
	says("    0x1000: not in the image\n  result: F_WALK_EABT, the table is not in the image\n");
	says("1 problem\n  0 to 40000000, level 1: a link to a table that is not in the image (0x4000000000: 0x1003)\n");
}

static void a_hinted_page_names_its_group(void **state)
{
	const uint64_t address = 0x15000;
	uint64_t pages = open_pages();

	(void)state;
	for (unsigned i = 16; i < 32; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i) | INSPECT_RIG_HINT);
	write_text(false, &address);

	says("one of 16 hinted as one from 10000 to 20000 (64 KiB)\n");
	says("512 x 4 KiB (16 hinted)\n");
}

static void long_lists_are_shortened_unless_all_is_asked_for(void **state)
{
	uint64_t pages = open_pages();

	(void)state;
	for (unsigned i = 100; i < 200; i += 2)
		inspect_rig_set(&rig, pages, i, 0);
	write_text(false, NULL);
	says("102 runs of the address space; --all shows all\n");
	says("  ... 78 smaller runs, together 312 KiB\n");
	write_text(true, NULL);
	says("102 runs of the address space\n");
	assert_null(strstr(text, "..."));
}

static void sizes_are_whole_or_have_two_decimals(void **state)
{
	(void)state;
	assert_string_equal(inspect_size_text(0).text, "0 B");
	assert_string_equal(inspect_size_text(4096).text, "4 KiB");
	assert_string_equal(inspect_size_text(UINT64_C(1) << 40).text, "1 TiB");
	assert_string_equal(inspect_size_text((UINT64_C(1) << 30) + (UINT64_C(1) << 29)).text, "1.50 GiB");
	assert_string_equal(inspect_size_text(UINT64_C(1) << 52).text, "4 PiB");
}

static void forced_memory_types_are_read_as_such(void **state)
{
	struct inspect_shape shape = { .stage2 = { .fwb = true } };

	(void)state;
	assert_string_equal(inspect_memory_text(&shape, 6 << 2), "Normal WB, forced");
	assert_string_equal(inspect_memory_text(&shape, 1 << 2), "Device-nGnRE");
	shape.stage2.fwb = false;
	assert_string_equal(inspect_memory_text(&shape, 15 << 2), "Normal, outer WB, inner WB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_shape_is_in_words, tear_down),
		cmocka_unit_test_teardown(large_addresses_are_named, tear_down),
		cmocka_unit_test_teardown(every_step_to_an_address_is_shown, tear_down),
		cmocka_unit_test_teardown(faults_and_holes_are_results_too, tear_down),
		cmocka_unit_test_teardown(a_hinted_page_names_its_group, tear_down),
		cmocka_unit_test_teardown(long_lists_are_shortened_unless_all_is_asked_for, tear_down),
		cmocka_unit_test(sizes_are_whole_or_have_two_decimals),
		cmocka_unit_test(forced_memory_types_are_read_as_such),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
