/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * topology.c - hwloc's picture of the machine.
 */
#include "bench/common/topology.h"

#include <stdlib.h>

/* What hwloc cannot find out stays unknown; it is not to speak on standard error of its own accord. */
bool topology_load(hwloc_topology_t *topology)
{
	setenv("HWLOC_HIDE_ERRORS", "2", 0);
	if (hwloc_topology_init(topology))
		return false;
	if (!hwloc_topology_set_icache_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_ALL) &&
	    !hwloc_topology_load(*topology))
		return true;
	hwloc_topology_destroy(*topology);
	return false;
}

unsigned topology_count(hwloc_topology_t topology, hwloc_obj_type_t type)
{
	int count = hwloc_get_nbobjs_by_type(topology, type);

	return count > 0 ? (unsigned)count : 0;
}
