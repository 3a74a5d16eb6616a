/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * stats.c - what the hypervisor counts and logs, from debugfs.
 */
#include "tests/linux/vmm/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/linux/vmm/file.h"
#include "tests/linux/vmm/guest.h"
#include "tests/linux/vmm/say.h"

#define FOLDER	   "/sys/kernel/debug/s2shadow/"
#define TEXT_BYTES 65536

/* For each line of @text, cut out: for (char *line = text, *next; (next = cut(line)); line = next) */
static char *cut(char *line)
{
	char *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	return end + 1;
}

void stats_show(const char *label)
{
	char text[TEXT_BYTES], shown[512];

	if (!file_read(FOLDER "stats", text, sizeof(text)))
		return;
	for (char *line = text, *next; (next = cut(line)); line = next) {
		int length = snprintf(shown, sizeof(shown), "stats %s %s\n", label, line);

		if (length >= (int)sizeof(shown) || write(STDOUT_FILENO, shown, (size_t)length) < 0)
			die("showing a line of stats");
	}
}

bool stats_mode(const char *mode)
{
	char text[TEXT_BYTES], found[64];

	return file_read(FOLDER "stats", text, sizeof(text)) && sscanf(text, "mode %63s", found) == 1 &&
	       !strcmp(found, mode);
}

uint64_t stats_value(const char *name)
{
	char text[TEXT_BYTES], found[64];
	uint64_t value;

	if (!file_read(FOLDER "stats", text, sizeof(text)))
		return 0;
	for (char *line = text, *next; (next = cut(line)); line = next)
		if (sscanf(line, "%63s %" SCNu64, found, &value) == 2 && !strcmp(found, name))
			return value;
	return 0;
}

bool stats_event(unsigned stream, uint64_t address)
{
	char text[TEXT_BYTES];
	uint64_t found;
	unsigned sid;

	if (!file_read(FOLDER "event", text, sizeof(text)))
		return false;
	for (char *line = text, *next; (next = cut(line)); line = next)
		if (sscanf(line, "sid %u addr %" SCNx64, &sid, &found) == 2 && sid == stream &&
		    found / GUEST_PAGE == address / GUEST_PAGE)
			return true;
	return false;
}

void stats_audit(void)
{
	static const char name[] = "the shadow and the page states agree";
	char text[TEXT_BYTES], *found;
	uint64_t differences;

	if (access(FOLDER "audit", R_OK) || stats_mode("off"))
		return;
	if (!file_read(FOLDER "audit", text, sizeof(text)) || !(found = strstr(text, "differences ")) ||
	    sscanf(found, "differences %" SCNu64, &differences) != 1)
		failed(name, "no audit");
	else if (differences)
		failed(name, "%" PRIu64 " differences", differences);
	else
		passed(name);
}
