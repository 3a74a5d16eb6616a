/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * event.h - event records: what the SMMU says about a transaction that it terminated.
 *
 * Decodes one record; who reads the event queue decides what to do about it. A missing record proves
 * nothing: records are lost when the queue is full. Spec: IHI 0070, Event records.
 */
#ifndef SMMUV3_EVENT_H
#define SMMUV3_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "smmuv3/field.h"

#define SMMU_EVENT_WORDS 4
#define SMMU_EVENT_BYTES 32

#define SMMU_EVENT_W0_SID   SMMU_BITS(63, 32)
#define SMMU_EVENT_W0_SSID  SMMU_BITS(31, 12)
#define SMMU_EVENT_W0_SSV   SMMU_BITS(11, 11)
#define SMMU_EVENT_W0_TYPE  SMMU_BITS(7, 0)
#define SMMU_EVENT_W1_CLASS SMMU_BITS(41, 40)
#define SMMU_EVENT_W1_S2    SMMU_BITS(39, 39)
#define SMMU_EVENT_W1_RNW   SMMU_BITS(35, 35)
#define SMMU_EVENT_W1_STALL SMMU_BITS(31, 31)
#define SMMU_EVENT_W3_IPA   SMMU_BITS(55, 12)
#define SMMU_EVENT_W3_FETCH SMMU_BITS(55, 3)

enum smmu_event_type {
	SMMU_EVENT_C_BAD_STREAMID = 0x02,
	SMMU_EVENT_F_STE_FETCH = 0x03,
	SMMU_EVENT_C_BAD_STE = 0x04,
	SMMU_EVENT_F_WALK_EABT = 0x0b,
	SMMU_EVENT_F_TRANSLATION = 0x10,
	SMMU_EVENT_F_ADDR_SIZE = 0x11,
	SMMU_EVENT_F_ACCESS = 0x12,
	SMMU_EVENT_F_PERMISSION = 0x13,
	SMMU_EVENT_F_TLB_CONFLICT = 0x20,
};

enum smmu_event_class { /* what the faulting address was used for */
	SMMU_EVENT_CLASS_CD = 0,
	SMMU_EVENT_CLASS_TT = 1,
	SMMU_EVENT_CLASS_IN = 2,
};

struct smmu_event {
	uint8_t type; /* enum smmu_event_type, or another that is only passed on */
	uint32_t sid;
	bool ssid_valid;
	uint32_t ssid;
	bool translation; /* a fault of types 0x10 .. 0x13: these fields mean something: */
	bool stall, read, stage2;
	enum smmu_event_class class;
	uint64_t address; /* the device's address */
	uint64_t ipa;	  /* of a stage-2 fault, its page */
	uint64_t fetch;	  /* physical address of a failed STE or descriptor fetch, or 0 */
};

static inline struct smmu_event smmu_event_decode(const uint64_t record[SMMU_EVENT_WORDS])
{
	struct smmu_event event = {
		.type = (uint8_t)field_get(SMMU_EVENT_W0_TYPE, record[0]),
		.sid = (uint32_t)field_get(SMMU_EVENT_W0_SID, record[0]),
		.ssid_valid = field_get(SMMU_EVENT_W0_SSV, record[0]),
		.ssid = (uint32_t)field_get(SMMU_EVENT_W0_SSID, record[0]),
	};

	if (event.type >= SMMU_EVENT_F_TRANSLATION && event.type <= SMMU_EVENT_F_PERMISSION) {
		event.translation = true;
		event.stall = field_get(SMMU_EVENT_W1_STALL, record[1]);
		event.read = field_get(SMMU_EVENT_W1_RNW, record[1]);
		event.stage2 = field_get(SMMU_EVENT_W1_S2, record[1]);
		event.class = (enum smmu_event_class)field_get(SMMU_EVENT_W1_CLASS, record[1]);
		event.address = record[2];
		if (event.stage2)
			event.ipa = record[3] & SMMU_EVENT_W3_IPA;
	} else if (event.type == SMMU_EVENT_F_STE_FETCH || event.type == SMMU_EVENT_F_WALK_EABT) {
		event.fetch = record[3] & SMMU_EVENT_W3_FETCH;
	}
	return event;
}

#endif
