/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_run.c - the life of generated VMs, as a trace.
 *
 * Each virtual CPU of a VM goes through its part of the VM's memory: touch all of it, give the balloon's part
 * back and take it again, share bursts with the host and take them back. When all of a VM's are done, its
 * first one takes the memory down in guest order, and the next round begins. Virtual CPUs are dealt out to
 * the CPUs in turn; those of one CPU take turns trip by trip. Each CPU has a clock, and whichever has the
 * earliest event is next, so that the file is in the order of its times.
 */
#include "bench/trace/generate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/common/progress.h"

#define IN_TRIP_NS 1040u /* from one transition of a trip to the next */
#define IA_BITS	   40u

enum phase {
	TOUCH,
	INFLATE,
	DEFLATE,
	SHARE,
	UNSHARE,
	WAIT,	  /* for the VM's others */
	TEARDOWN, /* the first alone */
	END,
};

/* What one transition of a phase looks like. Durations are medians of the recordings. */
struct form {
	const char *cause, *id;
	uint8_t why, old_state, new_state, flags;
	uint32_t took_ns;
};

static const struct form forms[2][END] = {
	{ /* protected */
	  [TOUCH] = { "host_donate_guest", "pkvm_host_donate_guest", TRACE_WHY_HVC, TRACE_STATE_OWNED,
		      TRACE_STATE_NOPAGE, TRACE_FLAG_UPDATE, 2768 },
	  [INFLATE] = { "balloon_inflate", "balloon_inflate", TRACE_WHY_GUEST, TRACE_STATE_NOPAGE,
			TRACE_STATE_OWNED, TRACE_FLAG_UPDATE, 3072 },
	  [DEFLATE] = { "host_donate_guest", "pkvm_host_donate_guest", TRACE_WHY_HVC, TRACE_STATE_OWNED,
			TRACE_STATE_NOPAGE, TRACE_FLAG_UPDATE, 2768 },
	  [SHARE] = { "guest_share_host", "guest_exit_at_el2", TRACE_WHY_GUEST, TRACE_STATE_NOPAGE,
		      TRACE_STATE_SHARED_BORROWED, TRACE_FLAG_UPDATE, 7696 },
	  [UNSHARE] = { "guest_unshare_host", "guest_exit_at_el2", TRACE_WHY_GUEST,
			TRACE_STATE_SHARED_BORROWED, TRACE_STATE_NOPAGE, TRACE_FLAG_UPDATE, 7696 },
	  [TEARDOWN] = { "host_reclaim_guest", "pkvm_reclaim_dying_guest_page", TRACE_WHY_HVC,
			 TRACE_STATE_NOPAGE, TRACE_STATE_OWNED, TRACE_FLAG_UPDATE, 3072 } },
	{ /* ordinary */
	  [TOUCH] = { "host_share_guest", "pkvm_host_share_guest", TRACE_WHY_HVC, TRACE_STATE_OWNED,
		      TRACE_STATE_SHARED_OWNED, TRACE_FLAG_DIRECT, 1632 },
	  [INFLATE] = { "host_unshare_guest", "pkvm_host_unshare_guest", TRACE_WHY_HVC,
			TRACE_STATE_SHARED_OWNED, TRACE_STATE_OWNED, TRACE_FLAG_DIRECT, 1456 },
	  [DEFLATE] = { "host_share_guest", "pkvm_host_share_guest", TRACE_WHY_HVC, TRACE_STATE_OWNED,
			TRACE_STATE_SHARED_OWNED, TRACE_FLAG_DIRECT, 1632 },
	  [TEARDOWN] = { "host_unshare_guest", "pkvm_host_unshare_guest", TRACE_WHY_HVC,
			 TRACE_STATE_SHARED_OWNED, TRACE_STATE_OWNED, TRACE_FLAG_DIRECT, 1456 } },
};

/* A virtual CPU of a VM. */
struct vcpu {
	const struct generate_vm *vm;
	struct vcpu *first; /* of its VM */
	size_t low, count;  /* its units */
	uint32_t *order;    /* of touching: indexes below count */
	uint64_t at;	    /* transitions made in this phase, in this burst */
	uint64_t burst, burst_low;
	uint64_t round;
	unsigned waiting; /* of the first: how many of its VM have come to WAIT */
	enum phase phase;
};

/* What a CPU does next, and when. */
struct cpu {
	struct vcpu **vcpu;
	size_t vcpus, turn;
	struct vcpu *now; /* in a trip, or NULL */
	const struct form *form;
	uint64_t next_ns, began_ns;
	uint64_t made, last; /* transitions of the trip: made, and all */
};

struct run {
	const struct generate_workload *workload;
	struct generate_vm *vm;
	struct vcpu *vcpu;
	size_t vcpus;
	struct cpu *cpu;
	struct vcpu **lists;
	uint32_t *orders;
	uint64_t random;
	uint64_t made, total; /* transitions */
	bool settled;	      /* a virtual CPU has gone on to another phase: others may wait for that */
	struct tracefile *out;
};

/* ---- a virtual CPU ---- */

static void shuffle(uint32_t *array, size_t count, uint64_t *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)generate_below(random, i);
		uint32_t kept = array[i - 1];

		array[i - 1] = array[other];
		array[other] = kept;
	}
}

/* Whole folios in an order by chance, each ascending. */
static int order_folios(struct vcpu *vcpu, uint64_t *random)
{
	const struct generate_unit *unit = vcpu->vm->unit + vcpu->low;
	uint32_t *first = malloc((vcpu->count + 1) * sizeof(*first));
	size_t folios = 0, at = 0;

	if (!first)
		return -1;
	for (size_t i = 0; i < vcpu->count; i++)
		if (i == 0 || unit[i].folio)
			first[folios++] = (uint32_t)i;
	shuffle(first, folios, random);
	for (size_t i = 0; i < folios; i++) {
		size_t index = first[i];

		do
			vcpu->order[at++] = (uint32_t)index++;
		while (index < vcpu->count && !unit[index].folio);
	}
	free(first);
	return 0;
}

static int begin_round(struct run *run, struct vcpu *vcpu)
{
	enum generate_order order = run->workload->order;

	vcpu->phase = TOUCH;
	vcpu->at = vcpu->burst = 0;
	for (size_t i = 0; i < vcpu->count; i++)
		vcpu->order[i] = (uint32_t)(order == GENERATE_DESCENDING ? vcpu->count - 1 - i : i);
	if (order == GENERATE_RANDOM)
		shuffle(vcpu->order, vcpu->count, &run->random);
	return order == GENERATE_FOLIOS ? order_folios(vcpu, &run->random) : 0;
}

/* Transitions of the phase at hand. */
static uint64_t phase_count(const struct run *run, const struct vcpu *vcpu)
{
	const struct generate_workload *workload = run->workload;

	switch (vcpu->phase) {
	case TOUCH:
		return vcpu->count;
	case INFLATE:
	case DEFLATE:
		return vcpu->count * workload->balloon_percent / 100;
	case SHARE:
	case UNSHARE:
		if (vcpu->vm->ordinary || vcpu->burst == workload->shares)
			return 0;
		return workload->burst < vcpu->count ? workload->burst : vcpu->count;
	case TEARDOWN:
		return vcpu->vm->units;
	default:
		return 0;
	}
}

/* The unit of the next transition. */
static const struct generate_unit *next_unit(struct run *run, struct vcpu *vcpu)
{
	uint64_t at = vcpu->at++;

	if (vcpu->phase == TEARDOWN)
		return &vcpu->vm->unit[at];
	if (vcpu->phase == SHARE && at == 0)
		vcpu->burst_low = generate_below(&run->random, vcpu->count - phase_count(run, vcpu) + 1);
	if (vcpu->phase == SHARE || vcpu->phase == UNSHARE)
		return &vcpu->vm->unit[vcpu->low + vcpu->burst_low + at];
	return &vcpu->vm->unit[vcpu->low + vcpu->order[at]];
}

/* The first of a VM has taken it down: all of its virtual CPUs begin anew, or end. */
static int end_round(struct run *run, struct vcpu *first)
{
	first->waiting = 0;
	for (uint64_t i = 0; i < run->workload->vcpus; i++) {
		struct vcpu *vcpu = first + i;

		if (++vcpu->round == run->workload->rounds)
			vcpu->phase = END;
		else if (begin_round(run, vcpu))
			return -1;
	}
	return 0;
}

/* Go on to a phase that has transitions left, or where nothing can be done now. */
static int settle(struct run *run, struct vcpu *vcpu)
{
	while (vcpu->phase != END && vcpu->at == phase_count(run, vcpu)) {
		vcpu->at = 0;
		switch (vcpu->phase) {
		case INFLATE: /* what was given back is taken again in another order */
			shuffle(vcpu->order, vcpu->count * run->workload->balloon_percent / 100,
				&run->random);
			vcpu->phase = DEFLATE;
			break;
		case SHARE:
			vcpu->phase =
				vcpu->vm->ordinary || vcpu->burst == run->workload->shares ? WAIT : UNSHARE;
			if (vcpu->phase == WAIT)
				vcpu->first->waiting++;
			break;
		case UNSHARE:
			vcpu->burst++;
			vcpu->phase = SHARE;
			break;
		case TOUCH: /* the balloon takes pages by chance */
			if (run->workload->balloon_percent)
				shuffle(vcpu->order, vcpu->count, &run->random);
			vcpu->phase = INFLATE;
			break;
		case DEFLATE:
			vcpu->phase = SHARE;
			break;
		case WAIT:
			if (vcpu != vcpu->first || vcpu->waiting < run->workload->vcpus)
				return 0;
			vcpu->phase = TEARDOWN;
			break;
		default: /* TEARDOWN */
			if (end_round(run, vcpu))
				return -1;
			break;
		}
		run->settled = true;
	}
	return 0;
}

/* ---- a CPU ---- */

/* The next of the CPU's that has something to do, or NULL. */
static int choose(struct run *run, struct cpu *cpu)
{
	for (size_t i = 0; i < cpu->vcpus; i++) {
		struct vcpu *vcpu = cpu->vcpu[(cpu->turn + i) % cpu->vcpus];

		if (settle(run, vcpu))
			return -1;
		if (vcpu->at == phase_count(run, vcpu))
			continue;
		cpu->turn = (cpu->turn + i + 1) % cpu->vcpus;
		cpu->now = vcpu;
		return 0;
	}
	return 0;
}

static void begin_trip(struct run *run, struct cpu *cpu)
{
	uint64_t left = phase_count(run, cpu->now) - cpu->now->at;

	cpu->form = &forms[cpu->now->vm->ordinary][cpu->now->phase];
	cpu->made = 0;
	cpu->last = left < run->workload->per_trip ? left : run->workload->per_trip;
	cpu->began_ns = cpu->next_ns;
}

static void make_transition(struct run *run, struct cpu *cpu)
{
	const struct generate_unit *unit = next_unit(run, cpu->now);
	const struct trace_record record = {
		.time_ns = cpu->next_ns,
		.cpu = (uint8_t)(cpu - run->cpu),
		.start = unit->start,
		.bytes = (uint64_t)unit->pages << TRACE_PAGE_LG2,
		.old_state = cpu->form->old_state,
		.new_state = cpu->form->new_state,
		.flags = cpu->form->flags,
	};

	tracefile_transition(run->out, &record, cpu->form->cause);
	progress_set(++run->made);
	cpu->made++;
	cpu->next_ns += cpu->made == cpu->last ? cpu->form->took_ns : IN_TRIP_NS;
}

static void end_trip(struct run *run, struct cpu *cpu)
{
	const struct generate_workload *workload = run->workload;
	uint64_t jitter = workload->spacing_ns * workload->jitter_percent / 100;
	const struct trace_record record = {
		.time_ns = cpu->next_ns,
		.cpu = (uint8_t)(cpu - run->cpu),
		.why = cpu->form->why,
		.trip_ns = (uint32_t)(cpu->next_ns - cpu->began_ns),
	};

	tracefile_trip(run->out, &record, cpu->form->id, cpu->made, 0);
	cpu->now = NULL;
	cpu->next_ns += workload->spacing_ns;
	if (jitter)
		cpu->next_ns += generate_below(&run->random, 2 * jitter + 1) - jitter;
}

/* One event of the CPU. */
static void act(struct run *run, struct cpu *cpu)
{
	if (cpu->made < cpu->last)
		make_transition(run, cpu);
	else
		end_trip(run, cpu);
}

/* ---- the whole ---- */

/* The CPU with the earliest event at @now or after it; NULL if none has any. Return: 0; -1 if memory is
 * short. */
static int earliest(struct run *run, uint64_t now, struct cpu **next)
{
	*next = NULL;
	for (size_t i = 0; i < run->workload->cpus; i++) {
		struct cpu *cpu = &run->cpu[i];

		if (!cpu->now) {
			if (choose(run, cpu))
				return -1;
			if (!cpu->now)
				continue;
			if (cpu->next_ns < now) /* it was idle */
				cpu->next_ns = now;
			begin_trip(run, cpu);
		}
		if (!*next || cpu->next_ns < (*next)->next_ns)
			*next = cpu;
	}
	return 0;
}

/* All is over when no CPU has anything to do and none has just let another go on. */
static int play(struct run *run)
{
	struct cpu *next;
	uint64_t now = 0;

	do {
		run->settled = false;
		if (earliest(run, now, &next))
			return -1;
		if (next) {
			now = next->next_ns;
			act(run, next);
		}
	} while ((next || run->settled) && !ferror(run->out->file));
	return 0;
}

/* How many transitions a virtual CPU makes in all its rounds; its part of the VM's end is counted as its own.
 */
static uint64_t life(const struct generate_workload *workload, const struct vcpu *vcpu)
{
	uint64_t burst = workload->burst < vcpu->count ? workload->burst : vcpu->count;
	uint64_t shared = vcpu->vm->ordinary ? 0 : 2 * workload->shares * burst;

	return workload->rounds *
	       (2 * vcpu->count + 2 * (vcpu->count * workload->balloon_percent / 100) + shared);
}

static int deal(struct run *run)
{
	const struct generate_workload *workload = run->workload;
	size_t units = 0, at = 0;

	for (size_t i = 0; i < workload->vms; i++)
		units += run->vm[i].units;
	run->vcpus = (size_t)(workload->vms * workload->vcpus);
	run->vcpu = calloc(run->vcpus, sizeof(*run->vcpu));
	run->cpu = calloc(workload->cpus, sizeof(*run->cpu));
	run->lists = calloc(run->vcpus, sizeof(struct vcpu *));
	run->orders = calloc(units, sizeof(*run->orders));
	if (!run->vcpu || !run->cpu || !run->lists || !run->orders)
		return -1;
	units = 0;
	for (size_t i = 0; i < run->vcpus; i++) {
		size_t part = i % workload->vcpus;
		struct vcpu *vcpu = &run->vcpu[i];

		vcpu->vm = &run->vm[i / workload->vcpus];
		vcpu->first = vcpu - part;
		vcpu->low = (size_t)(vcpu->vm->units * part / workload->vcpus);
		vcpu->count = (size_t)(vcpu->vm->units * (part + 1) / workload->vcpus) - vcpu->low;
		vcpu->order = run->orders + units;
		units += vcpu->count;
		run->total += life(workload, vcpu);
		if (begin_round(run, vcpu))
			return -1;
	}
	for (size_t i = 0; i < workload->cpus; i++) {
		run->cpu[i].vcpu = run->lists + at;
		run->cpu[i].next_ns = workload->spacing_ns;
		for (size_t j = i; j < run->vcpus; j += workload->cpus)
			run->cpu[i].vcpu[run->cpu[i].vcpus++] = &run->vcpu[j];
		at += run->cpu[i].vcpus;
	}
	return 0;
}

static void write_head(const struct run *run)
{
	const struct generate_workload *workload = run->workload;
	unsigned ia_bits = 64 - (unsigned)__builtin_clzll(GENERATE_BASE + workload->memory_bytes - 1);
	FILE *file = run->out->file;

	tracefile_head(run->out, workload->name);
	fprintf(file,
		"# workload generated, not recorded: memory %" PRIu64 "M vms %" PRIu64 " vm-memory %" PRIu64
		"K vcpus %" PRIu64 " ordinary %" PRIu64 " cpus %" PRIu64 "\n",
		workload->memory_bytes >> 20, workload->vms, workload->vm_bytes >> 10, workload->vcpus,
		workload->ordinary_percent, workload->cpus);
	fprintf(file,
		"# workload fragmentation %" PRIu64 " balloon %" PRIu64 " shares %" PRIu64 " burst %" PRIu64
		" rounds %" PRIu64 " seed %" PRIu64 "\n",
		workload->fragmentation_percent, workload->balloon_percent, workload->shares, workload->burst,
		workload->rounds, workload->seed);
	tracefile_snapshot(run->out, "start");
	tracefile_space(run->out, ia_bits > IA_BITS ? ia_bits : IA_BITS);
	fprintf(file, "# R 0 %" PRIx64 " %" PRIx64 " flags 0\n", GENERATE_BASE, workload->memory_bytes);
}

int generate_run(const struct generate_workload *workload, struct tracefile *out)
{
	struct run run = { .workload = workload, .random = workload->seed, .out = out };
	int ret = -1;

	run.vm = calloc(workload->vms, sizeof(*run.vm));
	if (run.vm && generate_place(workload, run.vm, &run.random) == 0) {
		ret = deal(&run);
		if (!ret) {
			write_head(&run);
			if (out->out.file)
				progress_start("generate", run.total);
			ret = play(&run);
			progress_end();
			tracefile_snapshot(out, "end");
		}
		if (ret)
			message("out of memory");
		generate_unplace(workload, run.vm);
	}
	free(run.vm);
	free(run.vcpu);
	free(run.cpu);
	free(run.lists);
	free(run.orders);
	return ret;
}
