/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * tracefile.c - writing a trace: the file, compressed if its name says so, and the lines. And reading one.
 */
#include "bench/trace/tracefile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>

#include "bench/common/message.h"

#define PRESET	    1
#define OUT_BYTES   (64u << 10)
#define LEVEL1_BITS 39u /* one table from level 1 */
#define START_BITS  4u	/* at most 16 tables side by side */

struct tracefile_xz {
	lzma_stream stream;
	FILE *to;
	uint8_t out[OUT_BYTES];
};

/* ---- compression ---- */

static int compress(struct tracefile_xz *xz, lzma_action action)
{
	lzma_ret ret;

	do {
		xz->stream.next_out = xz->out;
		xz->stream.avail_out = OUT_BYTES;
		ret = lzma_code(&xz->stream, action);
		if (ret != LZMA_OK && ret != LZMA_STREAM_END) {
			errno = ret == LZMA_MEM_ERROR ? ENOMEM : EIO;
			return -1;
		}
		if (OUT_BYTES != xz->stream.avail_out &&
		    fwrite(xz->out, OUT_BYTES - xz->stream.avail_out, 1, xz->to) != 1)
			return -1;
	} while (ret == LZMA_OK && (xz->stream.avail_in || action == LZMA_FINISH));
	return 0;
}

static ssize_t xz_write(void *cookie, const char *bytes, size_t count)
{
	struct tracefile_xz *xz = cookie;

	xz->stream.next_in = (const uint8_t *)bytes;
	xz->stream.avail_in = count;
	return compress(xz, LZMA_RUN) ? 0 : (ssize_t)count;
}

static int xz_close(void *cookie)
{
	return compress(cookie, LZMA_FINISH);
}

static int open_xz(struct tracefile *trace)
{
	struct tracefile_xz *xz = calloc(1, sizeof(*xz));

	if (!xz)
		return -1;
	trace->xz = xz;
	xz->stream = (lzma_stream)LZMA_STREAM_INIT;
	xz->to = trace->out.file;
	if (lzma_easy_encoder(&xz->stream, PRESET, LZMA_CHECK_CRC64) != LZMA_OK)
		return -1;
	trace->file = fopencookie(xz, "w", (cookie_io_functions_t){ .write = xz_write, .close = xz_close });
	if (!trace->file)
		return -1;
	setvbuf(trace->file, NULL, _IOFBF, OUT_BYTES);
	return 0;
}

/* ---- the file ---- */

static void free_xz(struct tracefile *trace)
{
	if (trace->xz)
		lzma_end(&trace->xz->stream);
	free(trace->xz);
	trace->xz = NULL;
}

int tracefile_open(struct tracefile *trace, const char *path, bool whole)
{
	size_t bytes = path ? strlen(path) : 0;

	*trace = (struct tracefile){ 0 };
	if (!path || !strcmp(path, "-")) {
		trace->file = whole ? open_memstream(&trace->held, &trace->held_bytes) : stdout;
		if (!trace->file)
			message("out of memory");
		return trace->file ? 0 : -1;
	}
	if (outfile_open(&trace->out, path))
		return -1;
	trace->file = trace->out.file;
	if (bytes > 3 && !strcmp(path + bytes - 3, ".xz") && open_xz(trace)) {
		message("%s: cannot compress: out of memory", path);
		free_xz(trace);
		outfile_discard(&trace->out);
		return -1;
	}
	return 0;
}

static int close_stdout(struct tracefile *trace, bool keep)
{
	bool failed = ferror(trace->file) != 0;

	if (trace->file != stdout) {
		failed |= fclose(trace->file) != 0;
		if (keep && !failed)
			fwrite(trace->held, 1, trace->held_bytes, stdout);
		free(trace->held);
	}
	failed |= fflush(stdout) != 0 || ferror(stdout);
	if (keep && failed)
		message("cannot write to standard output: %s", strerror(errno));
	return keep && failed ? -1 : 0;
}

int tracefile_close(struct tracefile *trace, bool keep)
{
	bool failed = ferror(trace->file) != 0;

	if (!trace->out.file)
		return close_stdout(trace, keep);
	if (trace->xz && fclose(trace->file))
		failed = true;
	free_xz(trace);
	if (keep && !failed)
		return outfile_commit(&trace->out);
	if (keep)
		message("%s: cannot write: %s", trace->out.target, strerror(errno ? errno : EIO));
	outfile_discard(&trace->out);
	return keep ? -1 : 0;
}

int tracefile_load(const char *path, struct trace *trace)
{
	struct trace_error error;

	if (!trace_load(path, trace, &error))
		return 0;
	if (error.line)
		message("%s:%lu: %s", path, error.line, error.message);
	else
		message("%s: %s", path, error.message);
	return -1;
}

/* ---- the lines ---- */

void tracefile_head(struct tracefile *trace, const char *name)
{
	fprintf(trace->file, "# pkvm-host-trace 1\n# name %s\n", name);
}

void tracefile_snapshot(struct tracefile *trace, const char *kind)
{
	fprintf(trace->file, "# snapshot %s seq %" PRIu64 "\n", kind, trace->seq);
}

void tracefile_space(struct tracefile *trace, unsigned ia_bits)
{
	if (ia_bits > LEVEL1_BITS + START_BITS)
		fprintf(trace->file, "# G ia_bits %u start_level 0 pgd_pages 1\n", ia_bits);
	else
		fprintf(trace->file, "# G ia_bits %u start_level 1 pgd_pages %u\n", ia_bits,
			1u << (ia_bits > LEVEL1_BITS ? ia_bits - LEVEL1_BITS : 0));
}

void tracefile_states(struct tracefile *trace, const struct trace_pages *pages, uint64_t start, uint64_t end)
{
	uint64_t page = start >> TRACE_PAGE_LG2, last = end >> TRACE_PAGE_LG2;

	while (page < last) {
		const struct trace_page *found = trace_pages_find(pages, page), *next = found;
		uint64_t first = page;

		if (!found || found->state == TRACE_STATE_OWNED) {
			page = found ? page + 1 : (page | (TRACE_BLOCK_PAGES - 1)) + 1;
			continue;
		}
		while (page < last && next && next->state == found->state)
			next = trace_pages_find(pages, ++page);
		fprintf(trace->file, "# S %" PRIx64 " %" PRIx64 " %c\n", first << TRACE_PAGE_LG2,
			(page - first) << TRACE_PAGE_LG2, trace_state_letter(found->state));
	}
}

static void begin(struct tracefile *trace, const struct trace_record *record, char type)
{
	fprintf(trace->file, "%c %" PRIu64 " %u %" PRIu64 " ", type, ++trace->seq, record->cpu,
		record->time_ns);
}

void tracefile_transition(struct tracefile *trace, const struct trace_record *record, const char *word)
{
	begin(trace, record, TRACE_T);
	fprintf(trace->file, "%s %" PRIx64 " %" PRIx64 " %c %c %c%s\n", word, record->start, record->bytes,
		trace_state_letter(record->old_state), trace_state_letter(record->new_state),
		record->flags & TRACE_FLAG_DIRECT ? 'd' : 'u', record->flags & TRACE_FLAG_PIECE ? "+" : "");
}

void tracefile_mapping(struct tracefile *trace, const struct trace_record *record)
{
	begin(trace, record, TRACE_M);
	fprintf(trace->file, "%" PRIx64 " %" PRIx64 " %s\n", record->start, record->bytes,
		record->mmio ? "mmio" : "mem");
}

void tracefile_refusal(struct tracefile *trace, unsigned cpu, uint64_t time_ns, uint64_t addr)
{
	begin(trace, &(struct trace_record){ .cpu = (uint8_t)cpu, .time_ns = time_ns }, TRACE_F);
	fprintf(trace->file, "%" PRIx64 "\n", addr);
}

void tracefile_unmap_devices(struct tracefile *trace, unsigned cpu, uint64_t time_ns)
{
	fprintf(trace->file, "U %" PRIu64 " %u %" PRIu64 "\n", ++trace->seq, cpu, time_ns);
}

void tracefile_mark(struct tracefile *trace, unsigned cpu, uint64_t time_ns, uint64_t mark)
{
	begin(trace, &(struct trace_record){ .cpu = (uint8_t)cpu, .time_ns = time_ns }, TRACE_K);
	fprintf(trace->file, "%" PRIx64 "\n", mark);
}

void tracefile_trip(struct tracefile *trace, const struct trace_record *record, const char *word,
		    uint64_t calls, uint64_t maps)
{
	static const char *const whys[] = { [TRACE_WHY_HVC] = "hvc",
					    [TRACE_WHY_ABORT] = "abort",
					    [TRACE_WHY_SMC] = "smc",
					    [TRACE_WHY_GUEST] = "guest" };

	begin(trace, record, TRACE_X);
	fprintf(trace->file, "%s %s %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu32 "\n", whys[record->why],
		word, record->trip_ns, calls, maps, record->quiet);
}
