// SPDX-License-Identifier: GPL-2.0-only
/*
 * A snapshot of the host: memory regions, page states that are not owned, leaves of its stage-2
 * table. Runs of what is alike become one record.
 */
#include <asm/kvm_pgtable.h>

#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include "record.h"

static void put_regions(void)
{
	for (unsigned int i = 0; i < hyp_memblock_nr; i++)
		record_put((struct record) {
			.type = RECORD_REGION,
			.word = hyp_memory[i].flags,
			.first = hyp_memory[i].base,
			.second = hyp_memory[i].size,
		});
}

static void put_states(u64 start, u64 end)
{
	for (u64 at = start, next; at < end; at = next) {
		enum pkvm_page_state state = get_host_state(hyp_phys_to_page(at));

		for (next = at; next < end && get_host_state(hyp_phys_to_page(next)) == state;)
			next += PAGE_SIZE;
		if (state != PKVM_PAGE_OWNED)
			record_put((struct record) {
				.type = RECORD_STATES,
				.detail = { state },
				.first = at,
				.second = next - at,
			});
	}
}

static void put_run(struct record *run)
{
	if (run->second)
		record_put(*run);
	run->second = 0;
}

static u8 leaf_kind(kvm_pte_t pte)
{
	enum kvm_pgtable_prot prot;

	if (!kvm_pte_valid(pte))
		return host_stage2_pte_is_hyp_owned(pte) ? RECORD_LEAF_OWNER_HYP :
							   RECORD_LEAF_OWNER_GUEST;
	prot = kvm_pgtable_stage2_pte_prot(pte);
	return (prot & KVM_PGTABLE_PROT_R ? 1 : 0) | (prot & KVM_PGTABLE_PROT_W ? 2 : 0) |
	       (prot & KVM_PGTABLE_PROT_X ? 4 : 0);
}

static int put_leaf(const struct kvm_pgtable_visit_ctx *ctx, enum kvm_pgtable_walk_flags visit)
{
	struct record *run = ctx->arg;
	u64 size = kvm_granule_size(ctx->level), addr = ALIGN_DOWN(ctx->addr, size);
	u8 kind;

	if (!ctx->old) {
		put_run(run);
		return 0;
	}
	kind = leaf_kind(ctx->old);
	if (run->second && run->first + run->second == addr && run->detail[0] == (u8)ctx->level &&
	    run->detail[1] == kind) {
		run->second += size;
		return 0;
	}
	put_run(run);
	*run = (struct record) {
		.type = RECORD_LEAVES,
		.detail = { ctx->level, kind },
		.first = addr,
		.second = size,
	};
	return 0;
}

void record_snapshot(enum record_snapshot_kind kind)
{
	struct kvm_pgtable *pgt = &host_mmu.pgt;
	struct record run = { };
	struct kvm_pgtable_walker walker = {
		.cb = put_leaf,
		.arg = &run,
		.flags = KVM_PGTABLE_WALK_LEAF,
	};

	record_put((struct record) {
		.type = RECORD_SNAPSHOT,
		.detail = { kind },
		.word = pgt->ia_bits,
		.first = pgt->start_level,
		.second = kvm_pgtable_stage2_pgd_size(host_mmu.arch.mmu.vtcr) >> PAGE_SHIFT,
	});
	put_regions();
	for (unsigned int i = 0; i < hyp_memblock_nr; i++)
		put_states(hyp_memory[i].base, hyp_memory[i].base + hyp_memory[i].size);
	WARN_ON(kvm_pgtable_walk(pgt, 0, BIT(pgt->ia_bits), &walker));
	put_run(&run);
}
