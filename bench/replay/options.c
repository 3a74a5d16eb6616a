/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * options.c - the options of `s2shadow replay`, checked.
 */
#include "bench/replay/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"

_Static_assert(SHADOW_PATIENCE == 256, "the help text says so");

const char options_help[] =
	"Usage: s2shadow replay [OPTION]... TRACE...\n"
	"\n"
	"Replay recorded pKVM page-state transitions (.txt or .txt.xz) through a stage-2 shadow and a\n"
	"software SMMUv3, and show what each policy costs. Numbers are decimal; addresses are hexadecimal,\n"
	"with or without 0x.\n"
	"\n"
	"What is replayed\n"
	"  --policy P         eager, strict or batched; repeatable; default all three\n"
	"                     eager:   one page at a time, each invalidated and waited for (posted pKVM driver)\n"
	"                     strict:  one call at a time, range invalidation, one wait (today's Linux)\n"
	"                     batched: this library\n"
	"  --flush MODE       when batched flushes:\n"
	"                     transition  each revoking T is complete before the next record; grants wait for it\n"
	"                     trip        at each X whose trip queued an access change (default; assumes that\n"
	"                                 the guest maps a page only at the trip's end)\n"
	"                     N           after N access changes, 1 to 65536 (what-if: the hand-over is late)\n"
	"  --until SEQ        stop before the first record above SEQ, then flush\n"
	"  --lenient          count `old` states that contradict the replayed state instead of stopping\n"
	"\n"
	"What-ifs: what a hypervisor could do that the trace's does not (batched; docs/batching.md)\n"
	"  --group            trips of different CPUs share a flush, the host lock dropped while they wait: a\n"
	"                     flush that invalidates is outstanding for --sync-ns (twice that if nested); trips\n"
	"                     that end meanwhile are served by the next one together. Their pages are pending: who\n"
	"                     touches one waits for that flush first. In place of --flush\n"
	"  --list N           a CPU's caller edits the pages of consecutive trips and completes once: a flush after\n"
	"                     N access changes of that CPU, 1 to 4096, or before anything touches a page of its\n"
	"                     list; only then are they handed over. In place of --flush\n"
	"  --ahead SIZE       the host consents to lose DMA to an aligned block of SIZE, 8K to 1G, a power of two,\n"
	"                     before its first page is donated, if and only if the trace goes on to donate every\n"
	"                     page of it before any of them returns; the later donations revoke nothing\n"
	"\n"
	"  --granule SIZE     pages of 4K (default), 16K or 64K: every address and size of the trace times 1, 4 or 16\n"
	"                     (addresses of --pool and --reserve are meant as they are)\n"
	"\n"
	"What it is replayed on\n"
	"  --smmus N          SMMUs that share the shadow, 1 to 64; default 1\n"
	"  --nested           streams also have a stage 1\n"
	"  --bbml LEVEL       break-before-make level of the SMMUs; default 2\n"
	"                     0: memory stays in pages\n"
	"                     1: blocks are split and collapsed live, each marked first and waited for\n"
	"                     2: blocks are split and collapsed live, by one store\n"
	"  --collapse WHEN    when a block takes the place of a table that is whole again:\n"
	"                     eager    in the flush that makes it whole\n"
	"                     patient  once it has stayed whole for 256 flushes (default)\n"
	"                     never    only if --compact asks for it\n"
	"  --compact N        idle time after each flush, once it is complete: blocks take the place of up to N\n"
	"                     tables, 1 to 65536; default: there is none\n"
	"  --contiguous       hint contiguous groups that are whole\n"
	"  --fwb              memory types that stage 1 cannot weaken\n"
	"  --non-coherent     the SMMUs do not look into the CPU's caches\n"
	"                     (eager and strict keep memory in pages and ignore all of these)\n"
	"  --no-ril           no range invalidation\n"
	"  --pool PA          physical base of the table pool, a multiple of 2 MiB; default behind the memory\n"
	"  --reserve S-E      no device may reach S up to but without E; repeatable\n"
	"  --sync-ns NS       modelled time of one sync, for the latency columns; default 1000\n"
	"  --cpus WHICH       where the replay runs: a list of CPUs, the first counts; or core, pu, l3, node;\n"
	"                     default core: the first of the first core\n"
	"  --membind WHERE    where tables come from: any, local or a NUMA node's number; default any\n"
	"  --huge-pages       tables in huge pages, where the system has them\n"
	"  --repeat N         timed runs of each policy, 1 to 10000; default 3 to 50, until they add up to 0.3 s\n"
	"\n"
	"What comes out (the table goes to standard output; docs/results.md explains every column)\n"
	"  --verify           devices access pages around every change; exit status 1 on a wrong answer\n"
	"  --json FILE        all results\n"
	"  --map FILE         what a device can reach at the end  (these five need one trace\n"
	"  --log FILE         every event in order                 and one policy)\n"
	"  --image FILE       the live tables as an ELF file\n"
	"  --timeline FILE    flushes, stages and device activity as trace-event JSON, for Perfetto\n"
	"  --counters         hardware counters by stage of the flush, of one more run; batched alone\n"
	"  --help             this text\n"
	"\n"
	"Exit status: 0; 1 if a device saw a wrong answer; 2 if anything else is wrong.\n";

enum {
	OPT_POLICY = 256,
	OPT_FLUSH,
	OPT_GROUP,
	OPT_LIST,
	OPT_AHEAD,
	OPT_GRANULE,
	OPT_SMMUS,
	OPT_NESTED,
	OPT_BBML,
	OPT_COLLAPSE,
	OPT_COMPACT,
	OPT_CONTIGUOUS,
	OPT_FWB,
	OPT_NON_COHERENT,
	OPT_NO_RIL,
	OPT_UNTIL,
	OPT_POOL,
	OPT_RESERVE,
	OPT_LENIENT,
	OPT_SYNC_NS,
	OPT_REPEAT,
	OPT_CPUS,
	OPT_MEMBIND,
	OPT_HUGE_PAGES,
	OPT_VERIFY,
	OPT_JSON,
	OPT_MAP,
	OPT_LOG,
	OPT_IMAGE,
	OPT_TIMELINE,
	OPT_COUNTERS,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "flush", required_argument, NULL, OPT_FLUSH },
	{ "group", no_argument, NULL, OPT_GROUP },
	{ "list", required_argument, NULL, OPT_LIST },
	{ "ahead", required_argument, NULL, OPT_AHEAD },
	{ "granule", required_argument, NULL, OPT_GRANULE },
	{ "smmus", required_argument, NULL, OPT_SMMUS },
	{ "nested", no_argument, NULL, OPT_NESTED },
	{ "bbml", required_argument, NULL, OPT_BBML },
	{ "collapse", required_argument, NULL, OPT_COLLAPSE },
	{ "compact", required_argument, NULL, OPT_COMPACT },
	{ "contiguous", no_argument, NULL, OPT_CONTIGUOUS },
	{ "fwb", no_argument, NULL, OPT_FWB },
	{ "non-coherent", no_argument, NULL, OPT_NON_COHERENT },
	{ "no-ril", no_argument, NULL, OPT_NO_RIL },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "pool", required_argument, NULL, OPT_POOL },
	{ "reserve", required_argument, NULL, OPT_RESERVE },
	{ "lenient", no_argument, NULL, OPT_LENIENT },
	{ "sync-ns", required_argument, NULL, OPT_SYNC_NS },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "membind", required_argument, NULL, OPT_MEMBIND },
	{ "huge-pages", no_argument, NULL, OPT_HUGE_PAGES },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "map", required_argument, NULL, OPT_MAP },
	{ "log", required_argument, NULL, OPT_LOG },
	{ "image", required_argument, NULL, OPT_IMAGE },
	{ "timeline", required_argument, NULL, OPT_TIMELINE },
	{ "counters", no_argument, NULL, OPT_COUNTERS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char *const policy_names[OPTIONS_POLICIES] = { "eager", "strict", "batched" };

static const char *const collapse_names[] = {
	[SHADOW_COLLAPSE_PATIENT] = "patient",
	[SHADOW_COLLAPSE_EAGER] = "eager",
	[SHADOW_COLLAPSE_NEVER] = "never",
};

/* What 2 and 4 more bits a page make of the names. */
static const struct granule_names {
	unsigned scale_lg2;
	const char *granule, *leaf[4]; /* by level */
} granule_names[] = {
	{ 0, "4K", { NULL, "1G", "2M", "4K" } },
	{ 2, "16K", { NULL, NULL, "32M", "16K" } },
	{ 4, "64K", { NULL, NULL, "512M", "64K" } },
};

#define COLLAPSES (sizeof(collapse_names) / sizeof(collapse_names[0]))

const char *options_policy_name(enum options_policy policy)
{
	return policy_names[policy];
}

static const struct granule_names *granule_of(const struct options *options)
{
	return &granule_names[options->scale_lg2 / 2];
}

const char *options_granule_name(const struct options *options)
{
	return granule_of(options)->granule;
}

const char *options_leaf_name(const struct options *options, unsigned level)
{
	return granule_of(options)->leaf[level];
}

const char *options_collapse_name(enum shadow_collapse collapse)
{
	return collapse_names[collapse];
}

void options_flush_name(const struct schedule_flush *flush, char text[16])
{
	switch (flush->mode) {
	case SCHEDULE_COUNT:
		snprintf(text, 16, "%u", flush->count);
		break;
	case SCHEDULE_LIST:
		snprintf(text, 16, "list %u", flush->count);
		break;
	case SCHEDULE_GROUP:
		snprintf(text, 16, "group");
		break;
	default:
		snprintf(text, 16, "%s", flush->mode == SCHEDULE_TRANSITION ? "transition" : "trip");
	}
}

const char *options_assumes(const struct schedule_flush *flush)
{
	return flush->mode == SCHEDULE_TRIP || flush->mode == SCHEDULE_GROUP ? "guest map at the trip's end" : NULL;
}

const char *options_what_if(const struct schedule_flush *flush)
{
	bool ahead = flush->ahead_pages > 0;

	switch (flush->mode) {
	case SCHEDULE_COUNT:
		return ahead ? "hand-over late; the host consents ahead" : "hand-over late";
	case SCHEDULE_GROUP:
		return ahead ? "the host lock is dropped while a trip waits; the host consents ahead" :
			       "the host lock is dropped while a trip waits";
	case SCHEDULE_LIST:
		return ahead ? "hand-over at the end of a list; the host consents ahead" :
			       "hand-over at the end of a list";
	default:
		return ahead ? "the host consents ahead" : NULL;
	}
}

/* Digits of @base only: no sign, no space. *@end is set to the first byte that is none. */
static int read_number(const char *text, unsigned base, const char **end, uint64_t *value)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	char *stop;

	if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	/* Once is enough: strtoull() would skip a second "0x". */
	if (!*text || !strchr(digits, *text) || (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')))
		return -1;
	errno = 0;
	*value = strtoull(text, &stop, (int)base);
	*end = stop;
	return errno ? -1 : 0;
}

static int read_decimal(const char *name, const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	const char *end;

	if (!read_number(text, 10, &end, value) && !*end && *value >= low && *value <= high)
		return 0;
	if (high == UINT64_MAX)
		message("--%s: '%s' is not a decimal number", name, text);
	else
		message("--%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, name, text, low, high);
	return -1;
}

static int read_policy(struct options *options, const char *text)
{
	for (unsigned i = 0; i < OPTIONS_POLICIES; i++) {
		if (!strcmp(text, policy_names[i])) {
			options->policy[i] = true;
			return 0;
		}
	}
	message("--policy: '%s' is not eager, strict or batched", text);
	return -1;
}

/* One of --flush, --group and --list; the last --flush counts. */
static int set_mode(struct options *options, const char *name, enum schedule_mode mode, unsigned count)
{
	if (options->mode_option && strcmp(options->mode_option, name)) {
		message("--%s and --%s do not go together", options->mode_option, name);
		return -1;
	}
	options->mode_option = name;
	options->flush.mode = mode;
	options->flush.count = count;
	return 0;
}

static int read_flush(struct options *options, const char *text)
{
	const char *end;
	uint64_t count;

	if (!strcmp(text, "transition"))
		return set_mode(options, "flush", SCHEDULE_TRANSITION, 0);
	if (!strcmp(text, "trip"))
		return set_mode(options, "flush", SCHEDULE_TRIP, 0);
	if (read_number(text, 10, &end, &count) || *end || count < 1 || count > OPTIONS_BATCH_MAX) {
		message("--flush: '%s' is not transition, trip or a number from 1 to %u", text,
			OPTIONS_BATCH_MAX);
		return -1;
	}
	return set_mode(options, "flush", SCHEDULE_COUNT, (unsigned)count);
}

/* "64K", "2M", "1G", or bytes. */
static int read_ahead(struct options *options, const char *text)
{
	const char *end;
	uint64_t size;

	if (!read_number(text, 10, &end, &size)) {
		unsigned lg2 = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

		if (!end[lg2 > 0] && size <= OPTIONS_AHEAD_MAX && size << lg2 >= OPTIONS_AHEAD_MIN &&
		    size << lg2 <= OPTIONS_AHEAD_MAX && !(size & (size - 1))) {
			options->flush.ahead_pages = (size << lg2) / SHADOW_PAGE_BYTES;
			return 0;
		}
	}
	message("--ahead: '%s' is not a power of two from 8K to 1G", text);
	return -1;
}

static int read_granule(struct options *options, const char *text)
{
	for (unsigned i = 0; i < sizeof(granule_names) / sizeof(granule_names[0]); i++) {
		if (!strcmp(text, granule_names[i].granule)) {
			options->scale_lg2 = granule_names[i].scale_lg2;
			return 0;
		}
	}
	message("--granule: '%s' is not 4K, 16K or 64K", text);
	return -1;
}

static int read_collapse(struct options *options, const char *text)
{
	for (unsigned i = 0; i < COLLAPSES; i++) {
		if (!strcmp(text, collapse_names[i])) {
			options->collapse = (enum shadow_collapse)i;
			return 0;
		}
	}
	message("--collapse: '%s' is not eager, patient or never", text);
	return -1;
}

static int read_pool(struct options *options, const char *text)
{
	const char *end;

	if (read_number(text, 16, &end, &options->pool) || *end) {
		message("--pool: '%s' is not a hexadecimal address", text);
		return -1;
	}
	if (options->pool % (2u << 20)) {
		message("--pool: '%s' is not a multiple of 2 MiB", text);
		return -1;
	}
	if (options->pool >> OPTIONS_ADDRESS_BITS) {
		message("--pool: '%s' is not below 2^%u", text, OPTIONS_ADDRESS_BITS);
		return -1;
	}
	options->has_pool = true;
	return 0;
}

static int read_reserve(struct options *options, const char *text)
{
	struct shadow_range range, *grown;
	const char *end;

	if (read_number(text, 16, &end, &range.start) || *end != '-' ||
	    read_number(end + 1, 16, &end, &range.end) || *end) {
		message("--reserve: '%s' is not START-END in hexadecimal", text);
		return -1;
	}
	if (range.start % SHADOW_PAGE_BYTES || range.end % SHADOW_PAGE_BYTES || range.start >= range.end ||
	    range.end > UINT64_C(1) << OPTIONS_ADDRESS_BITS) {
		message("--reserve: '%s' is not a page-aligned range below 2^%u", text, OPTIONS_ADDRESS_BITS);
		return -1;
	}
	grown = realloc(options->reserved, (options->reserved_count + 1) * sizeof(range));
	if (!grown) {
		message("out of memory");
		return -1;
	}
	grown[options->reserved_count++] = range;
	options->reserved = grown;
	return 0;
}

static int read_option(void *into, int option, const char *text)
{
	struct options *options = into;
	uint64_t value;

	switch (option) {
	case OPT_POLICY:
		return read_policy(options, text);
	case OPT_FLUSH:
		return read_flush(options, text);
	case OPT_GROUP:
		return set_mode(options, "group", SCHEDULE_GROUP, 0);
	case OPT_LIST:
		if (read_decimal("list", text, 1, OPTIONS_LIST_MAX, &value))
			return -1;
		return set_mode(options, "list", SCHEDULE_LIST, (unsigned)value);
	case OPT_AHEAD:
		return read_ahead(options, text);
	case OPT_GRANULE:
		return read_granule(options, text);
	case OPT_SMMUS:
		if (read_decimal("smmus", text, 1, SHADOW_SMMUS_MAX, &value))
			return -1;
		options->smmus = (unsigned)value;
		return 0;
	case OPT_NESTED:
		options->nested = true;
		return 0;
	case OPT_BBML:
		if (read_decimal("bbml", text, 0, 2, &value))
			return -1;
		options->bbml = (unsigned)value;
		return 0;
	case OPT_COLLAPSE:
		return read_collapse(options, text);
	case OPT_COMPACT:
		if (read_decimal("compact", text, 1, OPTIONS_COMPACT_MAX, &value))
			return -1;
		options->compact = (unsigned)value;
		return 0;
	case OPT_CONTIGUOUS:
		options->contiguous = true;
		return 0;
	case OPT_FWB:
		options->fwb = true;
		return 0;
	case OPT_NON_COHERENT:
		options->non_coherent = true;
		return 0;
	case OPT_NO_RIL:
		options->no_ril = true;
		return 0;
	case OPT_UNTIL:
		options->has_until = true;
		return read_decimal("until", text, 0, UINT64_MAX, &options->until);
	case OPT_POOL:
		return read_pool(options, text);
	case OPT_RESERVE:
		return read_reserve(options, text);
	case OPT_LENIENT:
		options->lenient = true;
		return 0;
	case OPT_SYNC_NS:
		return read_decimal("sync-ns", text, 0, OPTIONS_SYNC_NS_MAX, &options->sync_ns);
	case OPT_REPEAT:
		if (read_decimal("repeat", text, 1, OPTIONS_REPEAT_MAX, &value))
			return -1;
		options->repeat = (unsigned)value;
		return 0;
	case OPT_CPUS:
		options->cpus = text;
		return 0;
	case OPT_MEMBIND:
		options->membind = text;
		return 0;
	case OPT_HUGE_PAGES:
		options->huge_pages = true;
		return 0;
	case OPT_VERIFY:
		options->verify = true;
		return 0;
	case OPT_JSON:
		return getopts_file("json", text, &options->json);
	case OPT_MAP:
		return getopts_file("map", text, &options->map);
	case OPT_LOG:
		return getopts_file("log", text, &options->log);
	case OPT_IMAGE:
		return getopts_file("image", text, &options->image);
	case OPT_TIMELINE:
		return getopts_file("timeline", text, &options->timeline);
	case OPT_COUNTERS:
		options->counters = true;
		return 0;
	case OPT_HELP:
		options->help = true;
		return GETOPTS_ENOUGH;
	default:
		return -1;
	}
}

/* No output may overwrite another, or a trace. */
static int check_outputs(const struct options *options)
{
	const char *const outputs[] = { options->json, options->map, options->log, options->image,
					options->timeline };
	const size_t count = sizeof(outputs) / sizeof(outputs[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; outputs[i] && j < count; j++) {
			if (outputs[j] && getopts_same_file(outputs[i], outputs[j])) {
				message("%s: two outputs name this file", outputs[j]);
				return -1;
			}
		}
		for (unsigned j = 0; outputs[i] && j < options->traces_count; j++) {
			if (getopts_same_file(outputs[i], options->traces[j])) {
				message("%s: an output would overwrite this trace", options->traces[j]);
				return -1;
			}
		}
	}
	return 0;
}

/* A what-if is batched's alone, and consents are looked for in the trace as it stands. */
static int check_what_ifs(const struct options *options)
{
	const char *name = options->flush.ahead_pages		   ? "ahead" :
			   options->flush.mode == SCHEDULE_GROUP ? "group" :
			   options->flush.mode == SCHEDULE_LIST  ? "list" :
								   NULL;

	if (name && !options->policy[OPTIONS_BATCHED]) {
		message("--%s needs the policy batched", name);
		return -1;
	}
	if (options->flush.ahead_pages && (options->lenient || options->reserved_count)) {
		message("--ahead and --%s do not go together", options->lenient ? "lenient" : "reserve");
		return -1;
	}
	return 0;
}

/* What else counts in pages, once their size is known. */
static int check_granule(struct options *options)
{
	const char *granule = options_granule_name(options);
	uint64_t page = (uint64_t)SHADOW_PAGE_BYTES << options->scale_lg2;

	if (!options->scale_lg2)
		return 0;
	if (options->policies_count > 1 || !options->policy[OPTIONS_BATCHED]) {
		message("--granule %s needs --policy batched alone: eager and strict have pages of 4K", granule);
		return -1;
	}
	if (options->flush.ahead_pages && options->flush.ahead_pages >> options->scale_lg2 < 2) {
		message("--ahead: blocks are less than two pages of %s", granule);
		return -1;
	}
	options->flush.ahead_pages >>= options->scale_lg2;
	for (unsigned i = 0; i < options->reserved_count; i++) {
		const struct shadow_range *range = &options->reserved[i];

		if ((range->start | range->end) % page) {
			message("--reserve: %" PRIx64 "-%" PRIx64 " is not aligned to pages of %s", range->start,
				range->end, granule);
			return -1;
		}
	}
	return 0;
}

/* Reading counters takes longer than most stages. Eager and strict have none. */
static int check_traced(const struct options *options)
{
	if (options->timeline && options->counters) {
		message("--timeline and --counters do not go together");
		return -1;
	}
	if (options->counters && !options->policy[OPTIONS_BATCHED]) {
		message("--counters needs the policy batched");
		return -1;
	}
	return 0;
}

static int check_together(struct options *options)
{
	const char *single = options->map      ? "--map" :
			     options->log      ? "--log" :
			     options->image    ? "--image" :
			     options->timeline ? "--timeline" :
			     options->counters ? "--counters" :
						 NULL;

	options->flush.idle = options->compact > 0;
	options->flush.outstanding_ns = options->sync_ns * (options->nested ? 2 : 1);
	options->policies_count = 0;
	for (unsigned i = 0; i < OPTIONS_POLICIES; i++)
		options->policies_count += options->policy[i];
	if (!options->policies_count) {
		for (unsigned i = 0; i < OPTIONS_POLICIES; i++)
			options->policy[i] = true;
		options->policies_count = OPTIONS_POLICIES;
	}
	if (!options->traces_count) {
		message("no trace is named; try s2shadow replay --help");
		return -1;
	}
	if (single && (options->traces_count > 1 || options->policies_count > 1)) {
		message("%s needs exactly one trace and one --policy", single);
		return -1;
	}
	if (check_what_ifs(options) || check_granule(options) || check_traced(options))
		return -1;
	return check_outputs(options);
}

int options_parse(struct options *options, int argc, char **argv)
{
	int result;

	*options = (struct options){
		.flush = { .mode = SCHEDULE_TRIP },
		.smmus = 1,
		.bbml = 2,
		.until = UINT64_MAX,
		.sync_ns = 1000,
	};
	result = getopts_each(argc, argv, long_options, read_option, options);
	if (result)
		return result == GETOPTS_ENOUGH ? 0 : -1;
	options->traces = argv + optind;
	options->traces_count = (unsigned)(argc - optind);
	return check_together(options);
}

void options_free(struct options *options)
{
	free(options->reserved);
	options->reserved = NULL;
	options->reserved_count = 0;
}
