/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * ring.c - takes what the recorder at EL2 keeps in memory, as a machine without semihosting has to.
 */
#include "tests/linux/vmm/ring.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/linux/vmm/say.h"

#define DATA "/sys/kernel/debug/s2record/data"
#define DISK "/dev/vdb"

static pthread_t thread;
static size_t bytes;

static void *copy(void *unused)
{
	static char buffer[64 << 10];
	int from = open(DATA, O_RDONLY | O_CLOEXEC), to = open(DISK, O_WRONLY | O_CLOEXEC);
	ssize_t got;

	(void)unused;
	if (from < 0 || to < 0)
		die(from < 0 ? DATA : DISK);
	while ((got = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)got) != got)
			die(DISK);
		bytes += (size_t)got;
	}
	if (got < 0 || fsync(to))
		die(got < 0 ? DATA : DISK);
	close(from);
	close(to);
	return NULL;
}

void ring_start(void)
{
	if (pthread_create(&thread, NULL, copy, NULL))
		die("a thread");
}

void ring_finish(void)
{
	pthread_join(thread, NULL);
	say("recorded %zu bytes", bytes);
}
