/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * imagefile.c - the live tables as an ELF file.
 *
 * Layout: file header, program headers, note, padding to a page, then the table pages in ascending order.
 */
#include "bench/imagefile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define PAGE	     4096u
#define SEGMENTS_MAX 65533u /* PN_XNUM is not needed below */

struct note {
	Elf64_Nhdr header;
	char name[12]; /* padded to 4 */
	struct {
		uint64_t ste[8];
		uint32_t granule_lg2, ia_bits;
	} __attribute__((packed)) content;
} __attribute__((packed));

_Static_assert(sizeof(struct note) == 12 + 12 + 72, "a note has no padding but its name's");

/* Length in pages of the run of adjoining pages that starts at @index. */
static size_t run_length(const struct tables_pages *pages, size_t index)
{
	size_t length = 1;

	while (index + length < pages->count && pages->pa[index + length] == pages->pa[index] + length * PAGE)
		length++;
	return length;
}

static size_t count_runs(const struct tables_pages *pages)
{
	size_t runs = 0;

	for (size_t i = 0; i < pages->count; i += run_length(pages, i))
		runs++;
	return runs;
}

static void write_headers(FILE *file, const struct tables_pages *pages, size_t runs, const struct note *note)
{
	uint64_t note_offset = sizeof(Elf64_Ehdr) + (runs + 1) * sizeof(Elf64_Phdr);
	uint64_t data_offset = (note_offset + sizeof(*note) + PAGE - 1) / PAGE * PAGE;
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
		length = run_length(pages, i);
		segment = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W,
			.p_offset = data_offset + i * PAGE,
			.p_vaddr = pages->pa[i],
			.p_paddr = pages->pa[i],
			.p_filesz = length * PAGE,
			.p_memsz = length * PAGE,
			.p_align = PAGE,
		};
		fwrite(&segment, sizeof(segment), 1, file);
	}
	fwrite(note, sizeof(*note), 1, file);
	for (uint64_t at = note_offset + sizeof(*note); at < data_offset; at++)
		fputc(0, file);
}

int imagefile_write(FILE *file, const struct tables *tables, const uint64_t ste[8])
{
	struct note note = {
		.header = { .n_namesz = sizeof("S2SHADOW"), .n_descsz = sizeof(note.content), .n_type = 1 },
		.name = "S2SHADOW",
		.content = { .granule_lg2 = tables->stage2.granule_lg2, .ia_bits = tables->stage2.ia_bits },
	};
	struct tables_pages pages;
	size_t runs;

	memcpy(note.content.ste, ste, sizeof(note.content.ste));
	if (tables_pages(tables, &pages))
		return -1;
	runs = count_runs(&pages);
	if (runs <= SEGMENTS_MAX) {
		write_headers(file, &pages, runs, &note);
		for (size_t i = 0; i < pages.count; i++)
			fwrite(tables->memory.read(tables->memory.ctx, pages.pa[i], PAGE), PAGE, 1, file);
	}
	tables_pages_free(&pages);
	return runs <= SEGMENTS_MAX ? 0 : -1;
}
