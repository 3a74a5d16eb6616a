/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * errata.h - what an implementation does wrong, as data, and what is done about it.
 *
 * One table by SMMU_IIDR; what a register does not tell comes with the configuration. What each bit asks for is said
 * at enum shadow_erratum; smmu_probe() and list.c do it. Left out: broadcast invalidation, which nobody uses here
 * (CR2.PTM), prefetch commands and interrupts, which are never asked for.
 * Spec: IHI 0070, SMMU_IIDR; the errata notices of the implementations.
 */
#ifndef SMMUV3_ERRATA_H
#define SMMUV3_ERRATA_H

#include <shadow/smmu.h>

/* Commands in a row that SHADOW_ERRATUM_SYNC_OFTEN allows, their SYNC not counted: what a ring of 64 holds with it. */
#define ERRATA_RUN_MAX 63u

/* Bits of enum shadow_erratum that an SMMU with this IIDR has. */
unsigned errata_of(uint32_t iidr);

#endif
