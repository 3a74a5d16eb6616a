/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * placement.c - which hardware thread each thread of a measurement runs on, by hwloc.
 */
#include "bench/common/placement.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"
#include "bench/common/topology.h"
#include "engine/platform/linux.h"

/* ---- the order of all hardware threads ------------------------------------------------------------------------ */

static void append(struct placement *placement, hwloc_obj_t pu)
{
	int node = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;

	if (placement->count == PLACEMENT_MAX)
		return;
	placement->pu[placement->count] = (int)pu->os_index;
	placement->node[placement->count++] = node;
}

static void one_after_the_other(struct placement *placement, hwloc_topology_t topology)
{
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu)))
		append(placement, pu);
}

/* The first hardware threads of all cores of @group come first, then the second ones: number @index of these. */
static hwloc_obj_t pu_of_group(hwloc_topology_t topology, hwloc_obj_t group, unsigned index)
{
	int found = hwloc_get_nbobjs_inside_cpuset_by_type(topology, group->cpuset, HWLOC_OBJ_CORE);
	unsigned cores = found > 0 ? (unsigned)found : 0;

	for (unsigned turn = 0, left = index; turn < PLACEMENT_MAX && cores; turn++) {
		bool any = false;

		for (unsigned i = 0; i < cores; i++) {
			hwloc_obj_t core =
				hwloc_get_obj_inside_cpuset_by_type(topology, group->cpuset, HWLOC_OBJ_CORE, i);
			hwloc_obj_t pu =
				hwloc_get_obj_inside_cpuset_by_type(topology, core->cpuset, HWLOC_OBJ_PU, turn);

			any = any || pu;
			if (pu && !left--)
				return pu;
		}
		if (!any)
			break;
	}
	return NULL;
}

/* One of each object of this type, round and round. */
static void round_robin(struct placement *placement, hwloc_topology_t topology, hwloc_obj_type_t type)
{
	unsigned groups = topology_count(topology, type), all = topology_count(topology, HWLOC_OBJ_PU);

	for (unsigned index = 0; index < all; index++)
		for (unsigned i = 0; i < groups; i++) {
			hwloc_obj_t pu = pu_of_group(topology, hwloc_get_obj_by_type(topology, type, i), index);

			if (pu)
				append(placement, pu);
		}
}

static const struct {
	const char *name;
	hwloc_obj_type_t type;
} ways[] = {
	{ "core", HWLOC_OBJ_MACHINE },
	{ "l3", HWLOC_OBJ_L3CACHE },
	{ "node", HWLOC_OBJ_NUMANODE },
};

/* Machines without such objects, or without cores, are filled up. */
static void spread(struct placement *placement, hwloc_topology_t topology, const char *way)
{
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(way, ways[i].name))
			round_robin(placement, topology, ways[i].type);
	if (!placement->count)
		one_after_the_other(placement, topology);
}

static bool is_way(const char *text)
{
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(text, ways[i].name))
			return true;
	return !strcmp(text, "pu");
}

/* ---- a list of numbers ---------------------------------------------------------------------------------------- */

/* A number, and no sign before it. */
static bool read_number(const char **text, unsigned *number)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	value = strtoul(*text, &end, 10);
	*text = end;
	*number = (unsigned)value;
	return !errno && value <= INT_MAX;
}

static int take(struct placement *placement, hwloc_topology_t topology, unsigned number)
{
	hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, number);

	if (!pu) {
		message("--cpus: there is no CPU %u that may be used", number);
		return -1;
	}
	for (unsigned i = 0; i < placement->count; i++)
		if (placement->pu[i] == (int)number) {
			message("--cpus: CPU %u is named twice", number);
			return -1;
		}
	append(placement, pu);
	return 0;
}

static int read_list(struct placement *placement, hwloc_topology_t topology, const char *list)
{
	const char *text = list;

	for (;;) {
		unsigned first, last;

		if (!read_number(&text, &first))
			break;
		last = first;
		if (*text == '-' && (++text, !read_number(&text, &last) || last < first))
			break;
		for (unsigned number = first; number <= last; number++)
			if (take(placement, topology, number))
				return -1;
		if (!*text)
			return 0;
		if (*text++ != ',')
			break;
	}
	message("--cpus: '%s' is neither core, pu, l3, node nor a list of CPUs such as 0,2,4-7", list);
	return -1;
}

/* ---- the options ---------------------------------------------------------------------------------------------- */

static int read_membind(struct placement *placement, hwloc_topology_t topology, const char *membind)
{
	const char *text = membind;
	unsigned number;

	placement->membind = PLACEMENT_ANY;
	if (!membind || !strcmp(membind, "any"))
		return 0;
	placement->membind = PLACEMENT_LOCAL;
	if (!strcmp(membind, "local"))
		return 0;
	if (!read_number(&text, &number) || *text) {
		message("--membind: '%s' is neither any, local nor a NUMA node's number", membind);
		return -1;
	}
	placement->membind = (int)number;
	if (hwloc_get_numanode_obj_by_os_index(topology, number))
		return 0;
	message("--membind: there is no NUMA node %u that may be used", number);
	return -1;
}

int placement_read(struct placement *placement, const char *cpus, const char *membind, bool huge)
{
	hwloc_topology_t topology;
	int error;

	*placement = (struct placement){ .membind = PLACEMENT_ANY, .huge = huge };
	if (!topology_load(&topology)) {
		if (!cpus && !membind)
			return 0;
		message("--%s: the system does not tell what it has", cpus ? "cpus" : "membind");
		return -1;
	}
	if (!cpus || is_way(cpus)) {
		spread(placement, topology, cpus ? cpus : "core");
		error = 0;
	} else {
		error = read_list(placement, topology, cpus);
	}
	error = error ? error : read_membind(placement, topology, membind);
	hwloc_topology_destroy(topology);
	return error;
}

/* Its memory; small pages of any node if that cannot be had. */
static void bind_memory(const struct placement *placement, int node)
{
	struct platform_linux_place place = { PLATFORM_LINUX_ANY_NODE, placement->huge };

	if (placement->membind == PLACEMENT_LOCAL && node >= 0)
		place.node = node;
	else if (placement->membind >= 0)
		place.node = placement->membind;
	if (!platform_linux_set_place(place))
		message("memory of NUMA node %d cannot be had; it comes from any", place.node);
}

int placement_bind(const struct placement *placement, unsigned thread)
{
	unsigned index = placement->count ? thread % placement->count : 0;
	cpu_set_t *set;
	int error;

	bind_memory(placement, placement->count ? placement->node[index] : -1);
	if (!placement->count || !(set = CPU_ALLOC(PLACEMENT_MAX * 16)))
		return -1;
	CPU_ZERO_S(CPU_ALLOC_SIZE(PLACEMENT_MAX * 16), set);
	CPU_SET_S((size_t)placement->pu[index], CPU_ALLOC_SIZE(PLACEMENT_MAX * 16), set);
	error = sched_setaffinity(0, CPU_ALLOC_SIZE(PLACEMENT_MAX * 16), set);
	CPU_FREE(set);
	return error ? -1 : placement->pu[index];
}
