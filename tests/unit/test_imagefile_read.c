/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_imagefile_read.c - an image is read as it was written, and every other file is refused in one line.
 */
#include "inspect_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seeded.h"

static struct inspect_rig rig;
static struct imagefile image;
static char *bytes; /* of the file */
static size_t length;
static char said[1024]; /* on standard error */

static const void *read_rig(void *ctx, uint64_t pa, size_t size)
{
	return imagefile_at(ctx, pa, size);
}

/* A page and a table more, and what is written of them. */
static void open_image(unsigned granule_lg2, unsigned ia_bits, int start_level)
{
	struct tables tables = { .memory = { .ctx = &rig.image, .read = read_rig } };
	uint64_t pages;
	FILE *file;

	inspect_rig_open(&rig, granule_lg2, ia_bits, start_level, false, 4);
	inspect_rig_table(&rig); /* not linked: two segments */
	pages = inspect_rig_descend(&rig, 3);
	inspect_rig_set(&rig, pages, 1, inspect_rig_leaf(&rig, 3, UINT64_C(1) << granule_lg2));
	tables.stage2 = rig.shape.stage2;
	file = open_memstream(&bytes, &length);
	assert_non_null(file);
	assert_int_equal(imagefile_write(file, &tables, rig.image.ste), 0);
	fclose(file);
}

static int set_up(void **state)
{
	(void)state;
	open_image(12, 40, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	imagefile_free(&image);
	inspect_rig_close(&rig);
	free(bytes);
	bytes = NULL;
	return 0;
}

/* Read a file of these bytes. */
static int read_bytes(const char *content, size_t size)
{
	FILE *kept = stderr, *file = fmemopen(said, sizeof(said), "w");
	int fd = memfd_create("image", 0), result;
	char path[32];

	assert_true(fd >= 0 && file);
	assert_int_equal(write(fd, content, size), size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	imagefile_free(&image);
	stderr = file;
	result = imagefile_read(&image, path);
	stderr = kept;
	fclose(file);
	close(fd);
	return result;
}

static void is_refused(const char *content, size_t size, const char *why)
{
	assert_int_equal(read_bytes(content, size), -1);
	assert_true(!strncmp(said, "s2shadow: /proc/self/fd/", 24));
	assert_true(strchr(said, '\n') && !strchr(said, '\n')[1]); /* one line */
	assert_non_null(strstr(said, why));
}

static void what_is_written_is_read_again(void **state)
{
	static const unsigned granules[] = { 12, 14, 16 }, bits[] = { 40, 40, 48 };
	static const int starts[] = { 1, 2, 1 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		tear_down(NULL);
		open_image(granules[i], bits[i], starts[i]);
		assert_int_equal(read_bytes(bytes, length), 0);

		assert_memory_equal(image.ste, rig.image.ste, sizeof(image.ste));
		assert_int_equal(image.granule_lg2, granules[i]);
		assert_int_equal(image.ia_bits, bits[i]);
		assert_int_equal(image.segment_count, 2);
		for (size_t j = 0; j < image.segment_count; j++) {
			const struct imagefile_segment *segment = &image.segments[j];

			assert_memory_equal(imagefile_at(&image, segment->pa, segment->bytes),
					    imagefile_at(&rig.image, segment->pa, segment->bytes),
					    segment->bytes);
			assert_null(imagefile_at(&image, segment->pa, segment->bytes + 1));
			assert_null(imagefile_at(&image, segment->pa - 1, 1));
		}
	}
}

static void a_file_that_ends_early_is_refused_wherever(void **state)
{
	(void)state;
	is_refused(bytes, 0, "byte 0: not an image");
	is_refused(bytes, 3, "byte 0: not an image");
	for (size_t size = 4; size < length; size += size < 400 ? 1 : 997) {
		char where[64];

		snprintf(where, sizeof(where), "byte %zu: the file ends within", size);
		is_refused(bytes, size, where);
	}
}

static void a_file_that_goes_on_is_refused(void **state)
{
	(void)state;
	bytes = realloc(bytes, length + 1);
	bytes[length] = 0;

	is_refused(bytes, length + 1, "the file goes on behind its last segment");
}

static Elf64_Phdr *program_header(unsigned index)
{
	return (Elf64_Phdr *)(void *)(bytes + sizeof(Elf64_Ehdr)) + index;
}

static void other_files_are_refused(void **state)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;

	(void)state;
	is_refused("# pkvm-host-trace 1\n", 20, "no ELF file");
	header->e_machine = EM_X86_64;
	is_refused(bytes, length, "ELF type 2 for machine 62");
	header->e_machine = EM_AARCH64;
	header->e_ident[EI_CLASS] = ELFCLASS32;
	is_refused(bytes, length, "not a little-endian ELF64 file");
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_phnum = 1;
	is_refused(bytes, length, "1 program headers");
	header->e_phnum = 3;
	program_header(1)->p_type = PT_DYNAMIC;
	is_refused(bytes, length, "program header 1 of type 2");
}

static void another_version_is_refused_with_its_number(void **state)
{
	struct imagefile_note *note = (struct imagefile_note *)(void *)(bytes + program_header(0)->p_offset);

	(void)state;
	note->header.n_type = 2;
	is_refused(bytes, length, "an image of version 2; only 1 is known");
	note->header.n_type = IMAGEFILE_VERSION;
	note->name[7] = 'X';
	is_refused(bytes, length, "the note is not S2SHADOW's");
}

static void segments_out_of_order_are_refused(void **state)
{
	Elf64_Phdr *first = program_header(1), *second = program_header(2);
	Elf64_Phdr kept = *second;

	(void)state;
	second->p_paddr = second->p_vaddr = first->p_paddr;
	is_refused(bytes, length, "is not behind the one before it");
	*second = kept;
	second->p_offset = first->p_offset;
	is_refused(bytes, length, "is the first free one");
	*second = kept;
	second->p_paddr = second->p_vaddr = kept.p_paddr + 8;
	is_refused(bytes, length, "no whole pages");
}

/* If memory were taken for what headers promise, this would not come back. */
static void a_promise_of_petabytes_is_refused(void **state)
{
	(void)state;
	program_header(2)->p_filesz = program_header(2)->p_memsz = UINT64_C(1) << 51;

	is_refused(bytes, length, "the file ends within the tables");
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
	FILE *kept = stderr, *file = fmemopen(said, sizeof(said), "w");
	int missing, directory;

	(void)state;
	assert_non_null(file);
	stderr = file;
	missing = imagefile_read(&image, "/nonexistent/image");
	imagefile_free(&image);
	directory = imagefile_read(&image, "/");
	stderr = kept;
	fclose(file);

	assert_int_equal(missing, -1);
	assert_int_equal(directory, -1);
	assert_non_null(strstr(said, "/nonexistent/image: No such file or directory\n"));
	assert_non_null(strstr(said, "/: cannot read: Is a directory\n"));
}

/* Refused in one line or read, but never anything else. */
static void changed_bytes_do_no_harm(void **state)
{
	uint64_t seed = seeded_start();
	size_t head = program_header(0)->p_offset + sizeof(struct imagefile_note);

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		size_t at[3], count = 1 + seeded_below(&seed, 3);
		char kept[3];

		for (size_t i = 0; i < count; i++) {
			at[i] = seeded_below(&seed, head);
			kept[i] = bytes[at[i]];
			if (seeded_below(&seed, 2))
				bytes[at[i]] = (char)seeded_next(&seed);
			else
				bytes[at[i]] = (char)(kept[i] ^ 1 << seeded_below(&seed, 8));
		}
		if (read_bytes(bytes, length)) {
			assert_true(strchr(said, '\n') && !strchr(said, '\n')[1]);
		} else {
			for (size_t i = 0; i < image.segment_count; i++)
				assert_non_null(
					imagefile_at(&image, image.segments[i].pa, image.segments[i].bytes));
		}
		for (size_t i = count; i-- > 0;)
			bytes[at[i]] = kept[i];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_ends_early_is_refused_wherever, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_goes_on_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_files_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_version_is_refused_with_its_number, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(segments_out_of_order_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_promise_of_petabytes_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changed_bytes_do_no_harm, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
