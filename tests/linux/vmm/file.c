/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * file.c - small files of proc, sysfs and debugfs.
 */
#include "tests/linux/vmm/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool file_read(const char *path, char *text, size_t bytes)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	*text = '\0';
	if (file < 0)
		return false;
	while (length + 1 < bytes && (got = read(file, text + length, bytes - 1 - length)) > 0)
		length += (size_t)got;
	close(file);
	text[length] = '\0';
	return got >= 0;
}

bool file_write(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (file < 0)
		return false;
	written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
	return !close(file) && written;
}
