/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fake_smmu.h - a register file with a command queue and no translation, for the driver's own suites.
 *
 * Records every register write and every command, answers handshakes unless told not to, and refuses
 * commands where told to. Sits behind the hosted platform's hooks: time passes with each look at the clock,
 * the device works in platform_relax(), a panic ends in expect_assert_failure(). Physical addresses are the
 * process's own. If it is not coherent it reads an image of memory that only platform_clean() brings up to
 * date, line by line, and that holds rubbish before. What commands mean is the business of smmuv3/model.
 */
#ifndef TESTS_UNIT_FAKE_SMMU_H
#define TESTS_UNIT_FAKE_SMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shadow/platform.h>

#define FAKE_LOG_MAX 4096u

struct fake_write {
	uint32_t offset;
	uint64_t value;
};

struct fake_command {
	uint64_t position;
	uint64_t word[2];
};

struct fake_clean {
	const void *start;
	size_t bytes;
	unsigned write_count; /* register writes before it */
};

struct fake_report {
	enum platform_report what;
	uint64_t a, b;
};

struct fake_smmu {
	uintptr_t registers; /* what the driver is told */
	uint32_t reg[0x20000 / 4];
	struct fake_write writes[FAKE_LOG_MAX];
	unsigned write_count;
	unsigned reads;				    /* register reads so far */
	struct fake_command commands[FAKE_LOG_MAX]; /* executed, in order */
	unsigned command_count;
	struct fake_clean cleans[FAKE_LOG_MAX];
	unsigned clean_count;
	unsigned clean_lines; /* of 64 bytes, in all cleans */
	struct fake_report reports[16];
	unsigned report_count;
	uint64_t time_ns;

	uint32_t ack_blocked;	  /* CR0 fields that are never acknowledged */
	bool update_stuck;	  /* GBPA.UPDATE never clears */
	bool abort_ignored;	  /* GBPA.ABORT cannot be set */
	bool stalled;		  /* no command is consumed */
	bool prompt;		  /* commands are consumed in the doorbell write */
	unsigned steps_per_relax; /* else that many commands in each platform_relax() */
	uint64_t refuse_position; /* the command here is refused, refuse_times times, */
	unsigned refuse_times;
	unsigned refuse_error;				       /* with this CONS.ERR */
	uint64_t position;				       /* of the next command */
	void (*executing)(const struct fake_command *command); /* called before each command counts */
	void (*writing)(uint32_t offset); /* called before each register write takes effect */
	bool incoherent;		  /* reads memory behind the caches */
	unsigned clean_dropped;		  /* the clean with this index does nothing */
};

extern struct fake_smmu fake;

/* A reset SMMU of usual features: both stages, coherent, 4 KiB, RIL, BBML 2, OAS 48, 2^16 streams, queues of
 * 2^19. */
void fake_reset(void);

uint32_t fake_get(uint32_t offset);
void fake_set(uint32_t offset, uint32_t value);

/* Execute up to @count commands. */
void fake_step(unsigned count);

/* Zeroed memory aligned to its size, 64 at least; freed by fake_reset() and at exit. */
uint64_t *fake_memory(size_t bytes);

/* From now on the device reads memory behind the caches, and IDR0 says so. */
void fake_set_incoherent(void);

/* What the device reads at an address inside of fake_memory(). */
const uint64_t *fake_seen(const uint64_t *address);

/* Index of the first write to @offset at or after @from that has all bits of @mask set as in @value;
 * fails the test if there is none. */
unsigned fake_find_write(uint32_t offset, unsigned from, uint64_t mask, uint64_t value);

#endif
