// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before the host is deprivileged: its memory, ours, its stage 2, and the SMMUs, as the library wants them described. Registers
 * of SMMUs are mapped for EL2 and taken from the host.
 */
#include <asm/kvm_mmu.h>
#include <asm/sections.h>
#include <asm/kvm_pkvm.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include "s2shadow.h"

#define SMMU_IDR3	0xc
#define SMMU_IDR3_BBML	GENMASK(12, 11)

struct s2shadow s2shadow;
DEFINE_PER_CPU(unsigned int, s2shadow_cpu);
struct kvm_s2shadow_config kvm_s2shadow_config;

/* The image (text, read-only data, data, bss), what the engine remembers, registers; the library adds the pool. */
static struct shadow_range reserved[4 + 1 + KVM_S2SHADOW_SMMUS];
static struct shadow_range memory[HYP_MEMBLOCK_REGIONS];

unsigned long kvm_iommu_pages(void)
{
	return (kvm_s2shadow_config.pool_bytes + kvm_s2shadow_config.state_bytes) >> PAGE_SHIFT;
}

void kvm_iommu_give_pages(void *virt)
{
	s2shadow.memory = virt;
}

/* Out of what lies behind the pool, zeroed when it was set aside. NULL: the host has set aside too little. */
void *s2shadow_take(size_t bytes)
{
	size_t start = ALIGN(s2shadow.state_used, 64);

	if (!bytes || start + bytes > s2shadow.config.state_bytes)
		return NULL;
	s2shadow.state_used = start + bytes;
	return s2shadow.memory + s2shadow.config.pool_bytes + start;
}

/* A section of the image may be empty. */
static void reserve(phys_addr_t start, phys_addr_t end)
{
	if (start == end)
		return;
	reserved[s2shadow.map.reserved_count++] =
		(struct shadow_range){ ALIGN_DOWN(start, PAGE_SIZE), PAGE_ALIGN(end) };
}

static void map_describe(void)
{
	struct shadow_address_map *map = &s2shadow.map;

	for (unsigned int i = 0; i < hyp_memblock_nr; i++)
		memory[i] = (struct shadow_range){ hyp_memory[i].base, hyp_memory[i].base + hyp_memory[i].size };
	reserve(__hyp_pa(__hyp_text_start), __hyp_pa(__hyp_text_end));
	reserve(__hyp_pa(__hyp_rodata_start), __hyp_pa(__hyp_rodata_end));
	reserve(__hyp_pa(__hyp_data_start), __hyp_pa(__hyp_data_end));
	reserve(__hyp_pa(__hyp_bss_start), __hyp_pa(__hyp_bss_end));
	reserve(s2shadow.target_config.pool.base.addr + s2shadow.config.pool_bytes,
		s2shadow.target_config.pool.base.addr + s2shadow.config.pool_bytes + s2shadow.config.state_bytes);
	for (u32 i = 0; i < s2shadow.config.smmu_count; i++)
		reserve(s2shadow.config.smmu[i].base, s2shadow.config.smmu[i].base + s2shadow.config.smmu[i].size);
	map->ia_bits = host_mmu.pgt.ia_bits;
	map->granule_lg2 = PAGE_SHIFT;
	map->memory = memory;
	map->memory_count = hyp_memblock_nr;
	map->reserved = reserved;
	s2shadow.host = (struct shadow_host_table){
		.root = { __hyp_pa(host_mmu.pgt.pgd) },
		.ia_bits = host_mmu.pgt.ia_bits,
		.start_level = host_mmu.pgt.start_level,
		.granule_lg2 = PAGE_SHIFT,
	};
}

static int smmu_map(u32 i)
{
	const struct kvm_s2shadow_smmu *smmu = &s2shadow.config.smmu[i];
	unsigned long registers;
	int ret;

	if (!PAGE_ALIGNED(smmu->base) || !PAGE_ALIGNED(smmu->size))
		return -EINVAL;
	ret = __pkvm_create_private_mapping(smmu->base, smmu->size, PAGE_HYP_DEVICE, &registers);
	if (ret)
		return ret;
	s2shadow.smmu_config[i] = (struct shadow_smmu_config){
		.registers = registers,
		.cmdq_lg2 = S2SHADOW_QUEUE_LG2,
		.evtq_lg2 = S2SHADOW_QUEUE_LG2,
		.sid_bits = ilog2(roundup_pow_of_two(s2shadow.config.sid_count)),
		.wait_ns = S2SHADOW_WAIT_NS,
	};
	return 0;
}

/* Break-before-make level that all of them have. */
static unsigned int bbml_of_all(void)
{
	unsigned int bbml = 2;

	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		u32 idr3 = readl_relaxed((void *)s2shadow.smmu_config[i].registers + SMMU_IDR3);

		bbml = min(bbml, (unsigned int)FIELD_GET(SMMU_IDR3_BBML, idr3));
	}
	return bbml;
}

int s2shadow_describe(void)
{
	int ret;

	if (!s2shadow.config.smmu_count || s2shadow.config.smmu_count > KVM_S2SHADOW_SMMUS || !s2shadow.memory ||
	    !s2shadow.config.sid_count)
		return -EINVAL;
	for (unsigned int cpu = 0; cpu < hyp_nr_cpus; cpu++)
		*per_cpu_ptr(&s2shadow_cpu, cpu) = cpu;
	s2shadow.target_config.pool = (struct shadow_pool){
		.base = { __hyp_pa(s2shadow.memory) },
		.virt = s2shadow.memory,
		.bytes = s2shadow.config.pool_bytes,
	};
	map_describe();
	for (u32 i = 0; i < s2shadow.config.smmu_count; i++) {
		ret = smmu_map(i);
		if (ret)
			return ret;
	}
	s2shadow.target_config.map = s2shadow.map;
	s2shadow.target_config.bbml = bbml_of_all();
	s2shadow.target_config.vmid = S2SHADOW_VMID;
	s2shadow.target_config.runs_max = hyp_nr_cpus * S2SHADOW_QUEUE_SLOTS;
	return kvm_iommu_hide_registers();
}

int kvm_iommu_hide_registers(void)
{
	int ret = 0;

	for (u32 i = 0; i < s2shadow.config.smmu_count && !ret; i++)
		ret = host_stage2_hide_mmio_locked(s2shadow.config.smmu[i].base, s2shadow.config.smmu[i].size);
	return ret;
}
