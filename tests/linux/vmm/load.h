/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load.h - the workloads, one a file: load_NAME.c. Their options are in tests/linux/README.md.
 */
#ifndef TESTS_LINUX_VMM_LOAD_H
#define TESTS_LINUX_VMM_LOAD_H

#include <stdint.h>

#include "tests/linux/vmm/vm.h"

void load_pvm(void);
void load_np(void);
void load_balloon(void);
void load_churn(void);
void load_pingpong(void);
void load_mixed(void);
void load_mixpvm(void);
void load_dma(void);
void load_hostile(void);

/* Parts that several have. */

#define LOAD_VMS_MAX 8

/* Run the first vCPU of each in a thread of its own, on the CPU that it is pinned to, until all are off. */
void load_run_each(struct vm **vms, unsigned count);

/* Several guests whose memory is given back and asked for again. */
void load_balloon_with(unsigned vms, uint64_t bytes, enum backing backing, unsigned rounds);

/* @threads that make and destroy @count small guests each. */
enum load_kind {
	LOAD_ORDINARY,
	LOAD_PROTECTED,
	LOAD_BOTH
};
void load_churn_with(unsigned threads, unsigned count, enum load_kind kind);

/* The host's kernel reads a protected guest's memory, page by page: each is taken from it by force. */
void load_force_reclaim(struct vm *vm, uint64_t offset, unsigned pages);

#endif
