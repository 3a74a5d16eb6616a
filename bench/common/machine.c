/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine.c - where a measurement runs, by hwloc and what the kernel tells.
 *
 * The topology is loaded once for each call: it is asked a few times in a process, never in a measured loop.
 */
#include "bench/common/machine.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/common/topology.h"

static void copy_text(char text[MACHINE_TEXT_BYTES], const char *from)
{
	snprintf(text, MACHINE_TEXT_BYTES, "%s", from ? from : "unknown");
}

/* The hardware thread to measure on: the first of the first core that this process may use. */
static hwloc_obj_t measuring_pu(hwloc_topology_t topology)
{
	hwloc_obj_t core = hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, 0);

	if (!core)
		return hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, 0);
	return hwloc_get_obj_inside_cpuset_by_type(topology, core->cpuset, HWLOC_OBJ_PU, 0);
}

static void read_caches(struct machine *machine, hwloc_obj_t pu)
{
	for (hwloc_obj_t object = pu; object; object = object->parent) {
		if (!hwloc_obj_type_is_cache(object->type) || machine->cache_count == MACHINE_CACHES_MAX)
			continue;
		hwloc_obj_type_snprintf(machine->cache[machine->cache_count].name,
					sizeof(machine->cache[0].name), object, 0);
		machine->cache[machine->cache_count].bytes = object->attr->cache.size;
		machine->cache_count++;
	}
}

static void read_topology(struct machine *machine)
{
	hwloc_topology_t topology;
	hwloc_obj_t pu;

	if (!topology_load(&topology))
		return;
	machine->packages = topology_count(topology, HWLOC_OBJ_PACKAGE);
	machine->cores = topology_count(topology, HWLOC_OBJ_CORE);
	machine->pus = topology_count(topology, HWLOC_OBJ_PU);
	machine->numa_nodes = topology_count(topology, HWLOC_OBJ_NUMANODE);
	pu = measuring_pu(topology);
	if (pu) {
		hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, pu);

		machine->measuring_pu = (int)pu->os_index;
		if (package)
			copy_text(machine->cpu, hwloc_obj_get_info_by_name(package, "CPUModel"));
		read_caches(machine, pu);
	}
	hwloc_topology_destroy(topology);
}

static void read_governor(struct machine *machine)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor",
		 machine->measuring_pu < 0 ? 0 : machine->measuring_pu);
	file = fopen(path, "r");
	if (!file)
		return;
	if (fgets(machine->governor, sizeof(machine->governor), file))
		machine->governor[strcspn(machine->governor, "\n")] = '\0';
	fclose(file);
}

static void read_kernel(struct machine *machine)
{
	struct utsname name;

	if (!uname(&name))
		snprintf(machine->kernel, sizeof(machine->kernel), "%.40s %.40s %.40s", name.sysname,
			 name.release, name.machine);
}

static bool counters_exist(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0ul);

	if (fd < 0)
		return false;
	close((int)fd);
	return true;
}

void machine_read(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	copy_text(machine->cpu, NULL);
	copy_text(machine->kernel, NULL);
	copy_text(machine->governor, "none");
	machine->measuring_pu = -1;
	read_topology(machine);
	/* hwloc sums what each NUMA node says of itself, which changes with time on some virtual machines. */
	machine->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	read_governor(machine);
	read_kernel(machine);
	machine->counters = counters_exist();
	machine_doubts_read(&machine->doubts, "", machine->pus);
}
