/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * alloc.c - the model's memory, from the hosted platform's arena, apart from everything else in the process.
 *
 * The platform wants to hear the size again when it takes memory back; a head in front of each piece holds
 * it.
 */
#include "alloc.h"

#include "engine/platform/linux.h"

#define HEAD_BYTES 64u /* a cache line: what follows is as aligned as the head */

void *model_alloc(size_t bytes)
{
	size_t *head;

	if (bytes > SIZE_MAX - HEAD_BYTES)
		return NULL;
	head = platform_linux_alloc(bytes + HEAD_BYTES, HEAD_BYTES);
	if (!head)
		return NULL;
	*head = bytes + HEAD_BYTES;
	return (char *)head + HEAD_BYTES;
}

void model_release(void *memory)
{
	size_t *head;

	if (!memory)
		return;
	head = (size_t *)((char *)memory - HEAD_BYTES);
	platform_linux_free(head, *head);
}
