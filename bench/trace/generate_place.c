/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate_place.c - where the memory of generated VMs lies.
 *
 * 1. Each VM's memory is divided into folios of the sizes asked for, mixed by chance.
 * 2. Folios of one size that follow one another in a VM form extents, cut by chance as fragmentation says.
 * 3. Each size has a part of the host's memory, the largest size the lowest part, so that all are aligned.
 * Its extents lie there in an order by chance, and what is left over lies evenly between them.
 * 4. Folios are cut into units, one transition each.
 */
#include "bench/trace/generate.h"

#include <stdlib.h>

#include "bench/common/message.h"

struct folio {
	uint64_t start;
	uint32_t vm;
	uint8_t size; /* index of the workload's sizes */
};

/* Folios that lie one behind the other. */
struct extent {
	size_t first, count;
};

struct place {
	const struct generate_workload *workload;
	uint64_t *random;
	struct folio *folio; /* VM by VM in guest order */
	size_t folios;
	struct extent *extent;
	uint64_t count[GENERATE_FOLIOS_MAX]; /* of each size in one VM */
	size_t each;			     /* folios of one VM */
};

/* How many folios of each size one VM has: its share, and the smallest fill up. */
static void divide(struct place *place)
{
	const struct generate_workload *workload = place->workload;
	uint64_t left = workload->vm_bytes, shares = 0;
	unsigned last = workload->folios - 1;

	for (unsigned i = 0; i <= last; i++)
		shares += workload->folio[i].share;
	for (unsigned i = 0; i < last; i++) {
		uint64_t pages = (workload->vm_bytes >> TRACE_PAGE_LG2) * workload->folio[i].share / shares;

		place->count[i] = (pages << TRACE_PAGE_LG2) / workload->folio[i].bytes;
		left -= place->count[i] * workload->folio[i].bytes;
	}
	place->count[last] = left / workload->folio[last].bytes;
	for (unsigned i = 0; i <= last; i++)
		place->each += (size_t)place->count[i];
	place->folios = place->each * (size_t)workload->vms;
}

static void mix(struct place *place)
{
	for (size_t vm = 0; vm < place->workload->vms; vm++) {
		struct folio *folio = place->folio + vm * place->each;
		size_t at = 0;

		for (unsigned size = 0; size < place->workload->folios; size++)
			for (uint64_t i = 0; i < place->count[size]; i++)
				folio[at++] = (struct folio){ .vm = (uint32_t)vm, .size = (uint8_t)size };
		for (size_t i = at; place->workload->folios > 1 && i > 1; i--) {
			size_t other = (size_t)generate_below(place->random, i);
			struct folio kept = folio[i - 1];

			folio[i - 1] = folio[other];
			folio[other] = kept;
		}
	}
}

/* The extents of one size, in an order by chance. Return: how many. */
static size_t cut(struct place *place, unsigned size)
{
	uint64_t percent = place->workload->fragmentation_percent;
	size_t count = 0, last = 0;
	bool open = false;

	for (size_t i = 0; i < place->folios; i++) {
		if (place->folio[i].size != size)
			continue;
		if (open && last + 1 == i && place->folio[last].vm == place->folio[i].vm &&
		    generate_below(place->random, 100) >= percent)
			place->extent[count - 1].count++;
		else
			place->extent[count++] = (struct extent){ i, 1 };
		open = true;
		last = i;
	}
	for (size_t i = count; percent && i > 1; i--) {
		size_t other = (size_t)generate_below(place->random, i);
		struct extent kept = place->extent[i - 1];

		place->extent[i - 1] = place->extent[other];
		place->extent[other] = kept;
	}
	return count;
}

/* Put the folios of one size from @base on. Return: the end of their part of the memory. */
static uint64_t put(struct place *place, unsigned size, uint64_t base)
{
	const struct generate_workload *workload = place->workload;
	uint64_t bytes = workload->folio[size].bytes;
	uint64_t used = place->count[size] * workload->vms;
	uint64_t host = workload->memory_bytes >> TRACE_PAGE_LG2,
		 vms = workload->vm_bytes * workload->vms >> TRACE_PAGE_LG2;
	uint64_t slots = (used * (bytes >> TRACE_PAGE_LG2) * host / vms << TRACE_PAGE_LG2) / bytes;
	size_t extents = cut(place, size);
	uint64_t at = base;

	for (size_t i = 0; i < extents; i++) {
		uint64_t free_slots = slots - used;

		at += (free_slots * (i + 1) / (extents + 1) - free_slots * i / (extents + 1)) * bytes;
		for (size_t j = 0; j < place->extent[i].count; j++, at += bytes)
			place->folio[place->extent[i].first + j].start = at;
	}
	return base + slots * bytes;
}

static uint64_t unit_bytes(const struct generate_workload *workload, const struct generate_vm *vm,
			   uint64_t folio)
{
	uint64_t most = vm->ordinary ? UINT64_C(2) << 20 : workload->call_bytes;

	return folio < most ? folio : most;
}

static int make_units(const struct place *place, struct generate_vm *vm, size_t number)
{
	const struct generate_workload *workload = place->workload;
	const struct folio *folio = place->folio + number * place->each;
	size_t at = 0;

	for (unsigned size = 0; size < workload->folios; size++) {
		uint64_t bytes = workload->folio[size].bytes;

		vm->units += (size_t)(place->count[size] * (bytes / unit_bytes(workload, vm, bytes)));
	}
	vm->unit = calloc(vm->units, sizeof(*vm->unit));
	if (!vm->unit)
		return -1;
	for (size_t i = 0; i < place->each; i++) {
		uint64_t bytes = workload->folio[folio[i].size].bytes, unit = unit_bytes(workload, vm, bytes);

		for (uint64_t done = 0; done < bytes; done += unit)
			vm->unit[at++] = (struct generate_unit){
				.start = folio[i].start + done,
				.pages = (uint32_t)(unit >> TRACE_PAGE_LG2),
				.folio = done == 0,
			};
	}
	return 0;
}

static int place_all(struct place *place, struct generate_vm *vm)
{
	uint64_t base = GENERATE_BASE;

	place->folio = calloc(place->folios, sizeof(*place->folio));
	place->extent = calloc(place->folios, sizeof(*place->extent));
	if (!place->folio || !place->extent)
		return -1;
	mix(place);
	for (unsigned size = 0; size < place->workload->folios; size++)
		base = put(place, size, base);
	for (size_t i = 0; i < place->workload->vms; i++) {
		uint64_t percent = place->workload->ordinary_percent;

		/* spread evenly over the VMs */
		vm[i].ordinary = (i + 1) * percent / 100 > i * percent / 100;
		if (make_units(place, &vm[i], i))
			return -1;
	}
	return 0;
}

int generate_place(const struct generate_workload *workload, struct generate_vm *vm, uint64_t *random)
{
	struct place place = { .workload = workload, .random = random };
	int ret;

	divide(&place);
	ret = place_all(&place, vm);
	free(place.folio);
	free(place.extent);
	if (ret) {
		message("out of memory");
		generate_unplace(workload, vm);
	}
	return ret;
}

void generate_unplace(const struct generate_workload *workload, struct generate_vm *vm)
{
	for (size_t i = 0; i < workload->vms; i++)
		free(vm[i].unit);
}
