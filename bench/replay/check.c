/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * check.c - a trace against itself.
 */
#include "bench/replay/check.h"

#include <inttypes.h>

#include "bench/common/message.h"

static int check_snapshot(const struct oracle *oracle, const char *path,
			  const struct trace_snapshot *snapshot)
{
	struct oracle_mismatch mismatch;

	if (oracle_check_snapshot(oracle, snapshot, &mismatch))
		return 0;
	message("%s:%" PRIu32 ": the snapshot has %" PRIx64 " in state %c, the replay in state %c", path,
		snapshot->line, mismatch.addr, trace_state_letter(mismatch.recorded),
		trace_state_letter(mismatch.replayed));
	return -1;
}

static int check_record(struct check *check, struct oracle *oracle, const char *path,
			const struct trace_record *record, bool lenient)
{
	struct oracle_change change;

	if (record->type != TRACE_T)
		return 0;
	if (oracle_apply(oracle, record, &change)) {
		message("%s: out of memory", path);
		return -1;
	}
	if (change.pages_contradicting && !lenient) {
		message("%s:%" PRIu32 ": old is %c, but %" PRIx64 " is in state %c (--lenient goes on)", path,
			record->line, trace_state_letter(record->old_state), change.contradiction_addr,
			trace_state_letter(change.contradiction_state));
		return -1;
	}
	check->contradictions += change.pages_contradicting > 0;
	check->pages_granted += change.pages_granted;
	check->pages_revoked += change.pages_revoked;
	return 0;
}

int check_trace(struct check *check, const char *path, const struct trace *trace, size_t records,
		uint64_t until, bool lenient, const struct oracle_range *closed, size_t closed_count)
{
	struct oracle oracle;
	size_t snapshot = 1;
	int result = 0;

	*check = (struct check){ 0 };
	if (oracle_init(&oracle, trace, closed, closed_count)) {
		message("%s: out of memory", path);
		return -1;
	}
	for (size_t i = 0; i <= records && !result; i++) {
		while (!result && snapshot < trace->snapshots_count &&
		       trace->snapshots[snapshot].position == i && trace->snapshots[snapshot].seq <= until)
			result = check_snapshot(&oracle, path, &trace->snapshots[snapshot++]);
		if (i < records && !result)
			result = check_record(check, &oracle, path, &trace->records[i], lenient);
	}
	oracle_free(&oracle);
	return result;
}
