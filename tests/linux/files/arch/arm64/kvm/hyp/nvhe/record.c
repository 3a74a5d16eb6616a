// SPDX-License-Identifier: GPL-2.0-only
/*
 * What EL2 does to the host's pages, as records.
 *
 * Transitions are recorded under the host's lock, before the states are written, so their order in
 * the file is the order of the changes. A trip is from an entry into EL2 to the return to the host,
 * or to the guest where EL2 handled the guest's exit itself; one that changed and mapped nothing is
 * only counted.
 */
#include <asm/kvm_emulate.h>
#include <asm/kvm_hyp.h>

#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>
#include <nvhe/trap_handler.h>

#include "record.h"

#define CAUSES_MAX	32
#define MARK_BEGIN	0xb0b
#define MARK_END	0xe0d

/* Set by the host before it gives EL2 away: write to the emulator's files, from the boot on. */
bool record_semihosting;

#define NAME(x) [__KVM_HOST_SMCCC_FUNC_##x] = #x

static const char hypercall_names[__KVM_HOST_SMCCC_FUNC_MAX][40] = {
	NAME(__pkvm_init), NAME(__pkvm_create_private_mapping), NAME(__pkvm_cpu_set_vector),
	NAME(__kvm_enable_ssbs), NAME(__vgic_v3_init_lrs), NAME(__vgic_v3_get_gic_config),
	NAME(__pkvm_prot_finalize), NAME(__kvm_adjust_pc), NAME(__kvm_vcpu_run),
	NAME(__kvm_flush_vm_context), NAME(__kvm_tlb_flush_vmid_ipa),
	NAME(__kvm_tlb_flush_vmid_ipa_nsh), NAME(__kvm_tlb_flush_vmid),
	NAME(__kvm_tlb_flush_vmid_range), NAME(__kvm_flush_cpu_context), NAME(__kvm_timer_set_cntvoff),
	NAME(__tracing_load), NAME(__tracing_unload), NAME(__tracing_enable),
	NAME(__tracing_swap_reader), NAME(__tracing_update_clock), NAME(__tracing_reset),
	NAME(__tracing_enable_event), NAME(__tracing_write_event), NAME(__vgic_v3_save_aprs),
	NAME(__vgic_v3_restore_vmcr_aprs), NAME(__vgic_v5_save_apr), NAME(__vgic_v5_restore_vmcr_apr),
	NAME(__pkvm_host_share_hyp), NAME(__pkvm_host_unshare_hyp), NAME(__pkvm_host_donate_guest),
	NAME(__pkvm_host_share_guest), NAME(__pkvm_host_unshare_guest),
	NAME(__pkvm_host_relax_perms_guest), NAME(__pkvm_host_wrprotect_guest),
	NAME(__pkvm_host_test_clear_young_guest), NAME(__pkvm_host_mkyoung_guest),
	NAME(__pkvm_reserve_vm), NAME(__pkvm_unreserve_vm), NAME(__pkvm_init_vm),
	NAME(__pkvm_init_vcpu), NAME(__pkvm_vcpu_in_poison_fault),
	NAME(__pkvm_force_reclaim_guest_page), NAME(__pkvm_reclaim_dying_guest_page),
	NAME(__pkvm_start_teardown_vm), NAME(__pkvm_finalize_teardown_vm), NAME(__pkvm_vcpu_load),
	NAME(__pkvm_vcpu_put), NAME(__pkvm_vcpu_sync_state), NAME(__pkvm_tlb_flush_vmid),
	NAME(__pkvm_record),
};

/* Functions seen as a cause in this recording; under the host's lock. 0 is initialisation. */
static const char *causes[CAUSES_MAX];
static u32 causes_known;

struct record_cpu {
	bool inside;
	u8 why;
	u32 id;
	u64 began;
	u32 generation; /* of the recording that the counts are of */
	u32 quiet, calls, maps;
	u32 cause;
	u32 quiet_hypercalls[__KVM_HOST_SMCCC_FUNC_MAX];
};

static DEFINE_PER_CPU(struct record_cpu, record_cpu);

/* ---- names ---- */

static void put_name(enum record_name_sort sort, u32 number, const char *name)
{
	struct record record = { .type = RECORD_NAME, .detail = { sort }, .word = number };
	unsigned int bytes = 0;

	do {
		record.text[bytes++] = *name;
		if (bytes == sizeof(record.text)) {
			record_put(record);
			record.detail[1]++;
			bytes = 0;
		}
	} while (*name++);
	if (!bytes)
		return;
	memset(record.text + bytes, 0, sizeof(record.text) - bytes);
	record_put(record);
}

static u32 cause_number(const char *function)
{
	for (u32 i = 0; i < causes_known; i++)
		if (causes[i] == function)
			return i;
	if (causes_known == CAUSES_MAX)
		return 0;
	causes[causes_known] = function;
	put_name(RECORD_NAME_CAUSE, causes_known, function);
	return causes_known++;
}

/* ---- a recording ---- */

static void begin(enum record_snapshot_kind kind)
{
	causes_known = 0;
	cause_number("init");
	for (u32 i = 0; i < ARRAY_SIZE(hypercall_names); i++)
		if (hypercall_names[i][0])
			put_name(RECORD_NAME_HYPERCALL, i, hypercall_names[i]);
	record_snapshot(kind);
	record_put((struct record) { .type = RECORD_MARK, .first = MARK_BEGIN });
}

static void put_quiet(void)
{
	for (unsigned int cpu = 0; cpu < hyp_nr_cpus; cpu++) {
		struct record_cpu *counts = per_cpu_ptr(&record_cpu, cpu);

		if (counts->generation != record_out_generation())
			continue;
		for (u32 i = 0; i < ARRAY_SIZE(hypercall_names); i++)
			if (counts->quiet_hypercalls[i])
				record_put((struct record) {
					.type = RECORD_QUIET,
					.detail = { cpu },
					.word = i,
					.first = counts->quiet_hypercalls[i],
				});
	}
}

static long start(u64 pfn, u64 pages)
{
	u64 bytes = pages << PAGE_SHIFT;
	int ret;

	if (record_out_is_open())
		return -EBUSY;
	if (!pages && !record_semihosting)
		return -EOPNOTSUPP;
	ret = pages ? __pkvm_host_donate_hyp(pfn, pages) : 0;
	if (ret)
		return ret;
	hyp_spin_lock(&host_mmu.lock);
	if (pages)
		record_out_open_buffer(__hyp_va(hyp_pfn_to_phys(pfn)), bytes);
	else
		ret = record_out_open_semihosting();
	if (!ret)
		begin(RECORD_SNAPSHOT_START);
	hyp_spin_unlock(&host_mmu.lock);
	return ret;
}

static long stop(void)
{
	if (!record_out_is_open())
		return -EINVAL;
	hyp_spin_lock(&host_mmu.lock);
	record_put((struct record) { .type = RECORD_MARK, .first = MARK_END });
	put_quiet();
	record_snapshot(RECORD_SNAPSHOT_END);
	record_out_close();
	hyp_spin_unlock(&host_mmu.lock);
	return 0;
}

static long read(u64 pfn)
{
	void *page = __hyp_va(hyp_pfn_to_phys(pfn));
	long ret = hyp_pin_shared_mem(page, page + PAGE_SIZE);

	if (ret)
		return ret;
	ret = record_out_read(page);
	hyp_unpin_shared_mem(page, page + PAGE_SIZE);
	return ret;
}

static long release(void)
{
	u64 bytes;
	void *buffer = record_out_release(&bytes);

	if (!buffer)
		return -EINVAL;
	return __pkvm_hyp_donate_host(hyp_virt_to_pfn(buffer), bytes >> PAGE_SHIFT);
}

long __pkvm_record(u64 op, u64 first, u64 second)
{
	switch (op) {
	case RECORD_OP_START:
		return start(first, second);
	case RECORD_OP_STOP:
		return stop();
	case RECORD_OP_MARK:
		record_put((struct record) { .type = RECORD_MARK, .first = first });
		return 0;
	case RECORD_OP_READ:
		return read(first);
	case RECORD_OP_RELEASE:
		return release();
	default:
		return -EINVAL;
	}
}

void record_init_begin(void)
{
	if (!record_semihosting || record_out_open_semihosting())
		return;
	begin(RECORD_SNAPSHOT_INIT);
	this_cpu_ptr(&record_cpu)->began = __arch_counter_get_cntpct(); /* without the snapshot */
}

void record_init_end(void)
{
	record_exit(HYP_REASON_ERET_HOST);
	if (record_out_is_open())
		record_snapshot(RECORD_SNAPSHOT_FINALISE);
}

/* ---- trips ---- */

static void begin_trip(struct record_cpu *cpu, enum record_why why, u32 id)
{
	cpu->inside = true;
	cpu->why = why;
	cpu->id = id;
	cpu->cause = 0;
	cpu->began = __arch_counter_get_cntpct();
	cpu->calls = cpu->maps = 0;
}

/* The kernel's events for calls of firmware within a trip have a reason of their own: let pass. */
void record_enter(struct kvm_cpu_context *host_ctxt, u8 reason)
{
	struct record_cpu *cpu = this_cpu_ptr(&record_cpu);

	switch (reason) {
	case HYP_REASON_HVC:
		begin_trip(cpu, RECORD_WHY_HVC,
			   (cpu_reg(host_ctxt, 0) & ~ARM_SMCCC_CALL_HINTS) - KVM_HOST_SMCCC_ID(0));
		break;
	case HYP_REASON_HOST_ABORT:
		begin_trip(cpu, RECORD_WHY_ABORT, 0);
		break;
	case HYP_REASON_GUEST_EXIT:
		begin_trip(cpu, RECORD_WHY_GUEST, 0);
		break;
	case HYP_REASON_SMC:
		if (!cpu->inside)
			begin_trip(cpu, RECORD_WHY_SMC, cpu_reg(host_ctxt, 0));
		break;
	}
}

static void count_quiet(struct record_cpu *cpu)
{
	cpu->quiet++;
	if (cpu->why == RECORD_WHY_HVC && cpu->id < ARRAY_SIZE(cpu->quiet_hypercalls))
		cpu->quiet_hypercalls[cpu->id]++;
}

static void forget_counts(struct record_cpu *cpu)
{
	cpu->generation = record_out_generation();
	cpu->quiet = 0;
	memset(cpu->quiet_hypercalls, 0, sizeof(cpu->quiet_hypercalls));
}

static void end_trip(struct record_cpu *cpu)
{
	u64 took = __arch_counter_get_cntpct() - cpu->began;

	if (cpu->generation != record_out_generation())
		forget_counts(cpu);
	if (!cpu->calls && !cpu->maps) {
		count_quiet(cpu);
		return;
	}
	record_put((struct record) {
		.type = RECORD_TRIP,
		.detail = { cpu->why },
		.word = cpu->id,
		.first = min_t(u64, took, U32_MAX) | (u64)cpu->quiet << 32,
		.second = cpu->calls | (u64)cpu->maps << 32,
	});
	cpu->quiet = 0;
}

void record_exit(u8 reason)
{
	struct record_cpu *cpu = this_cpu_ptr(&record_cpu);

	if (!cpu->inside || (reason != HYP_REASON_ERET_HOST && reason != HYP_REASON_ERET_GUEST))
		return;
	cpu->inside = false;
	if (!record_out_is_open())
		return;
	/* A hypercall that runs a guest ends with the guest's exit, and is counted then. */
	if (reason == HYP_REASON_ERET_GUEST && cpu->why == RECORD_WHY_HVC &&
	    !cpu->calls && !cpu->maps)
		return;
	if (reason == HYP_REASON_ERET_HOST && cpu->why == RECORD_WHY_GUEST)
		cpu->id = 1;
	end_trip(cpu);
}

/* ---- pages ---- */

void record_cause(const char *function)
{
	this_cpu_ptr(&record_cpu)->cause = record_out_is_open() ? cause_number(function) : 0;
}

static enum pkvm_page_state state_after_unshare(struct hyp_page *page)
{
	return page->host_share_guest_count > 1 ? get_host_state(page) : PKVM_PAGE_OWNED;
}

/* In pieces of one old state. @state: negative for what a guest gives back. */
static void put_transition(phys_addr_t addr, u64 size, int state, u8 flags)
{
	struct record_cpu *cpu = this_cpu_ptr(&record_cpu);
	struct record record = {
		.type = RECORD_TRANSITION,
		.detail = { 0, flags },
		.word = cpu->cause,
	};

	if (!record_out_is_open())
		return;
	for (phys_addr_t at = addr, next; at < addr + size; at = next) {
		struct hyp_page *page = hyp_phys_to_page(at);
		u8 old = get_host_state(page), new = state < 0 ? state_after_unshare(page) : state;

		for (next = at + PAGE_SIZE; next < addr + size; next += PAGE_SIZE) {
			page = hyp_phys_to_page(next);
			if (get_host_state(page) != old ||
			    (state < 0 && state_after_unshare(page) != new))
				break;
		}
		if (state < 0 && old == new)
			continue;
		record.detail[0] = old | new << 4;
		record.first = at;
		record.second = next - at;
		record_put(record);
		record.detail[1] |= RECORD_PIECE;
	}
	cpu->calls += !!record.second;
}

void record_state(phys_addr_t addr, u64 size, enum pkvm_page_state state, u8 flags)
{
	put_transition(addr, size, state, flags);
}

void record_unshare_guest(phys_addr_t addr, u64 size)
{
	put_transition(addr, size, -1, RECORD_DIRECT);
}

void record_map(u64 addr, u64 size, bool memory)
{
	if (!record_out_is_open())
		return;
	record_put((struct record) {
		.type = RECORD_MAP,
		.detail = { !memory },
		.first = addr,
		.second = size,
	});
	this_cpu_ptr(&record_cpu)->maps++;
}

void record_refusal(u64 addr)
{
	record_put((struct record) { .type = RECORD_REFUSAL, .first = addr });
}

void record_unmap_devices(void)
{
	record_put((struct record) { .type = RECORD_UNMAP_DEVICES });
}
