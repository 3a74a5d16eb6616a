/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * nvme.h - an NVMe disk: a real DMA engine, with queues and lists of pages in memory.
 */
#ifndef TESTS_QEMU_NVME_H
#define TESTS_QEMU_NVME_H

#include "tests/qemu/pci.h"

#define NVME_PAGE      4096u /* its own, whatever the granule is */
#define NVME_PAGES_MAX 64u
#define NVME_SILENT    0xffffu

struct nvme_queue {
	uint32_t *submissions, *completions;
	unsigned number, tail, head, phase;
};

struct nvme {
	struct pci_device pci;
	struct nvme_queue admin, io;
	uint64_t *list; /* of pages */
};

bool nvme_find(struct nvme *nvme);

/* Bring it up. @memory: the host's, five of its pages. Return: could it be? */
bool nvme_start(struct nvme *nvme, uint64_t memory);

/* Copy pages from the disk, starting @disk_page pages from its start, to memory or back; @pages may be
 * anywhere. Return: the status it gave, 0 if all went well, NVME_SILENT if it gave none. */
unsigned nvme_copy(struct nvme *nvme, bool to_disk, unsigned disk_page, const uint64_t *pages,
		   unsigned count);

/* The same in two parts, between which the disk is at work. One at a time. */
void nvme_begin(struct nvme *nvme, bool to_disk, unsigned disk_page, const uint64_t *pages, unsigned count);
unsigned nvme_end(struct nvme *nvme);

#endif
