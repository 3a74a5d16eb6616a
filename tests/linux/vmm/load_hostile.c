/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * load_hostile.c - the host as an attacker: it programs a device to read and write what is not the host's.
 *
 * Attacked are a guest's page in each of its states, EL2's memory, the pool of the SMMU's tables, and the
 * SMMU's registers. The page is used by the device while it is the host's, so that the SMMU has it in its TLB
 * when it is donated. The guest is attacked a second time at the end: by then the attacks on the SMMU itself
 * were made.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/linux/vmm/edu.h"
#include "tests/linux/vmm/load.h"
#include "tests/linux/vmm/option.h"
#include "tests/linux/vmm/physical.h"
#include "tests/linux/vmm/say.h"
#include "tests/linux/vmm/stats.h"

#define GUEST_BYTES (8 * MIB)
#define PAGE_OFFSET (4 * MIB)
#define PAGE	    (GUEST_BASE + PAGE_OFFSET)
#define WORD	    64 /* offset of the word that is attacked in its page */
#define SEED	    UINT64_C(0x5ec2e7)
#define FROM_HOST   UINT64_C(0x1111111111111111)
#define FROM_DEVICE UINT64_C(0xa77ac4ed00000000)

/* Registers of the SMMU of QEMU's virt machine; those of 64 bits do not read as 0 when a device reads 64
 * bits. */
#define SMMU_IDR0	 UINT64_C(0x09050000)
#define SMMU_STRTAB_BASE UINT64_C(0x09050080)
#define SMMU_CMDQ_BASE	 UINT64_C(0x09050090)

#define PLACES	       4 /* that are attacked in a range */
#define ATTACK_SECONDS 1.1

enum moment {
	DONATED,
	SHARED,
	UNSHARED
};

struct attempt {
	uint64_t word; /* that the device read */
	bool logged;   /* always in mode eager, which does not look at events */
};

struct victim {
	volatile uint64_t *page; /* where the VMM has it, while it may look */
	volatile uint64_t *word; /* in it */
	uint64_t physical;
	struct attempt attempts[3]; /* at each moment */
	uint64_t wrong[3];	    /* what the guest found after it */
	unsigned reports;
	uint64_t seen_by_host;
};

/* At most one a second: of more events than that not all are logged. */
static struct attempt attack(uint64_t address, uint64_t word)
{
	static double next;
	struct attempt attempt;
	uint64_t events;

	while (now() < next)
		usleep(10000);
	next = now() + ATTACK_SECONDS;
	events = stats_value("events");
	attempt.word = edu_read(address);
	edu_write(address, word);
	attempt.logged =
		stats_mode("eager") || (stats_value("events") > events && stats_event(edu_stream(), address));
	return attempt;
}

/* The case's name, which says when it is the second time. */
static const char *again(bool second, const char *name)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s%s", name, second ? ", again" : "");
	return text;
}

static void on_message(struct vm *vm, enum guest_message message, uint64_t value)
{
	struct victim *victim = vm->context;

	if (message == GUEST_SAYS_REPORT) {
		victim->wrong[victim->reports++] = value;
		return;
	}
	victim->attempts[value] = attack(victim->physical, FROM_DEVICE | value);
	if (value == SHARED)
		victim->seen_by_host = *victim->word;
}

static void tell(struct vm *vm)
{
	vm_command(vm, 0, GUEST_FILL, PAGE, GUEST_PAGE, SEED + DONATED, 0);
	vm_command(vm, 0, GUEST_KICK, DONATED, 0, 0, 0);
	vm_command(vm, 0, GUEST_VERIFY, PAGE, GUEST_PAGE, SEED + DONATED, 0);
	vm_command(vm, 0, GUEST_REPORT, 0, 0, 0, 0);
	vm_command(vm, 0, GUEST_FILL, PAGE, GUEST_PAGE, SEED + SHARED, 0);
	vm_command(vm, 0, GUEST_SHARE, PAGE, GUEST_PAGE, 0, 0);
	vm_command(vm, 0, GUEST_KICK, SHARED, 0, 0, 0);
	vm_command(vm, 0, GUEST_EXPECT, PAGE + WORD, FROM_DEVICE | SHARED, 0, 0);
	vm_command(vm, 0, GUEST_REPORT, 0, 0, 0, 0);
	vm_command(vm, 0, GUEST_FILL, PAGE, GUEST_PAGE, SEED + UNSHARED, 0);
	vm_command(vm, 0, GUEST_UNSHARE, PAGE, GUEST_PAGE, 0, 0);
	vm_command(vm, 0, GUEST_KICK, UNSHARED, 0, 0, 0);
	vm_command(vm, 0, GUEST_VERIFY, PAGE, GUEST_PAGE, SEED + UNSHARED, 0);
	vm_command(vm, 0, GUEST_REPORT, 0, 0, 0, 0);
	vm_command(vm, 0, GUEST_OFF, 0, 0, 0, 0);
}

/* Was what the device tried at that moment without effect, and logged? */
static void judge(const struct victim *victim, enum moment moment, const char *name)
{
	const struct attempt *attempt = &victim->attempts[moment];

	if (attempt->word == guest_word(PAGE + WORD, SEED + moment))
		failed(name, "the device read the guest's secret");
	else if (attempt->word)
		failed(name, "the device read 0x%016" PRIx64, attempt->word);
	else if (victim->wrong[moment])
		failed(name, "%" PRIu64 " of the guest's words were changed", victim->wrong[moment]);
	else
		expect(attempt->logged, name, "no event was logged");
}

/* A page that the device may reach. */
static void judge_reach(volatile uint64_t *word, uint64_t physical, uint64_t content, const char *name)
{
	uint64_t read = edu_read(physical);

	edu_write(physical, FROM_DEVICE);
	if (read != content)
		failed(name, "the device read 0x%016" PRIx64 " instead of 0x%016" PRIx64, read, content);
	else if (*word != FROM_DEVICE)
		failed(name, "the device did not write");
	else
		passed(name);
}

static void judge_shared(const struct victim *victim, const char *name)
{
	uint64_t secret = guest_word(PAGE + WORD, SEED + SHARED);

	if (victim->attempts[SHARED].word != secret)
		failed(name, "the device read 0x%016" PRIx64, victim->attempts[SHARED].word);
	else if (victim->seen_by_host != (FROM_DEVICE | SHARED))
		failed(name, "the host sees 0x%016" PRIx64, victim->seen_by_host);
	else
		expect(!victim->wrong[SHARED], name, "the guest does not see what the device wrote");
}

static void judge_reclaimed(struct victim *victim, const char *name)
{
	uint64_t left = 0;

	for (unsigned i = 0; i < GUEST_PAGE / 8; i++)
		left |= victim->page[i];
	if (physical_address(victim->word) != victim->physical)
		failed(name, "the page has moved");
	else if (left)
		failed(name, "something of the guest is left in it");
	else
		judge_reach(victim->word, victim->physical, 0, name);
}

static void attack_guest(bool second)
{
	struct vm *vm = vm_create(true, GUEST_BYTES, (enum backing)option_number("backing", BACKING_4K), 1);
	struct victim victim = { .page = (volatile uint64_t *)(vm->memory + PAGE_OFFSET) };

	victim.word = &victim.page[WORD / 8];
	*victim.word = FROM_HOST;
	victim.physical = physical_address(victim.word);
	vm->context = &victim;
	vm->on_message = on_message;
	judge_reach(victim.word, victim.physical, FROM_HOST,
		    again(second, "a device reads and writes a page of the host"));
	tell(vm);
	vm_run_vcpu(vm, 0);
	judge(&victim, DONATED, again(second, "a device gets nothing of a donated page"));
	judge_shared(&victim, again(second, "a device reads and writes a page that its guest shares"));
	judge(&victim, UNSHARED, again(second, "a device gets nothing of a page that is shared no more"));
	vm_stop(vm);
	judge_reclaimed(&victim, again(second, "a device reads a reclaimed page as zero, and writes it"));
	vm_free(vm);
}

/* Addresses that no device may reach. */
static void attack_all(const char *name, const uint64_t *addresses, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct attempt attempt = attack(addresses[i], FROM_DEVICE);

		if (attempt.word || !attempt.logged) {
			failed(name, "at 0x%" PRIx64 " the device read 0x%016" PRIx64 "%s", addresses[i],
			       attempt.word, attempt.logged ? "" : ", no event was logged");
			return;
		}
	}
	passed(name);
}

/* The same at places that are spread over a range. */
static void attack_range(const char *name, struct physical_range range)
{
	uint64_t addresses[PLACES];

	for (unsigned i = 0; i < PLACES; i++)
		addresses[i] =
			range.start + ((range.end - range.start) / PLACES * i) / GUEST_PAGE * GUEST_PAGE;
	attack_all(name, addresses, PLACES);
}

static void attack_by_cpu(const char *name, uint64_t address)
{
	uint32_t value;

	if (physical_read(address, &value))
		failed(name, "it read 0x%08" PRIx32 " at 0x%" PRIx64, value, address);
	else
		passed(name);
}

void load_hostile(void)
{
	static const char memory[] = "a device gets nothing of the hypervisor's memory";
	static const char pool[] = "a device gets nothing of the SMMU's tables";
	struct physical_range range = { stats_value("pool_start"), stats_value("pool_end") };
	static const uint64_t registers[] = { SMMU_STRTAB_BASE, SMMU_CMDQ_BASE };

	if (!edu_init())
		die("the machine has no edu device");
	attack_guest(false);
	if (range.end)
		attack_range(pool, range);
	else
		failed(pool, "nobody says where they are");
	if (physical_hypervisor(&range)) {
		attack_range(memory, range);
		attack_by_cpu("a CPU of the host gets nothing of the hypervisor's memory", range.start);
	} else {
		failed(memory, "the kernel does not say where it is");
	}
	attack_all("a device does not reach the SMMU's registers", registers, 2);
	attack_by_cpu("a CPU of the host does not reach the SMMU's registers", SMMU_IDR0);
	attack_guest(true);
}
