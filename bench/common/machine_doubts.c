/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine_doubts.c - what makes measured times of this machine unreliable.
 *
 * A file that is not there says nothing: not every kernel has every one.
 */
#include "bench/common/machine_doubts.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STOLEN_PERCENT_MAX 1
#define LOAD_MAX	   0.5 /* more than this process alone, which is about to start */

__attribute__((format(printf, 2, 3))) static void add(struct machine_doubts *doubts, const char *format, ...)
{
	va_list arguments;

	if (doubts->count == MACHINE_DOUBTS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(doubts->text[doubts->count++], MACHINE_DOUBT_TEXT_BYTES, format, arguments);
	va_end(arguments);
}

static FILE *open_below(const char *root, const char *path)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s%s", root, path);
	return fopen(name, "r");
}

/* The first word of a file; false if there is none. */
static bool read_word(const char *root, const char *path, char word[32])
{
	FILE *file = open_below(root, path);
	bool read = file && fscanf(file, "%31s", word) == 1;

	if (file)
		fclose(file);
	return read;
}

static void clock_speed(struct machine_doubts *doubts, const char *root)
{
	char word[32];

	if (read_word(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", word) &&
	    strcmp(word, "performance"))
		add(doubts, "the clock follows the load: its governor is %s, not performance", word);
	if ((read_word(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", word) && !strcmp(word, "0")) ||
	    (read_word(root, "/sys/devices/system/cpu/cpufreq/boost", word) && !strcmp(word, "1")))
		add(doubts, "the clock may rise above its nominal speed (turbo)");
}

static bool is_virtual(const char *root)
{
	FILE *file = open_below(root, "/proc/cpuinfo");
	bool found = false;
	char line[8192];

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "flags", 5) && strstr(line, " hypervisor");
	if (file)
		fclose(file);
	return found;
}

/* Since the machine started, in percent of all time. */
static unsigned stolen_percent(const char *root)
{
	unsigned long long time[8], all = 0;
	FILE *file = open_below(root, "/proc/stat");
	bool read = file && fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &time[0], &time[1], &time[2],
				   &time[3], &time[4], &time[5], &time[6], &time[7]) == 8;

	if (file)
		fclose(file);
	for (unsigned i = 0; read && i < 8; i++)
		all += time[i];
	return all ? (unsigned)(time[7] * 100 / all) : 0;
}

static void neighbours(struct machine_doubts *doubts, const char *root)
{
	unsigned stolen = stolen_percent(root);
	FILE *file = open_below(root, "/proc/loadavg");
	double load;

	if (is_virtual(root))
		add(doubts, "a virtual machine: what shares its caches and memory is not seen");
	if (stolen >= STOLEN_PERCENT_MAX)
		add(doubts, "others have had %u %% of its CPUs' time (steal)", stolen);
	if (file && fscanf(file, "%lf", &load) == 1 && load > LOAD_MAX)
		add(doubts, "other work was running: a load of %.1f in the last minute", load);
	if (file)
		fclose(file);
}

void machine_doubts_read(struct machine_doubts *doubts, const char *root, unsigned pus)
{
	*doubts = (struct machine_doubts){ 0 };
	clock_speed(doubts, root);
	neighbours(doubts, root);
	if (pus == 1)
		add(doubts, "one CPU: what else runs takes turns with what is measured");
}
