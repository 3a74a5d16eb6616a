/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * sim_cpu.h - one virtual CPU: its stack, and its store buffer.
 *
 * Internal to sim*.c. The buffer holds what the CPU did in program order. While the CPU runs, its buffered stores
 * are in memory ("on") and the buffer keeps what they replaced; while it does not, it is the other way round. So
 * plain loads of the core see what a CPU sees, and devices and other CPUs see what has drained.
 */
#ifndef ENGINE_PLATFORM_SIM_CPU_H
#define ENGINE_PLATFORM_SIM_CPU_H

#include "engine/platform/sim.h"

#define SIM_BUFFER 32u

enum sim_kind {
	SIM_STORE,		       /* bytes at where */
	SIM_FENCE,		       /* orders stores */
	SIM_CLEAN,		       /* of the lines of bytes at where */
	SIM_UNLOCK,		       /* of the host lock */
};

struct sim_entry {
	uint8_t *where;
	uint64_t value;		       /* on: what was there before; off: what is to be there */
	size_t bytes;
	enum sim_kind kind;
	bool release;		       /* after all that is older */
	bool plain;		       /* a store that the compiler announced */
};

struct sim_buffer {
	struct sim_entry entry[SIM_BUFFER];
	unsigned count;
	unsigned stores;	       /* of these */
};

/* While it is on: add what the CPU does next. There is room. */
void sim_buffer_store(struct sim_buffer *buffer, void *where, uint64_t value, unsigned bytes, bool release);
/* A store that follows at once, by the CPU itself. */
void sim_buffer_note(struct sim_buffer *buffer, void *where, unsigned bytes);
void sim_buffer_add(struct sim_buffer *buffer, enum sim_kind kind, const void *where, size_t bytes);

/* Is a store to the 8 bytes around @where buffered? */
bool sim_buffer_holds(const struct sim_buffer *buffer, const void *where);

void sim_buffer_on(struct sim_buffer *buffer);
void sim_buffer_off(struct sim_buffer *buffer);

/* Off: may this entry drain now? The oldest always may. */
bool sim_buffer_may_drain(const struct sim_buffer *buffer, unsigned index);
/* Off: take it out, its store done. */
struct sim_entry sim_buffer_drain(struct sim_buffer *buffer, unsigned index);

/* Stacks and the switch between them. */
struct sim_stack {
	void *mapped;
	size_t mapped_bytes;
	void *saved;		       /* stack pointer while another one runs */
	void *low;		       /* of what may be used */
	size_t bytes;
	void *fake;		       /* AddressSanitizer's */
};

int sim_stack_open(struct sim_stack *stack);
void sim_stack_close(struct sim_stack *stack);
/* The next switch to it calls @entry, which never returns. */
void sim_stack_prepare(struct sim_stack *stack, void (*entry)(void));
void sim_stack_switch(struct sim_stack *from, struct sim_stack *to);
/* First thing on a new stack. */
void sim_stack_entered(void);
bool sim_stack_owns(const struct sim_stack *stack, const void *where);

#endif
