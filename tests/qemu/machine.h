/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine.h - QEMU's virt machine: where things are, CPUs on and off, time that passes.
 */
#ifndef TESTS_QEMU_MACHINE_H
#define TESTS_QEMU_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_GICD	   0x08000000u
#define MACHINE_GICR	   0x080a0000u /* 128 KiB a CPU */
#define MACHINE_UART	   0x09000000u
#define MACHINE_SMMU	   0x09050000u
#define MACHINE_SMMU_END   0x09070000u
#define MACHINE_PCI	   0x10000000u /* window for 32-bit BARs */
#define MACHINE_ECAM	   UINT64_C(0x4010000000)
#define MACHINE_MEMORY	   UINT64_C(0x40000000) /* scripts/run-qemu gives 3 GiB */
#define MACHINE_MEMORY_END UINT64_C(0x100000000)

/* How the payload divides memory: all below the host's part is the hypervisor's. */
#define MACHINE_ARENA UINT64_C(0x44000000)
#define MACHINE_POOL  UINT64_C(0x48000000)
#define MACHINE_HOST  UINT64_C(0x50000000)

#define MACHINE_CPUS_MAX 4u

/* On each CPU, first of all: MMU and caches on, its timer able to end a wfi. */
void machine_start(unsigned cpu);

/* Sleep. Under -icount with sleep=off that takes next to no time outside. */
void machine_sleep_ns(uint64_t ns);

/* The SMMU's interrupts: edges, which stay pending until they are asked for. Nothing is interrupted. */
#define MACHINE_IRQ_EVENTS 106u
#define MACHINE_IRQ_GERROR 109u
void machine_irq_listen(unsigned irq);

/* Has it come since the last time? */
bool machine_irq_came(unsigned irq);

/* How many CPUs there are. */
unsigned machine_cpus(void);

/* Let @work run on CPU 1 .. MACHINE_CPUS_MAX - 1. Return: is there such a CPU, and one that is off? */
bool machine_cpu_on(unsigned cpu, void (*work)(unsigned cpu));

/* Until all that were turned on have returned from their work. Then they are off again, or will be soon. */
void machine_cpus_wait(void);

__attribute__((noreturn)) void machine_off(void);

/* Called by start.S. */
void payload_main(void);
void payload_secondary(unsigned cpu);
__attribute__((noreturn)) void payload_exception(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far);
extern char start_secondary[];

#endif
