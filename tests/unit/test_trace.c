/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_trace.c - the trace reader: what it accepts, what it refuses and on which line.
 *
 * Traces are written into memory files, so that every refusal has a trace of its own. The recorded
 * traces are compared with what is known of them. Runs from the project's folder.
 */
#include "bench/trace/trace.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <cmocka.h>
#include <lzma.h>

#include "trace_text.h"

#define MAGIC TRACE_TEXT_MAGIC
#define SNAPSHOT TRACE_TEXT_SNAPSHOT
#define G36 "# G ia_bits 36 start_level 1 pgd_pages 1\n"
#define R64M "# R 0 40000000 4000000 flags 0\n"
#define HEAD MAGIC SNAPSHOT G36 R64M /* 4 lines */
#define T5 "T 5 0 100 init 40000000 1000 O N u\n"

/* ---- files ---- */

static size_t compress(const void *bytes, size_t count, uint8_t *out, size_t room)
{
	size_t used = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, bytes, count, out, &used, room),
			 LZMA_OK);
	return used;
}

static char *read_whole(const char *path, size_t *count)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	bytes = malloc((size_t)status.st_size + 1);
	assert_non_null(bytes);
	*count = fread(bytes, 1, (size_t)status.st_size, file);
	assert_int_equal(*count, status.st_size);
	fclose(file);
	return bytes;
}

/* ---- what is refused ---- */

struct refusal {
	const char *text;
	unsigned long line;
	const char *message; /* part of it */
};

static const struct refusal refusals[] = {
	/* the file as a whole */
	{"", 0, "empty"},
	{"\n", 1, "not a trace"},
	{"T 1 0 1 init 0 1000 O N u\n", 1, "not a trace"},
	{"# pkvm-host-trace 1 \n", 1, "version"},
	{"# pkvm-host-trace 2\n", 1, "version"},
	{"# pkvm-host-trace\n", 1, "not a trace"},
	{"# pkvm-host-trace 1", 1, "no newline"},
	{MAGIC, 1, "no snapshot"},
	{MAGIC "# just a comment\n", 2, "no snapshot"},
	{MAGIC T5, 2, "before the first snapshot"},
	{HEAD "\n", 5, "empty line"},
	{HEAD T5 "K 9 0 9 1", 6, "no newline"},
	{HEAD "T 5 0 100 init 4000", 5, "no newline"},
	/* snapshots */
	{MAGIC SNAPSHOT, 2, "no G line"},
	{MAGIC SNAPSHOT G36, 2, "no R line"},
	{MAGIC SNAPSHOT G36 "K 1 0 1 1\n", 2, "no R line"},
	{MAGIC SNAPSHOT "K 1 0 1 1\n", 2, "no G line"},
	{MAGIC SNAPSHOT SNAPSHOT, 2, "no G line"},
	{MAGIC "# snapshot start 0\n", 2, "snapshot line"},
	{MAGIC "# snapshot start seq\n", 2, "snapshot line"},
	{MAGIC "# snapshot start seq x\n", 2, "seq 'x'"},
	{MAGIC "# snapshot start seq 0 0\n", 2, "snapshot line"},
	{HEAD T5 "# snapshot end seq 4\n", 6, "goes back"},
	{HEAD "# snapshot a seq 9\n# snapshot b seq 8\n", 6, "goes back"},
	{MAGIC G36, 2, "G line outside"},
	{HEAD T5 "# S 40000000 1000 N\n", 6, "S line outside"},
	{HEAD T5 "# R 0 40000000 4000000 flags 0\n", 6, "R line outside"},
	{HEAD T5 "# L 40000000 1000 3 valid RW\n", 6, "L line outside"},
	/* G */
	{MAGIC SNAPSHOT R64M, 3, "before the first snapshot's G line"},
	{MAGIC SNAPSHOT "# S 0 1000 N\n", 3, "before the first snapshot's G line"},
	{MAGIC SNAPSHOT "# L 0 1000 3 valid RW\n", 3, "before the first snapshot's G line"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 1\n", 3, "G line is not"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 1 x\n", 3, "G line is not"},
	{MAGIC SNAPSHOT "# G bits 36 start_level 1 pgd_pages 1\n", 3, "G line is not"},
	{MAGIC SNAPSHOT "# G ia_bits 0x24 start_level 1 pgd_pages 1\n", 3, "ia_bits '0x24'"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level one pgd_pages 1\n", 3, "start_level 'one'"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages \n", 3, "pgd_pages ''"},
	{MAGIC SNAPSHOT "# G ia_bits 24 start_level 2 pgd_pages 1\n", 3, "not within 25 to 48"},
	{MAGIC SNAPSHOT "# G ia_bits 49 start_level 0 pgd_pages 2\n", 3, "not within 25 to 48"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 3 pgd_pages 1\n", 3, "start_level 3"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 0 pgd_pages 1\n", 3, "one entry"},
	{MAGIC SNAPSHOT "# G ia_bits 48 start_level 1 pgd_pages 512\n", 3, "more than 16"},
	{MAGIC SNAPSHOT "# G ia_bits 40 start_level 1 pgd_pages 1\n", 3, "takes 2"},
	{MAGIC SNAPSHOT "# G ia_bits 36 start_level 1 pgd_pages 0\n", 3, "takes 1"},
	{MAGIC SNAPSHOT G36 G36, 4, "second G line"},
	{HEAD T5 "# snapshot end seq 6\n# G ia_bits 37 start_level 1 pgd_pages 1\n", 7, "differs"},
	/* R */
	{MAGIC SNAPSHOT G36 "# R 0 40000000 4000000\n", 4, "R line is not"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 4000000 flag 0\n", 4, "R line is not"},
	{MAGIC SNAPSHOT G36 "# R a 40000000 4000000 flags 0\n", 4, "index 'a'"},
	{MAGIC SNAPSHOT G36 "# R 0 4g 4000000 flags 0\n", 4, "address '4g'"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 4x flags 0\n", 4, "size '4x'"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 4000000 flags f\n", 4, "flags 'f'"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 4000000 flags 4294967296\n", 4, "32 bits"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 0 flags 0\n", 4, "size is zero"},
	{MAGIC SNAPSHOT G36 "# R 0 40000001 1000 flags 0\n", 4, "address 40000001 is not a multiple"},
	{MAGIC SNAPSHOT G36 "# R 0 40000000 1001 flags 0\n", 4, "size 1001 is not a multiple"},
	{MAGIC SNAPSHOT G36 "# R 0 ffffff000 2000 flags 0\n", 4, "beyond ia_bits 36"},
	{MAGIC SNAPSHOT G36 "# R 0 1000000000 1000 flags 0\n", 4, "beyond ia_bits 36"},
	{MAGIC SNAPSHOT G36 "# R 0 1000 fffffffffffff000 flags 0\n", 4, "wraps"},
	{HEAD "# R 1 43fff000 2000 flags 0\n", 5, "R line overlaps that of line 4"},
	{HEAD "# R 1 40000000 4000000 flags 0\n", 5, "R line overlaps"},
	{MAGIC SNAPSHOT G36 "# R 0 40001000 1000 flags 0\n# R 1 40000000 2000 flags 0\n", 5, "overlaps"},
	{HEAD T5 "# snapshot end seq 6\n# R 0 40000000 8000000 flags 0\n", 7, "differs"},
	{HEAD T5 "# snapshot end seq 6\n# R 0 40000000 4000000 flags 4\n", 7, "differs"},
	{HEAD T5 "# snapshot end seq 6\n# R 0 50000000 4000000 flags 0\n", 7, "differs"},
	/* S */
	{HEAD "# S 40000000 1000\n", 5, "S line is not"},
	{HEAD "# S 40000000 1000 N N\n", 5, "S line is not"},
	{HEAD "# S 40000000 1000 Q\n", 5, "state 'Q'"},
	{HEAD "# S 40000000 1000 NN\n", 5, "state 'NN'"},
	{HEAD "# S 40000000 1000 \n", 5, "state ''"},
	{HEAD "# S  40000000 1000 N\n", 5, "S line is not"},
	{HEAD "# S 40000000 0 N\n", 5, "size is zero"},
	{HEAD "# S 40000fff 1000 N\n", 5, "not a multiple"},
	{HEAD "# S ffffff000 2000 N\n", 5, "beyond"},
	{HEAD "# S 3ffff000 2000 N\n", 5, "not inside the R regions"},
	{HEAD "# S 43fff000 2000 N\n", 5, "not inside the R regions"},
	{HEAD "# S 50000000 1000 N\n", 5, "not inside the R regions"},
	{HEAD "# S 40000000 2000 N\n# S 40001000 1000 S\n", 6, "S line overlaps that of line 5"},
	{HEAD "# S 40001000 1000 N\n# S 40000000 2000 S\n", 6, "S line overlaps that of line 5"},
	{HEAD T5 "# snapshot end seq 6\n# S 40000000 1000 N\n# S 40000000 1000 N\n", 8, "S line overlaps"},
	/* L */
	{HEAD "# L 40000000 1000 3 valid\n", 5, "L line is not"},
	{HEAD "# L 40000000 1000 3 valid RW X\n", 5, "L line is not"},
	{HEAD "# L 40000000 1000 4 valid RW\n", 5, "level 4"},
	{HEAD "# L 0 8000000000 0 owner hyp\n", 5, "level 0 is not within"},
	{HEAD "# L 40000000 1000 x valid RW\n", 5, "level 'x'"},
	{HEAD "# L 40000000 1000 2 valid RW\n", 5, "not a multiple of 200000"},
	{HEAD "# L 40001000 200000 2 valid RW\n", 5, "not a multiple of 200000"},
	{HEAD "# L 40200000 40000000 1 valid RW\n", 5, "not a multiple of 40000000"},
	{HEAD "# L 40000000 0 3 valid RW\n", 5, "size is zero"},
	{HEAD "# L fffffff000 1000 3 valid RW\n", 5, "beyond"},
	{HEAD "# L 40000000 1000 3 valid WR\n", 5, "rights 'WR'"},
	{HEAD "# L 40000000 1000 3 valid RR\n", 5, "rights 'RR'"},
	{HEAD "# L 40000000 1000 3 valid rw\n", 5, "rights 'rw'"},
	{HEAD "# L 40000000 1000 3 valid \n", 5, "rights ''"},
	{HEAD "# L 40000000 1000 3 owner host\n", 5, "owner 'host'"},
	{HEAD "# L 40000000 1000 3 invalid RW\n", 5, "'invalid'"},
	{HEAD "# L 40000000 2000 3 valid R\n# L 40001000 1000 3 valid R\n", 6,
	 "L line overlaps that of line 5"},
	{HEAD "# L 40000000 1000 3 valid R\n# L 40000000 200000 2 valid R\n", 6, "L line overlaps"},
	{MAGIC SNAPSHOT "# G ia_bits 48 start_level 0 pgd_pages 1\n# L 0 8000000000 0 valid RW\n", 4,
	 "level 0 has no valid leaves"},
	/* records of every type */
	{HEAD "t 5 0 100 init 40000000 1000 O N u\n", 5, "unknown record type 't'"},
	{HEAD "Q 5 0 100\n", 5, "unknown record type 'Q'"},
	{HEAD "C cpu 0 host_abort 1\n", 5, "unknown record type 'C'"},
	{HEAD "TT 5 0 100 init 40000000 1000 O N u\n", 5, "unknown record type 'TT'"},
	{HEAD " T 5 0 100 init 40000000 1000 O N u\n", 5, "unknown record type ''"},
	{HEAD "\001\002\n", 5, "unknown record type '?\?'"},
	{HEAD "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n", 5,
	 "'abcdefghijklmnopqrstuvwxyzabcdef...'"},
	{HEAD "T\n", 5, "truncated: 1 of 10"},
	{HEAD "T 5 0 100 init 40000000 1000 O N\n", 5, "truncated: 9 of 10"},
	{HEAD "T 5 0 100 init 40000000 1000 O N u u\n", 5, "more than its 10"},
	{HEAD "T 5 0 100 init 40000000 1000 O N u u u u u u u u\n", 5, "more than its 10"},
	{HEAD "X 5 0 100 hvc pkvm_init 1 1 1\n", 5, "truncated: 9 of 10"},
	{HEAD "X 5 0 100 hvc pkvm_init 1 1 1 1 1\n", 5, "more than its 10"},
	{HEAD "M 5 0 100 40000000 1000\n", 5, "truncated: 6 of 7"},
	{HEAD "M 5 0 100 40000000 1000 mem mem\n", 5, "more than its 7"},
	{HEAD "F 5 0 100\n", 5, "truncated: 4 of 5"},
	{HEAD "F 5 0 100 0 0\n", 5, "more than its 5"},
	{HEAD "U 5 0\n", 5, "truncated: 3 of 4"},
	{HEAD "U 5 0 100 0\n", 5, "more than its 4"},
	{HEAD "K 5 0 100\n", 5, "truncated: 4 of 5"},
	{HEAD "K 5 0 100 1 1\n", 5, "more than its 5"},
	/* what all records have */
	{HEAD "U x 0 100\n", 5, "seq 'x'"},
	{HEAD "U -1 0 100\n", 5, "seq '-1'"},
	{HEAD "U 18446744073709551616 0 100\n", 5, "64 bits"},
	{HEAD "U 5 x 100\n", 5, "CPU 'x'"},
	{HEAD "U 5 256 100\n", 5, "CPU 256 is above 255"},
	{HEAD "U 5 0 1.5\n", 5, "time '1.5'"},
	{HEAD "U 5 0 99999999999999999999\n", 5, "64 bits"},
	{HEAD "U 5  100\n", 5, "CPU ''"},
	{HEAD "U 5 0 100\r\n", 5, "time '100?'"},
	{HEAD T5 "U 5 0 100\n", 6, "seq 5 does not follow 5"},
	{HEAD T5 "U 4 0 100\n", 6, "seq 4 does not follow 5"},
	{HEAD "# snapshot more seq 9\n" T5, 6, "before that of the snapshot, 9"},
	/* T */
	{HEAD "T 5 0 100 in+it 40000000 1000 O N u\n", 5, "cause 'in+it'"},
	{HEAD "T 5 0 100  40000000 1000 O N u\n", 5, "cause ''"},
	{HEAD "T 5 0 100 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0 0 O N u\n", 5,
	 "1 to 64 bytes"},
	{HEAD "T 5 0 100 init 0x40000000 1000 O N u\n", 5, "address '0x40000000'"},
	{HEAD "T 5 0 100 init 40000000 -1000 O N u\n", 5, "size '-1000'"},
	{HEAD "T 5 0 100 init 10000000040000000 1000 O N u\n", 5, "64 bits"},
	{HEAD "T 5 0 100 init 40000000 0 O N u\n", 5, "size is zero"},
	{HEAD "T 5 0 100 init 40000800 1000 O N u\n", 5, "address 40000800"},
	{HEAD "T 5 0 100 init 40000000 800 O N u\n", 5, "size 800"},
	{HEAD "T 5 0 100 init 40000000 fffffffffffff000 O N u\n", 5, "wraps"},
	{HEAD "T 5 0 100 init ffffff000 2000 O N u\n", 5, "beyond ia_bits"},
	{HEAD "T 5 0 100 init 1000000000 1000 O N u\n", 5, "beyond ia_bits"},
	{HEAD "T 5 0 100 init 3ffff000 1000 O N u\n", 5, "not inside the R regions"},
	{HEAD "T 5 0 100 init 3ffff000 2000 O N u\n", 5, "not inside the R regions"},
	{HEAD "T 5 0 100 init 43fff000 2000 O N u\n", 5, "not inside the R regions"},
	{HEAD "# R 1 44001000 1000 flags 0\nT 5 0 100 init 43fff000 3000 O N u\n", 6, "not inside"},
	{HEAD "T 5 0 100 init 40000000 1000 o N u\n", 5, "old state 'o'"},
	{HEAD "T 5 0 100 init 40000000 1000 O P u\n", 5, "new state 'P'"},
	{HEAD "T 5 0 100 init 40000000 1000 O N x\n", 5, "flags 'x'"},
	{HEAD "T 5 0 100 init 40000000 1000 O N +\n", 5, "flags '+'"},
	{HEAD "T 5 0 100 init 40000000 1000 O N u-\n", 5, "flags 'u-'"},
	{HEAD "T 5 0 100 init 40000000 1000 O N \n", 5, "flags ''"},
	/* X, M, F, K */
	{HEAD "X 5 0 100 eret pkvm_init 1 1 1 1\n", 5, "'eret' is not"},
	{HEAD "X 5 0 100 hvc pkvm/init 1 1 1 1\n", 5, "id 'pkvm/init'"},
	{HEAD "X 5 0 100 hvc pkvm_init x 1 1 1\n", 5, "trip_ns 'x'"},
	{HEAD "X 5 0 100 hvc pkvm_init 1 x 1 1\n", 5, "transitions 'x'"},
	{HEAD "X 5 0 100 hvc pkvm_init 1 1 x 1\n", 5, "maps 'x'"},
	{HEAD "X 5 0 100 hvc pkvm_init 1 1 1 x\n", 5, "quiet_trips_before 'x'"},
	{HEAD "M 5 0 100 40000000 1000 ram\n", 5, "kind 'ram'"},
	{HEAD "M 5 0 100 40000000 1 mem\n", 5, "size 1 "},
	{HEAD "M 5 0 100 1000000000 1000 mmio\n", 5, "beyond"},
	{HEAD "F 5 0 100 z\n", 5, "address 'z'"},
	{HEAD "F 5 0 100 1000000000\n", 5, "beyond ia_bits 36"},
	{HEAD "K 5 0 100 start\n", 5, "mark 'start'"},
};

static void trace_refuses_each_fault_with_its_line_and_leaves_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		static const struct trace zero;
		struct trace_error error;
		struct trace trace;

		if (!trace_text_load_bytes(refusal->text, strlen(refusal->text), &trace, &error))
			fail_msg("accepted: %s", refusal->text);
		if (error.line != refusal->line || !strstr(error.message, refusal->message))
			fail_msg("%s\nexpected line %lu: %s\nfound    line %lu: %s", refusal->text,
				 refusal->line, refusal->message, error.line, error.message);
		assert_memory_equal(&trace, &zero, sizeof(trace));
	}
}

static void trace_refuses_a_zero_byte_inside_a_line(void **state)
{
	static const char text[] = HEAD "K 5 0 100 1\0\n";
	struct trace_error error;
	struct trace trace;

	(void)state;
	assert_int_equal(trace_text_load_bytes(text, sizeof(text) - 1, &trace, &error), -1);
	assert_int_equal(error.line, 5);
	assert_non_null(strstr(error.message, "mark '1?'"));
}

static void trace_refuses_a_line_of_100000_bytes(void **state)
{
	size_t head = strlen(HEAD), count = head + 100000;
	char *text = malloc(count);
	struct trace_error error;
	struct trace trace;

	(void)state;
	assert_non_null(text);
	memcpy(text, HEAD, head);
	memset(text + head, '#', 100000);
	text[count - 1] = '\n';
	assert_int_equal(trace_text_load_bytes(text, count, &trace, &error), -1);
	assert_int_equal(error.line, 5);
	assert_non_null(strstr(error.message, "longer than"));
	free(text);
}

static void trace_refuses_what_cannot_be_read(void **state)
{
	struct trace_error error;
	struct trace trace;

	(void)state;
	assert_int_equal(trace_load("tests/data/no_such_file.txt", &trace, &error), -1);
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.message, "cannot open"));
	assert_int_equal(trace_load("tests", &trace, &error), -1);
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.message, "cannot read"));
}

static void trace_refuses_each_bad_file_of_the_test_data(void **state)
{
	static const struct refusal files[] = {
		{"bad_beyond.txt", 7, "beyond ia_bits"},
		{"bad_corrupt_xz.txt.xz", 0, "corrupt"},
		{"bad_cpu.txt", 7, "above 255"},
		{"bad_empty.txt", 0, "empty"},
		{"bad_level.txt", 7, "not a multiple"},
		{"bad_magic.txt", 1, "not a trace"},
		{"bad_no_regions.txt", 4, "no R line"},
		{"bad_outside.txt", 7, "R regions"},
		{"bad_overlap.txt", 8, "overlaps"},
		{"bad_seq.txt", 8, "does not follow"},
		{"bad_truncated.txt", 7, "truncated"},
		{"bad_truncated_xz.txt.xz", 0, "truncated"},
		{"bad_unaligned.txt", 7, "not a multiple"},
		{"bad_unknown_record.txt", 7, "unknown record type"},
		{"bad_wrap.txt", 7, "wraps"},
		{"bad_zero_size.txt", 7, "size is zero"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct trace_error error;
		struct trace trace;
		char path[128];

		snprintf(path, sizeof(path), "tests/data/%s", files[i].text);
		if (!trace_load(path, &trace, &error))
			fail_msg("%s was accepted", path);
		if (error.line != files[i].line || !strstr(error.message, files[i].message))
			fail_msg("%s:%lu: %s", path, error.line, error.message);
	}
}

/* ---- xz ---- */

static void trace_refuses_an_xz_file_cut_at_any_byte(void **state)
{
	struct trace_error error;
	struct trace trace;
	size_t count, packed;
	uint8_t xz[4096];
	char *text;

	(void)state;
	text = read_whole("tests/data/good_small.txt", &count);
	packed = compress(text, count, xz, sizeof(xz));
	for (size_t cut = 0; cut < packed; cut++) {
		if (!trace_text_load_bytes(xz, cut, &trace, &error))
			fail_msg("accepted %zu of %zu bytes", cut, packed);
		assert_true(error.line <= 1);
	}
	assert_int_equal(trace_text_load_bytes(xz, packed, &trace, &error), 0);
	trace_free(&trace);
	free(text);
}

static void trace_refuses_an_xz_file_with_any_bit_changed(void **state)
{
	struct trace_error error;
	struct trace trace;
	size_t count, packed;
	uint8_t xz[4096];
	char *text;

	(void)state;
	text = read_whole("tests/data/good_small.txt", &count);
	packed = compress(text, count, xz, sizeof(xz));
	for (size_t bit = 0; bit < packed * 8; bit++) {
		xz[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!trace_text_load_bytes(xz, packed, &trace, &error))
			fail_msg("accepted with bit %zu changed", bit);
		/* Damage is reported as such, not as what the text decoded to says. */
		if (bit / 8 >= 6 && error.line != 0)
			fail_msg("bit %zu: line %lu: %s", bit, error.line, error.message);
		xz[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(text);
}

/* A fault on an early line of a long text whose last bytes are damaged: the damage is the news. */
static void trace_reports_damage_of_an_xz_file_before_what_its_text_says(void **state)
{
	size_t used, packed, room = 1 << 20;
	uint8_t *xz = malloc(room);
	struct trace_error error;
	struct trace trace;
	char *text = NULL;
	FILE *file = open_memstream(&text, &used);

	(void)state;
	assert_true(xz && file);
	fputs(HEAD "Q 1 0 1\n", file);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(file, "K %u 0 1 b0b\n", i);
	fclose(file);
	packed = compress(text, used, xz, room);
	assert_int_equal(trace_text_load_bytes(xz, packed, &trace, &error), -1);
	assert_int_equal(error.line, 5);
	assert_int_equal(trace_text_load_bytes(xz, packed - 40, &trace, &error), -1);
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.message, "truncated"));
	free(text);
	free(xz);
}

static void trace_refuses_what_follows_an_xz_stream(void **state)
{
	uint8_t xz[4096];
	size_t packed = compress(HEAD, strlen(HEAD), xz, sizeof(xz) - 20);
	struct trace_error error;
	struct trace trace;

	(void)state;
	memcpy(xz + packed, "no further xz stream", 20);
	assert_int_equal(trace_text_load_bytes(xz, packed + 20, &trace, &error), -1);
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.message, "something else follows"));
}

static void trace_reads_several_xz_streams_as_one_file(void **state)
{
	uint8_t xz[4096];
	size_t first = compress(HEAD, strlen(HEAD), xz, sizeof(xz));
	size_t second = compress(T5, strlen(T5), xz + first, sizeof(xz) - first);
	struct trace_error error;
	struct trace trace;

	(void)state;
	assert_int_equal(trace_text_load_bytes(xz, first + second, &trace, &error), 0);
	assert_int_equal(trace.records_count, 1);
	assert_int_equal(trace.records[0].line, 5);
	trace_free(&trace);
}

static void trace_reads_the_same_from_text_and_xz(void **state)
{
	struct trace_error error;
	struct trace text, xz;

	(void)state;
	assert_int_equal(trace_load("tests/data/good_small.txt", &text, &error), 0);
	assert_int_equal(trace_load("tests/data/good_small.txt.xz", &xz, &error), 0);
	assert_int_equal(text.records_count, xz.records_count);
	assert_memory_equal(text.records, xz.records, text.records_count * sizeof(*text.records));
	trace_free(&text);
	trace_free(&xz);
}

/* ---- what is read ---- */

static void trace_keeps_every_field_of_every_record_type(void **state)
{
	const struct trace_record *record;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD "T 5 255 18446744073709551615 guest_share_host 40001000 3000 N B d+\n"
			     "X 6 1 101 guest guest_exit_at_el2 5000000000 1 2 3\n"
			     "M 7 2 102 40000000 200000 mem\n"
			     "M 8 3 103 9000000 1000 mmio\n"
			     "F 10 4 104 FFFFFFFFf\n"
			     "U 11 5 105\n"
			     "K 12 6 106 b0b\n",
			&trace);
	assert_int_equal(trace.records_count, 7);
	record = &trace.records[0];
	assert_int_equal(record->type, TRACE_T);
	assert_int_equal(record->seq, 5);
	assert_int_equal(record->line, 5);
	assert_int_equal(record->cpu, 255);
	assert_true(record->time_ns == UINT64_MAX);
	assert_string_equal(trace_name(&trace, record->name), "guest_share_host");
	assert_int_equal(record->start, 0x40001000);
	assert_int_equal(record->bytes, 0x3000);
	assert_int_equal(record->old_state, TRACE_STATE_NOPAGE);
	assert_int_equal(record->new_state, TRACE_STATE_SHARED_BORROWED);
	assert_int_equal(record->flags, TRACE_FLAG_DIRECT | TRACE_FLAG_PIECE);
	record = &trace.records[1];
	assert_int_equal(record->type, TRACE_X);
	assert_int_equal(record->why, TRACE_WHY_GUEST);
	assert_string_equal(trace_name(&trace, record->name), "guest_exit_at_el2");
	assert_true(record->trip_ns == UINT32_MAX);
	assert_int_equal(record->quiet, 3);
	record = &trace.records[2];
	assert_int_equal(record->type, TRACE_M);
	assert_int_equal(record->bytes, 0x200000);
	assert_false(record->mmio);
	assert_true(trace.records[3].mmio);
	assert_int_equal(trace.records[4].type, TRACE_F);
	assert_true(trace.records[4].start == 0xfffffffff);
	assert_int_equal(trace.records[5].type, TRACE_U);
	assert_int_equal(trace.records[5].cpu, 5);
	assert_int_equal(trace.records[6].type, TRACE_K);
	assert_int_equal(trace.records[6].start, 0xb0b);
	assert_int_equal(trace.records[6].line, 11);
	trace_free(&trace);
}

static void trace_says_which_records_grant_and_revoke(void **state)
{
	static const char letters[] = "OSBN";

	(void)state;
	for (unsigned old = 0; old < 4; old++) {
		for (unsigned new = 0; new < 4; new ++) {
			struct trace trace;
			char text[256];
			bool revokes = letters[new] == 'N' && letters[old] != 'N';
			bool grants = letters[old] == 'N' && letters[new] != 'N';

			snprintf(text, sizeof(text), HEAD "T 5 0 1 init 40000000 1000 %c %c u\n",
				 letters[old], letters[new]);
			trace_text_load(text, &trace);
			assert_int_equal(trace_record_revokes(&trace.records[0]), revokes);
			assert_int_equal(trace_record_grants(&trace.records[0]), grants);
			assert_int_equal(trace_record_changes_access(&trace.records[0]), revokes || grants);
			assert_int_equal(trace_state_letter(trace.records[0].old_state), letters[old]);
			trace_free(&trace);
		}
	}
}

static void trace_gives_the_same_name_the_same_index(void **state)
{
	struct trace trace;
	size_t used;
	char *text = NULL;
	FILE *file = open_memstream(&text, &used);

	(void)state;
	assert_non_null(file);
	fputs(HEAD, file);
	for (unsigned i = 0; i < 3000; i++)
		fprintf(file, "X %u 0 1 smc c%u 1 1 1 1\n", i + 1, i % 1000);
	fclose(file);
	trace_text_load(text, &trace);
	assert_int_equal(trace.names_count, 1000);
	for (unsigned i = 0; i < 3000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "c%u", i % 1000);
		assert_string_equal(trace_name(&trace, trace.records[i].name), name);
		assert_int_equal(trace.records[i].name, trace.records[i % 1000].name);
	}
	trace_free(&trace);
	free(text);
}

static void trace_refuses_more_than_65536_names(void **state)
{
	struct trace_error error;
	struct trace trace;
	size_t used;
	char *text = NULL;
	FILE *file = open_memstream(&text, &used);

	(void)state;
	assert_non_null(file);
	fputs(HEAD, file);
	for (unsigned i = 0; i <= 65536; i++)
		fprintf(file, "X %u 0 1 smc c%u 1 1 1 1\n", i + 1, i);
	fclose(file);
	assert_int_equal(trace_text_load_bytes(text, used, &trace, &error), -1);
	assert_int_equal(error.line, 5 + 65536);
	free(text);
}

static void trace_joins_adjoining_regions_and_keeps_holes(void **state)
{
	struct trace trace;

	(void)state;
	trace_text_load(MAGIC SNAPSHOT G36 "# R 2 80000000 1000 flags 0\n"
					   "# R 1 40001000 1000 flags 4\n"
					   "# R 0 40000000 1000 flags 0\n"
					   "# R 3 80002000 1000 flags 0\n"
					   "T 1 0 1 init 40000000 2000 O N u\n",
			&trace);
	assert_int_equal(trace.regions_count, 4);
	assert_int_equal(trace.regions[1].flags, 4);
	assert_int_equal(trace.memory_count, 3);
	assert_int_equal(trace.memory[0].start, 0x40000000);
	assert_int_equal(trace.memory[0].end, 0x40002000);
	assert_true(trace_is_memory(&trace, 0x40000000, 0x40002000));
	assert_false(trace_is_memory(&trace, 0x40000000, 0x40003000));
	assert_false(trace_is_memory(&trace, 0x80001000, 0x80002000));
	assert_false(trace_is_memory(&trace, 0x80000000, 0x80003000));
	assert_false(trace_is_memory(&trace, 0xfffff000, 0x100000000));
	assert_true(trace_touches_memory(&trace, 0, 1ull << 36));
	assert_true(trace_touches_memory(&trace, 0x80001000, 0x80002001));
	assert_false(trace_touches_memory(&trace, 0x80001000, 0x80002000));
	assert_false(trace_touches_memory(&trace, 0x80003000, 1ull << 36));
	trace_free(&trace);
}

static void trace_sorts_the_runs_of_a_snapshot(void **state)
{
	const struct trace_snapshot *snapshot;
	struct trace trace;

	(void)state;
	trace_text_load(HEAD "# S 40002000 1000 S\n"
			     "# S 40000000 2000 N\n"
			     "# L 40200000 200000 2 valid RX\n"
			     "# L 40000000 1000 3 owner guest\n"
			     "# L 0 40000000 1 valid X\n",
			&trace);
	snapshot = &trace.snapshots[0];
	assert_int_equal(snapshot->states_count, 2);
	assert_int_equal(snapshot->states[0].start, 0x40000000);
	assert_int_equal(snapshot->states[0].state, TRACE_STATE_NOPAGE);
	assert_int_equal(snapshot->states[1].state, TRACE_STATE_SHARED_OWNED);
	assert_int_equal(snapshot->leaves_count, 3);
	assert_int_equal(snapshot->leaves[0].kind, TRACE_LEAF_VALID);
	assert_int_equal(snapshot->leaves[0].access, TRACE_ACCESS_NONE);
	assert_true(snapshot->leaves[0].executable);
	assert_int_equal(snapshot->leaves[1].kind, TRACE_LEAF_OWNER_GUEST);
	assert_int_equal(snapshot->leaves[2].access, TRACE_ACCESS_R);
	assert_int_equal(snapshot->leaves[2].end, 0x40400000);
	trace_free(&trace);
}

static void trace_places_later_snapshots_between_records(void **state)
{
	struct trace trace;

	(void)state;
	trace_text_load(HEAD "# snapshot again seq 3\n" T5 "# snapshot middle seq 6\n" G36 R64M
			     "# S 40000000 1000 N\n# C cpu 0 host_abort 3\nK 8 0 9 1\n# snapshot end seq 9\n",
			&trace);
	assert_int_equal(trace.snapshots_count, 4);
	assert_int_equal(trace.snapshots[0].position, 0);
	assert_int_equal(trace.snapshots[1].position, 0);
	assert_int_equal(trace.snapshots[1].seq, 3);
	assert_int_equal(trace.snapshots[2].position, 1);
	assert_int_equal(trace.snapshots[2].line, 7);
	assert_int_equal(trace.snapshots[2].states_count, 1);
	assert_int_equal(trace.snapshots[3].position, 2);
	assert_int_equal(trace.regions_count, 1);
	trace_free(&trace);
}

static void trace_takes_any_other_comment(void **state)
{
	struct trace trace;

	(void)state;
	trace_text_load(MAGIC "#\n# \n##\n#S 1 2\n# T seq cpu time_ns\n# Some words\n# snapshots are below\n"
			      "# colour blue\n" SNAPSHOT "# between\n" G36 R64M "# Regions were above\n" T5
			      "#\n",
			&trace);
	assert_int_equal(trace.records_count, 1);
	trace_free(&trace);
}

static void name_of_unnamed_file(const char *file_name, const char *name)
{
	static const char text[] = MAGIC SNAPSHOT G36 R64M;
	char folder[] = "/tmp/s2shadow-XXXXXX";
	struct trace_error error;
	struct trace trace;
	char path[128];
	FILE *file;
	int ret;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, file_name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	ret = trace_load(path, &trace, &error);
	unlink(path);
	rmdir(folder);
	assert_int_equal(ret, 0);
	assert_string_equal(trace.name, name);
	trace_free(&trace);
}

static void trace_is_named_by_its_name_line_or_its_file(void **state)
{
	struct trace_error error;
	struct trace trace;

	(void)state;
	trace_text_load(MAGIC "# name one two\t\n# name three\n" SNAPSHOT G36 R64M, &trace);
	assert_string_equal(trace.name, "one two?");
	trace_free(&trace);
	assert_int_equal(trace_load("tests/data/good_small.txt.xz", &trace, &error), 0);
	assert_string_equal(trace.name, "good_small");
	trace_free(&trace);
	assert_int_equal(trace_load("tests/data/good_1tib.txt", &trace, &error), 0);
	assert_string_equal(trace.name, "good_1tib");
	trace_free(&trace);
	name_of_unnamed_file("run.5.txt.xz", "run.5");
	name_of_unnamed_file("x.xz", "x");
	name_of_unnamed_file(".txt", ".txt");
}

static void trace_accepts_every_shape_of_start_table(void **state)
{
	(void)state;
	for (unsigned ia_bits = TRACE_IA_BITS_MIN; ia_bits <= TRACE_IA_BITS_MAX; ia_bits++) {
		unsigned accepted = 0;

		for (unsigned level = 0; level < 3; level++) {
			for (unsigned pages = 1; pages <= 16; pages *= 2) {
				struct trace_error error;
				struct trace trace;
				char text[256];

				snprintf(text, sizeof(text),
					 MAGIC SNAPSHOT "# G ia_bits %u start_level %u pgd_pages %u\n"
							"# R 0 0 1000 flags 0\n",
					 ia_bits, level, pages);
				if (trace_text_load_bytes(text, strlen(text), &trace, &error) == 0) {
					accepted++;
					trace_free(&trace);
				}
			}
		}
		/* With up to 4 bits in the number of start tables, 31 to 34 and 40 to 43 have two. */
		assert_int_equal(accepted,
				 (ia_bits >= 31 && ia_bits <= 34) || (ia_bits >= 40 && ia_bits <= 43) ? 2 :
													1);
	}
}

/* ---- random damage ---- */

/* Whatever is done to a good trace, it is refused with a message, or what was read is consistent. */
static void trace_survives_random_damage(void **state)
{
	static const char alphabet[] = "0123456789abcdef #\n\tTXMFUKSLRGONB+-\xff";
	uint64_t random = trace_text_seed();
	size_t count, room;
	char *good, *bytes;

	(void)state;
	good = read_whole("tests/data/good_regions.txt", &count);
	room = count * 2;
	bytes = malloc(room);
	assert_non_null(bytes);
	for (unsigned round = 0; round < 5000; round++) {
		size_t used = count;
		struct trace_error error;
		struct trace trace;

		memcpy(bytes, good, count);
		for (uint64_t damage = 1 + trace_text_random(&random) % 3; damage; damage--) {
			size_t at = trace_text_random(&random) % used;
			size_t length = trace_text_random(&random) % 40;

			if (length > used - at)
				length = used - at;
			switch (trace_text_random(&random) % 4) {
			case 0: /* one byte */
				bytes[at] = alphabet[trace_text_random(&random) % (sizeof(alphabet) - 1)];
				break;
			case 1: /* a piece lost */
				memmove(bytes + at, bytes + at + length, used - at - length);
				used -= length;
				break;
			case 2: /* a piece twice */
				if (used + length <= room) {
					memmove(bytes + at + length, bytes + at, used - at);
					used += length;
				}
				break;
			default: /* the end lost */
				if (trace_text_random(&random) % 8 == 0)
					used = at;
				break;
			}
			if (used == 0)
				break;
		}
		if (trace_text_load_bytes(bytes, used, &trace, &error)) {
			assert_true(strlen(error.message) > 0);
			assert_null(strchr(error.message, '\n'));
			continue;
		}
		for (size_t i = 0; i < trace.records_count; i++) {
			const struct trace_record *record = &trace.records[i];

			assert_true(i == 0 || record->seq > record[-1].seq);
			if (record->type == TRACE_T)
				assert_true(trace_is_memory(&trace, record->start,
							    record->start + record->bytes));
		}
		trace_free(&trace);
	}
	free(bytes);
	free(good);
}

/* ---- the recorded traces ---- */

static void trace_finds_in_the_recorded_traces_what_is_known_of_them(void **state)
{
	static const struct {
		const char *name;
		size_t t, x, m, k, snapshots, regions, memory, states, leaves;
		uint64_t t_pages;
	} known[] = {
		{"boot", 7747, 777, 776, 1, 3, 1, 1, 0, 0, 7747},
		{"churn", 182370, 202915, 22547, 2, 2, 7, 1, 6, 124, 291542},
		{"np-4k", 193004, 195133, 2553, 2, 2, 1, 1, 6, 131, 193032},
		{"np-thp", 4280, 6014, 1814, 2, 2, 1, 1, 6, 130, 2097392},
		{"pingpong", 118805, 130468, 11765, 2, 2, 1, 1, 6, 129, 118826},
		{"pvm-4k", 195995, 295438, 99837, 5, 2, 1, 1, 6, 129, 196002},
		{"pvm-frag", 97541, 98394, 1070, 5, 2, 1, 1, 6, 133, 97560},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t types[128] = {0};
		uint64_t t_pages = 0;
		struct trace trace;
		char path[128];

		snprintf(path, sizeof(path), "bench/traces/%s.txt.xz", known[i].name);
		trace_text_load_file(path, &trace);
		for (size_t r = 0; r < trace.records_count; r++) {
			types[trace.records[r].type & 127]++;
			assert_true(trace.records[r].cpu < 4);
			assert_true(r == 0 || trace.records[r].time_ns >= trace.records[r - 1].time_ns);
			if (trace.records[r].type == TRACE_T)
				t_pages += trace.records[r].bytes >> TRACE_PAGE_LG2;
		}
		assert_string_equal(trace.name, known[i].name);
		assert_int_equal(types['T'], known[i].t);
		assert_int_equal(types['X'], known[i].x);
		assert_int_equal(types['M'], known[i].m);
		assert_int_equal(types['K'], known[i].k);
		assert_int_equal(types['F'], 0);
		assert_int_equal(types['U'], 0);
		assert_int_equal(t_pages, known[i].t_pages);
		assert_int_equal(trace.ia_bits, 40);
		assert_int_equal(trace.start_level, 1);
		assert_int_equal(trace.pgd_pages, 2);
		assert_int_equal(trace.snapshots_count, known[i].snapshots);
		assert_int_equal(trace.regions_count, known[i].regions);
		assert_int_equal(trace.memory_count, known[i].memory);
		assert_int_equal(trace.memory[0].start, 0x40000000);
		assert_true(trace.memory[0].end == 0x140000000);
		assert_int_equal(trace.snapshots[0].states_count, known[i].states);
		assert_int_equal(trace.snapshots[0].leaves_count, known[i].leaves);
		trace_free(&trace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_refuses_each_fault_with_its_line_and_leaves_nothing),
		cmocka_unit_test(trace_refuses_a_zero_byte_inside_a_line),
		cmocka_unit_test(trace_refuses_a_line_of_100000_bytes),
		cmocka_unit_test(trace_refuses_what_cannot_be_read),
		cmocka_unit_test(trace_refuses_each_bad_file_of_the_test_data),
		cmocka_unit_test(trace_refuses_an_xz_file_cut_at_any_byte),
		cmocka_unit_test(trace_refuses_an_xz_file_with_any_bit_changed),
		cmocka_unit_test(trace_reports_damage_of_an_xz_file_before_what_its_text_says),
		cmocka_unit_test(trace_refuses_what_follows_an_xz_stream),
		cmocka_unit_test(trace_reads_several_xz_streams_as_one_file),
		cmocka_unit_test(trace_reads_the_same_from_text_and_xz),
		cmocka_unit_test(trace_keeps_every_field_of_every_record_type),
		cmocka_unit_test(trace_says_which_records_grant_and_revoke),
		cmocka_unit_test(trace_gives_the_same_name_the_same_index),
		cmocka_unit_test(trace_refuses_more_than_65536_names),
		cmocka_unit_test(trace_joins_adjoining_regions_and_keeps_holes),
		cmocka_unit_test(trace_sorts_the_runs_of_a_snapshot),
		cmocka_unit_test(trace_places_later_snapshots_between_records),
		cmocka_unit_test(trace_takes_any_other_comment),
		cmocka_unit_test(trace_is_named_by_its_name_line_or_its_file),
		cmocka_unit_test(trace_accepts_every_shape_of_start_table),
		cmocka_unit_test(trace_survives_random_damage),
		cmocka_unit_test(trace_finds_in_the_recorded_traces_what_is_known_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
