/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * init.c - the first process: runs the workload that the kernel option wl= names, and turns the machine off.
 */
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/linux/vmm/file.h"
#include "tests/linux/vmm/fragment.h"
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/mark.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/say.h"
#include "tests/linux/vmm/stats.h"

#define SYSLOG_CONSOLE_LEVEL 8
#define WARNINGS	     5

static void boot(void)
{
}

static const struct {
	const char *name;
	void (*run)(void);
} loads[] = {
	{ "balloon", load_balloon },   { "boot", boot },
	{ "churn", load_churn },       { "dma", load_dma },
	{ "hostile", load_hostile },   { "mixed", load_mixed },
	{ "mixpvm", load_mixpvm },     { "np", load_np },
	{ "pingpong", load_pingpong }, { "pvm", load_pvm },
};

static void mount_at(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL))
		die(path);
}

static void prepare(void)
{
	uint64_t huge = option_number("hugepages", 0);
	uint64_t mib = option_number("frag", 0);
	char text[32];

	if (huge) {
		snprintf(text, sizeof(text), "%lu", huge);
		if (!file_write("/proc/sys/vm/nr_hugepages", text))
			die("/proc/sys/vm/nr_hugepages");
	}
	if (mib)
		fragment(mib * MIB, (unsigned)option_number("run", 32), (unsigned)option_number("keep", 8));
}

static void run(void (*load)(void))
{
	double start;

	mark_start();
	stats_show("before");
	start = now();
	load();
	say("took %.3f s", now() - start);
	stats_show("after");
	mark_stop();
	stats_audit();
}

int main(void)
{
	char name[32];

	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	mount_at("debugfs", "/sys/kernel/debug");
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL,
		WARNINGS); /* what is no warning may not be mixed with our lines */
	option_text("wl", name, sizeof(name));
	say("boot took %.3f s; wl=%s", now(), name);
	mark_stop(); /* of the boot */
	vm_init();
	prepare();
	for (unsigned i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (!strcmp(name, loads[i].name)) {
			run(loads[i].run);
			say("done");
			turn_off();
		}
	}
	say("there is no wl=%s", name);
	turn_off();
}
