/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * fuzz_system.c - libFuzzer's way into play.c. `make fuzz` runs it; test_fuzz_corpus replays what it found.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/play.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A check that fails ends the process, so that the fuzzer keeps the input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return setenv("CMOCKA_TEST_ABORT", "1", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_play(data, size);
	return 0;
}
