/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's public headers in a file that has the kernel's types. */
#include <linux/types.h>
