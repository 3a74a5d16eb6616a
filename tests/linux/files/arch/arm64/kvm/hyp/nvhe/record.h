/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the recorder's files: record.c makes records, record_out.c keeps and hands out,
 * record_snapshot.c walks page states and the host's table.
 */
#ifndef __ARM64_KVM_NVHE_RECORD_INTERNAL_H__
#define __ARM64_KVM_NVHE_RECORD_INTERNAL_H__

#include <nvhe/record.h>

/* ---- record_out.c; one lock orders all records ---- */

/* Between record_out_open() and record_out_close(), which calls of other CPUs may see late. */
bool record_out_is_open(void);

/* How often it was opened: counts of trips belong to one recording. */
u32 record_out_generation(void);

/* Nothing follows it into the file until record_out_close(). Returns 0 or -EIO. */
int record_out_open_semihosting(void);

/* Into @bytes at @buffer, EL2's own pages, to be read by record_out_read(). */
void record_out_open_buffer(void *buffer, u64 bytes);
void record_out_close(void);

/* Give a record its time and CPU, and keep it. */
void record_put(struct record record);

/* Move what fits to a page. Returns the bytes. */
u64 record_out_read(void *page);

/* The buffer of a closed recording, of which nobody is to read any more; NULL if there is none. */
void *record_out_release(u64 *bytes);

/* ---- record_snapshot.c; the host's lock is held ---- */

void record_snapshot(enum record_snapshot_kind kind);

#endif
