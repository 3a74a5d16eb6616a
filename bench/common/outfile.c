/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * outfile.c - an output file that appears whole or not at all.
 */
#include "bench/common/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/common/message.h"

#define BUFFER_BYTES (1u << 20)

/* All that are open; read by the signal handler, changed with the signals blocked. */
static struct outfile *open_files;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

void outfile_die(int number)
{
	for (const struct outfile *out = open_files; out; out = out->next)
		if (out->temporary)
			unlink(out->temporary);
	signal(number, SIG_DFL);
	raise(number);
}

static void block(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = outfile_die };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}

static void insert(struct outfile *out)
{
	sigset_t before;

	catch_signals();
	block(&before);
	out->next = open_files;
	open_files = out;
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Rename (commit) or unlink (discard) and forget. */
static int finish(struct outfile *out, bool keep)
{
	struct outfile **where;
	sigset_t before;
	int result = 0;

	block(&before);
	if (out->temporary) {
		if (keep)
			result = rename(out->temporary, out->target);
		if (!keep || result) {
			int saved = errno;

			unlink(out->temporary);
			errno = saved;
		}
	}
	for (where = &open_files; *where && *where != out; where = &(*where)->next)
		;
	if (*where)
		*where = out->next;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

static void forget(struct outfile *out)
{
	free(out->target);
	free(out->temporary);
	*out = (struct outfile){ 0 };
}

/* A file beside the target with the rights that a plain open() would give. */
static int open_beside(struct outfile *out)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&out->temporary, "%s.XXXXXX", out->target) < 0) {
		out->temporary = NULL;
		return -1;
	}
	fd = mkostemp(out->temporary, O_CLOEXEC);
	if (fd < 0) {
		free(out->temporary);
		out->temporary = NULL;
		return -1;
	}
	if (fchmod(fd, 0666 & ~mask))
		errno = 0; /* a file system without rights */
	return fd;
}

int outfile_open(struct outfile *out, const char *path)
{
	struct stat info;
	bool exists = !stat(path, &info);
	int fd;

	*out = (struct outfile){ 0 };
	if (exists && S_ISREG(info.st_mode))
		out->target = realpath(path, NULL);
	else
		out->target = strdup(path);
	if (!out->target) {
		message("%s: %s", path, strerror(errno));
		return -1;
	}
	if (exists && !S_ISREG(info.st_mode))
		fd = open(path, O_WRONLY | O_CLOEXEC);
	else if (exists && access(path, W_OK))
		fd = -1;
	else
		fd = open_beside(out);
	if (fd < 0) {
		message("%s: cannot write: %s", path, strerror(errno));
		forget(out);
		return -1;
	}
	insert(out);
	out->file = fdopen(fd, "w");
	if (!out->file) {
		message("%s: cannot write: %s", path, strerror(errno));
		close(fd);
		finish(out, false);
		forget(out);
		return -1;
	}
	setvbuf(out->file, NULL, _IOFBF, BUFFER_BYTES);
	return 0;
}

int outfile_commit(struct outfile *out)
{
	bool failed = ferror(out->file) != 0;
	int result;

	if (fclose(out->file))
		failed = true;
	result = finish(out, !failed);
	if (failed || result)
		message("%s: cannot write: %s", out->target, strerror(errno ? errno : EIO));
	forget(out);
	return failed || result ? -1 : 0;
}

void outfile_discard(struct outfile *out)
{
	if (!out->file)
		return;
	fclose(out->file);
	finish(out, false);
	forget(out);
}
