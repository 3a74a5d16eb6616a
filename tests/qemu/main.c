/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * main.c - the payload: all cases, one after the other, then the machine is turned off.
 */
#include "tests/qemu/cases.h"
#include "tests/qemu/machine.h"
#include "tests/qemu/tap.h"

static const struct tap_case cases[] = {
	{ "devices reach the host's memory after the snapshot", case_inside },
	{ "devices do not reach the hypervisor", case_outside },
	{ "devices do not reach a page that was not the host's at the snapshot", case_not_the_hosts },
	{ "devices do not write where the host may only read", case_readable },
	{ "queues, stream table, tables and registers of the SMMU are out of reach", case_hypervisor },
};

void payload_main(void)
{
	machine_start(0);
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	machine_off();
}
