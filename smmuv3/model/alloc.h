/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * alloc.h - the one door through which the model gets memory, so that a host can redirect it.
 */
#ifndef SMMUV3_MODEL_ALLOC_H
#define SMMUV3_MODEL_ALLOC_H

#include <stddef.h>

/** model_alloc() - zeroed memory. Return: NULL if memory is short. */
void *model_alloc(size_t bytes);

/** model_release() - give back what model_alloc() returned; NULL is allowed. */
void model_release(void *memory);

#endif
