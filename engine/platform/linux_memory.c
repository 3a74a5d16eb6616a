/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * linux_memory.c - memory for tables, models and measurements in a hosted process.
 *
 * From arenas of jemalloc's, one for each kind of place: a NUMA node or any, huge pages or not. An arena's extents are
 * placed when they are made, before anything touches them. They keep tables and models apart from everything else, and
 * give pages back at once, so that the next run starts from untouched zero pages instead of clearing the old ones.
 *
 * Builds with sanitizers do without jemalloc, which like them replaces malloc(), and without places.
 */
#include "engine/platform/linux.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef PLATFORM_LINUX_SANITIZED

/* Small memory comes from the sanitizers' allocator, which guards its ends; large memory straight from the
 * kernel, which has it zeroed untouched. */
#define MAPPED_BYTES_MIN ((size_t)64 << 20)

static void *mapped_alloc(size_t bytes, size_t align)
{
	size_t mapped = bytes + align;
	char *memory, *aligned;

	if (mapped < bytes)
		return NULL;
	memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		      0);
	if (memory == MAP_FAILED)
		return NULL;
	aligned = memory + (align - (uintptr_t)memory % align) % align;
	if (aligned != memory)
		munmap(memory, (size_t)(aligned - memory));
	munmap(aligned + bytes, (size_t)(memory + mapped - (aligned + bytes)));
	return aligned;
}

static size_t mapped_bytes(size_t bytes)
{
	return (bytes + 4095) & ~(size_t)4095;
}

bool platform_linux_set_place(struct platform_linux_place wanted)
{
	return wanted.node == PLATFORM_LINUX_ANY_NODE && !wanted.huge;
}

void *platform_linux_alloc(size_t bytes, size_t align)
{
	void *memory;

	if (bytes == 0 || bytes > SIZE_MAX / 2 || align > SIZE_MAX / 4)
		return NULL;
	if (bytes >= MAPPED_BYTES_MIN)
		return mapped_alloc(mapped_bytes(bytes), align < 4096 ? 4096 : align);
	if (posix_memalign(&memory, align < sizeof(void *) ? sizeof(void *) : align, bytes))
		return NULL;
	return memset(memory, 0, bytes);
}

void platform_linux_free(void *memory, size_t bytes)
{
	if (memory && bytes >= MAPPED_BYTES_MIN)
		munmap(memory, mapped_bytes(bytes));
	else
		free(memory);
}

const char *platform_linux_allocator(void)
{
	return "posix_memalign() and mmap(), because of the sanitizers";
}

#else

#include <jemalloc/jemalloc.h>
#include <linux/mempolicy.h>

#define HUGE_BYTES ((size_t)2 << 20)
#define NODES_MAX  64 /* bits of a mask of nodes */

/* Places: any node, then each; without huge pages, and with. Made when first used, and never unmade. */
struct arena {
	unsigned number;
	bool made;
	extent_hooks_t hooks;
	struct platform_linux_place place;
};
static struct arena arenas[NODES_MAX + 1][2];
static extent_hooks_t *default_hooks; /* of jemalloc's own arenas */
static pthread_mutex_t arenas_lock = PTHREAD_MUTEX_INITIALIZER;

static __thread struct platform_linux_place here = { PLATFORM_LINUX_ANY_NODE, false };

/* That it cannot be had is no reason to have no memory: platform_linux_set_place() has tried the node. */
static void place_pages(void *memory, size_t bytes, const struct platform_linux_place *place)
{
	unsigned long mask = place->node < 0 ? 0 : 1ul << place->node;

	if (mask)
		(void)syscall(SYS_mbind, memory, bytes, MPOL_BIND, &mask, (unsigned long)NODES_MAX + 1, 0u);
	if (place->huge)
		(void)madvise(memory, bytes, MADV_HUGEPAGE);
}

/* An arena's extents come as jemalloc's own do, and are placed. */
static void *extent_alloc(extent_hooks_t *hooks, void *where, size_t bytes, size_t align, bool *zero, bool *commit,
			  unsigned number)
{
	const struct arena *arena = (const struct arena *)((char *)hooks - offsetof(struct arena, hooks));
	void *memory;

	if (arena->place.huge && align < HUGE_BYTES && bytes >= HUGE_BYTES)
		align = HUGE_BYTES;
	memory = default_hooks->alloc(default_hooks, where, bytes, align, zero, commit, number);
	if (memory)
		place_pages(memory, bytes, &arena->place);
	return memory;
}

static bool decays_at_once(unsigned number, const char *what)
{
	ssize_t at_once = 0;
	char name[64];

	snprintf(name, sizeof(name), "arena.%u.%s_decay_ms", number, what);
	return !mallctl(name, NULL, NULL, &at_once, sizeof(at_once));
}

static bool arena_make(struct arena *arena, const struct platform_linux_place *place)
{
	bool placed = place->node >= 0 || place->huge;
	extent_hooks_t *hooks = &arena->hooks;
	size_t size = sizeof(default_hooks);

	if (mallctl("arena.0.extent_hooks", &default_hooks, &size, NULL, 0))
		return false;
	arena->hooks = *default_hooks;
	arena->hooks.alloc = extent_alloc;
	arena->place = *place;
	size = sizeof(arena->number);
	return !mallctl("arenas.create", &arena->number, &size, placed ? &hooks : NULL, placed ? sizeof(hooks) : 0) &&
	       decays_at_once(arena->number, "dirty") && decays_at_once(arena->number, "muzzy");
}

/* NULL if jemalloc refuses. */
static const struct arena *arena_of(const struct platform_linux_place *place)
{
	struct arena *arena = &arenas[place->node + 1][place->huge];

	pthread_mutex_lock(&arenas_lock);
	if (!arena->made)
		arena->made = arena_make(arena, place);
	pthread_mutex_unlock(&arenas_lock);
	return arena->made ? arena : NULL;
}

/* Can this process have memory of this node? */
static bool node_exists(int node)
{
	unsigned long mask = 1ul << node;
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool exists;

	if (page == MAP_FAILED)
		return false;
	exists = !syscall(SYS_mbind, page, 4096ul, MPOL_BIND, &mask, (unsigned long)NODES_MAX + 1, 0u);
	munmap(page, 4096);
	return exists;
}

bool platform_linux_set_place(struct platform_linux_place wanted)
{
	if (wanted.node < PLATFORM_LINUX_ANY_NODE || wanted.node >= NODES_MAX ||
	    (wanted.node >= 0 && !node_exists(wanted.node)))
		return false;
	here = wanted;
	return true;
}

void *platform_linux_alloc(size_t bytes, size_t align)
{
	const struct arena *arena = bytes ? arena_of(&here) : NULL;

	if (!arena)
		return NULL;
	return mallocx(bytes, MALLOCX_ARENA(arena->number) | MALLOCX_TCACHE_NONE | MALLOCX_ALIGN(align) | MALLOCX_ZERO);
}

void platform_linux_free(void *memory, size_t bytes)
{
	(void)bytes;
	if (memory)
		dallocx(memory, MALLOCX_TCACHE_NONE);
}

const char *platform_linux_allocator(void)
{
	static const char prefix[] = "jemalloc ";
	static char name[sizeof(prefix) + 64];
	const char *version = NULL;
	size_t size = sizeof(version);

	if (mallctl("version", &version, &size, NULL, 0))
		version = "of unknown version";
	snprintf(name, sizeof(name), "%s%s", prefix, version);
	return name;
}

#endif
