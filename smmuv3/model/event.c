/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * event.c - the event queue's producer side.
 *
 * Writes a record, then moves PROD; a full queue loses the record and toggles the overflow flag once,
 * until software acknowledges it. A queue that cannot be written never holds up anything else.
 * Spec: IHI 0070, Event queue; Event records; Event queue overflow.
 */
#include "event.h"

#include "bits.h"
#include "irq.h"
#include "state.h"

enum {
	EVENT_BYTES = 32,
	CLASS_INPUT = 2
};

#define OVERFLOW_FLAG (UINT32_C(1) << 31)

static void event_encode(const struct event *event, uint64_t word[4])
{
	word[0] = event->type | bits_put(event->sid, 32);
	word[1] = 0;
	word[2] = event->input;
	word[3] = event->address;
	if (event->type < MODEL_F_TRANSLATION && event->type != MODEL_F_WALK_EABT)
		return; /* a configuration error: no transaction attributes */
	word[1] = bits_put(!event->write, 35) | bits_put(event->stage2, 39) | bits_put(CLASS_INPUT, 40);
}

void event_record(struct model *model, const struct event *event)
{
	struct registers *registers = &model->registers;
	unsigned lg2 = registers_eventq_lg2(model), word;
	uint32_t index_mask = (UINT32_C(2) << lg2) - 1;
	uint32_t prod = registers->eventq_prod & index_mask;
	uint32_t cons = registers->eventq_cons & index_mask;
	uint64_t base = registers->eventq_base & bits_mask(55, 5), record[4];
	uint64_t pa = base + EVENT_BYTES * (prod & index_mask >> 1);
	char *slot;

	if (!(registers->cr0ack & CR0_EVENTQEN)) {
		model->counters.events_lost++;
		return;
	}
	if ((prod ^ cons) == UINT32_C(1) << lg2) {
		model->counters.events_lost++;
		if (!((registers->eventq_prod ^ registers->eventq_cons) & OVERFLOW_FLAG))
			registers->eventq_prod ^= OVERFLOW_FLAG;
		return;
	}
	slot = model->config.memory.write(model->config.memory.ctx, pa, EVENT_BYTES);
	if (!slot) {
		model->counters.events_lost++;
		registers_raise(model, GERROR_EVENTQ_ABT);
		return;
	}
	event_encode(event, record);
	for (word = 0; word < 4; word++)
		store64(slot + 8 * word, record[word]);
	registers->eventq_prod = (registers->eventq_prod & OVERFLOW_FLAG) | ((prod + 1) & index_mask);
	model->event_count[event->type]++;
	if (prod == cons)
		irq_events(model);
}

uint64_t model_event_count(const struct model *model, enum model_fault type)
{
	return (unsigned)type < MODEL_EVENT_TYPES ? model->event_count[type] : 0;
}
