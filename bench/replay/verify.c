/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * verify.c - devices that access pages around every change, judged by flat oracles.
 */
#include "bench/replay/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"

#define MESSAGES_MAX  100u /* wrong answers printed one by one; all are counted */
#define AGAIN_PER_K   4u   /* pages touched before that are accessed again after each K */
#define WATCHED_PER_T 16u  /* pages of one T that the adversary keeps accessing */

static uint64_t next_random(struct verify *verify)
{
	/* xorshift64* */
	verify->random ^= verify->random >> 12;
	verify->random ^= verify->random << 25;
	verify->random ^= verify->random >> 27;
	return verify->random * UINT64_C(0x2545f4914f6cdd1d);
}

int verify_init(struct verify *verify, const struct trace *trace, const char *policy, struct model **models,
		unsigned model_count, uint32_t sid, const struct oracle_range *closed, size_t closed_count,
		uint64_t seed)
{
	*verify = (struct verify){
		.trace = trace,
		.policy = policy,
		.model = models,
		.model_count = model_count,
		.sid = sid,
		.closed = closed,
		.closed_count = closed_count,
		.random = seed | 1,
	};
	if (oracle_init(&verify->done, trace, closed, closed_count))
		return -1;
	if (oracle_init(&verify->now, trace, closed, closed_count)) {
		oracle_free(&verify->done);
		return -1;
	}
	verify->initialised = true;
	return 0;
}

void verify_free(struct verify *verify)
{
	if (!verify->initialised)
		return;
	oracle_free(&verify->done);
	oracle_free(&verify->now);
	free(verify->batch);
	*verify = (struct verify){ 0 };
}

/* ---- one access --------------------------------------------------------------------------------------- */

static uint64_t addr_of(const struct verify *verify, uint64_t page)
{
	return page << trace_page_lg2(verify->trace);
}

static uint64_t *wrong_count(struct verify *verify, const char **what, bool allowed, bool went)
{
	if (went && !allowed) {
		*what = "stale hit";
		return &verify->counts.stale_hits;
	}
	if (!went && allowed) {
		*what = "spurious fault";
		return &verify->counts.spurious_faults;
	}
	*what = "wrong translation";
	return &verify->counts.wrong_translations;
}

static void report(struct verify *verify, const char *what, uint64_t addr, unsigned smmu, bool write,
		   const struct model_access *access)
{
	uint64_t wrong = verify->counts.stale_hits + verify->counts.spurious_faults +
			 verify->counts.wrong_translations;

	if (wrong > MESSAGES_MAX)
		return;
	if (access->fault == MODEL_OK)
		message("%s at %" PRIx64 " after seq %" PRIu64 ": %s, SMMU %u, %s -> %" PRIx64
			" %s%s, level %d",
			what, addr, verify->seq, verify->policy, smmu, write ? "write" : "read", access->pa,
			access->device ? "mmio" : "mem", access->hit ? ", cached" : "", access->level);
	else
		message("%s at %" PRIx64 " after seq %" PRIu64 ": %s, SMMU %u, %s faults with %#x", what,
			addr, verify->seq, verify->policy, smmu, write ? "write" : "read", access->fault);
	if (wrong == MESSAGES_MAX)
		message("more wrong answers are counted, not printed");
}

/* A device on @smmu makes one access to @page, which may do what @rights say. */
static void access_once(struct verify *verify, unsigned smmu, uint64_t page, unsigned rights, bool write)
{
	uint64_t addr = addr_of(verify, page) | (next_random(verify) & (addr_of(verify, 1) - 8));
	struct model_access access = model_dma(verify->model[smmu], verify->sid, addr, write);
	bool allowed = rights & (write ? TRACE_ACCESS_W : TRACE_ACCESS_R);
	bool went = access.fault == MODEL_OK;
	const char *what;

	verify->counts.accesses++;
	if (went == allowed && (!went || (access.pa == addr && !access.bypass &&
					  access.device == !oracle_is_memory(&verify->done, addr))))
		return;
	++*wrong_count(verify, &what, allowed, went);
	report(verify, what, addr, smmu, write, &access);
}

/* Both directions where the answers may differ, one of them else. */
static void access_page(struct verify *verify, unsigned smmu, uint64_t page, unsigned rights)
{
	if (rights == TRACE_ACCESS_RW || rights == TRACE_ACCESS_NONE) {
		access_once(verify, smmu, page, rights, next_random(verify) & 1);
		return;
	}
	access_once(verify, smmu, page, rights, false);
	access_once(verify, smmu, page, rights, true);
}

void verify_early(struct verify *verify, unsigned smmu)
{
	const struct trace_region *memory = verify->trace->memory;
	uint64_t random = next_random(verify) & ~UINT64_C(7), addr;
	struct model_access access;

	memory += random % verify->trace->memory_count;
	addr = memory->start + random % (memory->end - memory->start);
	access = model_dma(verify->model[smmu], verify->sid, addr, false);
	verify->counts.accesses++;
	if (access.fault != MODEL_OK)
		return;
	if (access.bypass || !(oracle_access(&verify->done, addr) & TRACE_ACCESS_R)) {
		verify->counts.stale_hits++;
		report(verify, "early access", addr, smmu, false, &access);
	} else if (access.pa != addr) {
		verify->counts.wrong_translations++;
		report(verify, "wrong translation", addr, smmu, false, &access);
	}
}

static bool in_space(const struct verify *verify, uint64_t page)
{
	return page < UINT64_C(1) << (verify->trace->ia_bits - trace_page_lg2(verify->trace));
}

static unsigned rights_of(const struct oracle *oracle, uint64_t page)
{
	return oracle_access(oracle, page << trace_page_lg2(oracle->trace));
}

/* An access at a time when a change may be under way: judged only where both oracles agree. */
static void access_settled(struct verify *verify, unsigned smmu, uint64_t page)
{
	unsigned rights;

	if (!in_space(verify, page))
		return;
	rights = rights_of(&verify->done, page);
	if (rights == rights_of(&verify->now, page))
		access_page(verify, smmu, page, rights);
}

static void access_done(struct verify *verify, uint64_t page)
{
	if (!in_space(verify, page))
		return;
	for (unsigned smmu = 0; smmu < verify->model_count; smmu++)
		access_page(verify, smmu, page, rights_of(&verify->done, page));
}

/* ---- before a revoke ---------------------------------------------------------------------------------- */

static void remember(struct verify *verify, uint64_t page)
{
	verify->touched[verify->touched_count++ % VERIFY_TOUCHED] = page;
}

/* An access before the change, on every SMMU; not judged where the next K may change the answer. */
static void touch(struct verify *verify, uint64_t page)
{
	bool settled = rights_of(&verify->done, page) == rights_of(&verify->now, page);

	for (unsigned smmu = 0; smmu < verify->model_count; smmu++) {
		if (settled) {
			access_settled(verify, smmu, page);
		} else {
			model_dma(verify->model[smmu], verify->sid, addr_of(verify, page), false);
			verify->counts.accesses++;
		}
	}
	remember(verify, page);
}

static void touch_page(struct verify *verify, uint64_t page)
{
	if (rights_of(&verify->now, page) == TRACE_ACCESS_NONE)
		return; /* reserved, or not revoked by this T */
	if (rights_of(&verify->done, page) == TRACE_ACCESS_NONE) {
		verify->counts.untouchable += verify->model_count;
		return;
	}
	verify->counts.touched_before_revoke += verify->model_count;
	touch(verify, page);
}

static void touch_neighbour(struct verify *verify, uint64_t page)
{
	if (in_space(verify, page) && rights_of(&verify->done, page) != TRACE_ACCESS_NONE)
		touch(verify, page);
}

static bool revokes(const struct op *op)
{
	return op->changes_access && op->new_state == TRACE_STATE_NOPAGE;
}

static int apply(struct verify *verify, struct oracle *oracle, const struct op *op)
{
	struct oracle_change change;

	if (op->kind == OP_CONSENT)
		return oracle_consent(oracle, addr_of(verify, op->page), addr_of(verify, op->page + op->count),
				      &change);
	return oracle_apply(oracle, &verify->trace->records[op->record], &change);
}

void verify_before(struct verify *verify, const struct op *op)
{
	if (!revokes(op))
		return;
	touch_neighbour(verify, op->page - 1);
	for (uint64_t i = 0; i < op->count; i++)
		touch_page(verify, op->page + i);
	touch_neighbour(verify, op->page + op->count);
}

static void watch(struct verify *verify, uint64_t page)
{
	if (!in_space(verify, page))
		return;
	for (unsigned smmu = 0; smmu < verify->model_count; smmu++)
		model_watch(verify->model[smmu], verify->sid, addr_of(verify, page));
}

int verify_taken(struct verify *verify, const struct op *op)
{
	if (verify->batch_count == verify->batch_capacity) {
		size_t capacity = verify->batch_capacity ? 2 * verify->batch_capacity : 64;
		const struct op **grown = realloc(verify->batch, capacity * sizeof(*grown));

		if (!grown)
			return -1;
		verify->batch = grown;
		verify->batch_capacity = capacity;
	}
	verify->batch[verify->batch_count++] = op;
	verify->seq = verify->trace->records[op->record].seq;
	if (revokes(op)) {
		watch(verify, op->page - 1);
		for (uint64_t i = 0; i < op->count && i < WATCHED_PER_T; i++)
			watch(verify, op->page + i);
		watch(verify, op->page + op->count);
	}
	return apply(verify, &verify->now, op);
}

/* ---- during a flush, after it, at the end ------------------------------------------------------------- */

/* A page that was touched before. */
static uint64_t touched_page(struct verify *verify)
{
	uint64_t held = verify->touched_count < VERIFY_TOUCHED ? verify->touched_count : VERIFY_TOUCHED;

	return verify->touched[next_random(verify) % held];
}

/* Next to a change, or in a block of any size that it may cut. */
static uint64_t page_around(const struct verify *verify, const struct op *op, uint64_t random)
{
	const unsigned index_lg2 = trace_page_lg2(verify->trace) - 3;

	switch (random & 3) {
	case 0:
		return op->page - 1;
	case 1:
		return op->page + op->count;
	case 2:
		return op->page ^ (random >> 2 & ((UINT64_C(1) << index_lg2) - 1));
	default:
		return op->page ^ (random >> 2 & ((UINT64_C(1) << 2 * index_lg2) - 1));
	}
}

void verify_between(struct verify *verify)
{
	const struct op *op;
	uint64_t random = next_random(verify);

	if (!verify->batch_count) {
		if (verify->touched_count) /* idle time */
			access_settled(verify, (unsigned)(random >> 33) % verify->model_count,
				       touched_page(verify));
		return;
	}
	op = verify->batch[random % verify->batch_count];
	random >>= 32;
	access_settled(verify, (unsigned)(random >> 20) % verify->model_count, page_around(verify, op, random));
}

/* A place that no device may ever reach, and one anywhere. */
static void access_anywhere(struct verify *verify)
{
	const struct oracle_range *closed = &verify->closed[next_random(verify) % verify->closed_count];
	const unsigned page_lg2 = trace_page_lg2(verify->trace);
	uint64_t first = closed->start >> page_lg2, end = closed->end >> page_lg2;
	uint64_t pages = UINT64_C(1) << (verify->trace->ia_bits - page_lg2);

	access_done(verify, first + next_random(verify) % (end - first));
	access_done(verify, next_random(verify) % pages);
}

int verify_complete(struct verify *verify)
{
	uint64_t seq = verify->seq;

	if (!verify->batch_count)
		return 0;
	for (size_t i = 0; i < verify->batch_count; i++)
		if (apply(verify, &verify->done, verify->batch[i]))
			return -1;
	for (unsigned smmu = 0; smmu < verify->model_count; smmu++)
		model_unwatch_all(verify->model[smmu]);
	for (size_t i = 0; i < verify->batch_count; i++) {
		const struct op *op = verify->batch[i];

		if (!op->changes_access)
			continue;
		verify->seq = verify->trace->records[op->record].seq;
		access_done(verify, op->page - 1);
		for (uint64_t page = op->page; page < op->page + op->count; page++)
			access_done(verify, page);
		access_done(verify, op->page + op->count);
	}
	verify->seq = seq;
	for (unsigned i = 0; i < AGAIN_PER_K && verify->touched_count; i++)
		access_done(verify, touched_page(verify));
	if (verify->closed_count)
		access_anywhere(verify);
	verify->batch_count = 0;
	return 0;
}

bool verify_failed(const struct verify *verify)
{
	return verify->counts.stale_hits || verify->counts.spurious_faults ||
	       verify->counts.wrong_translations;
}

/* The runs that the tables make reachable, to be compared with the oracle's, both in ascending order. */
struct runs {
	struct tables_run *run;
	size_t count, capacity, next;
	bool failed; /* memory is short */
	struct verify *verify;
};

static void collect(void *ctx, const struct tables_run *run)
{
	struct runs *runs = ctx;

	if (runs->count == runs->capacity) {
		size_t capacity = runs->capacity ? 2 * runs->capacity : 256;
		struct tables_run *grown = realloc(runs->run, capacity * sizeof(*grown));

		if (!grown) {
			runs->failed = true;
			return;
		}
		runs->run = grown;
		runs->capacity = capacity;
	}
	runs->run[runs->count++] = *run;
}

static void report_run(struct runs *runs, uint64_t addr, bool in_tables)
{
	struct verify *verify = runs->verify;

	if (in_tables)
		verify->counts.stale_hits++;
	else
		verify->counts.spurious_faults++;
	message("tables at the end: %" PRIx64 " after seq %" PRIu64 ": %s, %s", addr, verify->seq,
		verify->policy,
		in_tables ? "more than the oracle lets a device reach" :
			    "less than the oracle lets a device reach");
}

/* Return: false once one difference has been reported, so that the rest is not. */
static bool compare_run(void *ctx, const struct oracle_run *expected)
{
	struct runs *runs = ctx;
	const struct tables_run *run = &runs->run[runs->next];
	unsigned access;

	if (runs->next == runs->count || run->start > expected->start) {
		report_run(runs, expected->start, false);
		return false;
	}
	access = (run->read ? TRACE_ACCESS_R : 0) | (run->write ? TRACE_ACCESS_W : 0);
	if (run->start < expected->start || access & ~expected->access || run->end > expected->end) {
		report_run(runs,
			   run->start < expected->start ? run->start :
			   run->end > expected->end	? expected->end :
							  run->start,
			   true);
		return false;
	}
	if (run->end < expected->end || access != expected->access || run->device == expected->memory) {
		report_run(runs, run->end < expected->end ? run->end : run->start, false);
		return false;
	}
	runs->next++;
	return true;
}

/* Whether all of the oracle's runs matched, so that further runs of the tables are too many. */
struct comparison {
	struct runs *runs;
	bool equal;
};

static bool compare_next(void *ctx, const struct oracle_run *expected)
{
	struct comparison *comparison = ctx;

	comparison->equal = compare_run(comparison->runs, expected);
	return comparison->equal;
}

int verify_tables(struct verify *verify, const struct tables *tables)
{
	struct runs runs = { .verify = verify };
	struct comparison comparison = { .runs = &runs, .equal = true };
	struct tables_walk walk;
	int result = tables_walk(tables, &walk, &runs, collect);

	if (!result && !runs.failed) {
		oracle_map(&verify->now, compare_next, &comparison);
		if (comparison.equal && runs.next < runs.count)
			report_run(&runs, runs.run[runs.next].start, true);
		if (!walk.identity) {
			verify->counts.wrong_translations++;
			message("tables at the end: %" PRIx64 " -> %" PRIx64 ": %s", walk.moved_start,
				walk.moved_pa, verify->policy);
		}
	}
	if (runs.failed)
		result = -1;
	free(runs.run);
	return result;
}
