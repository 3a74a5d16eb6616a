/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * regs.h - register map of the Non-secure programming interface: offset, fields, values.
 *
 * Registers are 32 bits wide unless marked 64. Offsets count from page 0; page 1 is at 0x10000.
 * Only what the driver uses is here. Spec: IHI 0070, Register formats.
 */
#ifndef SMMUV3_REGS_H
#define SMMUV3_REGS_H

#include "smmuv3/field.h"

#define SMMU_IDR0		     0x0000 /* IHI 0070, SMMU_IDR0 */
#define SMMU_IDR0_ST_LEVEL	     SMMU_BITS(28, 27)
#define SMMU_IDR0_STALL_MODEL	     SMMU_BITS(25, 24)
#define SMMU_IDR0_TTENDIAN	     SMMU_BITS(22, 21)
#define SMMU_IDR0_VMID16	     SMMU_BITS(18, 18)
#define SMMU_IDR0_SEV		     SMMU_BITS(14, 14)
#define SMMU_IDR0_MSI		     SMMU_BITS(13, 13)
#define SMMU_IDR0_ATS		     SMMU_BITS(10, 10)
#define SMMU_IDR0_HYP		     SMMU_BITS(9, 9)
#define SMMU_IDR0_COHACC	     SMMU_BITS(4, 4)
#define SMMU_IDR0_TTF		     SMMU_BITS(3, 2)
#define SMMU_IDR0_S1P		     SMMU_BITS(1, 1)
#define SMMU_IDR0_S2P		     SMMU_BITS(0, 0)
#define SMMU_IDR0_ST_LEVEL_TWO	     1
#define SMMU_IDR0_STALL_MODEL_FORCED 2
#define SMMU_IDR0_TTENDIAN_BIG	     3
#define SMMU_IDR0_TTF_AARCH64	     2 /* a bit of the field: 3 has both formats */

#define SMMU_IDR1		0x0004 /* IHI 0070, SMMU_IDR1 */
#define SMMU_IDR1_ECMDQ		SMMU_BITS(31, 31)
#define SMMU_IDR1_TABLES_PRESET SMMU_BITS(30, 30)
#define SMMU_IDR1_QUEUES_PRESET SMMU_BITS(29, 29)
#define SMMU_IDR1_CMDQS		SMMU_BITS(25, 21)
#define SMMU_IDR1_EVTQS		SMMU_BITS(20, 16)
#define SMMU_IDR1_SIDSIZE	SMMU_BITS(5, 0)

#define SMMU_IDR3      0x000c /* IHI 0070, SMMU_IDR3 */
#define SMMU_IDR3_BBML SMMU_BITS(12, 11)
#define SMMU_IDR3_RIL  SMMU_BITS(10, 10)
#define SMMU_IDR3_FWB  SMMU_BITS(8, 8)

#define SMMU_IDR5	  0x0014 /* IHI 0070, SMMU_IDR5 */
#define SMMU_IDR5_DS	  SMMU_BITS(7, 7)
#define SMMU_IDR5_GRAN64K SMMU_BITS(6, 6)
#define SMMU_IDR5_GRAN16K SMMU_BITS(5, 5)
#define SMMU_IDR5_GRAN4K  SMMU_BITS(4, 4)
#define SMMU_IDR5_OAS	  SMMU_BITS(2, 0)

#define SMMU_IIDR	      0x0018 /* IHI 0070, SMMU_IIDR */
#define SMMU_IIDR_PRODUCTID   SMMU_BITS(31, 20)
#define SMMU_IIDR_VARIANT     SMMU_BITS(19, 16)
#define SMMU_IIDR_REVISION    SMMU_BITS(15, 12)
#define SMMU_IIDR_IMPLEMENTER SMMU_BITS(11, 0)

#define SMMU_CR0	  0x0020 /* IHI 0070, SMMU_CR0 */
#define SMMU_CR0ACK	  0x0024 /* the same fields, as far as they have taken effect */
#define SMMU_CR0_ATSCHK	  SMMU_BITS(4, 4)
#define SMMU_CR0_CMDQEN	  SMMU_BITS(3, 3)
#define SMMU_CR0_EVENTQEN SMMU_BITS(2, 2)
#define SMMU_CR0_SMMUEN	  SMMU_BITS(0, 0)

#define SMMU_CR1	  0x0028 /* IHI 0070, SMMU_CR1 */
#define SMMU_CR1_TABLE_SH SMMU_BITS(11, 10)
#define SMMU_CR1_TABLE_OC SMMU_BITS(9, 8)
#define SMMU_CR1_TABLE_IC SMMU_BITS(7, 6)
#define SMMU_CR1_QUEUE_SH SMMU_BITS(5, 4)
#define SMMU_CR1_QUEUE_OC SMMU_BITS(3, 2)
#define SMMU_CR1_QUEUE_IC SMMU_BITS(1, 0)
#define SMMU_CR1_CACHE_NC 0
#define SMMU_CR1_CACHE_WB 1
#define SMMU_CR1_SH_INNER 3

#define SMMU_CR2	   0x002c /* IHI 0070, SMMU_CR2 */
#define SMMU_CR2_PTM	   SMMU_BITS(2, 2)
#define SMMU_CR2_RECINVSID SMMU_BITS(1, 1)

#define SMMU_GBPA	 0x0044 /* IHI 0070, SMMU_GBPA */
#define SMMU_GBPA_UPDATE SMMU_BITS(31, 31)
#define SMMU_GBPA_ABORT	 SMMU_BITS(20, 20)

#define SMMU_IRQ_CTRL	  0x0050 /* IHI 0070, SMMU_IRQ_CTRL */
#define SMMU_IRQ_CTRLACK  0x0054
#define SMMU_IRQ_CTRL_ALL SMMU_BITS(2, 0)
#define SMMU_IRQ_CTRL_EVENTQ SMMU_BITS(2, 2)
#define SMMU_IRQ_CTRL_GERROR SMMU_BITS(0, 0)

/* IHI 0070, SMMU_GERROR_IRQ_CFG0, 64; _CFG1; _CFG2, and the same of the event queue: where and what, with IDR0.MSI. */
#define SMMU_GERROR_IRQ_CFG0  0x0068
#define SMMU_EVENTQ_IRQ_CFG0  0x00b0
#define SMMU_IRQ_CFG0_ADDR    SMMU_BITS(55, 2)
#define SMMU_IRQ_CFG1	      0x8 /* from _CFG0 on */
#define SMMU_IRQ_CFG2	      0xc
#define SMMU_IRQ_CFG2_DEVICE  1 /* MEMATTR: Device-nGnRE */

#define SMMU_GERROR		   0x0060 /* IHI 0070, SMMU_GERROR: active while it differs from */
#define SMMU_GERRORN		   0x0064 /* SMMU_GERRORN, the same fields */
#define SMMU_GERROR_CMDQP_ERR	   SMMU_BITS(9, 9)
#define SMMU_GERROR_SFM_ERR	   SMMU_BITS(8, 8)
#define SMMU_GERROR_MSI_ABT_ERRS   SMMU_BITS(7, 4) /* of errors, PRI, events, SYNCs */
#define SMMU_GERROR_PRIQ_ABT_ERR   SMMU_BITS(3, 3)
#define SMMU_GERROR_EVENTQ_ABT_ERR SMMU_BITS(2, 2)
#define SMMU_GERROR_CMDQ_ERR	   SMMU_BITS(0, 0)

#define SMMU_STRTAB_BASE      0x0080 /* 64; IHI 0070, SMMU_STRTAB_BASE */
#define SMMU_STRTAB_BASE_RA   SMMU_BITS(62, 62)
#define SMMU_STRTAB_BASE_ADDR SMMU_BITS(55, 6)

#define SMMU_STRTAB_BASE_CFG		0x0088 /* IHI 0070, SMMU_STRTAB_BASE_CFG */
#define SMMU_STRTAB_BASE_CFG_FMT	SMMU_BITS(17, 16)
#define SMMU_STRTAB_BASE_CFG_SPLIT	SMMU_BITS(10, 6)
#define SMMU_STRTAB_BASE_CFG_LOG2SIZE	SMMU_BITS(5, 0)
#define SMMU_STRTAB_BASE_CFG_FMT_LINEAR 0
#define SMMU_STRTAB_BASE_CFG_FMT_LEVELS 1

#define SMMU_CMDQ_BASE		0x0090 /* 64; IHI 0070, SMMU_CMDQ_BASE */
#define SMMU_CMDQ_BASE_RA	SMMU_BITS(62, 62)
#define SMMU_CMDQ_BASE_ADDR	SMMU_BITS(55, 5)
#define SMMU_CMDQ_BASE_LOG2SIZE SMMU_BITS(4, 0)

#define SMMU_CMDQ_PROD	       0x0098		 /* IHI 0070, SMMU_CMDQ_PROD */
#define SMMU_CMDQ_CONS	       0x009c		 /* IHI 0070, SMMU_CMDQ_CONS */
#define SMMU_CMDQ_CONS_ERR     SMMU_BITS(30, 24) /* stale unless GERROR.CMDQ_ERR is active */
#define SMMU_CMDQ_CONS_ERR_ILL 1
#define SMMU_CMDQ_CONS_ERR_ABT 2
#define SMMU_CMDQ_CONS_ERR_ATC_INV_SYNC 3
#define SMMU_CMDQ_CONS_RES0    (SMMU_BITS(31, 31) | SMMU_BITS(23, 20))

#define SMMU_IDR6	   0x0190 /* IHI 0070, SMMU_IDR6: log2 of the number of control pages, and of queues in each */
#define SMMU_IDR6_LOG2NUMP SMMU_BITS(27, 24)
#define SMMU_IDR6_LOG2NUMQ SMMU_BITS(19, 16)

/* 64; IHI 0070, SMMU_CMDQ_CONTROL_PAGE_BASE<n>: of the first; the others follow each other, as their pages do. */
#define SMMU_CONTROL_PAGE_BASE	      0x4000
#define SMMU_CONTROL_PAGE_BASE_ADDR   SMMU_BITS(55, 16) /* counts from page 0 */
#define SMMU_CONTROL_PAGE_BASE_PRESET SMMU_BITS(0, 0)	/* queues' controls are registers */
#define SMMU_CONTROL_PAGE_LG2	      16u

/* A queue of a control page; they are spaced evenly. IHI 0070, SMMU_ECMDQ_BASE<n>; _PROD<n>; _CONS<n>. BASE is 64 bits
 * wide, as SMMU_CMDQ_BASE. */
#define SMMU_ECMDQ_BASE	       0x0
#define SMMU_ECMDQ_PROD	       0x8
#define SMMU_ECMDQ_PROD_EN     SMMU_BITS(31, 31)
#define SMMU_ECMDQ_PROD_ERRACK SMMU_BITS(23, 23)
#define SMMU_ECMDQ_CONS	       0xc
#define SMMU_ECMDQ_CONS_ENACK  SMMU_BITS(31, 31)
#define SMMU_ECMDQ_CONS_REASON SMMU_BITS(26, 24) /* as SMMU_CMDQ_CONS_ERR */
#define SMMU_ECMDQ_CONS_ERR    SMMU_BITS(23, 23) /* active while it differs from ERRACK */
#define SMMU_ECMDQ_CONS_RES0   (SMMU_BITS(30, 27) | SMMU_BITS(22, 20))

#define SMMU_EVENTQ_BASE	  0x00a0 /* 64; IHI 0070, SMMU_EVENTQ_BASE */
#define SMMU_EVENTQ_BASE_WA	  SMMU_BITS(62, 62)
#define SMMU_EVENTQ_BASE_ADDR	  SMMU_BITS(55, 5)
#define SMMU_EVENTQ_BASE_LOG2SIZE SMMU_BITS(4, 0)

#define SMMU_EVENTQ_OVFLG SMMU_BITS(31, 31) /* of PROD; OVACKFLG of CONS */
#define SMMU_EVENTQ_PROD 0x100a8 /* page 1; IHI 0070, SMMU_EVENTQ_PROD */
#define SMMU_EVENTQ_CONS 0x100ac /* page 1; IHI 0070, SMMU_EVENTQ_CONS */

#define SMMU_QUEUE_LG2_MAX 19u /* IHI 0070, SMMU_IDR1: CMDQS and EVTQS */

#endif
