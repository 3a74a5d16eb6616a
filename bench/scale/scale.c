/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * scale.c - `s2shadow scale`: every combination of the lists given, as a table, and whether the goals are met.
 */
#include "bench/scale/scale_main.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <shadow/error.h>

#include "bench/common/getopts.h"
#include "bench/common/message.h"
#include "bench/common/progress.h"
#include "bench/scale/scale_calibrate.h"
#include "bench/scale/scale_report.h"

static const char help[] =
	"Usage: s2shadow scale [OPTION]...\n"
	"\n"
	"How trips into the hypervisor scale that revoke one page each: the engine's own code, and eager's and strict's, on\n"
	"virtual CPUs, each with a clock. All times in the results are modelled: from the constants below, from the accesses\n"
	"that the code makes, and from who waits for whom. Syncs are counted. A LIST has commas between its values.\n"
	"\n"
	"What is varied, each with each:\n"
	"  --policy LIST        whom to model (default all)\n"
	"                       eager:   the host lock is held through every sync\n"
	"                       strict:  the same\n"
	"                       held:    the engine, and the lock is held the same way\n"
	"                       overlap: the same, and the CPUs' TLBs are invalidated meanwhile\n"
	"                       group:   the engine, with the lock dropped in the wait and flushes shared\n"
	"  --cpus LIST          virtual CPUs, 1 to 256 (default 1,4,16,64)\n"
	"  --smmus LIST         1 to 8 (default 1)\n"
	"  --sync-ns LIST       from the doorbell to the consumed SYNC (default 500,2000,5000)\n"
	"  --locked-ns LIST     what the host does under its lock in a trip, its passing on included (default 100,500,2800)\n"
	"  --unlocked-ns LIST   what it does without, on average (default 1000)\n"
	"Of the machine and the host:\n"
	"  --nested             streams have a stage 1 as well: two syncs\n"
	"  --busy-percent N     of a sync: the SMMU does not begin with what is behind it; 100: one after the other (default 0)\n"
	"  --flights N          group: flushes under way at once, 1 to 15 (default 8; with --busy-percent above 50: 1)\n"
	"  --tlbi-ns N          overlap: of the locked time, to invalidate the CPUs' TLBs; at most all (default 500)\n"
	"  --after-percent N    group: of the locked time, what comes after the wait (default 50)\n"
	"  --spread-percent N   unlocked times are drawn evenly from so much around the average (default 50)\n"
	"  --lock-ns N          the lock takes so long from one CPU to one that waits, beside --locked-ns (default 0)\n"
	"  --mmio-ns N          a read of a device register takes (default 100)\n"
	"Of the code; the defaults are what --calibrate found on the machine in docs/scaling.md:\n"
	"  --access-ps N        an access to memory, with the instructions around it (default 200)\n"
	"  --doorbell-ns N      a doorbell, with the barriers and locked instructions up to its wait (default 30)\n"
	"  --line-ns N          a cache line comes from another CPU (default 10)\n"
	"  --relax-ns N         a pause in a polling loop (default 25)\n"
	"  --calibrate          measure these four here, print them, use them\n"
	"\n"
	"  --trips N            of each CPU that are measured, even (default 40)\n"
	"  --seed N             the same seed and options give the same results (default 1)\n"
	"  --csv FILE, --json FILE  write the table there as well\n"
	"  --help               this text\n"
	"\n"
	"The last lines say whether group reaches 80 % of the bound min(N, (U+L+S)/L), and 10 times one CPU at N = 16 where\n"
	"that is 12.5 and more, over all rows with S in 0.5 to 5 us, L in 0.1 to 2.8 us and N up to 64.\n"
	"\n"
	"Exit status: 0; 2 if anything is wrong.\n";

enum {
	OPT_POLICY = 256,
	OPT_CPUS,
	OPT_SMMUS,
	OPT_SYNC,
	OPT_LOCKED,
	OPT_UNLOCKED,
	OPT_NESTED,
	OPT_BUSY,
	OPT_FLIGHTS,
	OPT_TLBI,
	OPT_AFTER,
	OPT_SPREAD,
	OPT_LOCK,
	OPT_MMIO,
	OPT_ACCESS,
	OPT_DOORBELL,
	OPT_LINE,
	OPT_RELAX,
	OPT_CALIBRATE,
	OPT_TRIPS,
	OPT_SEED,
	OPT_CSV,
	OPT_JSON,
};

static const struct option long_options[] = {
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "smmus", required_argument, NULL, OPT_SMMUS },
	{ "sync-ns", required_argument, NULL, OPT_SYNC },
	{ "locked-ns", required_argument, NULL, OPT_LOCKED },
	{ "unlocked-ns", required_argument, NULL, OPT_UNLOCKED },
	{ "nested", no_argument, NULL, OPT_NESTED },
	{ "busy-percent", required_argument, NULL, OPT_BUSY },
	{ "flights", required_argument, NULL, OPT_FLIGHTS },
	{ "tlbi-ns", required_argument, NULL, OPT_TLBI },
	{ "after-percent", required_argument, NULL, OPT_AFTER },
	{ "spread-percent", required_argument, NULL, OPT_SPREAD },
	{ "lock-ns", required_argument, NULL, OPT_LOCK },
	{ "mmio-ns", required_argument, NULL, OPT_MMIO },
	{ "access-ps", required_argument, NULL, OPT_ACCESS },
	{ "doorbell-ns", required_argument, NULL, OPT_DOORBELL },
	{ "line-ns", required_argument, NULL, OPT_LINE },
	{ "relax-ns", required_argument, NULL, OPT_RELAX },
	{ "calibrate", no_argument, NULL, OPT_CALIBRATE },
	{ "trips", required_argument, NULL, OPT_TRIPS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "csv", required_argument, NULL, OPT_CSV },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, GETOPTS_HELP },
	{ NULL, 0, NULL, 0 },
};

#define LIST_MAX 16u
#define NS_MAX	 UINT64_C(1000000)     /* of every time that is given */

struct list {
	uint64_t value[LIST_MAX];
	unsigned count;
};

struct command {
	struct list policy, cpus, smmus, sync, locked, unlocked;
	struct scale_point point;      /* what the lists leave open */
	bool calibrate;
	const char *csv, *json;
};

static const char *name_of(int option)
{
	const struct option *known = long_options;

	while (known->val != option)
		known++;
	return known->name;
}

static bool read_number(int option, const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
	return getopts_number(name_of(option), text, low, high, number);
}

static bool read_unsigned(int option, uint64_t low, uint64_t high, unsigned *number)
{
	uint64_t value;

	if (!read_number(option, optarg, low, high, &value))
		return false;
	*number = (unsigned)value;
	return true;
}

static bool read_policy(const char *text, uint64_t *policy)
{
	for (*policy = 0; *policy < SCALE_POLICIES; ++*policy)
		if (!strcmp(text, scale_policy_name((enum scale_policy)*policy)))
			return true;
	message("--policy: '%s' is none of eager, strict, held, overlap, group", text);
	return false;
}

/* Values between commas, each from @low to @high; policies by name. */
static bool read_list(int option, uint64_t low, uint64_t high, struct list *list)
{
	char *text = optarg;

	list->count = 0;
	for (;;) {
		char *comma = strchr(text, ',');
		uint64_t *value = &list->value[list->count];

		if (list->count == LIST_MAX) {
			message("--%s: more than %u values", name_of(option), LIST_MAX);
			return false;
		}
		if (comma)
			*comma = '\0';
		if (option == OPT_POLICY ? !read_policy(text, value) : !read_number(option, text, low, high, value))
			return false;
		list->count++;
		if (!comma)
			return true;
		text = comma + 1;
	}
}

static bool read_trips(unsigned *trips)
{
	if (!read_unsigned(OPT_TRIPS, 2, 10000, trips))
		return false;
	if (*trips % 2)
		message("--trips: %u is odd", *trips);
	return *trips % 2 == 0;
}

static bool read_option(void *into, int option)
{
	struct command *command = into;
	struct scale_point *point = &command->point;
	struct scale_costs *costs = &point->costs;

	switch (option) {
	case OPT_POLICY:
		return read_list(option, 0, 0, &command->policy);
	case OPT_CPUS:
		return read_list(option, 1, SCALE_CPUS_MAX, &command->cpus);
	case OPT_SMMUS:
		return read_list(option, 1, SCALE_SMMUS_MAX, &command->smmus);
	case OPT_SYNC:
		return read_list(option, 0, NS_MAX, &command->sync);
	case OPT_LOCKED:
		return read_list(option, 1, NS_MAX, &command->locked);
	case OPT_UNLOCKED:
		return read_list(option, 0, NS_MAX, &command->unlocked);
	case OPT_NESTED:
		return point->nested = true;
	case OPT_BUSY:
		return read_unsigned(option, 0, 100, &point->busy_percent);
	case OPT_FLIGHTS:
		return read_unsigned(option, 1, SCALE_FLIGHTS_MAX, &point->flights);
	case OPT_TLBI:
		return read_number(option, optarg, 0, NS_MAX, &point->tlbi_ns);
	case OPT_AFTER:
		return read_unsigned(option, 0, 100, &point->after_percent);
	case OPT_SPREAD:
		return read_unsigned(option, 0, 100, &point->spread_percent);
	case OPT_LOCK:
		return read_number(option, optarg, 0, NS_MAX, &costs->lock_ns);
	case OPT_MMIO:
		return read_number(option, optarg, 0, NS_MAX, &costs->mmio_ns);
	case OPT_ACCESS:
		return read_number(option, optarg, 1, NS_MAX, &costs->access_ps);
	case OPT_DOORBELL:
		return read_number(option, optarg, 0, NS_MAX, &costs->doorbell_ns);
	case OPT_LINE:
		return read_number(option, optarg, 0, NS_MAX, &costs->line_ns);
	case OPT_RELAX:
		return read_number(option, optarg, 1, NS_MAX, &costs->relax_ns);
	case OPT_CALIBRATE:
		return command->calibrate = true;
	case OPT_TRIPS:
		return read_trips(&point->trips);
	case OPT_SEED:
		return read_number(option, optarg, 0, UINT64_MAX, &point->seed);
	case OPT_CSV:
		command->csv = optarg;
		return true;
	default:
		command->json = optarg;
		return true;
	}
}

static struct command defaults(void)
{
	return (struct command){
		.policy = { { SCALE_EAGER, SCALE_STRICT, SCALE_HELD, SCALE_OVERLAP, SCALE_GROUP }, 5 },
		.cpus = { { 1, 4, 16, 64 }, 4 },
		.smmus = { { 1 }, 1 },
		.sync = { { 500, 2000, 5000 }, 3 },
		.locked = { { 100, 500, 2800 }, 3 },
		.unlocked = { { 1000 }, 1 },
		.point = { .batch = 1, .tlbi_ns = 500, .after_percent = 50, .spread_percent = 50, .trips = 40, .seed = 1,
			   .costs = { .access_ps = 200, .doorbell_ns = 30, .line_ns = 10, .mmio_ns = 100, .relax_ns = 25 } },
	};
}

/* The combination @index of all lists; the last list turns fastest. */
static struct scale_point point_of(const struct command *command, size_t index)
{
	const struct list *lists[] = { &command->cpus,	 &command->locked, &command->sync,
				       &command->unlocked, &command->smmus, &command->policy };
	struct scale_point point = command->point;
	uint64_t value[6];

	for (unsigned i = 0; i < 6; i++) {
		value[i] = lists[i]->value[index % lists[i]->count];
		index /= lists[i]->count;
	}
	point.cpus = (unsigned)value[0];
	point.locked_ns = value[1];
	point.sync_ns = value[2];
	point.unlocked_ns = value[3];
	point.smmus = (unsigned)value[4];
	point.policy = (enum scale_policy)value[5];
	return point;
}

static size_t rows_of(const struct command *command)
{
	return (size_t)command->cpus.count * command->locked.count * command->sync.count * command->unlocked.count *
	       command->smmus.count * command->policy.count;
}

/* *@rows: how many there are; fewer after Ctrl-C. */
static int run_rows(const struct command *command, struct scale_row *row, size_t *rows)
{
	progress_catch_interrupt();
	progress_start("scale", *rows);
	for (size_t i = 0; i < *rows; i++) {
		int error;

		if (progress_interrupted()) {
			*rows = i;
			break;
		}
		progress_set(i);
		row[i].point = point_of(command, i);
		error = scale_run(&row[i].point, &row[i].result);
		if (error) {
			message("%s, %u CPUs, %u SMMUs: %s", scale_policy_name(row[i].point.policy),
				row[i].point.cpus, row[i].point.smmus, message_error(error));
			return error;
		}
	}
	progress_end();
	return 0;
}

static int report(const struct command *command, const struct scale_row *row, size_t rows)
{
	scale_print(stdout, &command->point, row, rows);
	if (command->csv && scale_write(command->csv, row, rows, scale_write_csv))
		return -1;
	return command->json ? scale_write(command->json, row, rows, scale_write_json) : 0;
}

static int run(struct command *command)
{
	size_t rows = rows_of(command);
	struct scale_row *row = calloc(rows, sizeof(*row));
	struct scale_measured measured;
	int error = row ? 0 : -SHADOW_ENOMEM;

	if (!error && command->calibrate) {
		error = scale_calibrate(&measured, &command->point.costs);
		if (!error)
			scale_print_measured(stdout, &measured);
	}
	if (error)
		message("%s", message_error(error));
	if (!error)
		error = run_rows(command, row, &rows);
	if (!error && rows < rows_of(command))
		message("interrupted after %zu of %zu points", rows, rows_of(command));
	if (!error && rows)
		error = report(command, row, rows);
	free(row);
	return error ? 2 : rows < rows_of(command) ? PROGRESS_EXIT_INTERRUPTED : 0;
}

int scale_main(int argc, char **argv)
{
	struct command command = defaults();
	int status = getopts_command(argc, argv, long_options, help, read_option, &command);

	if (status >= 0)
		return status;
	if (!command.point.flights)
		command.point.flights = command.point.busy_percent > 50 ? 1 : 8;
	return run(&command);
}
