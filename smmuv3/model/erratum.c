/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * erratum.c - invalidations that a device with errata loses.
 *
 * The worst of each erratum: what may be lost is always lost, so that a driver without the remedy is caught at once.
 */
#include "erratum.h"

#include <string.h>

#include "alloc.h"
#include "state.h"

enum {
	RUN_MAX = 63,
	OP_ATC_INV = 0x40,
};

static void run_add(struct erratum_run *run, const uint64_t word[2])
{
	if (run->count == run->room) {
		unsigned room = run->room ? 2 * run->room : 64;
		uint64_t(*grown)[2] = model_must_alloc(room * sizeof(*grown));

		if (run->count)
			memcpy(grown, run->word, run->count * sizeof(*grown));
		model_release(run->word);
		run->word = grown;
		run->room = room;
	}
	run->word[run->count][0] = word[0];
	run->word[run->count][1] = word[1];
	run->count++;
}

static bool run_has(const struct erratum_run *run, const uint64_t word[2])
{
	unsigned index;

	for (index = 0; index < run->count; index++) {
		if (run->word[index][0] == word[0] && run->word[index][1] == word[1])
			return true;
	}
	return false;
}

static bool run_is_mixed(const struct erratum_run *run)
{
	unsigned index;

	for (index = 1; index < run->count; index++) {
		if ((run->word[index][0] ^ run->word[0][0]) & 0xff)
			return true;
	}
	return false;
}

bool erratum_loses(struct erratum *erratum, unsigned errata, const struct command *command)
{
	bool lost = false;

	if (!errata || (command->kind == COMMAND_NOTHING && !command->is_tlbi_opcode))
		return false;
	run_add(&erratum->now, command->word);
	if (errata & MODEL_ERRATUM_LOSES_LATE)
		lost |= erratum->now.count > RUN_MAX;
	if (errata & MODEL_ERRATUM_LOSES_MIXED)
		lost |= run_is_mixed(&erratum->now);
	if (errata & MODEL_ERRATUM_LOSES_FIRST)
		lost |= !run_has(&erratum->before, command->word) && (command->word[0] & 0xff) != OP_ATC_INV;
	return lost;
}

void erratum_synced(struct erratum *erratum)
{
	struct erratum_run before = erratum->before;

	erratum->before = erratum->now;
	erratum->now = before;
	erratum->now.count = 0;
}

void erratum_free(struct erratum *erratum)
{
	model_release(erratum->now.word);
	model_release(erratum->before.word);
}
