/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_inspect_plot.c - both kinds of picture are whole, and a hole of one page can be seen.
 */
#include "inspect_rig.h"

#include <stdlib.h>
#include <string.h>

#include <cairo/cairo.h>

#include "bench/inspect/inspect_layout.h"
#include "bench/inspect/inspect_plot.h"

#define HOLE_COLOUR 0x2b2b2bu

static struct inspect_rig rig;
static char *picture;
static size_t picture_bytes;

static int tear_down(void **state)
{
	(void)state;
	inspect_rig_close(&rig);
	free(picture);
	picture = NULL;
	return 0;
}

static void draw(const char *path, bool svg)
{
	struct inspect_subject subject = {
		.path = path,
		.image = &rig.image,
		.shape = &rig.shape,
		.survey = inspect_rig_survey(&rig),
	};
	FILE *file;

	free(picture);
	file = open_memstream(&picture, &picture_bytes);
	assert_non_null(file);
	assert_int_equal(inspect_plot_write(file, &subject, svg), 0);
	fclose(file);
}

/* All of 32 bits but one page. */
static void open_one_hole(void)
{
	uint64_t pages;

	inspect_rig_open(&rig, 12, 32, 1, false, 2);
	pages = inspect_rig_descend(&rig, 3);
	for (unsigned i = 1; i < 512; i++)
		inspect_rig_set(&rig, pages, i, inspect_rig_leaf(&rig, 3, 4096 * i));
	for (unsigned i = 1; i < 512; i++)
		inspect_rig_set(&rig, INSPECT_RIG_BASE + 4096, i,
				inspect_rig_leaf(&rig, 2, (uint64_t)i << 21));
	for (unsigned i = 1; i < 4; i++)
		inspect_rig_set(&rig, INSPECT_RIG_BASE, i, inspect_rig_leaf(&rig, 1, (uint64_t)i << 30));
}

struct reader {
	size_t at;
};

static cairo_status_t read_picture(void *ctx, unsigned char *data, unsigned length)
{
	struct reader *reader = ctx;

	if (length > picture_bytes - reader->at)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(data, picture + reader->at, length);
	reader->at += length;
	return CAIRO_STATUS_SUCCESS;
}

/* Pixels of one colour in the first row, which has detail. */
static unsigned count_pixels(uint32_t colour)
{
	struct reader reader = { 0 };
	cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(read_picture, &reader);
	const unsigned char *data = cairo_image_surface_get_data(surface);
	int top = cairo_image_surface_get_height(surface) - INSPECT_PLOT_FOOT;
	struct inspect_layout layout;
	unsigned count = 0;

	assert_int_equal(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
	inspect_layout(&layout, &rig.shape, &rig.survey);
	assert_true(layout.row[0].detail);
	top -= (int)layout.count * INSPECT_PLOT_ROW_STEP;
	for (int y = top; y < top + (int)INSPECT_ROW_HEIGHT; y++) {
		const unsigned char *line = data + y * cairo_image_surface_get_stride(surface);

		for (int x = INSPECT_PLOT_LEFT; x < INSPECT_PLOT_LEFT + (int)INSPECT_ROW_WIDTH; x++) {
			uint32_t pixel;

			memcpy(&pixel, line + 4 * x, sizeof(pixel));
			count += (pixel & 0xffffff) == colour;
		}
	}
	cairo_surface_destroy(surface);
	return count;
}

static void a_png_shows_a_hole_of_one_page(void **state)
{
	(void)state;
	open_one_hole();
	draw("some.img", false);
	assert_int_equal(count_pixels(HOLE_COLOUR), 4);
	inspect_rig_set(&rig, INSPECT_RIG_BASE + 8192, 0, inspect_rig_leaf(&rig, 3, 0));
	draw("some.img", false);
	assert_int_equal(count_pixels(HOLE_COLOUR), 0);
}

static void an_svg_is_whole(void **state)
{
	(void)state;
	open_one_hole();
	draw("some.img", true);

	assert_true(picture_bytes > 1000);
	assert_true(!strncmp(picture, "<?xml", 5));
	assert_non_null(strstr(picture + picture_bytes - 16, "</svg>"));
}

static void a_name_that_is_no_text_is_drawn_all_the_same(void **state)
{
	(void)state;
	open_one_hole();
	draw("dir/\xff\xfe and a name that goes on for far longer than there is room above the picture",
	     false);
	draw("", true);
}

static void an_empty_and_a_broken_space_are_drawn(void **state)
{
	(void)state;
	inspect_rig_open(&rig, 16, 52, 1, true, 0);
	draw("some.img", false);
	inspect_rig_set(&rig, INSPECT_RIG_BASE, 0, inspect_rig_link(&rig, INSPECT_RIG_BASE));
	draw("some.img", true);
}

static void a_full_disk_shows_in_the_file(void **state)
{
	struct inspect_subject subject = { .path = "some.img", .image = &rig.image, .shape = &rig.shape };
	FILE *file = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(file);
	setbuf(file, NULL);
	open_one_hole();
	subject.survey = inspect_rig_survey(&rig);

	assert_int_equal(inspect_plot_write(file, &subject, false), 0);
	assert_true(ferror(file));
	fclose(file);
}

/* What the library keeps of fonts for the next picture is no leak of ours. Asked by AddressSanitizer, if it
 * is there.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_png_shows_a_hole_of_one_page, tear_down),
		cmocka_unit_test_teardown(an_svg_is_whole, tear_down),
		cmocka_unit_test_teardown(a_name_that_is_no_text_is_drawn_all_the_same, tear_down),
		cmocka_unit_test_teardown(an_empty_and_a_broken_space_are_drawn, tear_down),
		cmocka_unit_test_teardown(a_full_disk_shows_in_the_file, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
