/* SPDX-License-Identifier: MIT */
/* The loader's list, and ELF as it lies in memory. */

#include "module.h"

#include "peek.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define LISTED_MAX 1024
#define FOUND_MAX  32
#define PHDRS_MAX  64
#define CHUNK	   64 /* symbols read at a time */

static char program[256];
static struct module found[FOUND_MAX];
static unsigned n_found;

void module_init(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[n > 0 ? n : 0] = 0;
}

void module_begin(void)
{
	n_found = 0;
}

/* The note that the linker left. */
static void read_notes(struct module *m, uintptr_t at, size_t size)
{
	Elf64_Nhdr note;
	char owner[4];

	for (uintptr_t end = at + size;
	     at + sizeof(note) <= end && peek(at, &note, sizeof(note));) {
		uintptr_t desc = at + sizeof(note) + ((note.n_namesz + 3u) & ~3u);

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(owner) &&
		    note.n_descsz <= sizeof(m->build_id) &&
		    peek(at + sizeof(note), owner, sizeof(owner)) && !memcmp(owner, "GNU", 4) &&
		    peek(desc, m->build_id, note.n_descsz)) {
			m->n_build_id = note.n_descsz;
			return;
		}
		at = desc + ((note.n_descsz + 3u) & ~3u);
	}
}

static bool read_segments(struct module *m, uintptr_t at, unsigned n)
{
	Elf64_Phdr ph;

	m->start = UINTPTR_MAX;
	for (unsigned i = 0; i < n && i < PHDRS_MAX; i++) {
		uintptr_t start;

		if (!peek(at + i * sizeof(ph), &ph, sizeof(ph)))
			return false;
		start = m->base + ph.p_vaddr;
		if (ph.p_type == PT_LOAD) {
			m->start = start < m->start ? start : m->start;
			m->end = start + ph.p_memsz > m->end ? start + ph.p_memsz : m->end;
		} else if (ph.p_type == PT_DYNAMIC) {
			m->dynamic = start;
		} else if (ph.p_type == PT_GNU_EH_FRAME) {
			m->eh_frame_hdr = start;
		} else if (ph.p_type == PT_NOTE && !m->n_build_id) {
			read_notes(m, start, ph.p_filesz);
		}
	}
	return m->start < m->end;
}

/* Where the program's headers are the kernel has said; a library begins with its own. */
static bool read_module(struct module *ret, const struct link_map *listed, bool is_program)
{
	struct module m = {.base = listed->l_addr, .name = (uintptr_t)listed->l_name};
	uintptr_t phdrs = getauxval(AT_PHDR);
	unsigned n = (unsigned)getauxval(AT_PHNUM);
	Elf64_Ehdr header;

	if (!is_program) {
		if (!peek(m.base, &header, sizeof(header)) ||
		    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
			return false;
		phdrs = m.base + header.e_phoff;
		n = header.e_phnum;
	}
	if (!read_segments(&m, phdrs, n))
		return false;
	*ret = m;
	return true;
}

static bool has(const struct module *m, uintptr_t pc)
{
	return pc >= m->start && pc < m->end;
}

const struct module *module_find(uintptr_t pc)
{
	uintptr_t at = (uintptr_t)_r_debug.r_map, first = at;
	struct link_map listed;
	struct module m;

	for (unsigned i = 0; i < n_found; i++)
		if (has(&found[i], pc))
			return &found[i];
	for (unsigned i = 0; at && i < LISTED_MAX && peek(at, &listed, sizeof(listed)); i++) {
		if (n_found < FOUND_MAX && read_module(&m, &listed, at == first) && has(&m, pc)) {
			found[n_found] = m;
			return &found[n_found++];
		}
		at = (uintptr_t)listed.l_next;
	}
	return NULL;
}

void module_name(const struct module *module, char *ret, size_t size)
{
	char path[512];
	const char *base;

	if (!peek_text(module->name, path, sizeof(path)))
		strcpy(path, program);
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	ret[0] = 0;
	strncat(ret, base, size - 1);
}

struct symbols {
	uintptr_t table, names, hash;
};

/* The loader has made addresses of these, but for the kernel's own vdso. */
static uintptr_t absolute(const struct module *m, uintptr_t at)
{
	return at < m->start ? m->base + at : at;
}

static bool find_symbols(const struct module *m, struct symbols *ret)
{
	Elf64_Dyn dyn;

	*ret = (struct symbols){0};
	for (unsigned i = 0; i < 256 && peek(m->dynamic + i * sizeof(dyn), &dyn, sizeof(dyn)) &&
			     dyn.d_tag != DT_NULL;
	     i++) {
		if (dyn.d_tag == DT_SYMTAB)
			ret->table = absolute(m, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_STRTAB)
			ret->names = absolute(m, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_GNU_HASH)
			ret->hash = absolute(m, dyn.d_un.d_ptr);
	}
	return ret->table && ret->names && ret->hash;
}

/* How many there are is written nowhere: the last is at the end of the chain that begins last. */
static uint32_t count_symbols(const struct symbols *s)
{
	uint32_t header[4], last = 0, hash, bucket; /* buckets, first symbol, bloom words, shift */
	uintptr_t buckets;

	if (!peek(s->hash, header, sizeof(header)))
		return 0;
	buckets = s->hash + sizeof(header) + header[2] * sizeof(uint64_t);
	for (uint32_t i = 0; i < header[0]; i++) {
		if (!peek(buckets + i * sizeof(bucket), &bucket, sizeof(bucket)))
			return 0;
		last = bucket > last ? bucket : last;
	}
	if (last < header[1])
		return 0;
	do {
		if (!peek(buckets + (header[0] + last - header[1]) * sizeof(hash), &hash,
			  sizeof(hash)))
			return 0;
		last++;
	} while (!(hash & 1));
	return last;
}

bool module_symbol(const struct module *module, uintptr_t pc, char *ret, size_t size,
		   uintptr_t *ret_offset)
{
	uintptr_t in_file = pc - module->base;
	Elf64_Sym some[CHUNK];
	struct symbols s;
	uint32_t count;

	if (!find_symbols(module, &s))
		return false;
	count = count_symbols(&s);
	for (uint32_t i = 0; i < count; i += CHUNK) {
		uint32_t n = count - i < CHUNK ? count - i : CHUNK;

		if (!peek(s.table + i * sizeof(*some), some, n * sizeof(*some)))
			return false;
		for (uint32_t j = 0; j < n; j++) {
			if (ELF64_ST_TYPE(some[j].st_info) != STT_FUNC || !some[j].st_value ||
			    in_file < some[j].st_value ||
			    in_file - some[j].st_value >= some[j].st_size)
				continue;
			*ret_offset = in_file - some[j].st_value;
			return peek_text(s.names + some[j].st_name, ret, size) > 0;
		}
	}
	return false;
}
