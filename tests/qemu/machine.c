/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * machine.c - an EL2 without anything below it: identity map, GIC as far as wfi needs it, PSCI by SMC.
 *
 * Interrupts stay masked: one that is pending ends a wfi all the same.
 * Spec: DDI 0487, EL2 translation regime; DEN 0022, PSCI; IHI 0069, GICv3.
 */
#include "tests/qemu/machine.h"

#include <shadow/platform.h>

#include "tests/qemu/console.h"

#define STACK_BYTES 65536u

#define GIB_LG2	     30
#define BLOCK_DEVICE (UINT64_C(1) << 54 | 0x441) /* XN, AF, attribute 0 */
#define BLOCK_NORMAL (UINT64_C(0x741) | 1 << 2)	 /* AF, inner shareable, attribute 1 */
#define MAIR	     0xff04u			 /* 0: Device-nGnRE, 1: write-back */
#define TCR	     0x80823519u /* 39 bits, 4 KiB, write-back inner shareable walks, 40-bit PA */
#define SCTLR	     0x30c5183du /* RES1 bits; I, C, M; SP aligned */

#define GICD_CTLR	0x0000
#define GICD_ISPENDR	0x0200
#define GICD_ICPENDR	0x0280
#define GICD_ICFGR	0x0c00
#define GICR_WAKER	0x0014
#define GICR_IGROUPR0	0x10080
#define GICR_ISENABLER0 0x10100
#define TIMER_PPI	26 /* the EL2 physical timer's */

#define PSCI_CPU_ON	   UINT64_C(0xc4000003)
#define PSCI_CPU_OFF	   UINT64_C(0x84000002)
#define PSCI_ALREADY_ON	   (-4)
#define PSCI_AFFINITY_INFO UINT64_C(0xc4000004)
#define PSCI_SYSTEM_OFF	   UINT64_C(0x84000008)

char stacks[MACHINE_CPUS_MAX][STACK_BYTES] __attribute__((aligned(16)));

static uint64_t map[512] __attribute__((aligned(4096)));
static void (*works[MACHINE_CPUS_MAX])(unsigned cpu);
static uint32_t busy;

static void map_build(void)
{
	map[0] = BLOCK_DEVICE;
	for (uint64_t i = MACHINE_MEMORY >> GIB_LG2; i < MACHINE_MEMORY_END >> GIB_LG2; i++)
		map[i] = i << GIB_LG2 | BLOCK_NORMAL;
	map[MACHINE_ECAM >> GIB_LG2] = MACHINE_ECAM >> GIB_LG2 << GIB_LG2 | BLOCK_DEVICE;
}

static void map_on(void)
{
	__asm__ volatile("msr mair_el2, %0\n\t"
			 "msr tcr_el2, %1\n\t"
			 "msr ttbr0_el2, %2\n\t"
			 "dsb sy\n\t"
			 "tlbi alle2\n\t"
			 "dsb sy\n\t"
			 "isb\n\t"
			 "msr sctlr_el2, %3\n\t"
			 "isb" ::"r"((uint64_t)MAIR),
			 "r"((uint64_t)TCR), "r"(map), "r"((uint64_t)SCTLR)
			 : "memory");
}

static void timer_wakes(unsigned cpu)
{
	uintptr_t frame = MACHINE_GICR + (uintptr_t)cpu * 0x20000;

	platform_mmio_write32(MACHINE_GICD + GICD_CTLR, 0x13); /* ARE, both groups */
	platform_mmio_write32(frame + GICR_WAKER, 0);
	while (platform_mmio_read32(frame + GICR_WAKER) & 4)
		;
	platform_mmio_write32(frame + GICR_IGROUPR0, UINT32_MAX);
	platform_mmio_write32(frame + GICR_ISENABLER0, 1u << TIMER_PPI);
	__asm__ volatile("msr s3_4_c12_c9_5, %0\n\t" /* ICC_SRE_EL2 */
			 "isb\n\t"
			 "msr s3_0_c4_c6_0, %1\n\t"   /* ICC_PMR_EL1 */
			 "msr s3_0_c12_c12_7, %2\n\t" /* ICC_IGRPEN1_EL1 */
			 "isb" ::"r"(UINT64_C(15)),
			 "r"(UINT64_C(0xff)), "r"(UINT64_C(1)));
}

void machine_start(unsigned cpu)
{
	if (!cpu)
		map_build();
	map_on();
	timer_wakes(cpu);
}

void machine_sleep_ns(uint64_t ns)
{
	uint64_t frequency, now, until;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now)::"memory");
	until = now + (ns * (frequency / 1000000) + 999) / 1000;
	__asm__ volatile("msr cnthp_cval_el2, %0\n\tmsr cnthp_ctl_el2, %1\n\tisb" ::"r"(until),
			 "r"(UINT64_C(1)));
	while (now < until)
		__asm__ volatile("wfi\n\tisb\n\tmrs %0, cntpct_el0" : "=r"(now)::"memory");
	__asm__ volatile("msr cnthp_ctl_el2, %0\n\tisb" ::"r"(UINT64_C(0)));
}

static int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("dsb sy\n\tsmc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return (int64_t)x0;
}

static uintptr_t irq_register(uintptr_t first, unsigned irq, unsigned bits)
{
	return MACHINE_GICD + first + irq * bits / 32 * 4;
}

void machine_irq_listen(unsigned irq)
{
	uintptr_t configuration = irq_register(GICD_ICFGR, irq, 2);

	platform_mmio_write32(configuration, platform_mmio_read32(configuration) | 2u << irq % 16 * 2);
	(void)machine_irq_came(irq);
}

bool machine_irq_came(unsigned irq)
{
	uint32_t bit = 1u << irq % 32;
	bool came = platform_mmio_read32(irq_register(GICD_ISPENDR, irq, 1)) & bit;

	platform_mmio_write32(irq_register(GICD_ICPENDR, irq, 1), bit);
	return came;
}

unsigned machine_cpus(void)
{
	unsigned cpus = 1;

	while (cpus < MACHINE_CPUS_MAX && psci(PSCI_AFFINITY_INFO, cpus, 0, 0) >= 0)
		cpus++;
	return cpus;
}

bool machine_cpu_on(unsigned cpu, void (*work)(unsigned cpu))
{
	int64_t error;

	works[cpu] = work;
	__atomic_fetch_add(&busy, 1, __ATOMIC_RELAXED);
	do /* it may not be quite off yet */
		error = psci(PSCI_CPU_ON, cpu, (uintptr_t)start_secondary, cpu);
	while (error == PSCI_ALREADY_ON);
	if (!error)
		return true;
	__atomic_fetch_sub(&busy, 1, __ATOMIC_RELAXED);
	return false;
}

void payload_secondary(unsigned cpu)
{
	machine_start(cpu);
	works[cpu](cpu);
	__atomic_fetch_sub(&busy, 1, __ATOMIC_RELEASE);
	(void)psci(PSCI_CPU_OFF, 0, 0, 0);
}

void machine_cpus_wait(void)
{
	while (__atomic_load_n(&busy, __ATOMIC_ACQUIRE))
		__asm__ volatile("yield");
}

void machine_off(void)
{
	(void)psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

void payload_exception(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far)
{
	say("Bail out! exception %lx: ESR %lx ELR %lx FAR %lx\n", vector, esr, elr, far);
	machine_off();
}
