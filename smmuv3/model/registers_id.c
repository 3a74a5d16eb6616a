/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * registers_id.c - what the model's configuration offers: identification registers, and queues within them.
 *
 * Callers: registers.c for reads; all that reach into a queue, for its size.
 * Spec: IHI 0070, SMMU_IDR0; SMMU_IDR1; SMMU_IDR3; SMMU_IDR5; SMMU_IDR6; SMMU_IIDR; SMMU_AIDR.
 */
#include "registers_internal.h"

static uint32_t idr0(const struct model_config *config)
{
	return config->s2p | config->s1p << 1 | 2u << 2 /* AArch64 */ | config->cohacc << 4 |
	       (config->httu ? 2u << 6 : 0) | config->hyp << 9 | config->ats << 10 |
	       config->s1p << 12 /* ASID16 */ | config->msi << 13 | config->sev << 14 | config->vmid16 << 18 |
	       2u << 21 /* little-endian */ | 1u << 24 /* no stall */ | 1u << 26 /* TERM_MODEL */ |
	       config->st_level2 << 27;
}

static uint32_t idr1(const struct model_config *config)
{
	return config->sid_bits | config->evtq_lg2 << 16 | config->cmdq_lg2 << 21 |
	       (config->ecmdq ? UINT32_C(1) << 31 : 0);
}

static uint32_t idr3(const struct model_config *config)
{
	return config->fwb << 8 | config->stt << 9 | config->ril << 10 | config->bbml << 11;
}

static uint32_t idr5(const struct model_config *config)
{
	static const unsigned char bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned oas = 0;

	while (oas + 1 < sizeof(bits) && bits[oas + 1] <= config->oas_bits)
		oas++;
	return oas | 1u << 4 | config->gran16k << 5 | config->gran64k << 6 | config->ds << 7;
}

static uint32_t idr6(const struct model_config *config)
{
	return config->ecmdq ? config->ecmdq_lg2numq << 16 | config->ecmdq_lg2nump << 24 : 0;
}

static uint32_t aidr(const struct model_config *config)
{
	return config->ril || config->bbml ? 2 : 1;
}

uint32_t registers_id(const struct model_config *config, uint32_t offset)
{
	switch (offset) {
	case IDR0:
		return idr0(config);
	case IDR1:
		return idr1(config);
	case IDR3:
		return idr3(config);
	case IDR5:
		return idr5(config);
	case IDR6:
		return idr6(config);
	case IIDR:
		return config->iidr;
	case AIDR:
		return aidr(config);
	default:
		return 0;
	}
}

unsigned registers_eventq_lg2(const struct model *model)
{
	unsigned lg2 = bits_get(model->registers.eventq_base, 4, 0);

	return lg2 < model->config.evtq_lg2 ? lg2 : model->config.evtq_lg2;
}
