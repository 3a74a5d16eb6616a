/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * el2.h - stands in for what an EL2 kernel object takes from its kernel's headers.
 *
 * Names are the kernel's; numbers are not, and nothing depends on them but pkvm_page_state's, which are those
 * of enum shadow_state.
 */
#ifndef TESTS_ADAPTER_EL2_H
#define TESTS_ADAPTER_EL2_H

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint64_t u64;
typedef u64 phys_addr_t;

enum kvm_pgtable_prot {
	KVM_PGTABLE_PROT_X = 1,
	KVM_PGTABLE_PROT_W = 2,
	KVM_PGTABLE_PROT_R = 4,
	KVM_PGTABLE_PROT_DEVICE = 8,
};

enum pkvm_page_state {
	PKVM_PAGE_OWNED = 0,
	PKVM_PAGE_SHARED_OWNED = 1,
	PKVM_PAGE_SHARED_BORROWED = 2,
	PKVM_NOPAGE = 3,
};

unsigned int hyp_smp_processor_id(void);

#endif
