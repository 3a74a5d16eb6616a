/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * imagefile.c - the live tables as an ELF file; imagefile_read.c reads it again.
 *
 * Layout: file header, program headers, note, padding to a page, then the tables in ascending order.
 */
#include "bench/replay/imagefile.h"

#include <string.h>

#define SEGMENTS_MAX 65533u /* PN_XNUM is not needed below */

/* Length in tables of the run of adjoining ones that starts at @index. */
static size_t run_length(const struct tables_pages *pages, size_t index, uint64_t table_bytes)
{
	size_t length = 1;

	while (index + length < pages->count &&
	       pages->pa[index + length] == pages->pa[index] + length * table_bytes)
		length++;
	return length;
}

static size_t count_runs(const struct tables_pages *pages, uint64_t table_bytes)
{
	size_t runs = 0;

	for (size_t i = 0; i < pages->count; i += run_length(pages, i, table_bytes))
		runs++;
	return runs;
}

static void write_headers(FILE *file, const struct tables_pages *pages, size_t runs, uint64_t table_bytes,
			  const struct imagefile_note *note)
{
	uint64_t note_offset = sizeof(Elf64_Ehdr) + (runs + 1) * sizeof(Elf64_Phdr);
	uint64_t data_offset =
		(note_offset + sizeof(*note) + IMAGEFILE_PAGE - 1) / IMAGEFILE_PAGE * IMAGEFILE_PAGE;
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(runs + 1),
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	Elf64_Phdr segment = {
		.p_type = PT_NOTE,
		.p_flags = PF_R,
		.p_offset = note_offset,
		.p_filesz = sizeof(*note),
		.p_align = 4,
	};

	fwrite(&header, sizeof(header), 1, file);
	fwrite(&segment, sizeof(segment), 1, file);
	for (size_t i = 0, length; i < pages->count; i += length) {
		length = run_length(pages, i, table_bytes);
		segment = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W,
			.p_offset = data_offset + i * table_bytes,
			.p_vaddr = pages->pa[i],
			.p_paddr = pages->pa[i],
			.p_filesz = length * table_bytes,
			.p_memsz = length * table_bytes,
			.p_align = IMAGEFILE_PAGE,
		};
		fwrite(&segment, sizeof(segment), 1, file);
	}
	fwrite(note, sizeof(*note), 1, file);
	for (uint64_t at = note_offset + sizeof(*note); at < data_offset; at++)
		fputc(0, file);
}

/* A start table may be smaller than a granule; the granule that holds it is written. Return: 0; -1 if there
 * is a table outside memory. */
static int write_tables(FILE *file, const struct tables *tables, const struct tables_pages *pages,
			size_t table_bytes)
{
	for (size_t i = 0; i < pages->count; i++) {
		const void *table = tables->memory.read(tables->memory.ctx, pages->pa[i], table_bytes);

		if (!table)
			return -1;
		fwrite(table, table_bytes, 1, file);
	}
	return 0;
}

int imagefile_write(FILE *file, const struct tables *tables, const uint64_t ste[8])
{
	struct imagefile_note note = {
		.header = {
			.n_namesz = sizeof("S2SHADOW"),
			.n_descsz = sizeof(note.content),
			.n_type = IMAGEFILE_VERSION,
		},
		.name = "S2SHADOW",
		.content = { .granule_lg2 = tables->stage2.granule_lg2, .ia_bits = tables->stage2.ia_bits },
	};
	const size_t table_bytes = (size_t)1 << tables->stage2.granule_lg2;
	struct tables_pages pages;
	int result = -1;
	size_t runs;

	memcpy(note.content.ste, ste, sizeof(note.content.ste));
	if (tables_pages(tables, &pages))
		return -1;
	for (size_t i = 0; i < pages.count; i++)
		pages.pa[i] &= ~(uint64_t)(table_bytes - 1);
	runs = count_runs(&pages, table_bytes);
	if (runs <= SEGMENTS_MAX) {
		write_headers(file, &pages, runs, table_bytes, &note);
		result = write_tables(file, tables, &pages, table_bytes);
	}
	tables_pages_free(&pages);
	return result;
}
