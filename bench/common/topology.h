/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * topology.h - hwloc's picture of the machine, for machine.c and placement.c.
 */
#ifndef BENCH_TOPOLOGY_H
#define BENCH_TOPOLOGY_H

#include <hwloc.h>
#include <stdbool.h>

/* Of what this process may use. Return: false if the system does not tell; nothing is to be destroyed then. */
bool topology_load(hwloc_topology_t *topology);

unsigned topology_count(hwloc_topology_t topology, hwloc_obj_type_t type);

#endif
