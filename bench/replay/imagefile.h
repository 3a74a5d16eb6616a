/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * imagefile.h - the live tables at their physical addresses as an ELF file, for readelf, gdb or a loader.
 *
 * ELF64, ET_EXEC, EM_AARCH64: a PT_NOTE, then a PT_LOAD for each run of adjoining tables, ascending. The note
 * has the name S2SHADOW; its type is the version of this format.
 */
#ifndef BENCH_IMAGEFILE_H
#define BENCH_IMAGEFILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/replay/tables.h"

#define IMAGEFILE_VERSION 1u
#define IMAGEFILE_PAGE	  4096u /* addresses, offsets and sizes of PT_LOAD are multiples of it */

/* What PT_NOTE holds, and nothing else; little-endian, as the whole file. */
struct imagefile_note {
	Elf64_Nhdr header;
	char name[12]; /* "S2SHADOW", padded to 4 */
	struct {
		uint64_t ste[8];
		uint32_t granule_lg2, ia_bits;
	} __attribute__((packed)) content;
} __attribute__((packed));

_Static_assert(sizeof(struct imagefile_note) == 12 + 12 + 72, "a note has no padding but its name's");

/**
 * imagefile_write() - write the tables that can be reached from the STE.
 *
 * Write errors show in ferror(). Return: 0; -1 if the tables are malformed or in too many pieces.
 */
int imagefile_write(FILE *file, const struct tables *tables, const uint64_t ste[8])
	__attribute__((warn_unused_result));

/* A run of adjoining tables. */
struct imagefile_segment {
	uint64_t pa, bytes;
	const char *data;
};

/* A file that was read. */
struct imagefile {
	char *bytes;
	size_t length, capacity;
	uint64_t ste[8];
	unsigned granule_lg2, ia_bits;
	struct imagefile_segment *segments; /* ascending, disjoint in the file too */
	size_t segment_count;
};

/**
 * imagefile_read() - read an image and check its form; what the tables say is not looked at.
 *
 * Reads no more than the headers promise, so a file without end does no harm. Return: 0; -1 after one line
 * on standard error that says what is wrong and at which byte. Release with imagefile_free() either way.
 */
int imagefile_read(struct imagefile *image, const char *path) __attribute__((warn_unused_result));
void imagefile_free(struct imagefile *image);

/* The bytes at a physical address; NULL if they are not all in one segment. */
const void *imagefile_at(const struct imagefile *image, uint64_t pa, size_t bytes);

#endif
