/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_imagefile.c - the ELF file is whole: header, note, and each live table page at its place.
 */
#include "replay_rig.h"

#include <elf.h>

#include "bench/replay/imagefile.h"

#define PAGE 4096u

static struct replay_rig rig;
static struct tables tables;
static struct tables_pages pages;
static uint64_t ste[8];
static char *image;
static size_t image_bytes;

static int set_up(void **state)
{
	FILE *file;

	(void)state;
	replay_rig_init(&rig,
			REPLAY_RIG_HEAD "T 1 0 100 a 40201000 1000 O N u\n"
					"T 2 0 200 a 40601000 1000 O N u\n"
					"X 3 0 300 hvc a 1 1 0 0\n"
					"T 4 0 400 a 40201000 1000 N O u\n",
			"--policy batched");
	replay_rig_open_instant(&rig);
	if (replay_rig_play(&rig))
		return -1;
	replay_rig_tables(&rig, &tables, ste);
	file = open_memstream(&image, &image_bytes);
	if (!file || imagefile_write(file, &tables, ste) || fclose(file) || tables_pages(&tables, &pages))
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tables_pages_free(&pages);
	free(image);
	replay_rig_fini(&rig);
	return 0;
}

static const Elf64_Phdr *segment(unsigned index)
{
	const Elf64_Ehdr *header = (const void *)image;

	return (const Elf64_Phdr *)(const void *)(image + header->e_phoff) + index;
}

static void it_is_an_aarch64_executable(void **state)
{
	const Elf64_Ehdr *header = (const void *)image;

	(void)state;
	assert_memory_equal(header->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(header->e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(header->e_ident[EI_DATA], ELFDATA2LSB);
	assert_int_equal(header->e_type, ET_EXEC);
	assert_int_equal(header->e_machine, EM_AARCH64);
	assert_int_equal(header->e_phentsize, sizeof(Elf64_Phdr));
}

static void the_note_holds_ste_granule_and_size(void **state)
{
	const Elf64_Phdr *note = segment(0);
	const Elf64_Nhdr *header = (const void *)(image + note->p_offset);
	const char *name = (const char *)(header + 1);
	uint32_t numbers[2];

	(void)state;
	assert_int_equal(note->p_type, PT_NOTE);
	assert_int_equal(header->n_type, 1);
	assert_int_equal(header->n_namesz, sizeof("S2SHADOW"));
	assert_int_equal(header->n_descsz, 8 * 8 + 2 * 4);
	assert_string_equal(name, "S2SHADOW");
	assert_memory_equal(name + 12, ste, sizeof(ste));
	memcpy(numbers, name + 12 + sizeof(ste), sizeof(numbers));
	assert_int_equal(numbers[0], 12);
	assert_int_equal(numbers[1], 36);
}

static void each_live_page_is_there_once_and_nothing_else(void **state)
{
	const Elf64_Ehdr *header = (const void *)image;
	size_t page = 0;

	(void)state;
	for (unsigned i = 1; i < header->e_phnum; i++) {
		const Elf64_Phdr *load = segment(i);

		assert_int_equal(load->p_type, PT_LOAD);
		assert_int_equal(load->p_offset % PAGE, 0);
		assert_int_equal(load->p_filesz, load->p_memsz);
		assert_true(load->p_offset + load->p_filesz <= image_bytes);
		for (uint64_t at = 0; at < load->p_filesz; at += PAGE, page++) {
			assert_true(page < pages.count);
			assert_int_equal(load->p_paddr + at, pages.pa[page]);
			assert_memory_equal(image + load->p_offset + at,
					    tables.memory.read(tables.memory.ctx, pages.pa[page], PAGE),
					    PAGE);
		}
	}
	assert_int_equal(page, pages.count);
}

static void adjoining_pages_are_one_segment(void **state)
{
	const Elf64_Ehdr *header = (const void *)image;

	(void)state;
	for (unsigned i = 2; i < header->e_phnum; i++)
		assert_true(segment(i - 1)->p_paddr + segment(i - 1)->p_memsz < segment(i)->p_paddr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_an_aarch64_executable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_note_holds_ste_granule_and_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_live_page_is_there_once_and_nothing_else, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(adjoining_pages_are_one_segment, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
