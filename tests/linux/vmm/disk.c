/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * disk.c - a disk that is written, read and verified.
 *
 * Each word of a block tells the seed, the block and how often that was written, so that a block that is old,
 * torn or in the wrong place is found. O_DIRECT: the device's DMA goes to the buffer itself. Its pages are
 * given back after each transfer, and new ones taken: pages that were a guest's become a device's, and the
 * other way round.
 */
#include "tests/linux/vmm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/linux/vmm/guest.h"
#include "tests/linux/vmm/say.h"

#define BLOCK	   4096u
#define WORDS	   (BLOCK / 8)
#define BLOCKS_MAX 64u /* of one transfer */

static uint64_t word_of(const struct disk *disk, uint64_t block, unsigned word)
{
	return guest_word(block * BLOCK + word * 8, disk->seed + disk->version[block]);
}

static bool transfer(struct disk *disk, bool write, uint64_t *buffer, uint64_t block, unsigned count)
{
	ssize_t bytes = (ssize_t)count * BLOCK;
	off_t offset = (off_t)(block * BLOCK);

	errno = 0;
	if ((write ? pwrite(disk->file, buffer, (size_t)bytes, offset) :
		     pread(disk->file, buffer, (size_t)bytes, offset)) == bytes)
		return true;
	disk->error = errno ? errno : EIO;
	return false;
}

static uint64_t *new_buffer(void)
{
	uint64_t *buffer = mmap(NULL, (size_t)BLOCKS_MAX * BLOCK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED)
		die("mmap of a disk's buffer");
	return buffer;
}

static bool write_blocks(struct disk *disk, uint64_t block, unsigned count)
{
	uint64_t *buffer = new_buffer();
	bool done;

	for (unsigned i = 0; i < count; i++) {
		disk->version[block + i]++;
		for (unsigned word = 0; word < WORDS; word++)
			buffer[i * WORDS + word] = word_of(disk, block + i, word);
	}
	done = transfer(disk, true, buffer, block, count);
	disk->written += count;
	munmap(buffer, (size_t)BLOCKS_MAX * BLOCK);
	return done;
}

static bool verify_blocks(struct disk *disk, uint64_t block, unsigned count)
{
	uint64_t *buffer = new_buffer();
	bool done = transfer(disk, false, buffer, block, count);

	for (unsigned i = 0; done && i < count; i++) {
		bool right = true;

		if (!disk->version[block + i])
			continue;
		for (unsigned word = 0; word < WORDS; word++)
			right = right && buffer[i * WORDS + word] == word_of(disk, block + i, word);
		disk->wrong += !right;
		disk->read++;
	}
	munmap(buffer, (size_t)BLOCKS_MAX * BLOCK);
	return done;
}

/* What disk_pass() fills memory with: of no thread's block. */
static uint64_t pass_word(const struct disk *disk, unsigned area, uint64_t index)
{
	return guest_word(index * 8, disk->seed + UINT64_C(0x10000) * (area + 1));
}

static uint64_t pass_piece(struct disk *disk, unsigned area, uint64_t *words, unsigned count)
{
	uint64_t first = disk->blocks + (uint64_t)area * BLOCKS_MAX;
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < (uint64_t)count * WORDS; i++)
		words[i] = pass_word(disk, area, i);
	if (!transfer(disk, true, words, first, count))
		return count;
	memset(words, 0, (size_t)count * BLOCK);
	if (!transfer(disk, false, words, first, count))
		return count;
	for (uint64_t block = 0; block < count; block++) {
		bool right = true;

		for (uint64_t i = block * WORDS; i < (block + 1) * WORDS; i++)
			right = right && words[i] == pass_word(disk, area, i);
		wrong += !right;
	}
	return wrong;
}

uint64_t disk_pass(struct disk *disk, unsigned area, void *memory, uint64_t bytes)
{
	uint64_t wrong = 0;

	for (uint64_t done = 0; done < bytes; done += (uint64_t)BLOCKS_MAX * BLOCK) {
		uint64_t left = (bytes - done) / BLOCK;

		wrong += pass_piece(disk, area, (uint64_t *)((uint8_t *)memory + done),
				    left < BLOCKS_MAX ? (unsigned)left : BLOCKS_MAX);
	}
	return wrong;
}

static void *run(void *context)
{
	struct disk *disk = context;
	uint64_t state = disk->seed | 1;

	while (!disk->stop && !disk->error) {
		unsigned count = 1 + guest_random(&state) % BLOCKS_MAX;
		uint64_t block = guest_random(&state) % (disk->blocks - count + 1);

		if (guest_random(&state) & 1 ? !write_blocks(disk, block, count) :
					       !verify_blocks(disk, block, count))
			break;
		usleep(guest_random(&state) % 4000);
	}
	return NULL;
}

void disk_start(struct disk *disk)
{
	uint64_t bytes;

	disk->file = open(disk->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk->file < 0 || ioctl(disk->file, BLKGETSIZE64, &bytes))
		die(disk->path);
	if (bytes / BLOCK < (DISK_AREAS + 1) * BLOCKS_MAX)
		die(disk->path);
	disk->blocks = bytes / BLOCK - DISK_AREAS * BLOCKS_MAX;
	disk->version = calloc(disk->blocks, sizeof(*disk->version));
	if (!disk->version || pthread_create(&disk->thread, NULL, run, disk))
		die("starting a disk's thread");
}

void disk_finish(struct disk *disk)
{
	disk->stop = true;
	pthread_join(disk->thread, NULL);
	for (uint64_t block = 0; !disk->error && block < disk->blocks; block += BLOCKS_MAX) {
		uint64_t left = disk->blocks - block;

		verify_blocks(disk, block, left < BLOCKS_MAX ? (unsigned)left : BLOCKS_MAX);
	}
	say("%s: %" PRIu64 " blocks written, %" PRIu64 " read and verified", disk->path, disk->written,
	    disk->read);
	if (disk->error)
		failed(disk->name, "%s: %s", disk->path, strerror(disk->error));
	else if (disk->wrong)
		failed(disk->name, "%" PRIu64 " of %" PRIu64 " blocks are wrong", disk->wrong, disk->read);
	else
		expect(disk->written && disk->read, disk->name, "nothing was written and read");
	close(disk->file);
	free(disk->version);
}
