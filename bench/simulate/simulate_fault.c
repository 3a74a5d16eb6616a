/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_fault.c - commands are refused now and then; some SMMUs break for good, at a moment that the seed names.
 */
#include "bench/simulate/simulate_fault.h"

#include "bench/simulate/simulate_smmu.h"

#define REFUSED_ONE_IN 1500u	       /* turns */
#define REFUSED_AHEAD  6u	       /* commands from now */
#define REFUSED_IN_A_ROW 4u	       /* no position twice, but the cover is refused as well */
#define CERROR_ILL     1u
#define CERROR_ABT     2u
#define GERROR_SFM     (UINT32_C(1) << 8)
#define CONS_RES0      (UINT32_C(1) << 23)

const char *simulate_fault_name(enum simulate_fault fault)
{
	static const char *const names[FAULT_KINDS] = {
		[FAULT_REFUSED] = "command refused",   [FAULT_FETCH] = "command fetch aborted",
		[FAULT_UNCOVERED] = "command refused for good",
		[FAULT_SILENT] = "sync never complete", [FAULT_SERVICE] = "service failure mode",
		[FAULT_STOPPED] = "queue stopped",     [FAULT_RESET] = "SMMU reset",
		[FAULT_CONS] = "garbage in CONS",      [FAULT_STUCK] = "silent and not to be shut",
	};

	return names[fault];
}

/* Where a refused command may be one that nothing covers, being refused is the end. */
bool simulate_fault_is_final(const struct simulate_smmu_shape *shape)
{
	return shape->ats || shape->errata & (SHADOW_ERRATUM_NO_MIXING | SHADOW_ERRATUM_REPEAT);
}

static void happened(struct simulate *world, unsigned smmu, enum simulate_fault fault)
{
	world->counts.faults[fault]++;
	simulate_note(world, HISTORY_FAULT, smmu, 0, (int64_t)fault);
}

/* One that is in use. */
static unsigned some_queue(const struct simulate *world, unsigned number)
{
	unsigned enhanced = simulate_smmu_queues(&world->shape.smmu[number]);

	return enhanced ? 1 + (unsigned)sim_random(enhanced) : 0;
}

/* No position twice: the command that covers a refused one is taken. */
static void inject(struct simulate_smmu *smmu, unsigned queue, unsigned error)
{
	uint64_t position = model_queue_position(smmu->model, queue) + sim_random(REFUSED_AHEAD);

	if (position <= smmu->injected[queue])
		position = smmu->injected[queue] + 1;
	smmu->injected[queue] = position;
	model_inject_cerror_on(smmu->model, queue, position, error);
}

static void refuse(struct simulate *world)
{
	unsigned number = (unsigned)sim_random(world->shape.smmus);
	struct simulate_smmu *smmu = &world->smmu[number];

	if (smmu->phase != PHASE_ON || smmu->broken || simulate_fault_is_final(&world->shape.smmu[number]))
		return;
	inject(smmu, some_queue(world, number), CERROR_ILL);
	happened(world, number, FAULT_REFUSED);
}

static void break_now(struct simulate *world, unsigned number, enum simulate_fault fault)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	unsigned queue = some_queue(world, number);

	smmu->broken = true;
	smmu->fault = fault;
	happened(world, number, fault);
	switch (fault) {
	case FAULT_UNCOVERED:
		for (unsigned i = 0; i < REFUSED_IN_A_ROW; i++)
			inject(smmu, queue, CERROR_ILL);
		break;
	case FAULT_FETCH:
		inject(smmu, queue, CERROR_ABT);
		break;
	case FAULT_SERVICE:
		model_raise_gerror(smmu->model, GERROR_SFM);
		break;
	case FAULT_STOPPED:
		if (queue)
			model_stop_ecmdq(smmu->model, queue);
		else
			model_stop_queue(smmu->model);
		break;
	case FAULT_RESET:
		model_reset(smmu->model);
		break;
	case FAULT_CONS:
		model_forge_cons(smmu->model, true, (uint32_t)sim_random(UINT32_MAX) | CONS_RES0);
		break;
	case FAULT_STUCK:
		world->stuck = true;
		model_stall_registers(smmu->model, true);
		model_stall_commands(smmu->model, true);
		break;
	default:
		model_stall_commands(smmu->model, true);
		break;
	}
}

void simulate_fault_turn(struct simulate *world)
{
	if (world->shape.refuses && !sim_random(REFUSED_ONE_IN))
		refuse(world);
	for (unsigned i = 0; i < world->shape.smmus; i++) {
		struct simulate_smmu *smmu = &world->smmu[i];

		if (smmu->breaks_at && !smmu->broken && world->live && smmu->phase >= PHASE_MOVING &&
		    world->counts.transitions >= smmu->breaks_at)
			break_now(world, i, world->shape.smmu[i].breaks);
	}
}
