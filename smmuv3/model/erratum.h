/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * erratum.h - invalidations that a device with errata loses; see enum model_erratum.
 */
#ifndef SMMUV3_MODEL_ERRATUM_H
#define SMMUV3_MODEL_ERRATUM_H

#include "command.h"

struct erratum_run {
	uint64_t (*word)[2]; /* of its commands */
	unsigned count, room;
};

struct erratum {
	struct erratum_run now, before; /* since the last SYNC, and up to it */
};

/** erratum_loses() - a command is consumed; is it lost? @errata: enum model_erratum, ored. */
bool erratum_loses(struct erratum *erratum, unsigned errata, const struct command *command);

/** erratum_synced() - a SYNC is complete. */
void erratum_synced(struct erratum *erratum);
void erratum_free(struct erratum *erratum);

#endif
