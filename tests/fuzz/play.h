/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * play.h - bytes to a whole system and what its host and its devices do, against the flat oracle.
 *
 * Any bytes will do. The first ones choose the configuration, the others one step after the other.
 */
#ifndef TESTS_FUZZ_PLAY_H
#define TESTS_FUZZ_PLAY_H

#include <stddef.h>
#include <stdint.h>

/* Returns if everything was as it should be; fails the test otherwise. */
void fuzz_play(const uint8_t *data, size_t size);

#endif
