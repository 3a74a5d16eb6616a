/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * file.h - small files of proc, sysfs and debugfs.
 */
#ifndef TESTS_LINUX_VMM_FILE_H
#define TESTS_LINUX_VMM_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* All of a file that fits, as a string; "" and false when it cannot be read. */
bool file_read(const char *path, char *text, size_t bytes);

bool file_write(const char *path, const char *text);

#endif
