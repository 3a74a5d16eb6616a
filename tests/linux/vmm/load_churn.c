/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_churn.c - threads make and destroy many small guests.
 */
#include <pthread.h>

#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"

struct churn {
	unsigned index, count;
	enum load_kind kind;
	uint64_t wrong;
};

static enum backing backing_of(bool protected, uint64_t *state)
{
	if (protected)
		return guest_random(state) & 1 ? BACKING_4K : BACKING_THP;
	if (guest_random(state) % 4 == 2)
		return BACKING_4K;
	return guest_random(state) & 1 ? BACKING_THP : BACKING_MEMFD;
}

static uint64_t live(const struct churn *churn, uint64_t *state)
{
	bool protected = churn->kind == LOAD_BOTH ? guest_random(state) & 1 : churn->kind == LOAD_PROTECTED;
	uint64_t bytes = (4 + guest_random(state) % 5 * 2) * MIB;
	struct vm *vm = vm_create(protected, bytes, backing_of(protected, state), 1);
	uint64_t stride = guest_random(state) & 1 ? GUEST_PAGE : 4 * GUEST_PAGE;
	uint64_t wrong;

	vm_command(vm, 0, GUEST_TOUCH, GUEST_BASE + VM_FREE, bytes - VM_FREE, stride, 1);
	if (protected)
		vm_command(vm, 0, GUEST_SHARE, GUEST_BASE + VM_FREE,
			   (1 + guest_random(state) % 16) * GUEST_PAGE, 0, 0);
	vm_command(vm, 0, GUEST_OFF, 0, 0, 0, 0);
	vm_run_vcpu(vm, 0);
	wrong = vm->wrong;
	vm_destroy(vm);
	return wrong;
}

static void *run(void *context)
{
	struct churn *churn = context;
	uint64_t state = UINT64_C(0xabcdef123) * (churn->index + 3);

	pin_to((int)churn->index % CPUS);
	for (unsigned i = 0; i < churn->count; i++)
		churn->wrong += live(churn, &state);
	return NULL;
}

void load_churn_with(unsigned threads, unsigned count, enum load_kind kind)
{
	static const char name[] = "small guests come and go";
	pthread_t thread[LOAD_VMS_MAX];
	struct churn churns[LOAD_VMS_MAX];
	uint64_t wrong = 0;

	for (unsigned i = 0; i < threads; i++) {
		churns[i] = (struct churn){ i, count, kind, 0 };
		if (pthread_create(&thread[i], NULL, run, &churns[i]))
			die("pthread_create");
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		wrong += churns[i].wrong;
	}
	expect(!wrong, name, "guests did not end well");
}

void load_churn(void)
{
	load_churn_with((unsigned)option_number("nthr", 4), (unsigned)option_number("n", 50),
			(enum load_kind)option_number("mode", LOAD_BOTH));
}
