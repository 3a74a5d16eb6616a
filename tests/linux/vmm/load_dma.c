/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_dma.c - two disks are written, read and verified while guests of both kinds live and die on every CPU.
 *
 * Each guest fills its memory, shares pages with the host and takes them back, and looks whether all is still
 * there. Of some protected ones the host then takes pages by force.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/linux/vmm/disk.h"
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

#define FILLED	 (UINT64_C(256) * GUEST_PAGE) /* word by word, by each vCPU */
#define IO_PAGES 256
#define STRIDE	 64

struct worker {
	pthread_t thread;
	unsigned cpu;
	uint64_t seed;
	double until;
	struct disk *disk;
	uint64_t protected, ordinary, kicks, forced, wrong, passed, passed_wrong; /* the last two in pages */
};

/* One vCPU's memory: a part to fill, a part for I/O, and the rest. */
static void tell(struct vm *vm, unsigned vcpu, uint64_t *state)
{
	uint64_t bytes = (vm->bytes - VM_FREE) / vm->vcpus;
	uint64_t start = GUEST_BASE + VM_FREE + vcpu * bytes;
	uint64_t rest = start + FILLED + IO_PAGES * GUEST_PAGE;
	uint64_t rest_bytes = start + bytes - rest;
	uint64_t seed = guest_random(state) & 0xffffffff;

	vm_command(vm, vcpu, GUEST_FILL, start, FILLED, seed, 0);
	vm_command(vm, vcpu, GUEST_TOUCH, rest, rest_bytes, STRIDE, 1);
	if (vm->protected) {
		vm_command(vm, vcpu, GUEST_IO, start + FILLED, IO_PAGES, 50 + guest_random(state) % 100,
			   seed);
		vm_command(vm, vcpu, GUEST_SHARE, start, 32 * GUEST_PAGE, 0, 0);
		vm_command(vm, vcpu, GUEST_VERIFY, start, FILLED, seed, 0);
		vm_command(vm, vcpu, GUEST_UNSHARE, start, 32 * GUEST_PAGE, 0, 0);
	}
	vm_command(vm, vcpu, GUEST_VERIFY, start, FILLED, seed, 0);
	vm_command(vm, vcpu, GUEST_CHECK, rest, rest_bytes, STRIDE, 0);
	if (vm->protected && guest_random(state) & 1) /* die with pages that are shared */
		vm_command(vm, vcpu, GUEST_SHARE, start, (1 + guest_random(state) % 64) * GUEST_PAGE, 0, 0);
	vm_command(vm, vcpu, GUEST_OFF, 0, 0, 0, 0);
}

static void live(struct worker *worker, uint64_t *state)
{
	static const enum backing ordinary[] = { BACKING_4K, BACKING_THP, BACKING_MEMFD, BACKING_THP };
	bool protected = guest_random(state) % 4 != 0;
	unsigned vcpus = guest_random(state) % 4 ? 1 : 2;
	uint64_t bytes = VM_FREE + vcpus * (3 + guest_random(state) % 6) * MIB;
	enum backing backing = ordinary[guest_random(state) % (protected ? 2 : 4)];
	struct vm *vm = vm_create(protected, bytes, backing, vcpus);

	vm->cpu = (int)worker->cpu;
	for (unsigned i = 0; i < vcpus; i++)
		tell(vm, i, state);
	vm_run(vm);
	if (vm->wrong)
		say("a %s guest of %" PRIu64 " MiB, backing %d: %" PRIu64 " wrong",
		    protected ? "protected" : "plain", bytes / MIB, (int)backing, vm->wrong);
	worker->wrong += vm->wrong;
	worker->kicks += vm->kicks;
	if (protected && guest_random(state) % 4 == 0) {
		load_force_reclaim(vm, VM_FREE + 64 * GUEST_PAGE, 32);
		worker->forced++;
	}
	vm_stop(vm);
	worker->passed_wrong += disk_pass(worker->disk, worker->cpu, vm->memory, bytes);
	worker->passed += bytes / GUEST_PAGE;
	vm_free(vm);
	if (protected)
		worker->protected ++;
	else
		worker->ordinary++;
}

static void *run(void *context)
{
	struct worker *worker = context;
	uint64_t state = worker->seed;

	while (now() < worker->until)
		live(worker, &state);
	return NULL;
}

void load_dma(void)
{
	static const char name[] = "each guest finds what it wrote";
	static const char passes[] = "devices read and write the memory that guests had";
	uint64_t seed = option_number("seed", 1);
	double until = now() + (double)option_number("seconds", 30);
	struct disk disks[] = {
		{ .path = "/dev/vda", .name = "a virtio disk holds what was written", .seed = seed << 8 | 1 },
		{ .path = "/dev/nvme0n1",
		  .name = "an NVMe disk holds what was written",
		  .seed = seed << 8 | 2 },
	};
	struct worker workers[CPUS], all = { 0 };

	say("seed %" PRIu64, seed);
	for (unsigned i = 0; i < 2; i++)
		disk_start(&disks[i]);
	for (unsigned i = 0; i < CPUS; i++) {
		workers[i] = (struct worker){ .cpu = i,
					      .seed = (seed << 8 | i) * UINT64_C(0x9e3779b97f4a7c15),
					      .until = until,
					      .disk = &disks[i % 2] };
		if (pthread_create(&workers[i].thread, NULL, run, &workers[i]))
			die("pthread_create");
	}
	for (unsigned i = 0; i < CPUS; i++) {
		pthread_join(workers[i].thread, NULL);
		all.protected += workers[i].protected;
		all.ordinary += workers[i].ordinary;
		all.kicks += workers[i].kicks;
		all.forced += workers[i].forced;
		all.wrong += workers[i].wrong;
		all.passed += workers[i].passed;
		all.passed_wrong += workers[i].passed_wrong;
	}
	for (unsigned i = 0; i < 2; i++)
		disk_finish(&disks[i]);
	say("guests: %" PRIu64 " protected, %" PRIu64 " ordinary, %" PRIu64
	    " requests, pages taken by force from %" PRIu64,
	    all.protected, all.ordinary, all.kicks, all.forced);
	if (all.passed_wrong)
		failed(passes, "%" PRIu64 " of %" PRIu64 " pages are wrong", all.passed_wrong, all.passed);
	else
		passed(passes);
	if (all.wrong)
		failed(name, "%" PRIu64 " wrong", all.wrong);
	else
		expect(all.protected && all.ordinary, name, "not both kinds of guests ran");
}
