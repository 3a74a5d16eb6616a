/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_json.c - the JSON of an inspection: whole, and the same facts.
 */
#include "inspect_rig.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/inspect/inspect_json.h"

static struct inspect_rig rig;
static json_t *root;

static int tear_down(void **state)
{
	(void)state;
	inspect_rig_close(&rig);
	json_decref(root);
	root = NULL;
	return 0;
}

static void write_and_read(const char *path, const uint64_t *address)
{
	struct inspect_subject subject = {
		.path = path,
		.image = &rig.image,
		.shape = &rig.shape,
		.survey = inspect_rig_survey(&rig),
	};
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	assert_non_null(file);
	if (address) {
		subject.has_address = true;
		subject.address = *address;
		inspect_walk(&rig.image, &rig.shape, *address, &subject.walk);
	}
	inspect_json_write(file, &subject);
	fclose(file);
	root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	assert_non_null(root);
}

static json_int_t integer(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static const char *string(const json_t *object, const char *key)
{
	assert_true(json_is_string(json_object_get(object, key)));
	return json_string_value(json_object_get(object, key));
}

static uint64_t open_page(void)
{
	uint64_t pages;

	inspect_rig_open(&rig, 12, 40, 1, false, 2);
	pages = inspect_rig_descend(&rig, 3);
	inspect_rig_set(&rig, pages, 1, inspect_rig_device(&rig, 3, 0x1000));
	return pages;
}

static void shape_levels_and_totals_are_there(void **state)
{
	const json_t *shape, *level;

	(void)state;
	open_page();
	write_and_read("some.img", NULL);
	shape = json_object_get(root, "shape");
	level = json_array_get(json_object_get(root, "levels"), 2);

	assert_int_equal(integer(root, "format"), 1);
	assert_string_equal(string(root, "image"), "some.img");
	assert_int_equal(integer(shape, "granule_bytes"), 4096);
	assert_int_equal(integer(shape, "start_level"), 1);
	assert_int_equal(integer(shape, "start_tables"), 2);
	assert_string_equal(string(shape, "base"), "0x4000000000");
	assert_int_equal(json_array_size(json_object_get(shape, "ste")), 8);
	assert_int_equal(json_array_size(json_object_get(root, "levels")), 3);
	assert_int_equal(integer(level, "level"), 3);
	assert_int_equal(integer(level, "leaves"), 1);
	assert_int_equal(integer(level, "holes"), 511);
	assert_int_equal(integer(json_object_get(root, "totals"), "device_bytes"), 4096);
	assert_true(json_is_null(json_object_get(root, "address")));
	assert_int_equal(json_array_size(json_object_get(root, "problems")), 0);
}

static void every_run_is_there(void **state)
{
	const json_t *runs, *run;

	(void)state;
	open_page();
	write_and_read("some.img", NULL);
	runs = json_object_get(root, "runs");
	run = json_array_get(runs, 1);

	assert_int_equal(json_array_size(runs), 3);
	assert_string_equal(string(json_array_get(runs, 0), "kind"), "hole");
	assert_true(json_is_null(json_object_get(json_array_get(runs, 0), "access")));
	assert_string_equal(string(run, "start"), "0x1000");
	assert_string_equal(string(run, "end"), "0x2000");
	assert_string_equal(string(run, "access"), "rw");
	assert_true(json_is_true(json_object_get(run, "device")));
	assert_int_equal(integer(json_object_get(run, "entries"), "3"), 1);
}

static void an_address_has_its_steps_and_result(void **state)
{
	uint64_t address = 0x1abc;
	const json_t *walk, *step;

	(void)state;
	open_page();
	write_and_read("some.img", &address);
	walk = json_object_get(root, "address");
	step = json_array_get(json_object_get(walk, "steps"), 2);

	assert_int_equal(json_array_size(json_object_get(walk, "steps")), 3);
	assert_string_equal(string(walk, "pa"), "0x1abc");
	assert_true(json_is_null(json_object_get(walk, "fault")));
	assert_int_equal(integer(step, "index"), 1);
	assert_string_equal(string(step, "descriptor_pa"), "0x4000003008");
	assert_true(json_is_null(json_object_get(step, "next_table")));
}

static void a_fault_is_named(void **state)
{
	uint64_t address = 0x3000, pages = open_page();
	const json_t *walk, *problem;

	(void)state;
	inspect_rig_set(&rig, pages, 3, inspect_rig_leaf(&rig, 3, 0x3000) & ~(UINT64_C(1) << 10));
	write_and_read("some.img", &address);
	walk = json_object_get(root, "address");
	problem = json_array_get(json_object_get(root, "problems"), 0);

	assert_string_equal(string(walk, "fault"), "F_ACCESS");
	assert_true(json_is_null(json_object_get(walk, "pa")));
	assert_string_equal(string(problem, "what"), "the access flag is clear");
	assert_string_equal(string(problem, "descriptor_pa"), "0x4000003018");
}

static void a_name_that_is_no_text_is_null(void **state)
{
	(void)state;
	open_page();
	write_and_read("\xff\xfe.img", NULL);

	assert_true(json_is_null(json_object_get(root, "image")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(shape_levels_and_totals_are_there, tear_down),
		cmocka_unit_test_teardown(every_run_is_there, tear_down),
		cmocka_unit_test_teardown(an_address_has_its_steps_and_result, tear_down),
		cmocka_unit_test_teardown(a_fault_is_named, tear_down),
		cmocka_unit_test_teardown(a_name_that_is_no_text_is_null, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
