/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * smmu_registers.h - the registers that SMMUs without a TLB have: instant.c and scale_device.c.
 *
 * Written out here instead of taken from the driver's headers, as in the model.
 * Spec: IHI 0070, Register formats.
 */
#ifndef BENCH_SMMU_REGISTERS_H
#define BENCH_SMMU_REGISTERS_H

#define IDR0	    0x00u
#define IDR1	    0x04u
#define IDR3	    0x0cu
#define IDR5	    0x14u
#define CR0	    0x20u
#define CR0ACK	    0x24u
#define GBPA	    0x44u
#define GBPA_UPDATE 0x80000000u
#define IRQ_CTRL    0x50u
#define IRQ_CTRLACK 0x54u
#define CMDQ_BASE   0x90u
#define CMDQ_PROD   0x98u
#define CMDQ_CONS   0x9cu

#endif
