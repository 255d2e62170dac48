/* SPDX-License-Identifier: MIT */
/* The one place that knows libunwind. */

#include "unwind.h"

#include "module.h"
#include "peek.h"

#include <dlfcn.h>
#include <libunwind-x86_64.h>
#include <string.h>

#define LIBRARY "libunwind-x86_64.so.8"

/* What .eh_frame_hdr must be for a binary search: every linker's default. */
#define POINTER_PC_RELATIVE 0x1b
#define COUNT_UDATA4	    0x03
#define TABLE_DATA_RELATIVE 0x3b

static struct {
	unw_addr_space_t space;
	__typeof__(&unw_init_remote) init;
	__typeof__(&unw_step) step;
	__typeof__(&unw_get_reg) get_reg;
	int (*search)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int,
		      void *);
} lib;

static bool read_table(const struct module *m, unw_dyn_info_t *ret)
{
	struct {
		uint8_t version, pointer, count, table;
		int32_t eh_frame;
		uint32_t n;
	} hdr;

	if (!m || !m->eh_frame_hdr || !peek(m->eh_frame_hdr, &hdr, sizeof(hdr)) ||
	    hdr.version != 1 || hdr.pointer != POINTER_PC_RELATIVE || hdr.count != COUNT_UDATA4 ||
	    hdr.table != TABLE_DATA_RELATIVE)
		return false;
	*ret = (unw_dyn_info_t){
		.start_ip = m->start,
		.end_ip = m->end,
		.format = UNW_INFO_FORMAT_REMOTE_TABLE,
		.u.rti = {.segbase = m->eh_frame_hdr,
			  .table_data = m->eh_frame_hdr + sizeof(hdr),
			  .table_len = (unw_word_t)hdr.n * 8 / sizeof(unw_word_t)},
	};
	return true;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *ret, int need,
			  void *context)
{
	unw_dyn_info_t table;

	if (!read_table(module_find(ip), &table))
		return -UNW_ENOINFO;
	return lib.search(space, ip, &table, ret, need, context);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *ret, void *context)
{
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t at, unw_word_t *value, int write,
		      void *context)
{
	return !write && peek(at, value, sizeof(*value)) ? 0 : -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
		      void *context)
{
	const unw_word_t *registers = context;

	if (write || number < 0 || number > UNW_X86_64_RIP)
		return -UNW_EBADREG;
	*value = registers[number];
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *context)
{
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t ip, char *ret, size_t size,
			 unw_word_t *offset, void *context)
{
	return -UNW_ENOINFO;
}

static bool resolve(void *library, const char *name, void *ret)
{
	void *symbol = dlsym(library, name);

	memcpy(ret, &symbol, sizeof(symbol));
	return symbol;
}

void unwind_init(void)
{
	/* Later versions have members more at the end; these are to find NULL. */
	static union {
		unw_accessors_t now;
		void *later[32];
	} accessors = {.now = {
			       .find_proc_info = find_proc_info,
			       .put_unwind_info = put_unwind_info,
			       .get_dyn_info_list_addr = get_dyn_info_list_addr,
			       .access_mem = access_mem,
			       .access_reg = access_reg,
			       .access_fpreg = access_fpreg,
			       .resume = no_resume,
			       .get_proc_name = get_proc_name,
		       }};
	unw_addr_space_t (*create)(unw_accessors_t *, int);
	void *library = dlmopen(LM_ID_NEWLM, LIBRARY, RTLD_NOW);

	if (library && resolve(library, "_Ux86_64_create_addr_space", &create) &&
	    resolve(library, "_Ux86_64_init_remote", &lib.init) &&
	    resolve(library, "_Ux86_64_step", &lib.step) &&
	    resolve(library, "_Ux86_64_get_reg", &lib.get_reg) &&
	    resolve(library, "_Ux86_64_dwarf_search_unwind_table", &lib.search))
		lib.space = create(&accessors.now, 0);
}

static void copy_registers(const ucontext_t *at, unw_word_t *ret)
{
	static const uint8_t order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
					REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
					REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

	for (unsigned i = 0; i < sizeof(order); i++)
		ret[i] = (unw_word_t)at->uc_mcontext.gregs[order[i]];
}

/* A jump to where no code is, mostly through a pointer: as if it had returned at once. */
static bool return_from_nowhere(unw_word_t *registers)
{
	unw_word_t *sp = &registers[UNW_X86_64_RSP];

	if (!peek(*sp, &registers[UNW_X86_64_RIP], sizeof(unw_word_t)))
		return false;
	*sp += sizeof(unw_word_t);
	return module_find(registers[UNW_X86_64_RIP]) != NULL;
}

unsigned unwind_stack(const ucontext_t *at, uintptr_t *ret, unsigned max, bool *ret_cut)
{
	unw_word_t registers[UNW_X86_64_RIP + 1], ip;
	unw_cursor_t cursor;
	unsigned n = 0;
	int r = 1;

	copy_registers(at, registers);
	ret[n++] = registers[UNW_X86_64_RIP];
	*ret_cut = true;
	if (!lib.space)
		return n;
	if (!module_find(ret[0])) {
		if (!return_from_nowhere(registers))
			return n;
		ret[n++] = registers[UNW_X86_64_RIP];
	}
	if (lib.init(&cursor, lib.space, registers) < 0)
		return n;
	while (n < max && (r = lib.step(&cursor)) > 0 &&
	       lib.get_reg(&cursor, UNW_X86_64_RIP, &ip) == 0 && ip) {
		ret[n++] = ip;
		/* Code without tables: the JIT's. What libunwind would guess from here is wrong. */
		if (!module_find(ip - 1))
			return n;
	}
	*ret_cut = n == max || r < 0;
	return n;
}
