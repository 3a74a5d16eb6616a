/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * simulate_smmu.c - what an operator does with SMMUs while trips go on, and what has to come of it.
 *
 * Some are attached late. A sound one is detached now and then and enabled again; one that a fault has shut is detached,
 * mended and enabled again. Devices that were shut out since one of them did not confirm are let in again.
 * Owns: one CPU at a time looks after an SMMU, so that no two calls about one meet but those that may.
 */
#include "bench/simulate/simulate_smmu.h"

#include "smmuv3/smmu.h"

#define REGISTERS    (UINT64_C(1) << 46)
#define REGISTER_LG2 20u
#define EVTQ_LG2     4u
#define SID_BITS     5u
#define SMMU_WAIT_NS UINT64_C(200000)  /* some thousand turns of the devices */
#define MANY_CPUS    32u
#define LOST_TRIPS   60u	       /* that go on once isolation is lost */
#define MUTE_ONE_IN  8000u	       /* turns */
#define AGED_COMMANDS 200u
#define BREAKS_AGAIN 1000u	       /* transitions, at most, after it was mended */

struct shadow_smmu_config simulate_smmu_config(const struct simulate *world, unsigned number)
{
	const struct simulate_smmu_shape *shape = &world->shape.smmu[number];

	return (struct shadow_smmu_config){ .registers = REGISTERS + ((uintptr_t)number << REGISTER_LG2),
					    .cmdq_lg2 = shape->cmdq_lg2, .evtq_lg2 = EVTQ_LG2,
					    .sid_bits = SID_BITS, .no_ril = shape->no_ril, .nested = shape->nested,
					    .errata = shape->errata, .ecmdq = shape->ecmdq,
					    /* One of many has a turn less often, and so have they all among many CPUs. */
					    .wait_ns = SMMU_WAIT_NS * (1 + 2 * (world->shape.smmus / 4) +
								       world->shape.cpus / MANY_CPUS) };
}

unsigned simulate_smmu_queues(const struct simulate_smmu_shape *shape)
{
	return shape->errata ? 0 : shape->ecmdq;
}

bool simulate_smmu_writes_word(const struct simulate_smmu_shape *shape)
{
	return shape->completion & SHADOW_COMPLETION_MSI && !shape->non_coherent;
}

static bool chance(uint64_t percent)
{
	return sim_random(100) < percent;
}

static void note(struct simulate *world, unsigned number, enum history_smmu what, int error)
{
	simulate_note(world, HISTORY_SMMU, number, (uint64_t)what, error);
}

/* ---- streams ------------------------------------------------------------------------------------------------------ */

static int stream_ats(struct simulate_smmu *smmu, unsigned keeper)
{
	static const uint64_t stage1[2];
	bool nested = smmu->world->shape.smmu[smmu - smmu->world->smmu].nested;

	return shadow_smmu_stream_ats(smmu->smmu, SIMULATE_ATS_SID + keeper, nested ? stage1 : NULL);
}

/* One that confirms nothing, and that the engine does not know of: the next invalidation shuts out all. */
static bool mute_unknown(const struct simulate_smmu *smmu)
{
	for (unsigned i = 0; i < SIMULATE_ATS_MAX; i++)
		if (smmu->mute[i] && smmu->keeper[i] >= KEEPER_IN)
			return true;
	return false;
}

/* Host lock held. */
static void let_in(struct simulate *world, unsigned number, unsigned keeper)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	int error;

	smmu->keeper[keeper] = KEEPER_ENTERING;
	error = stream_ats(smmu, keeper);
	note(world, number, HISTORY_SMMU_STREAM, error);
	if (error && !smmu->broken && !(error == -SHADOW_EIO && smmu->mute[keeper]))
		simulate_violate(world, 0, 0, "SMMU %u: a device is not let in again: %d", number, error);
	if (error) {
		smmu->keeper[keeper] = KEEPER_SHUT;
		return;
	}
	smmu->keeper[keeper] = mute_unknown(smmu) || smmu->mute[keeper] ? KEEPER_RISK : KEEPER_IN;
	world->counts.streams_again++;
}

/* Who looks after an SMMU has to know of a device that was shut out: and then it sees what was stored for that. */
static bool knows_shut_out(const struct simulate_smmu *smmu, unsigned keeper)
{
	return smmu->keeper[keeper] == KEEPER_SHUT &&
	       sim_load(&smmu->told_out[keeper], 8, true) == smmu->shut_out[keeper];
}

static void let_in_all(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];

	for (unsigned i = 0; i < SIMULATE_ATS_MAX && world->shape.smmu[number].ats; i++) {
		sim_host_lock();
		if (knows_shut_out(smmu, i) && smmu->phase == PHASE_ON && !smmu->closed)
			let_in(world, number, i);
		sim_host_unlock();
	}
}

void simulate_smmu_turn(struct simulate *world)
{
	unsigned number = (unsigned)sim_random(world->shape.smmus), keeper;
	struct simulate_smmu *smmu = &world->smmu[number];

	if (!world->shape.smmu[number].ats || smmu->phase != PHASE_ON || sim_random(MUTE_ONE_IN))
		return;
	keeper = (unsigned)sim_random(SIMULATE_ATS_MAX);
	if (smmu->mute[keeper])
		return;
	smmu->mute[keeper] = true;
	model_atc_mute(smmu->model, SIMULATE_ATS_SID + keeper);
	for (unsigned i = 0; i < SIMULATE_ATS_MAX; i++)
		if (smmu->keeper[i] == KEEPER_IN)
			smmu->keeper[i] = KEEPER_RISK;
	world->counts.keepers_mute++;
	note(world, number, HISTORY_SMMU_MUTE, 0);
}

void simulate_smmu_stream_aborted(struct simulate *world, unsigned number, uint32_t sid)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	unsigned keeper = sid - SIMULATE_ATS_SID;

	world->counts.streams_aborted++;
	if (keeper >= SIMULATE_ATS_MAX) {
		simulate_violate(world, 0, 0, "SMMU %u: stream %x is aborted", number, sid);
		return;
	}
	if (smmu->keeper[keeper] == KEEPER_IN)
		simulate_violate(world, 0, 0, "SMMU %u: stream %x is aborted, and every device confirms", number, sid);
	smmu->keeper[keeper] = KEEPER_SHUT;
	sim_store(&smmu->told_out[keeper], ++smmu->shut_out[keeper], 8, true);
}

/* ---- boot ------------------------------------------------------------------------------------------------------ */

static int attach(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	struct shadow_smmu_config config = simulate_smmu_config(world, number);
	int error = shadow_smmu_attach(world->target, &config, &smmu->smmu);

	if (!error) {
		world->attached[world->attached_count++] = number;
		error = shadow_smmu_stream(smmu->smmu, SIMULATE_SID);
	}
	for (unsigned i = 0; i < SIMULATE_ATS_MAX && world->shape.smmu[number].ats && !error; i++)
		error = stream_ats(smmu, i);
	return error;
}

int simulate_smmu_boot(struct simulate *world)
{
	int error = 0;

	for (unsigned i = 0; i < world->shape.smmus && !error; i++) {
		if (world->shape.smmu[i].late)
			continue;
		error = attach(world, i);
		world->smmu[i].phase = PHASE_MOVING;
	}
	return error;
}

void simulate_smmu_booted(struct simulate *world)
{
	for (unsigned i = 0; i < world->shape.smmus; i++) {
		if (world->shape.smmu[i].late)
			continue;
		world->smmu[i].phase = PHASE_ON;
		for (unsigned j = 0; j < SIMULATE_ATS_MAX && world->shape.smmu[i].ats; j++)
			world->smmu[i].keeper[j] = KEEPER_IN;
	}
}

/* ---- off and on -------------------------------------------------------------------------------------------------- */

static void attach_late(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	int error;

	sim_host_lock();
	error = attach(world, number);
	note(world, number, HISTORY_SMMU_ATTACH, error);
	if (error)
		simulate_violate(world, 0, 0, "SMMU %u is not attached: %d", number, error);
	smmu->phase = PHASE_OFF;
	world->counts.attaches++;
	sim_host_unlock();
}

static void detach(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	int error;

	sim_host_lock();
	smmu->phase = PHASE_MOVING;
	for (unsigned i = 0; i < SIMULATE_ATS_MAX; i++)
		if (smmu->keeper[i] == KEEPER_IN)
			smmu->keeper[i] = KEEPER_RISK;
	error = shadow_smmu_detach(smmu->smmu);
	note(world, number, HISTORY_SMMU_DETACH, error);
	if (error && !smmu->lost)
		simulate_violate(world, 0, 0, "SMMU %u is not detached: %d", number, error);
	for (unsigned i = 0; i < SIMULATE_ATS_MAX; i++)
		smmu->keeper[i] = KEEPER_SHUT;
	if (!error) {
		smmu->phase = PHASE_OFF;
		world->counts.detaches++;
	}
	sim_host_unlock();
}

static bool refusals_wait(const struct simulate *world, unsigned number)
{
	const struct simulate_smmu *smmu = &world->smmu[number];

	for (unsigned queue = 0; queue <= simulate_smmu_queues(&world->shape.smmu[number]); queue++)
		if (smmu->injected[queue] && model_queue_position(smmu->model, queue) <= smmu->injected[queue])
			return true;
	return false;
}

/* Someone repairs it while it is off, or replaces it. Return: false if that cannot be done. */
static bool mend(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];

	if (!smmu->broken)
		return true;
	/* Commands that wait to be refused cannot be taken back: it goes on as broken as it is. */
	if ((smmu->fault == FAULT_FETCH || smmu->fault == FAULT_UNCOVERED) && refusals_wait(world, number))
		return true;
	/* Without a reset that aborts devices would pass. */
	if (smmu->fault == FAULT_SERVICE && !world->shape.smmu[number].aborts_at_reset)
		return false;
	if (smmu->fault == FAULT_SERVICE)
		model_reset(smmu->model);
	model_stall_commands(smmu->model, false);
	model_forge_cons(smmu->model, false, 0);
	smmu->broken = false;
	smmu->breaks_at = world->counts.transitions + 1 + sim_random(BREAKS_AGAIN);
	world->counts.mended++;
	return true;
}

/* As if it had been in use for long: positions in its queue are about to need more than 32 bits. */
static void age(struct simulate_smmu *smmu)
{
	uint64_t old = (UINT64_C(1) << 32) - 1 - sim_random(AGED_COMMANDS);

	for (unsigned i = 0; i <= smmu->smmu->ecmdqs; i++) {
		struct cmdq *cmdq = smmu_queue(smmu->smmu, i);

		if (cmdq->written < old)
			cmdq->written = old;
	}
}

static void enable(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];
	int error;

	if (!mend(world, number))
		return;
	if (chance(25))
		age(smmu);
	smmu->closed = false;
	smmu->phase = PHASE_MOVING;
	error = shadow_smmu_enable(smmu->smmu);
	note(world, number, HISTORY_SMMU_ENABLE, error);
	if (error && !smmu->broken)
		simulate_violate(world, 0, 0, "SMMU %u is not enabled: %d", number, error);
	smmu->phase = PHASE_ON;
	if (error)
		return;
	world->counts.enables++;
	let_in_all(world, number);
}

static void read_events(struct simulate *world, unsigned number)
{
	unsigned most = 1 + (unsigned)sim_random(20), taken;

	taken = shadow_smmu_events(world->smmu[number].smmu, most);
	world->counts.events_taken += taken;
	if (taken > most)
		simulate_violate(world, 0, 0, "SMMU %u: %u events instead of %u at most", number, taken, most);
}

static void look_after(struct simulate *world, unsigned number)
{
	const struct simulate_smmu *smmu = &world->smmu[number];

	if (smmu->phase == PHASE_ABSENT)
		attach_late(world, number);
	else if (smmu->phase == PHASE_OFF)
		enable(world, number);
	else if (world->shape.moves && chance(smmu->closed || world->shape.restless ? 50 : 15))
		detach(world, number);
	else if (chance(50))
		read_events(world, number);
	else
		let_in_all(world, number);
}

void simulate_smmu_manage(struct simulate *world)
{
	unsigned number = (unsigned)sim_random(world->shape.smmus);
	struct simulate_smmu *smmu = &world->smmu[number];

	bool mine;

	/* Under the lock, so that each sees what the one before has done. */
	sim_host_lock();
	mine = !smmu->busy && !smmu->lost && !world->lost && !world->stuck;
	smmu->busy |= mine;
	sim_host_unlock();
	if (!mine)
		return;
	look_after(world, number);
	sim_host_lock();
	smmu->busy = false;
	sim_host_unlock();
}

/* ---- reports ------------------------------------------------------------------------------------------------------- */

unsigned simulate_smmu_number(const struct simulate *world, uint64_t reported)
{
	return world->attached[reported % SIMULATE_SMMUS_MAX];
}

void simulate_smmu_closed(struct simulate *world, unsigned number, uint64_t why)
{
	struct simulate_smmu *smmu = &world->smmu[number];

	if (!smmu->broken)
		simulate_violate(world, 0, 0, "SMMU %u was given up without a fault, for reason %llu", number,
				 (unsigned long long)why >> 32);
	smmu->closed = true;
	world->counts.closed++;
}

void simulate_smmu_lost(struct simulate *world, unsigned number)
{
	struct simulate_smmu *smmu = &world->smmu[number];

	if (!smmu->broken || smmu->fault != FAULT_STUCK)
		simulate_violate(world, 0, 0, "SMMU %u could have been shut", number);
	world->lost = smmu->lost = true;
	world->trips_left = LOST_TRIPS;
	world->counts.lost++;
}
