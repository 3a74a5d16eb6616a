/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * imagefile_read.c - an image in memory again. Trusts nothing in the file.
 *
 * 1. The file header, then as many program headers as it promises. 2. Each of them, in order. 3. The rest,
 * which must end where the last segment ends. 4. The note. Memory is taken as bytes arrive, not as headers
 * promise.
 */
#include "bench/replay/imagefile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/common/message.h"

#define BUFFER_FIRST 65536u
#define PA_BITS	     52u

struct reader {
	struct imagefile *image;
	const char *path;
	FILE *file;
	uint64_t end; /* of the last segment so far */
	Elf64_Phdr note;
};

/* What is wrong, and at which byte of the file. */
static int bad(const struct reader *reader, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(const struct reader *reader, uint64_t offset, const char *format, ...)
{
	va_list arguments;
	char what[160];

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	message("%s: byte %" PRIu64 ": %s", reader->path, offset, what);
	return -1;
}

static int grow(struct imagefile *image)
{
	size_t capacity = image->capacity ? 2 * image->capacity : BUFFER_FIRST;
	char *grown = realloc(image->bytes, capacity);

	if (!grown)
		return -1;
	image->bytes = grown;
	image->capacity = capacity;
	return 0;
}

/* Have the first @wanted bytes, or fewer if the file ends there. */
static int fetch(struct reader *reader, uint64_t wanted)
{
	struct imagefile *image = reader->image;

	while (image->length < wanted) {
		size_t room, got;

		if (image->length == image->capacity && grow(image)) {
			message("%s: out of memory", reader->path);
			return -1;
		}
		room = image->capacity - image->length;
		if (room > wanted - image->length)
			room = (size_t)(wanted - image->length);
		got = fread(image->bytes + image->length, 1, room, reader->file);
		image->length += got;
		if (ferror(reader->file)) {
			message("%s: cannot read: %s", reader->path, strerror(errno));
			return -1;
		}
		if (got < room)
			return 0;
	}
	return 0;
}

/* Have the bytes from @start to @end, which are @what. */
static int need(struct reader *reader, uint64_t start, uint64_t end, const char *what)
{
	if (fetch(reader, end))
		return -1;
	if (reader->image->length >= end)
		return 0;
	return bad(reader, reader->image->length,
		   "the file ends within %s (bytes %" PRIu64 " to %" PRIu64 ")", what, start, end);
}

static int read_header(struct reader *reader, Elf64_Ehdr *header)
{
	if (fetch(reader, sizeof(*header)))
		return -1;
	if (reader->image->length < SELFMAG || memcmp(reader->image->bytes, ELFMAG, SELFMAG))
		return bad(reader, 0, "not an image: no ELF file");
	if (need(reader, 0, sizeof(*header), "the file header"))
		return -1;
	memcpy(header, reader->image->bytes, sizeof(*header));
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return bad(reader, EI_CLASS, "not an image: not a little-endian ELF64 file");
	if (header->e_type != ET_EXEC || header->e_machine != EM_AARCH64)
		return bad(reader, offsetof(Elf64_Ehdr, e_type),
			   "not an image: ELF type %u for machine %u, not %u for %u", header->e_type,
			   header->e_machine, ET_EXEC, EM_AARCH64);
	if (header->e_phoff != sizeof(*header) || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    header->e_phnum < 2 || header->e_phnum == PN_XNUM)
		return bad(reader, offsetof(Elf64_Ehdr, e_phoff),
			   "not an image: %u program headers of %u bytes at %" PRIu64, header->e_phnum,
			   header->e_phentsize, (uint64_t)header->e_phoff);
	return need(reader, sizeof(*header), sizeof(*header) + header->e_phnum * sizeof(Elf64_Phdr),
		    "the program headers");
}

/* Segments follow each other in the file as they do in memory. */
static int take_place(struct reader *reader, uint64_t at, const Elf64_Phdr *segment)
{
	if (segment->p_offset < reader->end || segment->p_offset >> PA_BITS || segment->p_filesz >> PA_BITS)
		return bad(reader, at + offsetof(Elf64_Phdr, p_offset),
			   "a segment of %" PRIu64 " bytes at byte %" PRIu64 ", where %" PRIu64
			   " is the first free one",
			   (uint64_t)segment->p_filesz, (uint64_t)segment->p_offset, reader->end);
	reader->end = segment->p_offset + segment->p_filesz;
	return 0;
}

static int take_load(struct reader *reader, uint64_t at, const Elf64_Phdr *load)
{
	struct imagefile *image = reader->image;
	struct imagefile_segment *segment = &image->segments[image->segment_count];

	if (load->p_paddr >> PA_BITS || load->p_filesz >> PA_BITS || load->p_vaddr != load->p_paddr ||
	    load->p_memsz != load->p_filesz || !load->p_filesz || load->p_paddr % IMAGEFILE_PAGE ||
	    load->p_filesz % IMAGEFILE_PAGE || load->p_offset % IMAGEFILE_PAGE)
		return bad(reader, at, "a PT_LOAD that holds no whole pages");
	if (image->segment_count && load->p_paddr < segment[-1].pa + segment[-1].bytes)
		return bad(reader, at + offsetof(Elf64_Phdr, p_paddr),
			   "the segment at 0x%" PRIx64 " is not behind the one before it",
			   (uint64_t)load->p_paddr);
	if (take_place(reader, at, load))
		return -1;
	*segment = (struct imagefile_segment){ .pa = load->p_paddr, .bytes = load->p_filesz };
	image->segment_count++;
	return 0;
}

static int take_note(struct reader *reader, uint64_t at, const Elf64_Phdr *note)
{
	if (note->p_filesz != sizeof(struct imagefile_note))
		return bad(reader, at, "a PT_NOTE of %" PRIu64 " bytes, not %zu", (uint64_t)note->p_filesz,
			   sizeof(struct imagefile_note));
	reader->note = *note;
	return take_place(reader, at, note);
}

static int read_program_headers(struct reader *reader, unsigned count)
{
	struct imagefile *image = reader->image;

	image->segments = calloc(count - 1, sizeof(*image->segments));
	if (!image->segments) {
		message("%s: out of memory", reader->path);
		return -1;
	}
	reader->end = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	for (unsigned i = 0; i < count; i++) {
		uint64_t at = sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr);
		Elf64_Phdr segment;

		memcpy(&segment, image->bytes + at, sizeof(segment));
		if (segment.p_type != (i ? PT_LOAD : PT_NOTE))
			return bad(reader, at,
				   "program header %u of type %u; a PT_NOTE and then PT_LOADs were expected",
				   i, segment.p_type);
		if (i ? take_load(reader, at, &segment) : take_note(reader, at, &segment))
			return -1;
	}
	return 0;
}

/* The rest of the file. Only now does the buffer stay where it is. */
static int read_segments(struct reader *reader)
{
	struct imagefile *image = reader->image;

	if (need(reader, reader->note.p_offset, reader->end, "the tables") || fetch(reader, reader->end + 1))
		return -1;
	if (image->length > reader->end)
		return bad(reader, reader->end, "the file goes on behind its last segment");
	for (size_t i = 0; i < image->segment_count; i++) {
		Elf64_Phdr load;

		memcpy(&load, image->bytes + sizeof(Elf64_Ehdr) + (i + 1) * sizeof(load), sizeof(load));
		image->segments[i].data = image->bytes + load.p_offset;
	}
	return 0;
}

static int read_note(struct reader *reader)
{
	struct imagefile *image = reader->image;
	uint64_t at = reader->note.p_offset;
	struct imagefile_note note;

	memcpy(&note, image->bytes + at, sizeof(note));
	if (note.header.n_namesz != sizeof("S2SHADOW") || note.header.n_descsz != sizeof(note.content) ||
	    memcmp(note.name, "S2SHADOW\0\0\0", sizeof(note.name)))
		return bad(reader, at, "not an image: the note is not S2SHADOW's");
	if (note.header.n_type != IMAGEFILE_VERSION)
		return bad(reader, at + offsetof(Elf64_Nhdr, n_type),
			   "an image of version %u; only %u is known", note.header.n_type, IMAGEFILE_VERSION);
	memcpy(image->ste, note.content.ste, sizeof(image->ste));
	image->granule_lg2 = note.content.granule_lg2;
	image->ia_bits = note.content.ia_bits;
	return 0;
}

static int read_open(struct reader *reader)
{
	Elf64_Ehdr header;

	if (read_header(reader, &header) || read_program_headers(reader, header.e_phnum))
		return -1;
	return read_segments(reader) || read_note(reader) ? -1 : 0;
}

int imagefile_read(struct imagefile *image, const char *path)
{
	struct reader reader = { .image = image, .path = path };
	int result;

	*image = (struct imagefile){ 0 };
	reader.file = fopen(path, "rb");
	if (!reader.file) {
		message("%s: %s", path, strerror(errno));
		return -1;
	}
	result = read_open(&reader);
	fclose(reader.file);
	return result;
}

void imagefile_free(struct imagefile *image)
{
	free(image->bytes);
	free(image->segments);
	*image = (struct imagefile){ 0 };
}

const void *imagefile_at(const struct imagefile *image, uint64_t pa, size_t bytes)
{
	size_t low = 0, high = image->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->segments[middle].pa <= pa)
			low = middle + 1;
		else
			high = middle;
	}
	if (low) {
		const struct imagefile_segment *segment = &image->segments[low - 1];
		uint64_t offset = pa - segment->pa;

		if (offset < segment->bytes && bytes <= segment->bytes - offset)
			return segment->data + offset;
	}
	return NULL;
}
