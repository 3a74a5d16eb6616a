/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.c - fetches commands and executes them, in the worst order that the architecture allows.
 *
 * A step consumes the next command (CONS moves past it, nothing else happens) or executes one that was
 * consumed, chosen at random. So a consumed command is not a complete one: only a SYNC, which is not
 * consumed before everything ahead of it has been executed, makes it so; without a SYNC the last commands
 * are never executed. A command that is refused stops the queue with CONS on it.
 * With several queues each step is of one chosen at random; a SYNC of one says nothing of the others', and an error of
 * one stops none of them.
 * Owns: CONS never leads; nothing behind a SYNC starts before the SYNC completes.
 * Spec: IHI 0070, Command queue; Enhanced Command queue interfaces; Command errors; CMD_SYNC.
 */
#include "cmdq.h"

#include <string.h>

#include "alloc.h"
#include "bits.h"
#include "ecmdq.h"
#include "state.h"

enum {
	COMMAND_BYTES = 16,
	EXECUTE_ONE_IN = 4
};

/* Read an entry again as soon as it may be: one that is still wrong is then cached wrong. */
static void stream_prefetch(struct model *model, const struct command *command)
{
	struct ste_view view;
	uint64_t fetch_pa;

	if (model->registers.cr0ack & CR0_SMMUEN && command->sid_first == command->sid_last)
		stream_cache_find(model, command->sid_first, true, &view, &fetch_pa);
}

static void command_execute(struct model *model, struct cmdq *cmdq, const struct command *command)
{
	struct space_extent extent = { 1, 0 };

	switch (command->kind) {
	case COMMAND_TLBI:
		tlb_invalidate(model->tlb, &command->tlbi, ++model->time, &extent);
		bbm_executed(model, cmdq->number, &command->tlbi);
		watch_refill(model, &extent);
		break;
	case COMMAND_CFGI:
		stream_cache_invalidate(model, command);
		bbm_configuration_executed(model, cmdq->number);
		stream_prefetch(model, command);
		watch_refill(model, NULL);
		break;
	case COMMAND_ATC:
		cmdq->atc_timed_out |= !atc_invalidate(model, command);
		watch_refill(model, NULL);
		break;
	default:
		break;
	}
}

static void pending_push(struct cmdq *cmdq, const struct command *command)
{
	if (cmdq->pending_count == cmdq->pending_room) {
		unsigned room = cmdq->pending_room ? 2 * cmdq->pending_room : 64;
		struct command *pending = model_must_alloc(room * sizeof(*pending));

		if (cmdq->pending_count)
			memcpy(pending, cmdq->pending, cmdq->pending_count * sizeof(*pending));
		model_release(cmdq->pending);
		cmdq->pending = pending;
		cmdq->pending_room = room;
	}
	cmdq->pending[cmdq->pending_count++] = *command;
}

static void pending_execute_one(struct model *model, struct cmdq *cmdq)
{
	unsigned index = model_random(model, cmdq->pending_count);
	struct command command = cmdq->pending[index];

	cmdq->pending[index] = cmdq->pending[--cmdq->pending_count];
	command_execute(model, cmdq, &command);
}

static void error_raise(struct model *model, struct cmdq *cmdq, unsigned error)
{
	model->counters.cerrors++;
	if (cmdq->number) {
		ecmdq_fail(model, cmdq, error);
		return;
	}
	cmdq->cons = (cmdq->cons & ~(uint32_t)bits_mask(30, 24)) | error << 24;
	registers_raise(model, GERROR_CMDQ_ERR);
}

/* Is an error to be injected at this position? Each is raised once. */
static unsigned injection_take(struct cmdq *cmdq)
{
	unsigned index, error;

	for (index = 0; index < cmdq->injection_count; index++) {
		if (cmdq->injection[index].position != cmdq->position)
			continue;
		error = cmdq->injection[index].error;
		cmdq->injection[index] = cmdq->injection[--cmdq->injection_count];
		return error;
	}
	return CERROR_NONE;
}

static unsigned command_fetch(struct model *model, struct cmdq *cmdq, struct command *command)
{
	uint64_t slot = cmdq->cons & ((UINT32_C(1) << cmdq_lg2(model, cmdq)) - 1);
	uint64_t base = cmdq->base & bits_mask(55, 5), word[2];
	const char *memory, *why = NULL;
	unsigned error = injection_take(cmdq);

	if (error)
		return error;
	memory = model->config.memory.read(model->config.memory.ctx, base + COMMAND_BYTES * slot,
					   COMMAND_BYTES);
	if (!memory)
		return CERROR_ABT;
	word[0] = load64(memory);
	word[1] = load64(memory + 8);
	return command_decode(word, &model->config, command, &why);
}

static void command_consume(struct model *model, struct cmdq *cmdq, const struct command *command)
{
	uint32_t index_mask = cmdq_index_mask(model, cmdq);
	bool full = ((cmdq->prod - cmdq->cons) & index_mask) == UINT32_C(1) << cmdq_lg2(model, cmdq);

	cmdq->cons = (cmdq->cons & ~index_mask) | ((cmdq->cons + 1) & index_mask);
	cmdq->position++;
	model->counters.wakeups += model->config.sev && full;
	model->counters.commands++;
	model->counters.tlbi += command->is_tlbi_opcode;
	model->counters.cfgi += command->kind == COMMAND_CFGI;
	model->counters.syncs += command->kind == COMMAND_SYNC;
	model->counters.atc += command->kind == COMMAND_ATC;
}

static void sync_complete(struct model *model, struct cmdq *cmdq, const struct command *command)
{
	uint32_t *memory;

	command_consume(model, cmdq, command);
	bbm_synced(model, cmdq->number);
	model->counters.wakeups += model->config.sev && command->event;
	if (!command->msi)
		return;
	memory = model->config.memory.write(model->config.memory.ctx, command->msi_address, sizeof(*memory));
	if (memory && !model->msi_lost)
		__atomic_store_n(memory, htole32(command->msi_data), __ATOMIC_RELEASE);
	else
		registers_raise(model, GERROR_MSI_CMDQ_ABT);
}

static bool queue_runs(const struct model *model, const struct cmdq *cmdq)
{
	if (cmdq->stalled)
		return false;
	return cmdq->number ? ecmdq_runs(cmdq) :
			      model->registers.cr0ack & CR0_CMDQEN &&
				      !registers_error_active(model, GERROR_CMDQ_ERR);
}

static bool queue_step(struct model *model, struct cmdq *cmdq)
{
	struct command command;
	unsigned error;

	if (!queue_runs(model, cmdq))
		return false;
	if (cmdq->rung) {
		cmdq->rung = false;
		watch_refill(model, NULL);
	}
	if (((cmdq->prod ^ cmdq->cons) & cmdq_index_mask(model, cmdq)) == 0)
		return false;
	error = command_fetch(model, cmdq, &command);
	if (error) {
		error_raise(model, cmdq, error);
		return true;
	}
	if (cmdq->pending_count &&
	    (command.kind == COMMAND_SYNC || model_random(model, EXECUTE_ONE_IN) == 0)) {
		pending_execute_one(model, cmdq);
	} else if (command.kind == COMMAND_SYNC && cmdq->atc_timed_out) {
		cmdq->atc_timed_out = false;
		error_raise(model, cmdq, CERROR_ATC_INV_SYNC);
	} else if (command.kind == COMMAND_SYNC) {
		sync_complete(model, cmdq, &command);
		erratum_synced(&cmdq->erratum);
	} else {
		if (erratum_loses(&cmdq->erratum, model->config.errata, &command))
			model->counters.lost++;
		else
			pending_push(cmdq, &command);
		command_consume(model, cmdq, &command);
	}
	return true;
}

bool cmdq_consumer_step(struct model *model)
{
	unsigned count = model->queue_count, first = count > 1 ? model_random(model, count) : 0, i;

	for (i = 0; i < count; i++) {
		if (queue_step(model, &model->queue[(first + i) % count]))
			return true;
	}
	return false;
}

uint64_t cmdq_rung(const struct model *model, unsigned number)
{
	const struct cmdq *cmdq = &model->queue[number];

	return cmdq->position + ((cmdq->prod - cmdq->cons) & cmdq_index_mask(model, cmdq));
}

unsigned cmdq_lg2(const struct model *model, const struct cmdq *cmdq)
{
	unsigned lg2 = bits_get(cmdq->base, 4, 0);

	return lg2 < model->config.cmdq_lg2 ? lg2 : model->config.cmdq_lg2;
}

uint32_t cmdq_index_mask(const struct model *model, const struct cmdq *cmdq)
{
	return (UINT32_C(2) << cmdq_lg2(model, cmdq)) - 1;
}

void cmdq_ring(struct model *model, struct cmdq *cmdq, uint32_t offset, uint32_t index, bool failed)
{
	uint32_t index_mask = cmdq_index_mask(model, cmdq);
	uint32_t used = (index - cmdq->cons) & index_mask;
	uint32_t used_before = (cmdq->prod - cmdq->cons) & index_mask;
	const char *what = NULL;

	model->counters.doorbells++;
	if (index & ~index_mask)
		what = "CMDQ_PROD beyond its wrap bit";
	else if (used > UINT32_C(1) << cmdq_lg2(model, cmdq))
		what = "CMDQ_PROD more than one queue ahead of CONS";
	else if (used < used_before && !failed)
		what = "CMDQ_PROD moved back without an error";
	if (what && !cmdq->astray)
		model_violate(model, MODEL_RULE_REGISTER, offset, cmdq->prod, index, what);
	if (what)
		return;
	cmdq->prod = (cmdq->prod & ~index_mask) | index;
	cmdq->rung = true;
}

void cmdq_begin(struct cmdq *cmdq)
{
	unsigned index, kept = 0;

	for (index = 0; index < cmdq->pending_count; index++)
		if (cmdq->pending[index].kind != COMMAND_ATC)
			cmdq->pending[kept++] = cmdq->pending[index];
	cmdq->pending_count = kept;
	cmdq->atc_timed_out = false;
}

void cmdq_reset(struct model *model)
{
	unsigned number;

	for (number = 0; number < model->queue_count; number++) {
		struct cmdq *cmdq = &model->queue[number];

		cmdq->number = number;
		if (!number) /* that of an enhanced one is unknown: it may still be there */
			cmdq->base = 0;
		cmdq->astray = number && (cmdq->astray || cmdq->prod & ECMDQ_EN);
		cmdq->prod = cmdq->cons = 0;
		cmdq->delay = 0;
		cmdq->pending_count = 0;
		cmdq->atc_timed_out = false;
		cmdq->rung = false;
	}
}

void cmdq_consumer_free(struct model *model)
{
	unsigned number;

	for (number = 0; number < model->queue_count; number++) {
		model_release(model->queue[number].pending);
		erratum_free(&model->queue[number].erratum);
		model_release(model->queue[number].injection);
	}
}

void model_stall_queue(struct model *model, unsigned queue, bool stall)
{
	model->queue[queue].stalled = stall;
}

void model_stall_commands(struct model *model, bool stall)
{
	unsigned number;

	for (number = 0; number < model->queue_count; number++)
		model_stall_queue(model, number, stall);
}

void model_lose_msis(struct model *model, bool lose)
{
	model->msi_lost = lose;
}

uint64_t model_queue_position(const struct model *model, unsigned queue)
{
	return model->queue[queue].position;
}

void model_inject_cerror_on(struct model *model, unsigned queue, uint64_t position, unsigned error)
{
	struct cmdq *cmdq = &model->queue[queue];

	if (cmdq->injection_count == cmdq->injection_room) {
		unsigned room = cmdq->injection_room ? 2 * cmdq->injection_room : 8;
		struct cmdq_injection *injection = model_must_alloc(room * sizeof(*injection));

		if (cmdq->injection_count)
			memcpy(injection, cmdq->injection, cmdq->injection_count * sizeof(*injection));
		model_release(cmdq->injection);
		cmdq->injection = injection;
		cmdq->injection_room = room;
	}
	cmdq->injection[cmdq->injection_count++] = (struct cmdq_injection){ position, error };
}

void model_inject_cerror(struct model *model, uint64_t position, unsigned error)
{
	model_inject_cerror_on(model, 0, position, error);
}
