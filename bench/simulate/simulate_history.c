/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_history.c - a ring of events, and how each one reads.
 */
#include "bench/simulate/simulate_history.h"

#include <inttypes.h>

#include "bench/common/message.h"
#include "bench/simulate/simulate_fault.h"

static const char *const smmu_names[] = {
	[HISTORY_SMMU_ATTACH] = "attach", [HISTORY_SMMU_DETACH] = "detach", [HISTORY_SMMU_ENABLE] = "enable",
	[HISTORY_SMMU_STREAM] = "let in a device that keeps translations", [HISTORY_SMMU_MUTE] = "a device goes mute",
};

static void print_event(FILE *file, const struct history_event *event)
{
	fprintf(file, "%10" PRIu64 " ns  ", event->time_ns);
	if (event->cpu == HISTORY_DEVICE)
		fprintf(file, "device   ");
	else
		fprintf(file, "CPU %-3" PRIu32 "  ", event->cpu);
	switch (event->kind) {
	case HISTORY_REVOKE:
	case HISTORY_GRANT:
		fprintf(file, "%s %" PRIx64 "+%" PRIu64 ", number %" PRId64 "\n",
			event->kind == HISTORY_REVOKE ? "revoke" : "grant", event->page, event->count, event->value);
		break;
	case HISTORY_CONSENT:
	case HISTORY_WITHDRAW:
		fprintf(file, "%s %" PRIx64 "+%" PRIu64 ", number %" PRId64 "\n",
			event->kind == HISTORY_CONSENT ? "consent to lose" : "withdraw consent for", event->page,
			event->count, event->value);
		break;
	case HISTORY_KEEP:
		fprintf(file, "new state, same access %" PRIx64 "+%" PRIu64 "\n", event->page, event->count);
		break;
	case HISTORY_REFUSED:
		fprintf(file, "refused %" PRIx64 "+%" PRIu64 ": %s\n", event->page, event->count,
			event->value ? message_error((int)event->value) : "pending");
		break;
	case HISTORY_FLUSH:
		fprintf(file, "flush, ticket %" PRId64 "\n", event->value);
		break;
	case HISTORY_WAIT:
		fprintf(file, "ticket %" PRIu64 ": %s\n", event->count,
			event->value ? message_error((int)event->value) : "complete");
		break;
	case HISTORY_COMPACT:
		fprintf(file, "compact\n");
		break;
	case HISTORY_HANDED:
		fprintf(file, "hand over %" PRIx64 "+%" PRIu64 ", number %" PRId64 "\n", event->page, event->count,
			event->value);
		break;
	case HISTORY_DOORBELL:
		fprintf(file, "doorbell of SMMU %" PRIu64 ", PROD %" PRIx64 "\n", event->page,
			(uint64_t)event->value);
		break;
	case HISTORY_DMA:
		fprintf(file, "DMA to %" PRIx64 " through SMMU %" PRIu64 " %s\n", event->page, event->count,
			event->value ? "gets through" : "faults");
		break;
	case HISTORY_REPORT:
		fprintf(file, "report %" PRId64 " of SMMU %" PRIu64 "\n", event->value, event->page);
		break;
	case HISTORY_FAULT:
		fprintf(file, "fault of SMMU %" PRIu64 ": %s\n", event->page,
			simulate_fault_name((enum simulate_fault)event->value));
		break;
	case HISTORY_SMMU:
		fprintf(file, "SMMU %" PRIu64 ": %s%s%s\n", event->page, smmu_names[event->count],
			event->value ? ": " : "", event->value ? message_error((int)event->value) : "");
		break;
	}
}

void simulate_history_add(struct history *history, const struct history_event *event)
{
	history->event[history->count++ % HISTORY_EVENTS] = *event;
	if (history->log)
		print_event(history->log, event);
}

static bool has_pages(const struct history_event *event)
{
	switch (event->kind) {
	case HISTORY_REVOKE:
	case HISTORY_GRANT:
	case HISTORY_KEEP:
	case HISTORY_CONSENT:
	case HISTORY_WITHDRAW:
	case HISTORY_REFUSED:
	case HISTORY_HANDED:
	case HISTORY_DMA:
		return true;
	default:
		return false;
	}
}

static bool concerns(const struct history_event *event, uint64_t page, uint64_t count)
{
	uint64_t pages = event->kind == HISTORY_DMA ? 1 : event->count;

	return !has_pages(event) || (event->page < page + count && page < event->page + pages);
}

void simulate_history_print(const struct history *history, FILE *file, uint64_t page, uint64_t count)
{
	uint64_t oldest = history->count > HISTORY_EVENTS ? history->count - HISTORY_EVENTS : 0;
	uint64_t first = history->count, found = 0;

	while (first > oldest && found < HISTORY_PRINTED)
		found += concerns(&history->event[--first % HISTORY_EVENTS], page, count);
	for (; first < history->count; first++)
		if (concerns(&history->event[first % HISTORY_EVENTS], page, count))
			print_event(file, &history->event[first % HISTORY_EVENTS]);
}
