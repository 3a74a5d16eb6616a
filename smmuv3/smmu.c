/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * smmu.c - one SMMU: probe it, bring it up with every stream in abort, shut it.
 *
 * Sits under target.c, beside stream.c; speaks to registers, and to the caches through the command queue.
 * Owns: from the first register written, transactions are terminated unless a stream table entry of ours
 * translates them; an SMMU that does not follow ends in confirmed abort, or isolation is reported lost.
 * Every handshake has the time limit of the configuration. Callers: one CPU at a time for one SMMU; host lock held
 * while it is live, but for the close, which belongs to who has the completion lock.
 * What is done on an interrupt is in event.c and gerror.c; an MSI of a SYNC goes to memory that is polled.
 * Spec: IHI 0070, Initialization and reset; SMMU_CR0; SMMU_GBPA; SMMU_GERROR.
 */
#include "smmuv3/smmu.h"

#include <shadow/platform.h>

#include "engine/trace.h"
#include "smmuv3/ats.h"
#include "smmuv3/errata.h"
#include "smmuv3/regs.h"
#include "smmuv3/stream.h"
#include "smmuv3/tlbi_plan.h"

static uint32_t smmu_read(const struct shadow_smmu *smmu, uint32_t offset)
{
	return platform_mmio_read32(smmu->config.registers + offset);
}

static void smmu_write(const struct shadow_smmu *smmu, uint32_t offset, uint32_t value)
{
	platform_mmio_write32(smmu->config.registers + offset, value);
}

static void smmu_write64(const struct shadow_smmu *smmu, uint32_t offset, uint64_t value)
{
	platform_mmio_write64(smmu->config.registers + offset, value);
}

/* Poll a register until the bits of @mask read as @value. The clock is read before the register, so that
 * a caller who was held up between the two does not take a finished handshake for a late one. */
static int smmu_wait(const struct shadow_smmu *smmu, uint32_t offset, uint64_t mask, uint64_t value)
{
	uint64_t start_ns = platform_time_ns();

	for (;;) {
		bool late = platform_time_ns() - start_ns >= smmu->config.wait_ns;

		if ((smmu_read(smmu, offset) & mask) == value) {
			order_device_seen();
			return 0;
		}
		if (late)
			return -SHADOW_ETIMEDOUT;
		platform_relax();
	}
}

/* ---- probe -------------------------------------------------------------------------------------- */

static bool smmu_streams_valid(const struct shadow_smmu_config *config)
{
	unsigned split = config->sid_split;

	if (!split)
		return config->sid_bits <= 32;
	return (split == 6 || split == 8 || split == 10) && config->sid_bits > split && config->sid_bits <= 32 &&
	       config->sid_tables >= 1 && config->sid_tables <= SHADOW_STREAMS_MAX;
}

bool smmu_sizes_valid(const struct shadow_smmu_config *config)
{
	return smmu_streams_valid(config) && config->cmdq_lg2 >= 2 && config->cmdq_lg2 <= SMMU_QUEUE_LG2_MAX && config->evtq_lg2 >= 2 &&
	       config->evtq_lg2 <= SMMU_QUEUE_LG2_MAX && config->ecmdq <= SHADOW_CPUS_MAX;
}

static bool smmu_msi_valid(const struct shadow_msi *msi)
{
	return !(msi->address.addr & ~SMMU_IRQ_CFG0_ADDR);
}

static bool smmu_config_valid(const struct shadow_smmu_config *config)
{
	return smmu_sizes_valid(config) && tlbi_cost_legal(&config->cost) &&
	       !(config->irq & ~SHADOW_IRQ_ALL) && smmu_msi_valid(&config->gerror_msi) &&
	       smmu_msi_valid(&config->events_msi) && !(config->errata & ~SHADOW_ERRATA_ALL) && !(config->completion & ~SHADOW_COMPLETION_ALL) &&
	       config->wait_ns >= 1 && config->wait_ns <= SHADOW_WAIT_NS_MAX;
}

static bool smmu_needs_valid(const struct smmu_needs *needs)
{
	return needs->bbml <= 2 &&
	       (needs->granule_lg2 == 12 || needs->granule_lg2 == 14 || needs->granule_lg2 == 16);
}

/* Does it translate as is needed, whatever the target's tables are? */
static enum shadow_smmu_refusal smmu_refuse_stages(const struct shadow_smmu_config *config, uint32_t idr0)
{
	if (!(idr0 & SMMU_IDR0_S2P))
		return SHADOW_REFUSAL_STAGE_2;
	if (config->nested && !(idr0 & SMMU_IDR0_S1P))
		return SHADOW_REFUSAL_STAGE_1;
	if (!(field_get(SMMU_IDR0_TTF, idr0) & SMMU_IDR0_TTF_AARCH64))
		return SHADOW_REFUSAL_AARCH64;
	if (field_get(SMMU_IDR0_TTENDIAN, idr0) == SMMU_IDR0_TTENDIAN_BIG)
		return SHADOW_REFUSAL_ENDIAN;
	/* Entries say S2S = 0: where every fault has to stall, that is an illegal entry. */
	if (field_get(SMMU_IDR0_STALL_MODEL, idr0) == SMMU_IDR0_STALL_MODEL_FORCED)
		return SHADOW_REFUSAL_STALL;
	return SHADOW_REFUSAL_NONE;
}

/* Can it have the queues, the stream table and the interrupts that are asked for? Preset bases are memory that somebody else has chosen. */
static enum shadow_smmu_refusal smmu_refuse_sizes(const struct shadow_smmu_config *config, uint32_t idr0, uint32_t idr1)
{
	if (idr1 & SMMU_IDR1_TABLES_PRESET)
		return SHADOW_REFUSAL_TABLE_PRESET;
	if (idr1 & SMMU_IDR1_QUEUES_PRESET)
		return SHADOW_REFUSAL_QUEUES_PRESET;
	if (config->cmdq_lg2 > field_get(SMMU_IDR1_CMDQS, idr1))
		return SHADOW_REFUSAL_CMDQ_SIZE;
	if (config->evtq_lg2 > field_get(SMMU_IDR1_EVTQS, idr1))
		return SHADOW_REFUSAL_EVTQ_SIZE;
	if (config->sid_bits > field_get(SMMU_IDR1_SIDSIZE, idr1))
		return SHADOW_REFUSAL_SID_SIZE;
	if (config->sid_split && field_get(SMMU_IDR0_ST_LEVEL, idr0) != SMMU_IDR0_ST_LEVEL_TWO)
		return SHADOW_REFUSAL_ST_LEVEL;
	if (!(idr0 & SMMU_IDR0_MSI) && (config->gerror_msi.address.addr || config->events_msi.address.addr))
		return SHADOW_REFUSAL_MSI;
	return SHADOW_REFUSAL_NONE;
}

static bool smmu_has_large(unsigned granule_lg2, uint32_t idr5)
{
	return smmu_oas_bits((unsigned)field_get(SMMU_IDR5_OAS, idr5)) >= 52 &&
	       (granule_lg2 == 16 || (idr5 & SMMU_IDR5_DS));
}

/* Does it read the tables that the target makes? */
static enum shadow_smmu_refusal smmu_refuse_tables(const struct smmu_needs *needs, uint32_t idr3, uint32_t idr5)
{
	uint64_t granule = needs->granule_lg2 == 12 ? SMMU_IDR5_GRAN4K :
			   needs->granule_lg2 == 14 ? SMMU_IDR5_GRAN16K :
						      SMMU_IDR5_GRAN64K;

	if (!(idr5 & granule))
		return SHADOW_REFUSAL_GRANULE;
	if (field_get(SMMU_IDR3_BBML, idr3) < needs->bbml)
		return SHADOW_REFUSAL_BBML;
	if (needs->fwb && !(idr3 & SMMU_IDR3_FWB))
		return SHADOW_REFUSAL_FWB;
	if (needs->large && !smmu_has_large(needs->granule_lg2, idr5))
		return SHADOW_REFUSAL_LARGE;
	return SHADOW_REFUSAL_NONE;
}

/* The cheapest way to see a SYNC complete: memory is read instead of a register, or a CPU need not look until it is woken.
 * An MSI into memory that the SMMU writes behind the caches would not be seen. */
static enum shadow_smmu_refusal smmu_choose_completion(struct shadow_smmu *smmu, uint32_t idr0)
{
	unsigned may = smmu->config.completion ? smmu->config.completion : SHADOW_COMPLETION_ALL;

	if (may & SHADOW_COMPLETION_MSI && idr0 & SMMU_IDR0_MSI && smmu->coherent)
		smmu->completion = SHADOW_COMPLETION_MSI;
	else if (may & SHADOW_COMPLETION_EVENT && idr0 & SMMU_IDR0_SEV && !(smmu->errata & SHADOW_ERRATUM_NO_SEV))
		smmu->completion = SHADOW_COMPLETION_EVENT;
	else if (may & SHADOW_COMPLETION_POLL)
		smmu->completion = SHADOW_COMPLETION_POLL;
	else
		return SHADOW_REFUSAL_COMPLETION;
	return SHADOW_REFUSAL_NONE;
}

/* Queues of control pages that are registers; and how many of them are used. Those errata are about what one queue is
 * told, in which order: with several queues nobody can say. */
static void smmu_probe_ecmdq(struct shadow_smmu *smmu, uint32_t idr1)
{
	unsigned alone = SHADOW_ERRATUM_SYNC_OFTEN | SHADOW_ERRATUM_NO_MIXING | SHADOW_ERRATUM_REPEAT;
	uint64_t page;
	uint32_t idr6;

	if (!(idr1 & SMMU_IDR1_ECMDQ) || !smmu->config.ecmdq)
		return;
	idr6 = smmu_read(smmu, SMMU_IDR6);
	page = platform_mmio_read64(smmu->config.registers + SMMU_CONTROL_PAGE_BASE);
	if (!(page & SMMU_CONTROL_PAGE_BASE_PRESET) || (page & SMMU_CONTROL_PAGE_BASE_ADDR) >> 31)
		return;
	smmu->ecmdq_first = (uint32_t)(page & SMMU_CONTROL_PAGE_BASE_ADDR);
	smmu->ecmdq_stride_lg2 = SMMU_CONTROL_PAGE_LG2 - (unsigned)field_get(SMMU_IDR6_LOG2NUMQ, idr6);
	smmu->ecmdqs_there = UINT32_C(1) << (field_get(SMMU_IDR6_LOG2NUMP, idr6) + field_get(SMMU_IDR6_LOG2NUMQ, idr6));
	if (!(smmu->errata & alone))
		smmu->ecmdqs = smmu->config.ecmdq < smmu->ecmdqs_there ? smmu->config.ecmdq : smmu->ecmdqs_there;
}

int smmu_probe(struct shadow_smmu *smmu, const struct shadow_smmu_config *config,
	       const struct smmu_needs *needs, unsigned number)
{
	uint32_t idr0, idr1, idr3, idr5;

	if (!smmu_config_valid(config) || !smmu_needs_valid(needs))
		return -SHADOW_EINVAL;

	*smmu = (struct shadow_smmu){ .config = *config, .number = number };
	idr0 = smmu_read(smmu, SMMU_IDR0);
	idr1 = smmu_read(smmu, SMMU_IDR1);
	idr3 = smmu_read(smmu, SMMU_IDR3);
	idr5 = smmu_read(smmu, SMMU_IDR5);
	smmu->refusal = smmu_refuse_stages(config, idr0);
	if (!smmu->refusal)
		smmu->refusal = smmu_refuse_sizes(config, idr0, idr1);
	if (!smmu->refusal)
		smmu->refusal = smmu_refuse_tables(needs, idr3, idr5);
	if (smmu->refusal)
		return -SHADOW_ENODEV;

	smmu->config.cost = tlbi_cost(&config->cost);
	smmu->iidr = smmu_read(smmu, SMMU_IIDR);
	smmu->errata = config->errata | errata_of(smmu->iidr);
	if (config->nested && smmu_has_erratum(smmu, SHADOW_ERRATUM_NO_NESTING)) {
		smmu->refusal = SHADOW_REFUSAL_NESTING;
		return -SHADOW_ENODEV;
	}
	smmu->bbml = (unsigned)field_get(SMMU_IDR3_BBML, idr3);
	smmu->oas = (unsigned)field_get(SMMU_IDR5_OAS, idr5);
	smmu->ril = (idr3 & SMMU_IDR3_RIL) && !config->no_ril;
	smmu->vmid16 = idr0 & SMMU_IDR0_VMID16;
	smmu->hyp = idr0 & SMMU_IDR0_HYP;
	smmu->ats = idr0 & SMMU_IDR0_ATS;
	smmu->msi = idr0 & SMMU_IDR0_MSI;
	smmu->coherent = idr0 & SMMU_IDR0_COHACC;
	smmu_probe_ecmdq(smmu, idr1);
	smmu->refusal = smmu_choose_completion(smmu, idr0);
	return smmu->refusal ? -SHADOW_ENODEV : 0;
}

/* ---- handshakes --------------------------------------------------------------------------------- */

/* Let transactions abort while SMMUEN is off. The register changes as a whole, by the UPDATE protocol. */
static int smmu_gbpa_abort(const struct shadow_smmu *smmu)
{
	uint32_t gbpa;
	int error = smmu_wait(smmu, SMMU_GBPA, SMMU_GBPA_UPDATE, 0);

	if (error != 0)
		return error;
	gbpa = smmu_read(smmu, SMMU_GBPA);
	smmu_write(smmu, SMMU_GBPA, gbpa | (uint32_t)(SMMU_GBPA_ABORT | SMMU_GBPA_UPDATE));
	error = smmu_wait(smmu, SMMU_GBPA, SMMU_GBPA_UPDATE, 0);
	if (error != 0)
		return error;
	return smmu_read(smmu, SMMU_GBPA) & SMMU_GBPA_ABORT ? 0 : -SHADOW_EIO;
}

/* Set fields of CR0 and wait until they have taken effect. */
static int smmu_cr0_set(struct shadow_smmu *smmu, uint64_t fields)
{
	smmu->cr0 |= (uint32_t)fields;
	smmu_write(smmu, SMMU_CR0, smmu->cr0);
	return smmu_wait(smmu, SMMU_CR0ACK, fields, fields);
}

static int smmu_disable(struct shadow_smmu *smmu)
{
	int error;

	smmu->cr0 = 0;
	smmu_write(smmu, SMMU_CR0, 0);
	error = smmu_wait(smmu, SMMU_CR0ACK, UINT32_MAX, 0);
	if (error != 0)
		return error;
	smmu_write(smmu, SMMU_IRQ_CTRL, 0);
	return smmu_wait(smmu, SMMU_IRQ_CTRLACK, SMMU_IRQ_CTRL_ALL, 0);
}

static uint32_t smmu_ecmdq_offset(const struct shadow_smmu *smmu, uint32_t index)
{
	return smmu->ecmdq_first + (index << smmu->ecmdq_stride_lg2);
}

/* One that was just turned on, as by a doorbell after a reset, has to say so before it can be turned off. */
static int smmu_stop_ecmdq(const struct shadow_smmu *smmu, uint32_t offset)
{
	uint32_t prod = smmu_read(smmu, offset + SMMU_ECMDQ_PROD);
	int error = 0;

	if (prod & SMMU_ECMDQ_PROD_EN) {
		error = smmu_wait(smmu, offset + SMMU_ECMDQ_CONS, SMMU_ECMDQ_CONS_ENACK, SMMU_ECMDQ_CONS_ENACK);
		if (error == 0)
			smmu_write(smmu, offset + SMMU_ECMDQ_PROD, prod & ~(uint32_t)SMMU_ECMDQ_PROD_EN);
	}
	return error ? error : smmu_wait(smmu, offset + SMMU_ECMDQ_CONS, SMMU_ECMDQ_CONS_ENACK, 0);
}

/* Turn off enhanced queues, the first @count, each confirmed: then CONS is final, and their SYNCs write nothing any more. */
static int smmu_stop_ecmdqs(const struct shadow_smmu *smmu, uint32_t count)
{
	int error = 0;

	for (uint32_t i = 0; i < count && error == 0; i++)
		error = smmu_stop_ecmdq(smmu, smmu_ecmdq_offset(smmu, i));
	return error;
}

/* Acknowledge errors of whoever used the SMMU before. In service failure mode it serves nobody. */
static int smmu_forget_errors(const struct shadow_smmu *smmu)
{
	uint32_t gerror = smmu_read(smmu, SMMU_GERROR);
	uint32_t active = gerror ^ smmu_read(smmu, SMMU_GERRORN);

	if (active & SMMU_GERROR_SFM_ERR)
		return -SHADOW_EIO;
	if (active != 0)
		smmu_write(smmu, SMMU_GERRORN, gerror);
	return 0;
}

int smmu_sync(struct shadow_smmu *smmu)
{
	uint64_t position;
	int error = cmdq_wait_room(&smmu->cmdq, 1, smmu->config.wait_ns);

	if (error != 0)
		return error;
	position = cmdq_write_sync(&smmu->cmdq);
	cmdq_publish(&smmu->cmdq);
	return cmdq_wait_passed(&smmu->cmdq, position, smmu->config.wait_ns);
}

int smmu_invalidate(struct shadow_smmu *smmu, struct smmu_cmd cmd)
{
	unsigned times = smmu_has_erratum(smmu, SHADOW_ERRATUM_REPEAT) ? 2 : 1;
	int error = 0;

	while (error == 0 && times--) {
		error = cmdq_wait_room(&smmu->cmdq, 2, smmu->config.wait_ns);
		if (error != 0)
			break;
		cmdq_write(&smmu->cmdq, cmd);
		error = smmu_sync(smmu);
	}
	return error;
}

int smmu_wait_idle(struct shadow_smmu *smmu)
{
	int error = 0;

	for (unsigned i = 0; i <= smmu->ecmdqs && error == 0; i++)
		error = cmdq_wait_idle(smmu_queue(smmu, i), smmu->config.wait_ns);
	return error;
}

/* ---- bring-up ----------------------------------------------------------------------------------- */

static bool smmu_part_valid(const struct shadow_smmu *smmu, const uint64_t *virt, shadow_pa_t pa,
			    uint64_t bytes)
{
	uint64_t space = UINT64_C(1) << smmu_oas_bits(smmu->oas);

	return virt != NULL && (pa.addr & (bytes - 1)) == 0 && bytes <= space && pa.addr <= space - bytes;
}

/* Shareability counts where accesses are cacheable; all others are outer shareable. */
static void smmu_set_attributes(const struct shadow_smmu *smmu)
{
	unsigned cache = smmu->coherent ? SMMU_CR1_CACHE_WB : SMMU_CR1_CACHE_NC;
	uint64_t cr1 = field_prep(SMMU_CR1_TABLE_SH, SMMU_CR1_SH_INNER) |
		       field_prep(SMMU_CR1_TABLE_OC, cache) | field_prep(SMMU_CR1_TABLE_IC, cache) |
		       field_prep(SMMU_CR1_QUEUE_SH, SMMU_CR1_SH_INNER) |
		       field_prep(SMMU_CR1_QUEUE_OC, cache) | field_prep(SMMU_CR1_QUEUE_IC, cache);

	smmu_write(smmu, SMMU_CR1, (uint32_t)cr1);
	/* Broadcast invalidation is ignored: it would need our VMIDs to be the CPUs'. */
	smmu_write(smmu, SMMU_CR2, (uint32_t)(SMMU_CR2_PTM | SMMU_CR2_RECINVSID));
}

/* Memory as the SMMU is to find it. Commands are made visible by cmdq_publish(). */
static void smmu_fill_memory(struct shadow_smmu *smmu, void (*fill)(struct shadow_smmu *smmu))
{
	stream_table_fill(smmu);
	if (fill)
		fill(smmu);
	if (!smmu->coherent) {
		order_clean(smmu->memory.strtab, smmu_strtab_bytes(&smmu->config));
		if (smmu->config.sid_split)
			order_clean(smmu->memory.level2, smmu_level2_bytes(&smmu->config));
		/* A line of the zeroes that is written back late would go over events. */
		order_clean(smmu->memory.evtq, smmu_evtq_bytes(&smmu->config));
	}
	/* [D1] Entries before the registers that make them reachable. Observer: SMMU. */
	order_device_publish(smmu->coherent);
}

static void smmu_set_stream_table(const struct shadow_smmu *smmu)
{
	unsigned split = smmu->config.sid_split;

	smmu_write64(smmu, SMMU_STRTAB_BASE, smmu->memory.strtab_pa.addr | SMMU_STRTAB_BASE_RA);
	smmu_write(smmu, SMMU_STRTAB_BASE_CFG,
		   (uint32_t)(field_prep(SMMU_STRTAB_BASE_CFG_FMT, split ? SMMU_STRTAB_BASE_CFG_FMT_LEVELS :
									   SMMU_STRTAB_BASE_CFG_FMT_LINEAR) |
			      field_prep(SMMU_STRTAB_BASE_CFG_SPLIT, split) |
			      field_prep(SMMU_STRTAB_BASE_CFG_LOG2SIZE, smmu->config.sid_bits)));
}

static int smmu_start_commands(struct shadow_smmu *smmu)
{
	cmdq_begin_epoch(&smmu->cmdq);
	smmu_write64(smmu, SMMU_CMDQ_BASE,
		     smmu->memory.cmdq_pa.addr | SMMU_CMDQ_BASE_RA |
			     field_prep(SMMU_CMDQ_BASE_LOG2SIZE, smmu->config.cmdq_lg2));
	smmu_write(smmu, SMMU_CMDQ_PROD, 0);
	smmu_write(smmu, SMMU_CMDQ_CONS, 0);
	return smmu_cr0_set(smmu, SMMU_CR0_CMDQEN);
}

/* One after the other, before any flush may know of them. */
static int smmu_start_ecmdqs(struct shadow_smmu *smmu)
{
	uint64_t ring_bytes = smmu_cmdq_bytes(&smmu->config);
	int error = 0;

	for (unsigned i = 0; i < smmu->ecmdqs && error == 0; i++) {
		uint32_t offset = smmu_ecmdq_offset(smmu, i);

		cmdq_begin_epoch(&smmu->ecmdq[i]);
		smmu_write64(smmu, offset + SMMU_ECMDQ_BASE,
			     (smmu->memory.ecmdq_pa.addr + i * ring_bytes) | SMMU_CMDQ_BASE_RA |
				     field_prep(SMMU_CMDQ_BASE_LOG2SIZE, smmu->config.cmdq_lg2));
		smmu_write(smmu, offset + SMMU_ECMDQ_PROD, 0);
		smmu_write(smmu, offset + SMMU_ECMDQ_CONS, 0);
		smmu_write(smmu, offset + SMMU_ECMDQ_PROD, SMMU_ECMDQ_PROD_EN);
		error = smmu_wait(smmu, offset + SMMU_ECMDQ_CONS, SMMU_ECMDQ_CONS_ENACK, SMMU_ECMDQ_CONS_ENACK);
	}
	return error;
}

/* What the caches hold after reset is up to the implementation, and SMMUEN empties none of them. */
static int smmu_empty_caches(struct shadow_smmu *smmu)
{
	int error = smmu_invalidate(smmu, smmu_cmd_cfgi_all());

	if (error == 0 && smmu->hyp && smmu->cmdq.no_mixing)
		error = smmu_invalidate(smmu, smmu_cmd_tlbi_el2_all());
	else if (error == 0 && smmu->hyp)
		cmdq_write(&smmu->cmdq, smmu_cmd_tlbi_el2_all());
	return error ? error : smmu_invalidate(smmu, smmu_cmd_tlbi_nsnh_all());
}

static int smmu_start_events(struct shadow_smmu *smmu)
{
	smmu_write64(smmu, SMMU_EVENTQ_BASE,
		     smmu->memory.evtq_pa.addr | SMMU_EVENTQ_BASE_WA |
			     field_prep(SMMU_EVENTQ_BASE_LOG2SIZE, smmu->config.evtq_lg2));
	smmu->events.cons = 0;
	smmu_write(smmu, SMMU_EVENTQ_PROD, 0);
	smmu_write(smmu, SMMU_EVENTQ_CONS, 0);
	return smmu_cr0_set(smmu, SMMU_CR0_EVENTQEN);
}

/* An earlier owner's address would be written to, if ours is a wire. */
static void smmu_set_msi(const struct shadow_smmu *smmu, uint32_t offset, const struct shadow_msi *msi)
{
	smmu_write64(smmu, offset, msi->address.addr);
	smmu_write(smmu, offset + SMMU_IRQ_CFG1, msi->data);
	smmu_write(smmu, offset + SMMU_IRQ_CFG2, SMMU_IRQ_CFG2_DEVICE);
}

/* They are off since smmu_disable(). */
static int smmu_start_interrupts(const struct shadow_smmu *smmu)
{
	unsigned irq = smmu->config.irq;
	uint32_t fields = (uint32_t)((irq & SHADOW_IRQ_GERROR ? SMMU_IRQ_CTRL_GERROR : 0) |
				     (irq & SHADOW_IRQ_EVENTS ? SMMU_IRQ_CTRL_EVENTQ : 0));

	if (!irq)
		return 0;
	if (smmu->msi) {
		smmu_set_msi(smmu, SMMU_GERROR_IRQ_CFG0, &smmu->config.gerror_msi);
		smmu_set_msi(smmu, SMMU_EVENTQ_IRQ_CFG0, &smmu->config.events_msi);
	}
	smmu_write(smmu, SMMU_IRQ_CTRL, fields);
	return smmu_wait(smmu, SMMU_IRQ_CTRLACK, fields, fields);
}

/* Live first, SMMUEN later: until it is set nothing is walked, so a flush that sees none live has stored before any
 * walk. From here on the ring is the flushes'. One who looks at the SMMU meanwhile might shut it, and SMMUEN must not
 * follow on that: so it is under the completion lock. */
static int smmu_go_live(struct shadow_smmu *smmu)
{
	int error;

	while (!order_try_lock(smmu->completing))
		platform_relax();
	store_release_u32(&smmu->live, 1);
	/* [E1] Live before SMMUEN. Pairs with write_all(), which stores and then reads this. Observers: CPU, SMMU. */
	order_full(smmu->coherent);
	error = smmu_cr0_set(smmu, SMMU_CR0_SMMUEN);
	order_unlock(smmu->completing);
	return error;
}

static int smmu_set_up(struct shadow_smmu *smmu, void (*fill)(struct shadow_smmu *smmu))
{
	int error = smmu_gbpa_abort(smmu); /* before SMMUEN goes, should it be on */

	if (error == 0)
		error = smmu_disable(smmu);
	/* All that are there: an earlier owner's SYNCs could write to where they like. */
	if (error == 0)
		error = smmu_stop_ecmdqs(smmu, smmu->ecmdqs_there);
	if (error == 0)
		error = smmu_forget_errors(smmu);
	if (error != 0)
		return error;

	smmu_set_attributes(smmu);
	smmu_fill_memory(smmu, fill);
	smmu_set_stream_table(smmu);
	error = smmu_start_commands(smmu);
	if (error == 0)
		error = smmu_empty_caches(smmu);
	if (error == 0)
		error = smmu_start_ecmdqs(smmu);
	if (error == 0)
		error = smmu_start_events(smmu);
	if (error == 0)
		error = smmu_start_interrupts(smmu);
	/* A device that sends translated addresses is checked: does its entry allow that? */
	if (error == 0 && smmu->ats)
		error = smmu_cr0_set(smmu, SMMU_CR0_ATSCHK);
	if (error == 0)
		error = smmu_go_live(smmu);
	return error;
}

static void smmu_init_queue(struct shadow_smmu *smmu, struct cmdq *cmdq, uint64_t *ring)
{
	cmdq_init(cmdq, ring, smmu->config.cmdq_lg2, smmu->config.registers, smmu->number, smmu->coherent,
		  smmu->completing);
	cmdq->owner = smmu;
	cmdq->no_mixing = smmu->errata & (SHADOW_ERRATUM_NO_MIXING | SHADOW_ERRATUM_REPEAT);
	ats_init(cmdq);
}

/* Each queue has a line of its own for its MSIs. */
static void smmu_init_sync(struct shadow_smmu *smmu, unsigned index)
{
	uint64_t offset = SMMU_WORD_BYTES * (uint64_t)index;

	if (smmu->completion == SHADOW_COMPLETION_MSI)
		cmdq_set_sync(smmu_queue(smmu, index), smmu_cmd_sync_msi(smmu->memory.queue_pa.addr + offset),
			      (const _Atomic uint32_t *)(const void *)((char *)smmu->memory.queue + offset));
	else if (smmu->completion == SHADOW_COMPLETION_EVENT)
		cmdq_set_sync(smmu_queue(smmu, index), smmu_cmd_sync_event(), NULL);
}

int smmu_set_memory(struct shadow_smmu *smmu, const struct smmu_memory *memory, _Atomic uint32_t *completing)
{
	const struct shadow_smmu_config *config = &smmu->config;
	bool msi = smmu->completion == SHADOW_COMPLETION_MSI;

	if (!smmu_part_valid(smmu, memory->strtab, memory->strtab_pa, smmu_strtab_bytes(config)) ||
	    !smmu_part_valid(smmu, memory->cmdq, memory->cmdq_pa, smmu_cmdq_bytes(config)) ||
	    !smmu_part_valid(smmu, memory->evtq, memory->evtq_pa, smmu_evtq_bytes(config)))
		return -SHADOW_EINVAL;
	if (config->sid_split &&
	    !smmu_part_valid(smmu, memory->level2, memory->level2_pa, smmu_level2_bytes(config)))
		return -SHADOW_EINVAL;
	if (smmu_queue_bytes(smmu->ecmdqs, msi) &&
	    !smmu_part_valid(smmu, memory->queue, memory->queue_pa, smmu_queue_bytes(smmu->ecmdqs, msi)))
		return -SHADOW_EINVAL;
	if (smmu->ecmdqs && !smmu_part_valid(smmu, memory->ecmdq, memory->ecmdq_pa,
					     smmu_ecmdq_bytes(config, smmu->ecmdqs)))
		return -SHADOW_EINVAL;

	smmu->memory = *memory;
	smmu->completing = completing;
	if (smmu->ecmdqs)
		smmu->ecmdq = (struct cmdq *)((char *)memory->queue + (msi ? SMMU_WORD_BYTES * (1 + smmu->ecmdqs) : 0));
	smmu_init_queue(smmu, &smmu->cmdq, memory->cmdq);
	for (unsigned i = 0; i < smmu->ecmdqs; i++) {
		smmu_init_queue(smmu, &smmu->ecmdq[i],
				memory->ecmdq + i * (smmu_cmdq_bytes(config) / sizeof(*memory->ecmdq)));
		cmdq_enhance(&smmu->ecmdq[i], config->registers + smmu_ecmdq_offset(smmu, i));
	}
	for (unsigned i = 0; i <= smmu->ecmdqs; i++)
		smmu_init_sync(smmu, i);
	return 0;
}

int smmu_start(struct shadow_smmu *smmu, void (*fill)(struct shadow_smmu *smmu))
{
	int error;

	store_relaxed_u32(&smmu->closed, 0);
	for (unsigned i = 0; i <= smmu->ecmdqs; i++)
		store_relaxed_u32(&smmu_queue(smmu, i)->failed, SHADOW_SMMU_SOUND);
	ats_reset(smmu);
	error = smmu_set_up(smmu, fill);
	if (error != 0)
		(void)smmu_close(smmu);
	return error;
}

int smmu_bring_up(struct shadow_smmu *smmu, const struct smmu_memory *memory, _Atomic uint32_t *completing)
{
	int error = smmu_set_memory(smmu, memory, completing);

	return error != 0 ? error : smmu_start(smmu, NULL);
}

/* ---- close -------------------------------------------------------------------------------------- */

/* SMMUEN goes only once abort is confirmed: without it, off might mean bypass. What CR0 has lost is not set again:
 * a queue that is turned on after a reset is anywhere. */
static int smmu_shut(struct shadow_smmu *smmu)
{
	int error = smmu_gbpa_abort(smmu);

	if (error != 0)
		return error;
	smmu->cr0 &= smmu_read(smmu, SMMU_CR0) & ~(uint32_t)SMMU_CR0_SMMUEN;
	smmu_write(smmu, SMMU_CR0, smmu->cr0);
	return smmu_wait(smmu, SMMU_CR0ACK, SMMU_CR0_SMMUEN, 0);
}

int smmu_close(struct shadow_smmu *smmu)
{
	int error;

	while (!order_try_lock(smmu->completing))
		platform_relax();
	error = smmu_close_locked(smmu);
	order_unlock(smmu->completing);
	return error;
}

/* Why it is shut: what a queue says, or else that it takes too long. All of them have failed with it. Return: as it is
 * reported. */
static uint64_t smmu_failure(struct shadow_smmu *smmu)
{
	uint32_t gerror = smmu_read(smmu, SMMU_GERROR), failure = SHADOW_SMMU_SOUND;

	for (unsigned i = 0; i <= smmu->ecmdqs && !failure; i++)
		failure = load_relaxed_u32(&smmu_queue(smmu, i)->failed);
	if (!failure)
		failure = (gerror ^ smmu_read(smmu, SMMU_GERRORN)) & SMMU_GERROR_SFM_ERR ? SHADOW_SMMU_SERVICE :
											  SHADOW_SMMU_SILENT;
	for (unsigned i = 0; i <= smmu->ecmdqs; i++)
		store_release_u32(&smmu_queue(smmu, i)->failed, failure);
	if (failure == SHADOW_SMMU_RESET)
		trace_report(PLATFORM_REPORT_SMMU_RESET, smmu->number, smmu_read(smmu, SMMU_GBPA));
	return (uint64_t)failure << 32 | gerror;
}

/* No ticket completes any more; no command is written for it any more either. */
static void smmu_lose(struct shadow_smmu *smmu, uint64_t what)
{
	store_release_u32(&smmu->isolation_lost, 1);
	store_release_u32(&smmu->live, 0);
	trace_report(PLATFORM_REPORT_ISOLATION_LOST, smmu->number, what);
}

int smmu_close_locked(struct shadow_smmu *smmu)
{
	uint64_t what;

	if (load_relaxed_u32(&smmu->closed))
		return 0;
	if (load_relaxed_u32(&smmu->isolation_lost))
		return -SHADOW_EIO;

	what = smmu_failure(smmu);
	if (smmu_shut(smmu) != 0) {
		smmu_lose(smmu, what);
		return -SHADOW_EIO;
	}
	store_release_u32(&smmu->closed, 1);
	/* [P1] Abort is confirmed before a fence passes without this SMMU. Observer: CPU. */
	store_release_u32(&smmu->live, 0);
	trace_report(PLATFORM_REPORT_SMMU_CLOSED, smmu->number, what);
	return 0;
}

/* Return: 0; -SHADOW_EIO as of the close that had to follow. */
static int smmu_leave(struct shadow_smmu *smmu)
{
	int error = smmu_gbpa_abort(smmu);

	if (error == 0)
		error = smmu_disable(smmu);
	if (error == 0)
		error = smmu_stop_ecmdqs(smmu, smmu->ecmdqs);
	if (error != 0)
		return smmu_close_locked(smmu);
	store_release_u32(&smmu->live, 0); /* [P1] as in smmu_close_locked() */
	return 0;
}

int smmu_turn_off(struct shadow_smmu *smmu)
{
	int error;

	while (!order_try_lock(smmu->completing))
		platform_relax();
	error = load_relaxed_u32(&smmu->live) ? smmu_leave(smmu) : 0;
	if (error == 0)
		store_relaxed_u32(&smmu->closed, 0);
	order_unlock(smmu->completing);
	return error;
}

bool smmu_is_on(struct shadow_smmu *smmu)
{
	uint32_t failure;

	if (smmu_read(smmu, SMMU_CR0ACK) == smmu->cr0)
		return true;
	failure = smmu_read(smmu, SMMU_CR0) ? SHADOW_SMMU_STOPPED : SHADOW_SMMU_RESET;
	if (!load_relaxed_u32(&smmu->cmdq.failed))
		store_release_u32(&smmu->cmdq.failed, failure);
	return false;
}

bool smmu_serves(struct shadow_smmu *smmu)
{
	if (smmu_is_shut(smmu))
		return false;
	if (!order_try_lock(smmu->completing))
		return true;
	if (!smmu_is_shut(smmu) && !smmu_is_on(smmu))
		(void)smmu_close_locked(smmu);
	order_unlock(smmu->completing);
	return !smmu_is_shut(smmu);
}

/* ---- progress ----------------------------------------------------------------------------------- */

/* The SMMU has work and was asked: has it done some? The clock is read before the look, so that one who was held
 * up in between does not take a working queue for a silent one. First time no clock was read; @now_ns: as of then.
 * Return: false once it has consumed nothing for @wait_ns. */
static bool cmdq_moves(struct cmdq *cmdq, uint64_t consumed_before, uint64_t now_ns, uint64_t wait_ns)
{
	uint64_t consumed = cmdq_consumed(cmdq);

	if (consumed != consumed_before) {
		cmdq->still = false;
		return true;
	}
	if (!cmdq->still || cmdq->still_at != consumed) {
		cmdq->still = true;
		cmdq->still_at = consumed;
		cmdq->still_since_ns = platform_time_ns();
		return true;
	}
	return now_ns - cmdq->still_since_ns < wait_ns;
}

/* A queue that was found as it was before, at @now_ns. Return: as smmu_look(). */
__attribute__((__noinline__)) static int smmu_look_closer(const struct shadow_smmu *smmu, struct cmdq *cmdq,
						      uint64_t consumed, uint64_t now_ns)
{
	if (cmdq_moves(cmdq, consumed, now_ns, smmu->config.wait_ns))
		return 0;
	/* An MSI that does not come is no silence yet. */
	if (!cmdq->word || cmdq_poll(cmdq) != 0)
		return -SHADOW_EIO;
	return cmdq_moves(cmdq, consumed, now_ns, smmu->config.wait_ns) ? 0 : -SHADOW_EIO;
}

/* One look at a queue of an SMMU in use. Return: 0, or -SHADOW_EIO if that is to be shut. */
static inline int smmu_look(const struct shadow_smmu *smmu, struct cmdq *cmdq)
{
	uint64_t consumed = cmdq_consumed(cmdq);
	bool still = cmdq->still && cmdq->still_at == consumed;
	uint64_t now_ns = still ? platform_time_ns() : 0;

	if (cmdq_glance(cmdq) != 0)
		return -SHADOW_EIO;
	if (cmdq_consumed(cmdq) == consumed)
		return smmu_look_closer(smmu, cmdq, consumed, now_ns);
	cmdq->still = false;
	return 0;
}

int smmu_passed(struct shadow_smmu *smmu, struct cmdq *cmdq, uint64_t position)
{
	if (!smmu_is_shut(smmu)) {
		if (cmdq_passed(cmdq, position))
			return 1;
		if (smmu_look(smmu, cmdq) == 0)
			return cmdq_passed(cmdq, position);
		(void)smmu_close_locked(smmu);
	}
	if (load_relaxed_u32(&smmu->isolation_lost))
		return -SHADOW_EIO;
	return smmu_is_shut(smmu) || cmdq_passed(cmdq, position);
}
