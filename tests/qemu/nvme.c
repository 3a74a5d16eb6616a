/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * nvme.c - an NVMe disk: one command at a time, polled.
 *
 * Commands, completions and lists of pages are in memory that the disk fetches by DMA, as well as the data.
 * Spec: NVM Express Base, Controller properties; Queues; NVM Command Set, Read; Write.
 */
#include "tests/qemu/nvme.h"

#include <shadow/platform.h>

#include "tests/qemu/machine.h"

#define NVME_VENDOR 0x1b36
#define NVME_DEVICE 0x0010

#define NVME_CC	       0x14
#define NVME_CC_ON     (1u | 6u << 16 | 4u << 20) /* entries of 64 and 16 bytes */
#define NVME_CSTS      0x1c
#define NVME_CSTS_RDY  1u
#define NVME_AQA       0x24
#define NVME_ASQ       0x28
#define NVME_ACQ       0x30
#define NVME_DOORBELLS 0x1000

#define NVME_CREATE_SQ 1u
#define NVME_CREATE_CQ 5u
#define NVME_WRITE     1u
#define NVME_READ      2u

#define ENTRIES 16u
#define BLOCKS	(NVME_PAGE / 512)
#define POLL_NS 20000u
#define POLLS	200000u

bool nvme_find(struct nvme *nvme)
{
	return pci_find(NVME_VENDOR, NVME_DEVICE, 0, &nvme->pci);
}

static uintptr_t doorbells(const struct nvme *nvme, const struct nvme_queue *queue)
{
	return nvme->pci.registers + NVME_DOORBELLS + 8u * queue->number;
}

static void submit(const struct nvme *nvme, struct nvme_queue *queue, const uint32_t *command)
{
	uint32_t *submission = &queue->submissions[queue->tail * 16];

	for (unsigned i = 0; i < 16; i++)
		submission[i] = command[i];
	queue->tail = (queue->tail + 1) % ENTRIES;
	__asm__ volatile("dsb sy" ::: "memory");
	platform_mmio_write32(doorbells(nvme, queue), queue->tail);
}

static unsigned await(const struct nvme *nvme, struct nvme_queue *queue)
{
	volatile uint32_t *status = &queue->completions[queue->head * 4 + 3];
	unsigned polls = 0;

	while ((*status >> 16 & 1) != queue->phase) {
		if (polls++ == POLLS)
			return NVME_SILENT;
		machine_sleep_ns(POLL_NS);
	}
	__asm__ volatile("dsb sy" ::: "memory");
	queue->head = (queue->head + 1) % ENTRIES;
	if (!queue->head)
		queue->phase ^= 1;
	platform_mmio_write32(doorbells(nvme, queue) + 4, queue->head);
	return *status >> 17;
}

static unsigned run(const struct nvme *nvme, struct nvme_queue *queue, const uint32_t *command)
{
	submit(nvme, queue, command);
	return await(nvme, queue);
}

static struct nvme_queue queue_at(unsigned number, uint64_t memory)
{
	__builtin_memset((void *)memory, 0, 2 * NVME_PAGE);
	return (struct nvme_queue){ .submissions = (uint32_t *)memory,
				    .completions = (uint32_t *)(memory + NVME_PAGE),
				    .number = number,
				    .phase = 1 };
}

static bool await_ready(const struct nvme *nvme, uint32_t ready)
{
	for (unsigned polls = 0; polls < POLLS; polls++) {
		if ((platform_mmio_read32(nvme->pci.registers + NVME_CSTS) & NVME_CSTS_RDY) == ready)
			return true;
		machine_sleep_ns(POLL_NS);
	}
	return false;
}

static bool create(struct nvme *nvme, uint32_t what, const uint32_t *memory, uint32_t flags)
{
	uint32_t command[16] = { what, [10] = (ENTRIES - 1) << 16 | nvme->io.number, [11] = flags };

	command[6] = (uint32_t)(uintptr_t)memory;
	command[7] = (uint32_t)((uintptr_t)memory >> 32);
	return !run(nvme, &nvme->admin, command);
}

bool nvme_start(struct nvme *nvme, uint64_t memory)
{
	uintptr_t registers = nvme->pci.registers;

	platform_mmio_write32(registers + NVME_CC, 0);
	if (!await_ready(nvme, 0))
		return false;
	nvme->admin = queue_at(0, memory);
	nvme->io = queue_at(1, memory + UINT64_C(2) * NVME_PAGE);
	nvme->list = (uint64_t *)(memory + UINT64_C(4) * NVME_PAGE);
	platform_mmio_write32(registers + NVME_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	platform_mmio_write64(registers + NVME_ASQ, (uintptr_t)nvme->admin.submissions);
	platform_mmio_write64(registers + NVME_ACQ, (uintptr_t)nvme->admin.completions);
	platform_mmio_write32(registers + NVME_CC, NVME_CC_ON);
	return await_ready(nvme, NVME_CSTS_RDY) && create(nvme, NVME_CREATE_CQ, nvme->io.completions, 1) &&
	       create(nvme, NVME_CREATE_SQ, nvme->io.submissions, nvme->io.number << 16 | 1);
}

void nvme_begin(struct nvme *nvme, bool to_disk, unsigned disk_page, const uint64_t *pages, unsigned count)
{
	uint32_t command[16] = { to_disk ? NVME_WRITE : NVME_READ,
				 1, [10] = disk_page * BLOCKS, [12] = count * BLOCKS - 1 };
	uint64_t second = count == 2 ? pages[1] : (uintptr_t)nvme->list;

	for (unsigned i = 1; i < count; i++)
		nvme->list[i - 1] = pages[i];
	command[6] = (uint32_t)pages[0];
	command[7] = (uint32_t)(pages[0] >> 32);
	if (count > 1) {
		command[8] = (uint32_t)second;
		command[9] = (uint32_t)(second >> 32);
	}
	submit(nvme, &nvme->io, command);
}

unsigned nvme_end(struct nvme *nvme)
{
	return await(nvme, &nvme->io);
}

unsigned nvme_copy(struct nvme *nvme, bool to_disk, unsigned disk_page, const uint64_t *pages, unsigned count)
{
	nvme_begin(nvme, to_disk, disk_page, pages, count);
	return nvme_end(nvme);
}
