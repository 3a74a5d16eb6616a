/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * placement.h - which hardware thread each thread of a measurement runs on, and where its memory comes from.
 *
 * --cpus names hardware threads as the kernel numbers them, in the order in which threads take them: 0,2,4-7; or a way
 * to spread threads: "core" (the default) gives each a core of its own, then comes to the second hardware threads of
 * cores; "l3" and "node" go round the caches and the NUMA nodes, each a core at a time; "pu" fills up one core after
 * the other. --membind: "any" (the default), as the kernel likes; "local", the node that a thread runs on; or a node.
 */
#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

#include <stdbool.h>

#define PLACEMENT_MAX	1024u
#define PLACEMENT_ANY	(-1)
#define PLACEMENT_LOCAL (-2)

struct placement {
	unsigned count; /* hardware threads, 1 or more; 0: the system does not tell which there are */
	int pu[PLACEMENT_MAX];	 /* the kernel's numbers, in the order in which threads take them */
	int node[PLACEMENT_MAX]; /* NUMA node of each; -1: unknown */
	int membind;		 /* a node, PLACEMENT_ANY or PLACEMENT_LOCAL */
	bool huge;		 /* memory in huge pages */
};

/**
 * placement_read() - what --cpus, --membind and --huge-pages ask for, on this machine.
 * @cpus, @membind: the options' arguments; NULL for the defaults.
 * Return: 0; -1 after one line on standard error.
 */
int placement_read(struct placement *placement, const char *cpus, const char *membind, bool huge)
	__attribute__((warn_unused_result));

/**
 * placement_bind() - bind the calling thread, as number @thread of all, and its memory of platform_linux_alloc().
 * More threads than hardware threads begin again with the first.
 * Return: the number of the hardware thread, or -1 if the system refuses; the thread then runs as before.
 */
int placement_bind(const struct placement *placement, unsigned thread);

#endif
