/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * memory.c - what a compiler may call without being asked: memcpy, memmove, memset, memcmp.
 *
 * Built with -fno-builtin, or the loops would become calls of themselves.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

void *memcpy(void *to, const void *from, size_t bytes)
{
	char *t = to;
	const char *f = from;

	while (bytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)t <= (uintptr_t)f)
		return memcpy(to, from, bytes);
	while (bytes--)
		t[bytes] = f[bytes];
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	char *t = to;
	uint64_t word = (unsigned char)value * UINT64_C(0x0101010101010101);

	for (; bytes && (uintptr_t)t & 7; bytes--)
		*t++ = (char)value;
	for (; bytes >= 8; bytes -= 8, t += 8)
		*(uint64_t *)(void *)t = word;
	while (bytes--)
		*t++ = (char)value;
	return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
	const unsigned char *l = left, *r = right;

	for (; bytes; bytes--, l++, r++)
		if (*l != *r)
			return *l < *r ? -1 : 1;
	return 0;
}
