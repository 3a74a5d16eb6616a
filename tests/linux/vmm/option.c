/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * option.c - a workload's options, from the kernel's command line.
 */
#include "tests/linux/vmm/option.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/linux/vmm/file.h"

/* The value's start, or NULL. */
static const char *find(const char *line, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = line; (at = strstr(at, key)); at += length)
		if (at[length] == '=' && (at == line || isspace((unsigned char)at[-1])))
			return at + length + 1;
	return NULL;
}

void option_text(const char *key, char *text, size_t bytes)
{
	char line[4096];
	const char *value;
	size_t length = 0;

	*text = '\0';
	if (!file_read("/proc/cmdline", line, sizeof(line)))
		return;
	value = find(line, key);
	if (!value)
		return;
	while (length + 1 < bytes && value[length] && !isspace((unsigned char)value[length])) {
		text[length] = value[length];
		length++;
	}
	text[length] = '\0';
}

uint64_t option_number(const char *key, uint64_t otherwise)
{
	char text[32];

	option_text(key, text, sizeof(text));
	return *text ? strtoull(text, NULL, 0) : otherwise;
}
