/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * imagefile.h - the live tables at their physical addresses as an ELF file, for readelf, gdb or a loader.
 */
#ifndef BENCH_IMAGEFILE_H
#define BENCH_IMAGEFILE_H

#include <stdio.h>

#include "bench/tables.h"

/**
 * imagefile_write() - ELF64, ET_EXEC, EM_AARCH64: a PT_NOTE and a PT_LOAD for each run of table pages.
 *
 * The note has the name S2SHADOW and type 1; its content is the STE as eight u64, then u32 granule_lg2 and
 * u32 ia_bits. Write errors show in ferror(). Return: 0; -1 if the tables are malformed or in too many
 * pieces.
 */
int imagefile_write(FILE *file, const struct tables *tables, const uint64_t ste[8])
	__attribute__((warn_unused_result));

#endif
