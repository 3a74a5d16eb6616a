/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * run.h - the noun that the stages hand on: a maximal range with one access and one memory type.
 *
 * Pages, here and wherever the engine and its targets count in them, are of the map's granule.
 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <shadow/types.h>

struct run {
	uint64_t start, end;	       /* pages, END exclusive */
	enum shadow_access access;
	enum shadow_memory memory;
};

#endif
