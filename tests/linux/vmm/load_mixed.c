/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_mixed.c - a protected guest with I/O, ordinary ones with ballooning, small ones that come and go, and
 * a disk.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

#define DISK_READS 300
#define DISK_BYTES 65536

static void *balloon(void *rounds)
{
	load_balloon_with(2, 64 * MIB, BACKING_THP, *(unsigned *)rounds);
	return NULL;
}

static void *churn(void *count)
{
	load_churn_with(1, *(unsigned *)count, LOAD_BOTH);
	return NULL;
}

static void *protected_guest(void *requests)
{
	struct vm *vm = vm_create(true, 96 * MIB, BACKING_4K, 2);

	for (unsigned i = 0; i < vm->vcpus; i++) {
		uint64_t start = GUEST_BASE + (4 + 44 * i) * MIB;

		vm_command(vm, i, GUEST_TOUCH_RANDOM, start, 8192, 999 + i, 8192);
		vm_command(vm, i, GUEST_IO, start, 4096, *(unsigned *)requests, i + 7);
		vm_command(vm, i, GUEST_CHECK, start, 8192 * GUEST_PAGE, GUEST_PAGE, 0);
		vm_command(vm, i, GUEST_OFF, 0, 0, 0, 0);
	}
	vm_run(vm);
	expect(!vm->wrong, "a protected guest finds what it wrote", "its memory is wrong");
	for (unsigned i = 0; i < 300; i++)
		load_force_reclaim(vm, 8 * MIB + i * 16 * GUEST_PAGE, 4);
	vm_destroy(vm);
	return NULL;
}

static void *disk(void *path)
{
	int file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *buffer;

	if (file < 0 || posix_memalign(&buffer, GUEST_PAGE, DISK_BYTES))
		die(path);
	for (unsigned i = 0; i < DISK_READS; i++) {
		if (pread(file, buffer, DISK_BYTES, (off_t)i * DISK_BYTES) != DISK_BYTES)
			failed("a disk is read", "read %u", i);
		usleep(3000);
	}
	free(buffer);
	close(file);
	return NULL;
}

void load_mixed(void)
{
	unsigned rounds = (unsigned)option_number("a", 60);
	unsigned count = (unsigned)option_number("b", 40);
	unsigned requests = (unsigned)option_number("c", 1500);
	char path[] = "/dev/vda";
	pthread_t threads[4];

	if (pthread_create(&threads[0], NULL, disk, path) ||
	    pthread_create(&threads[1], NULL, balloon, &rounds) ||
	    pthread_create(&threads[2], NULL, churn, &count) ||
	    pthread_create(&threads[3], NULL, protected_guest, &requests))
		die("pthread_create");
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

void load_mixpvm(void)
{
	unsigned requests = (unsigned)option_number("c", 200);

	protected_guest(&requests);
}
