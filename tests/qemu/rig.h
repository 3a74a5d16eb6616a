/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * rig.h - a small hypervisor around the library: its host's table, an engine, the machine's SMMU, two edu
 * devices.
 *
 * One at a time. Every case begins with rig_start() and ends with rig_stop().
 */
#ifndef TESTS_QEMU_RIG_H
#define TESTS_QEMU_RIG_H

#include <shadow/platform.h>
#include <shadow/shadow.h>
#include <shadow/smmu.h>

#include "tests/qemu/edu.h"
#include "tests/qemu/host.h"
#include "tests/qemu/machine.h"
#include "tests/qemu/nvme.h"

/* The host's memory, and what cases use it for. What is not named is the host's too. */
#define RIG_CONTEXT  MACHINE_HOST			 /* the host's context descriptor ... */
#define RIG_STAGE1   (MACHINE_HOST + UINT64_C(0x10000))	 /* ... and stage 1, where devices have one */
#define RIG_WORDS    (MACHINE_HOST + UINT64_C(0x100000)) /* the edu devices', 64 KiB each */
#define RIG_GONE     (MACHINE_HOST + UINT64_C(0x200000)) /* a page that is not the host's at the snapshot */
#define RIG_READABLE (MACHINE_HOST + UINT64_C(0x400000)) /* a page that the host may only read then */
#define RIG_QUEUES   (MACHINE_HOST + UINT64_C(0x600000)) /* the nvme driver's queues */
#define RIG_SMALL    UINT64_C(0x60000000)		 /* 256 MiB of the host's */
#define RIG_LARGE    UINT64_C(0x80000000)		 /* 1 GiB, aligned */
#define RIG_LAZY     UINT64_C(0xc0000000)		 /* 1 GiB that the host's table does not map yet */

#define RIG_WAIT_NS UINT64_C(5000000000)
#define RIG_EVENTS  32u

/* All zero is right for most cases. */
struct rig_shape {
	unsigned granule_lg2; /* 0: 12 */
	unsigned cmdq_lg2;    /* 0: 8 */
	bool contiguous, no_ril, pages;
	enum shadow_collapse collapse;
	bool one_stream;   /* the second edu device is not let in */
	bool nvme;	   /* the disk is */
	bool two_levels;   /* of the stream table: two parts, of 64 StreamIDs each */
	unsigned irq;	   /* enum shadow_irq, ored */
	unsigned bbm_less; /* so much below BBM level 2 */
	struct shadow_tlbi_cost cost;
};

struct rig {
	struct shadow_engine *engine;
	struct shadow_target *target;
	struct shadow_smmu *smmu;
	struct shadow_address_map map;
	struct host host;
	struct edu edu[2];
	struct nvme nvme;
	uint64_t page_bytes;
	uint64_t number;      /* the next transition's, under the lock */
	uint32_t lock;	      /* the host lock */
	unsigned reports[16]; /* by enum platform_report */
	unsigned events;
	struct {
		uint64_t a, b;
	} event[RIG_EVENTS];
};

extern struct rig rig;

/* Is there a stage 1 in the SMMU? Then the host's devices have one each. */
bool rig_nested(void);

/* Return: is everything up? If not, the case has failed and ends. */
bool rig_start(const struct rig_shape *shape);
void rig_stop(void);

/* Let a device in, as rig_start() does by itself with most. Host lock held. Return: as shadow_smmu_stream().
 */
int rig_stream_add(uint32_t sid);

/* Return: as shadow_smmu_detach(). */
int rig_detach(void);

/* A trip into the hypervisor: the host loses pages, or gets them back. They are complete on return. */
void rig_revoke(unsigned cpu, uint64_t start, uint64_t pages);
void rig_grant(unsigned cpu, uint64_t start, uint64_t pages, unsigned access);

/* The same in two parts; the second one waits. */
shadow_ticket_t rig_queue(unsigned cpu, const struct shadow_transition *transition);
void rig_wait(shadow_ticket_t ticket);

/* Without the flush: whoever flushes next does it. */
shadow_ticket_t rig_queue_only(unsigned cpu, const struct shadow_transition *transition);

/* Forget what was reported, and let the next events be reported again. */
void rig_events_forget(void);

/* Has the SMMU recorded that device @nth was refused at @address? @type as of IHI 0070, Event records. */
#define RIG_F_TRANSLATION 0x10
#define RIG_F_PERMISSION  0x13
bool rig_refused(unsigned nth, uint64_t address, unsigned type);

/* A write that is refused for want of a mapping, and is recorded. */
bool rig_closed(uint64_t address);

#endif
