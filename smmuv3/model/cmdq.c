/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cmdq.c - fetches commands and executes them, in the worst order that the architecture allows.
 *
 * A step consumes the next command (CONS moves past it, nothing else happens) or executes one that was
 * consumed, chosen at random. So a consumed command is not a complete one: only a SYNC, which is not
 * consumed before everything ahead of it has been executed, makes it so; without a SYNC the last commands
 * are never executed. A command that is refused stops the queue with CONS on it.
 * Owns: CONS never leads; nothing behind a SYNC starts before the SYNC completes.
 * Spec: IHI 0070, Command queue; Command errors; CMD_SYNC.
 */
#include "cmdq.h"

#include <string.h>

#include "alloc.h"
#include "bits.h"
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

static void command_execute(struct model *model, const struct command *command)
{
	struct space_extent extent = { 1, 0 };

	switch (command->kind) {
	case COMMAND_TLBI:
		tlb_invalidate(model->tlb, &command->tlbi, ++model->time, &extent);
		bbm_executed(model, &command->tlbi);
		watch_refill(model, &extent);
		break;
	case COMMAND_CFGI:
		stream_cache_invalidate(model->streams, command);
		bbm_configuration_executed(model);
		stream_prefetch(model, command);
		watch_refill(model, NULL);
		break;
	case COMMAND_ATC:
		model->cmdq.atc_timed_out |= !atc_invalidate(model, command);
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

static void pending_execute_one(struct model *model)
{
	struct cmdq *cmdq = &model->cmdq;
	unsigned index = model_random(model, cmdq->pending_count);
	struct command command = cmdq->pending[index];

	cmdq->pending[index] = cmdq->pending[--cmdq->pending_count];
	command_execute(model, &command);
}

static void error_raise(struct model *model, unsigned error)
{
	struct registers *registers = &model->registers;

	registers->cmdq_cons = (registers->cmdq_cons & ~(uint32_t)bits_mask(30, 24)) | error << 24;
	registers_raise(model, GERROR_CMDQ_ERR);
	model->counters.cerrors++;
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

static unsigned command_fetch(struct model *model, struct command *command)
{
	struct registers *registers = &model->registers;
	unsigned lg2 = registers_cmdq_lg2(model);
	uint64_t slot = registers->cmdq_cons & ((UINT32_C(1) << lg2) - 1);
	uint64_t base = registers->cmdq_base & bits_mask(55, 5), word[2];
	const char *memory, *why = NULL;
	unsigned error = injection_take(&model->cmdq);

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

static void command_consume(struct model *model, const struct command *command)
{
	struct registers *registers = &model->registers;
	uint32_t index_mask = (UINT32_C(2) << registers_cmdq_lg2(model)) - 1;

	registers->cmdq_cons =
		(registers->cmdq_cons & ~index_mask) | ((registers->cmdq_cons + 1) & index_mask);
	model->cmdq.position++;
	model->counters.commands++;
	model->counters.tlbi += command->is_tlbi_opcode;
	model->counters.cfgi += command->kind == COMMAND_CFGI;
	model->counters.syncs += command->kind == COMMAND_SYNC;
	model->counters.atc += command->kind == COMMAND_ATC;
}

static void sync_complete(struct model *model, const struct command *command)
{
	uint32_t *memory;

	command_consume(model, command);
	bbm_synced(model);
	if (!command->msi)
		return;
	memory = model->config.memory.write(model->config.memory.ctx, command->msi_address, sizeof(*memory));
	if (memory)
		__atomic_store_n(memory, htole32(command->msi_data), __ATOMIC_RELEASE);
	else
		registers_raise(model, GERROR_MSI_CMDQ_ABT);
}

bool cmdq_consumer_step(struct model *model)
{
	struct registers *registers = &model->registers;
	struct cmdq *cmdq = &model->cmdq;
	uint32_t index_mask = (UINT32_C(2) << registers_cmdq_lg2(model)) - 1;
	struct command command;
	unsigned error;

	if (cmdq->stalled || !(registers->cr0ack & CR0_CMDQEN) ||
	    registers_error_active(model, GERROR_CMDQ_ERR))
		return false;
	if (cmdq->rung) {
		cmdq->rung = false;
		watch_refill(model, NULL);
	}
	if (((registers->cmdq_prod ^ registers->cmdq_cons) & index_mask) == 0)
		return false;
	error = command_fetch(model, &command);
	if (error) {
		error_raise(model, error);
		return true;
	}
	if (cmdq->pending_count &&
	    (command.kind == COMMAND_SYNC || model_random(model, EXECUTE_ONE_IN) == 0)) {
		pending_execute_one(model);
	} else if (command.kind == COMMAND_SYNC && cmdq->atc_timed_out) {
		cmdq->atc_timed_out = false;
		error_raise(model, CERROR_ATC_INV_SYNC);
	} else if (command.kind == COMMAND_SYNC) {
		sync_complete(model, &command);
		erratum_synced(&cmdq->erratum);
	} else {
		if (erratum_loses(&cmdq->erratum, model->config.errata, &command))
			model->counters.lost++;
		else
			pending_push(cmdq, &command);
		command_consume(model, &command);
	}
	return true;
}

uint64_t cmdq_rung(const struct model *model)
{
	const struct registers *registers = &model->registers;
	uint32_t index_mask = (UINT32_C(2) << registers_cmdq_lg2(model)) - 1;

	return model->cmdq.position + ((registers->cmdq_prod - registers->cmdq_cons) & index_mask);
}

void cmdq_consumer_free(struct model *model)
{
	model_release(model->cmdq.pending);
	erratum_free(&model->cmdq.erratum);
	model_release(model->cmdq.injection);
}

void model_stall_commands(struct model *model, bool stall)
{
	model->cmdq.stalled = stall;
}

void model_inject_cerror(struct model *model, uint64_t position, unsigned error)
{
	struct cmdq *cmdq = &model->cmdq;

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
