// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where records go: by semihosting calls to a file of the machine that runs the emulator, or to
 * a ring that the host reads.
 *
 * A semihosting call is one instruction of the emulated machine, however much it writes. Where
 * there is no semihosting, `hlt` at EL2 is undefined: it is used if the command line says so.
 */
#include <asm/arch_timer.h>
#include <asm/kvm_hyp.h>

#include <nvhe/mem_protect.h>
#include <nvhe/spinlock.h>

#include "record.h"

#define SEMIHOSTING_OPEN	0x01
#define SEMIHOSTING_CLOSE	0x02
#define SEMIHOSTING_WRITE	0x05
#define SEMIHOSTING_MODE_WB	5

#define OWN_RECORDS	512
#define FILES_MAX	100

static DEFINE_HYP_SPINLOCK(record_lock);

static struct record own[OWN_RECORDS];
static char file_name[] = "s2record-00.bin";

static struct {
	struct record *slot;
	u64 slots;
	u64 head, tail; /* count on; the slot is the remainder */
	u64 dropped;	/* since the last one that was kept */
	void *buffer;	/* the host's, if it gave one */
	u64 buffer_bytes;
	long file;	/* of semihosting */
	u32 generation;
	bool open;
} out;

static DEFINE_PER_CPU(u8, cpu_plus_one);

static u8 this_cpu(void)
{
	u8 *cached = this_cpu_ptr(&cpu_plus_one);

	for (unsigned int cpu = 0; !*cached && cpu < hyp_nr_cpus; cpu++)
		if (per_cpu_ptr(&cpu_plus_one, cpu) == cached)
			*cached = cpu + 1;
	return *cached - 1;
}

/* ---- semihosting ---- */

static long semihosting(u64 call, u64 first, u64 second, u64 third)
{
	static u64 block[3]; /* under the lock, like all of this */
	register u64 x0 asm("x0") = call;
	register u64 *x1 asm("x1") = block;

	block[0] = first;
	block[1] = second;
	block[2] = third;
	asm volatile("hlt #0xf000" : "+r" (x0) : "r" (x1) : "memory");
	return x0;
}

static void write_out(void)
{
	u64 bytes = (out.head - out.tail) * sizeof(*out.slot);

	if (bytes && semihosting(SEMIHOSTING_WRITE, out.file, (u64)out.slot, bytes))
		out.dropped += out.head - out.tail;
	out.head = out.tail = 0;
}

/* ---- records ---- */

static void keep(struct record record)
{
	record.cpu = this_cpu();
	out.slot[out.head++ % out.slots] = record;
}

static bool has_room(u64 records)
{
	if (!out.buffer && out.head - out.tail + records > out.slots)
		write_out();
	return out.head - out.tail + records <= out.slots;
}

static void put_locked(struct record record)
{
	u64 now = __arch_counter_get_cntpct();
	u64 records = out.dropped ? 2 : 1;

	/* The end always finds room, and what is lost before it too. */
	if (!has_room(record.type == RECORD_END ? records : records + 2)) {
		out.dropped++;
		return;
	}
	if (out.dropped)
		keep((struct record) { .type = RECORD_LOST, .time = now, .first = out.dropped });
	out.dropped = 0;
	if (record.type != RECORD_HEAD && record.type != RECORD_NAME)
		record.time = now;
	keep(record);
}

void record_put(struct record record)
{
	hyp_spin_lock(&record_lock);
	if (out.open)
		put_locked(record);
	hyp_spin_unlock(&record_lock);
}

bool record_out_is_open(void)
{
	return READ_ONCE(out.open);
}

u32 record_out_generation(void)
{
	return READ_ONCE(out.generation);
}

static void open_locked(struct record *slot, u64 slots)
{
	out.slot = slot;
	out.slots = slots;
	out.head = out.tail = out.dropped = 0;
	out.generation++;
	out.open = true;
	put_locked((struct record) {
		.type = RECORD_HEAD,
		.word = RECORD_VERSION,
		.text = RECORD_MAGIC,
	});
	put_locked((struct record) {
		.type = RECORD_CLOCK,
		.first = arch_timer_get_cntfrq(),
		.second = PAGE_SIZE,
	});
}

int record_out_open_semihosting(void)
{
	u32 number = out.generation;
	int ret = -EIO;

	hyp_spin_lock(&record_lock);
	if (!out.open && number < FILES_MAX) {
		file_name[9] = '0' + number / 10;
		file_name[10] = '0' + number % 10;
		out.file = semihosting(SEMIHOSTING_OPEN, (u64)file_name, SEMIHOSTING_MODE_WB,
				       sizeof(file_name) - 1);
		if (out.file != -1) {
			open_locked(own, OWN_RECORDS);
			ret = 0;
		}
	}
	hyp_spin_unlock(&record_lock);
	return ret;
}

void record_out_open_buffer(void *buffer, u64 bytes)
{
	hyp_spin_lock(&record_lock);
	out.buffer = buffer;
	out.buffer_bytes = bytes;
	open_locked(buffer, bytes / sizeof(*out.slot));
	hyp_spin_unlock(&record_lock);
}

void record_out_close(void)
{
	hyp_spin_lock(&record_lock);
	put_locked((struct record) { .type = RECORD_END });
	out.open = false;
	if (!out.buffer) {
		write_out();
		semihosting(SEMIHOSTING_CLOSE, out.file, 0, 0);
	}
	hyp_spin_unlock(&record_lock);
}

u64 record_out_read(void *page)
{
	struct record *to = page;
	u64 records = 0;

	hyp_spin_lock(&record_lock);
	while (out.buffer && out.tail != out.head && records < PAGE_SIZE / sizeof(*to))
		to[records++] = out.slot[out.tail++ % out.slots];
	hyp_spin_unlock(&record_lock);
	return records * sizeof(*to);
}

void *record_out_release(u64 *bytes)
{
	void *buffer = NULL;

	hyp_spin_lock(&record_lock);
	if (!out.open) {
		buffer = out.buffer;
		*bytes = out.buffer_bytes;
		out.buffer = NULL;
	}
	hyp_spin_unlock(&record_lock);
	return buffer;
}
