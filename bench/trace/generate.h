/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * generate.h - traces that are made, not recorded: from a described workload, or like a given trace.
 *
 * The same description and seed give the same text on every machine: all arithmetic is on integers, and all
 * chance comes from one splitmix64.
 */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace/trace.h"
#include "bench/trace/tracefile.h"

#define GENERATE_FOLIOS_MAX	 8u
#define GENERATE_VMS_MAX	 1024u
#define GENERATE_TRANSITIONS_MAX (UINT64_C(1) << 26)
#define GENERATE_BASE		 UINT64_C(0x40000000)
#define GENERATE_WHY_BYTES	 120u

enum generate_order {
	GENERATE_ASCENDING,
	GENERATE_DESCENDING,
	GENERATE_RANDOM, /* every transition by chance */
	GENERATE_FOLIOS, /* folios by chance, each in ascending order */
	GENERATE_ORDERS
};

struct generate_folio {
	uint64_t bytes;
	uint64_t share; /* of the memory, against the other sizes' */
};

/* What --OPTION and a workload file set. */
struct generate_workload {
	char name[TRACEFILE_WORD_BYTES];
	uint64_t memory_bytes; /* of the host */
	uint64_t vms, vm_bytes;
	uint64_t vcpus;		   /* of each VM, that touch its memory side by side */
	uint64_t ordinary_percent; /* of the VMs: they share pages and take no access away */
	struct generate_folio folio[GENERATE_FOLIOS_MAX]; /* largest first */
	unsigned folios;
	uint64_t call_bytes; /* of a transition of a protected VM, at most */
	uint64_t per_trip;
	enum generate_order order;
	uint64_t fragmentation_percent; /* of the folios: not followed by their VM's next */
	uint64_t cpus;
	uint64_t balloon_percent; /* of a VM's memory, given back and taken again */
	uint64_t shares, burst;	  /* so often so many transitions are shared with the host and taken back */
	uint64_t rounds;
	uint64_t spacing_ns, jitter_percent; /* between two trips of a CPU */
	uint64_t seed;
};

void generate_defaults(struct generate_workload *workload);

/**
 * generate_set() - take one setting.
 * @why: filled if it is refused, at least GENERATE_WHY_BYTES.
 *
 * Return: 0; 1 if there is no such setting; -1.
 */
int generate_set(struct generate_workload *workload, const char *key, const char *value, char *why)
	__attribute__((warn_unused_result));

/* Take a file of lines "KEY VALUE". Return: 0; -1 after a message. */
int generate_read(struct generate_workload *workload, const char *path) __attribute__((warn_unused_result));

/* Do the settings fit together? Return: 0; -1 after a message. */
int generate_check(const struct generate_workload *workload) __attribute__((warn_unused_result));

/* One transition's pages; of one VM in the order of its guest addresses. */
struct generate_unit {
	uint64_t start; /* byte */
	uint32_t pages;
	bool folio; /* a folio begins here */
};

struct generate_vm {
	struct generate_unit *unit;
	size_t units;
	bool ordinary;
};

/* Lay out folios and place them in the host. Return: 0; -1 after a message. Release with generate_unplace().
 */
int generate_place(const struct generate_workload *workload, struct generate_vm *vm, uint64_t *random)
	__attribute__((warn_unused_result));
void generate_unplace(const struct generate_workload *workload, struct generate_vm *vm);

/* Write the trace. Return: 0; -1 after a message. */
int generate_run(const struct generate_workload *workload, struct tracefile *out)
	__attribute__((warn_unused_result));

/* Write a trace like @trace. Return: 0; -1 after a message. */
int generate_like(const struct trace *trace, const char *path, const char *name, uint64_t seed,
		  struct tracefile *out) __attribute__((warn_unused_result));

/* splitmix64; below @bound, which is not 0. */
uint64_t generate_random(uint64_t *random);
uint64_t generate_below(uint64_t *random, uint64_t bound);

/* `s2shadow generate`. */
int generate_main(int argc, char **argv);

#endif
