/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * model_rig.h - one software SMMUv3 with memory of its own, for the suites that test the model.
 *
 * Encodes registers, commands and descriptors by hand, from the specification's numbers: it shares
 * nothing with the driver or with the model's decoders.
 */
#ifndef TESTS_UNIT_MODEL_RIG_H
#define TESTS_UNIT_MODEL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "smmuv3/model/cache.h"
#include "smmuv3/model/model.h"

enum {
	RIG_SID = 0x10,
	RIG_SID_BITS = 8,
	RIG_VMID = 5,
	RIG_CMDQ_LG2 = 4,
	RIG_EVTQ_LG2 = 2,
};

/* Where things lie. Memory is [RIG_BASE, RIG_BASE + RIG_BYTES); a fetch elsewhere aborts. */
#define RIG_BASE   UINT64_C(0x40000000)
#define RIG_BYTES  UINT64_C(0x400000)
#define RIG_STRTAB UINT64_C(0x40010000)
#define RIG_CMDQ   UINT64_C(0x40020000)
#define RIG_EVTQ   UINT64_C(0x40030000)
#define RIG_TABLES UINT64_C(0x40100000) /* pages for tables: rig_table(n) */

/* Opcodes and such, as the specification numbers them. */
#define RIG_SYNC	UINT64_C(0x46)
#define RIG_NSNH_ALL	UINT64_C(0x30)
#define RIG_S12_VMALL	(UINT64_C(0x28) | (uint64_t)RIG_VMID << 32)
#define RIG_NH_ALL	(UINT64_C(0x10) | (uint64_t)RIG_VMID << 32)
#define RIG_S2_IPA	(UINT64_C(0x2a) | (uint64_t)RIG_VMID << 32)
#define RIG_NH_VAA	(UINT64_C(0x13) | (uint64_t)RIG_VMID << 32)
#define RIG_NUM(n)	((uint64_t)(n) << 12)
#define RIG_SCALE(n)	((uint64_t)(n) << 20)
#define RIG_LEAF	UINT64_C(1)
#define RIG_TTL(n)	((uint64_t)(n) << 8)
#define RIG_TG(n)	((uint64_t)(n) << 10)
#define RIG_CFGI_STE(s) (UINT64_C(3) | (uint64_t)(s) << 32)
#define RIG_CFGI_ALL	UINT64_C(4)

#define RIG_PAGE   UINT64_C(0x7ff) /* normal write-back memory, RW */
#define RIG_BLOCK  UINT64_C(0x7fd)
#define RIG_TABLE  UINT64_C(3)
#define RIG_NT	   (UINT64_C(1) << 16)
#define RIG_CONT   (UINT64_C(1) << 52)
#define RIG_WRITE  (UINT64_C(1) << 7)
#define RIG_DEVICE UINT64_C(0x4c7)

struct rig {
	struct model_config config;
	struct model *model;
	uint64_t *memory;
	bool noncoherent; /* set before rig_new(): the model sees what was cleaned */
	struct model_cache *cache;
	unsigned violations;
	struct model_violation last;
};

/* rig_new() takes what the suite changed in the default configuration. */
void rig_config(struct rig *rig);
void rig_new(struct rig *rig);
void rig_free(struct rig *rig);
/* A model that translates: stream table with one stage-2 stream, queues on, SMMUEN on, caches empty. */
void rig_up(struct rig *rig);
void rig_enable(struct rig *rig);
/* The same with tables as well: 40-bit input at level 1 (two tables), identity blocks and pages below. */
void rig_up_mapped(struct rig *rig);

uint64_t *rig_word(struct rig *rig, uint64_t pa);
uint64_t rig_table(unsigned number);
/* Clean the lines of these bytes, if the rig is not coherent. */
void rig_clean(struct rig *rig, uint64_t pa, uint64_t bytes);
/* Store a descriptor as a driver does: memory first, then tell the model. Cleans nothing. */
void rig_store(struct rig *rig, uint64_t pa, uint64_t value);
void rig_ste(struct rig *rig, uint32_t sid, unsigned config, unsigned vmid, uint64_t ttb);

/* Publish a command; run until nothing moves. */
void rig_queue(struct rig *rig, uint64_t word0, uint64_t word1);
void rig_run(struct rig *rig);
/* One command and a SYNC, run to the end. */
void rig_sync(struct rig *rig, uint64_t word0, uint64_t word1);
void rig_cr0(struct rig *rig, uint32_t value);

struct model_access rig_read(struct rig *rig, uint64_t iova);
struct model_access rig_write(struct rig *rig, uint64_t iova);
#define rig_expect_pa(rig, iova, where)	   rig_expect_pa_at(rig, iova, where, __FILE__, __LINE__)
#define rig_expect_fault(rig, iova, fault) rig_expect_fault_at(rig, iova, fault, __FILE__, __LINE__)
void rig_expect_pa_at(struct rig *rig, uint64_t iova, uint64_t pa, const char *file, int line);
void rig_expect_fault_at(struct rig *rig, uint64_t iova, enum model_fault fault, const char *file, int line);

#endif
