/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * event.c - event queue, consumer side: take records out, count them, report some.
 *
 * Beside the path of flushes and waits: nothing there depends on an event, since the SMMU loses them when it likes.
 * Owns: a record is read before its slot is given back; reports cannot be made to flood who reads them.
 * Callers: the embedder, one at a time for an SMMU, no lock. An error of the queue is acknowledged under the
 * completion lock, which the same register is written under for command errors.
 * Spec: IHI 0070, Event queue; Event queue overflow; Event records; SMMU_GERROR.
 */
#include "smmuv3/event.h"

#include <shadow/platform.h>

#include "engine/trace.h"
#include "smmuv3/regs.h"
#include "smmuv3/smmu.h"

/* One of the reports that may be made in a period? */
static bool may_report(struct smmu_events *events)
{
	uint64_t now_ns = platform_time_ns();

	if (events->reported && now_ns - events->since_ns >= SHADOW_EVENT_PERIOD_NS)
		events->reported = 0;
	if (!events->reported)
		events->since_ns = now_ns;
	if (events->reported == SHADOW_EVENT_REPORTS)
		return false;
	events->reported++;
	return true;
}

static void note_lost(struct shadow_smmu *smmu)
{
	smmu->events.lost++;
	if (may_report(&smmu->events))
		trace_report(PLATFORM_REPORT_EVENTS_LOST, smmu->number, smmu->events.lost);
}

static void take(struct shadow_smmu *smmu, const uint64_t *record)
{
	struct smmu_event event;

	smmu->events.taken++;
	if (!smmu->coherent || !may_report(&smmu->events)) {
		smmu->events.unreported++;
		return;
	}
	event = smmu_event_decode(record);
	trace_report(PLATFORM_REPORT_EVENT, (uint64_t)smmu->number << 32 | event.sid,
		     (event.address & ~UINT64_C(0xfff)) | event.type);
}

/* A record could not be written: nothing to do but to say so. Whoever has the lock now leaves it for the next time. */
static void acknowledge_abort(struct shadow_smmu *smmu)
{
	uintptr_t registers = smmu->config.registers;
	uint32_t gerrorn = platform_mmio_read32(registers + SMMU_GERRORN);

	if (!((platform_mmio_read32(registers + SMMU_GERROR) ^ gerrorn) & SMMU_GERROR_EVENTQ_ABT_ERR) ||
	    !order_try_lock(smmu->completing))
		return;
	gerrorn = platform_mmio_read32(registers + SMMU_GERRORN) ^ (uint32_t)SMMU_GERROR_EVENTQ_ABT_ERR;
	if (!smmu_is_shut(smmu))
		platform_mmio_write32(registers + SMMU_GERRORN, gerrorn);
	order_unlock(smmu->completing);
	note_lost(smmu);
}

/* Records from @cons on, @count of them. */
static void take_all(struct shadow_smmu *smmu, uint32_t cons, uint32_t count)
{
	uint32_t slots = (UINT32_C(1) << smmu->config.evtq_lg2) - 1;

	for (uint32_t i = 0; i < count; i++)
		take(smmu, &smmu->memory.evtq[(uint64_t)((cons + i) & slots) * SMMU_EVENT_WORDS]);
}

unsigned shadow_smmu_events(struct shadow_smmu *smmu, unsigned most)
{
	uint32_t mask = (UINT32_C(2) << smmu->config.evtq_lg2) - 1, flag = (uint32_t)SMMU_EVENTQ_OVFLG;
	struct smmu_events *events = &smmu->events;
	uint32_t prod, count, taken;

	if (!smmu_serves(smmu))
		return 0;
	prod = platform_mmio_read32(smmu->config.registers + SMMU_EVENTQ_PROD);
	/* [C1] PROD before the records that it counts. Pairs with the SMMU's write of PROD. Observer: SMMU. */
	order_device_seen();
	count = (prod - events->cons) & mask;
	if (count > mask / 2 + 1) {
		/* No queue holds so many: what is in it means nothing. */
		taken = 0;
		events->cons = (events->cons & ~mask) | (prod & mask);
		note_lost(smmu);
	} else {
		taken = count < most ? count : most;
		take_all(smmu, events->cons, taken);
		events->cons = (events->cons & ~mask) | ((events->cons + taken) & mask);
	}
	if ((prod ^ events->cons) & flag) {
		events->cons ^= flag;
		note_lost(smmu);
	}
	/* [C1] Records are read before their slots are the SMMU's again. Observer: SMMU. */
	order_device_seen();
	platform_mmio_write32(smmu->config.registers + SMMU_EVENTQ_CONS, events->cons);
	acknowledge_abort(smmu);
	return taken;
}
