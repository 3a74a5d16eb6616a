/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * disk.h - a disk that is written, read and verified by a thread of its own, all by DMA.
 */
#ifndef TESTS_LINUX_VMM_DISK_H
#define TESTS_LINUX_VMM_DISK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct disk {
	const char *path;
	const char *name; /* of the test case */
	uint64_t seed;
	pthread_t thread;
	atomic_bool stop;
	int file;
	uint32_t *version;	       /* of each block: how often it was written; 0: never */
	uint64_t blocks;	       /* that the thread uses */
	uint64_t written, read, wrong; /* blocks */
	int error;		       /* errno of what failed */
};

/* Begin to write random blocks, and to read and verify others. */
void disk_start(struct disk *disk);

/*
 * Write @bytes of memory to the disk and read them again, by DMA from and to that memory. @area: each caller
 * at the same time has its own, of DISK_AREAS; the thread stays out of them. Return: what is wrong, in pages.
 */
#define DISK_AREAS 4u
uint64_t disk_pass(struct disk *disk, unsigned area, void *memory, uint64_t bytes);

/* End it: verify every block that was written, and say how it went, as a test case. */
void disk_finish(struct disk *disk);

#endif
