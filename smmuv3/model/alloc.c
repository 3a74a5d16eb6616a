/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * alloc.c - the model's memory, from the C library unless a host links its own version of this file.
 */
#include "alloc.h"

#include <stdlib.h>

void *model_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void model_release(void *memory)
{
	free(memory);
}
