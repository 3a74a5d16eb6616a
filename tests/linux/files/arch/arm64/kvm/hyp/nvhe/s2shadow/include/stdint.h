/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's public headers in a file that has the kernel's types. */
#ifndef __S2SHADOW_STDINT_H__
#define __S2SHADOW_STDINT_H__

#include <linux/types.h>

#define UINT64_C(value)	value##ULL

#endif
