/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * host.h - a hypervisor's own stage-2 table for its host: VMSAv8-64 descriptors, identity.
 *
 * Nothing runs behind it here; the snapshot reads it, and transitions edit it as a hypervisor would.
 */
#ifndef TESTS_QEMU_HOST_H
#define TESTS_QEMU_HOST_H

#include <shadow/shadow.h>

struct host {
	struct shadow_host_table table;
	uint64_t *root;
	uint64_t free, end; /* memory for tables */
};

/* An empty one: all of the host's, to be mapped lazily. @memory: zeroed, aligned to the granule. */
void host_init(struct host *host, unsigned ia_bits, unsigned granule_lg2, struct shadow_range memory);

/* Map with these rights, in the largest blocks. */
void host_map(struct host *host, struct shadow_range range, unsigned access);

/* Not the host's any more: annotated. */
void host_annotate(struct host *host, struct shadow_range range);

/* The descriptor that a walk ends at. */
uint64_t host_leaf(const struct host *host, uint64_t address);

#endif
