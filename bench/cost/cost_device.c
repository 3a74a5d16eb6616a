/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_device.c - the description of an SMMU, from a text file.
 *
 * A line is a key, its value in as many words as it takes, and where that is from; "#" begins a comment. Caches that are
 * not named are not there; everything else has to be.
 */
#include "bench/cost/cost_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/cost/cost_devices.h"

#define NS_MAX	    1e9
#define ENTRIES_MAX 1000000u
#define LINE_MAX    1000

enum {
	KEY_NAME,
	KEY_RANGES,
	KEY_TIMES = COST_KEY_TIMES,
	KEY_MICRO = KEY_TIMES + COST_TIMES,
	KEY_MAIN,
	KEY_WALK,		       /* all levels and stages */
	KEY_WALK_0,
	KEY_WALK1_0 = KEY_WALK_0 + COST_LEVELS,
};

static const char *const keys[COST_KEYS] = {
	"name",	 "ranges",   "command_ns", "range_ns", "piece_ns", "vmid_ns", "stage1_ns",
	"sync_ns", "main_ns", "walk_ns",	  "read_ns",  "micro",	  "main",     "walk",
	"walk0", "walk1",    "walk2",	  "walk3",    "stage1walk0", "stage1walk1", "stage1walk2", "stage1walk3",
};

struct line {
	const char *path;
	unsigned number;
	char *word[8];
	unsigned words;
};

const char *cost_device_key(unsigned key)
{
	return keys[key];
}

static bool complain(const struct line *line, const char *what, const char *text)
{
	message("%s:%u: %s%s%s%s", line->path, line->number, what, text ? " '" : "", text ? text : "", text ? "'" : "");
	return false;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool read_count(const struct line *line, const char *text, unsigned *count)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > ENTRIES_MAX)
		return complain(line, "not a number from 0 to 1000000:", text);
	*count = (unsigned)value;
	return true;
}

static bool read_ns(const struct line *line, const char *text, double *ns)
{
	char *end;

	*ns = strtod(text, &end);
	if (*text < '0' || *text > '9' || *end || text[strspn(text, "0123456789.")] || *ns > NS_MAX)
		return complain(line, "not a time in ns, 0 to 1000000000:", text);
	return true;
}

static bool read_replace(const struct line *line, const char *text, enum cost_replace *replace)
{
	for (unsigned i = 0; i < COST_REPLACES; i++) {
		*replace = (enum cost_replace)i;
		if (!strcmp(text, cost_replace_name(*replace)))
			return true;
	}
	return complain(line, "none of lru, fifo, random, drop:", text);
}

/* ENTRIES WAYS REPLACE; or none */
static bool read_cache(const struct line *line, struct cost_geometry *cache)
{
	*cache = (struct cost_geometry){ 0 };
	if (line->words == 2 && !strcmp(line->word[1], "none"))
		return true;
	if (line->words != 4)
		return complain(line, "a cache is ENTRIES WAYS lru|fifo|random|drop, or none", NULL);
	if (!read_count(line, line->word[1], &cache->entries) ||
	    (strcmp(line->word[2], "full") && !read_count(line, line->word[2], &cache->ways)) ||
	    !read_replace(line, line->word[3], &cache->replace))
		return false;
	if (!cache->entries || (strcmp(line->word[2], "full") && !cache->ways) ||
	    (cache->ways && cache->entries % cache->ways))
		return complain(line, "entries are not so many sets of ways", NULL);
	return true;
}

static bool read_ranges(const struct line *line, bool *ranges)
{
	*ranges = line->words == 2 && !strcmp(line->word[1], "yes");
	return *ranges || (line->words == 2 && !strcmp(line->word[1], "no")) || complain(line, "ranges is yes or no", NULL);
}

static struct cost_geometry *cache_of(struct cost_device *device, unsigned key)
{
	struct cost_shape *shape = &device->shape;

	if (key == KEY_MICRO || key == KEY_MAIN)
		return key == KEY_MICRO ? &shape->micro : &shape->main;
	if (key == KEY_WALK)
		return &shape->walk[0];
	return key >= KEY_WALK1_0 ? &shape->walk1[key - KEY_WALK1_0] : &shape->walk[key - KEY_WALK_0];
}

static bool has_levels(const struct cost_device *device)
{
	for (unsigned key = KEY_WALK_0; key < COST_KEYS; key++)
		if (device->origin[key].given)
			return true;
	return false;
}

static bool read_value(struct cost_device *device, const struct line *line, unsigned key)
{
	if (key == KEY_NAME && line->words != 2)
		return complain(line, "name takes one word", NULL);
	if (key == KEY_NAME && strlen(line->word[1]) >= sizeof(device->name))
		return complain(line, "too long a name", NULL);
	if (key == KEY_NAME) {
		strcpy(device->name, line->word[1]);
		return true;
	}
	if (key == KEY_RANGES)
		return read_ranges(line, &device->ranges);
	if (key < KEY_MICRO)
		return line->words == 2 ? read_ns(line, line->word[1], &device->ns[key - KEY_TIMES]) :
					  complain(line, "a time is one number", NULL);
	if ((key == KEY_WALK && has_levels(device)) || (key > KEY_WALK && device->origin[KEY_WALK].given))
		return complain(line, "walk has all levels, and others stand beside it", NULL);
	device->shape.shared |= key == KEY_WALK;
	return read_cache(line, cache_of(device, key));
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

/* Cut off where it is from. The name has no origin. */
static bool read_origin(const struct line *line, char *text, struct cost_origin *origin, bool needed)
{
	char *from = strstr(text, " from "), *assumed = strstr(text, " assumed");

	if (from && (!assumed || from < assumed)) {
		char *source = from + strlen(" from ");

		source += strspn(source, " ");
		if (!*source || strlen(source) >= sizeof(origin->source))
			return complain(line, *source ? "too long a source" : "from what?", NULL);
		strcpy(origin->source, source);
		*from = '\0';
	} else if (assumed) {
		/* What is said behind it is said to the reader. */
		origin->assumed = true;
		*assumed = '\0';
	} else if (needed) {
		return complain(line, "neither 'from' and a source nor 'assumed' behind the value", NULL);
	}
	return true;
}

static bool read_words(struct line *line, char *text)
{
	line->words = 0;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		if (line->words == sizeof(line->word) / sizeof(line->word[0]))
			return complain(line, "too many words", NULL);
		line->word[line->words++] = word;
	}
	return true;
}

static unsigned find_key(const char *text)
{
	unsigned key = 0;

	while (key < COST_KEYS && strcmp(text, keys[key]))
		key++;
	return key;
}

static bool read_line(struct cost_device *device, struct line *line, char *text)
{
	struct cost_origin origin = { .given = true };
	size_t bytes = strcspn(text, "#\n");
	unsigned key;

	text[bytes] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '\t')
			*at = ' ';
	while (bytes && text[bytes - 1] == ' ')
		text[--bytes] = '\0';
	if (!text[strspn(text, " ")])
		return true;
	key = find_key(strncmp(text, "name ", 5) ? "" : "name");
	if (!read_origin(line, text, &origin, key != KEY_NAME) || !read_words(line, text))
		return false;
	if (!line->words)
		return complain(line, "no key", NULL);
	key = find_key(line->word[0]);
	if (key == COST_KEYS)
		return complain(line, "unknown key", line->word[0]);
	if (device->origin[key].given)
		return complain(line, "a second", line->word[0]);
	if (!read_value(device, line, key))
		return false;
	device->origin[key] = origin;
	return true;
}

static bool is_complete(const struct cost_device *device, const char *path)
{
	for (unsigned key = 0; key < KEY_MICRO; key++)
		if (!device->origin[key].given) {
			message("%s: there is no %s", path, keys[key]);
			return false;
		}
	if (!device->shape.main.entries && !device->shape.micro.entries) {
		message("%s: there is neither a main nor a micro TLB", path);
		return false;
	}
	return true;
}

int cost_device_read(struct cost_device *device, FILE *file, const char *path)
{
	struct line line = { .path = path };
	char text[LINE_MAX + 2];
	bool good = true;

	memset(device, 0, sizeof(*device));
	while (good && fgets(text, sizeof(text), file)) {
		line.number++;
		good = strlen(text) <= LINE_MAX ? read_line(device, &line, text) : complain(&line, "too long a line", NULL);
	}
	if (good && ferror(file)) {
		message("%s: %s", path, strerror(errno));
		good = false;
	}
	return good && is_complete(device, path) ? 0 : -1;
}

static FILE *open_builtin(const char *name)
{
	for (unsigned i = 0; cost_devices[i].name; i++)
		if (!strcmp(name, cost_devices[i].name))
			return fmemopen((void *)(uintptr_t)cost_devices[i].text,
					(size_t)(cost_devices[i].end - cost_devices[i].text), "r");
	return NULL;
}

int cost_device_load(struct cost_device *device, const char *name)
{
	FILE *file = open_builtin(name);
	int result;

	if (!file)
		file = fopen(name, "r");
	if (!file) {
		message("%s: %s", name, strerror(errno));
		return -1;
	}
	result = cost_device_read(device, file, name);
	fclose(file);
	return result;
}

const char *cost_device_builtin(unsigned index)
{
	return cost_devices[index].name;
}
