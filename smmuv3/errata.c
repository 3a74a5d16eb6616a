/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * errata.c - what an implementation does wrong, as data.
 *
 * Called by smmu_probe(). Spec: IHI 0070, SMMU_IIDR; the errata notices of the implementations.
 */
#include "smmuv3/errata.h"

#include "smmuv3/field.h"
#include "smmuv3/regs.h"

#define ARM 0x43bu

#define R(variant, revision) ((variant) << 4 | (revision))

struct errata_entry {
	uint16_t implementer, product;
	uint8_t fixed;		       /* R(): from here on it is all right */
	unsigned bits;
};

static const struct errata_entry errata[] = {
	/* MMU-600, 1076982: the event of a SYNC may not come. */
	{ ARM, 0x483, R(0, 3), SHADOW_ERRATUM_NO_SEV },
	/* MMU-600, 1209401: two stages. */
	{ ARM, 0x483, R(2, 0), SHADOW_ERRATUM_NO_NESTING },
	/* MMU-700, 2812531: invalidations of several kinds, or many, between two SYNCs. */
	{ ARM, 0x487, R(1, 1), SHADOW_ERRATUM_SYNC_OFTEN | SHADOW_ERRATUM_NO_MIXING },
	/* MMU-700, 2268618 and 2133013: two stages. */
	{ ARM, 0x487, R(1, 1), SHADOW_ERRATUM_NO_NESTING },
};

unsigned errata_of(uint32_t iidr)
{
	unsigned stand = (unsigned)R(field_get(SMMU_IIDR_VARIANT, iidr), field_get(SMMU_IIDR_REVISION, iidr));
	unsigned bits = 0;

	for (unsigned i = 0; i < sizeof(errata) / sizeof(errata[0]); i++)
		if (errata[i].implementer == field_get(SMMU_IIDR_IMPLEMENTER, iidr) &&
		    errata[i].product == field_get(SMMU_IIDR_PRODUCTID, iidr) && stand < errata[i].fixed)
			bits |= errata[i].bits;
	return bits;
}
