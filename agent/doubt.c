/* SPDX-License-Identifier: MIT */
/* Looks before the agent leaps. */

#include "doubt.h"

#include "peek.h"

#include <link.h>

#define SCANNED	     64		/* functions of a class */
#define PLAUSIBLE    (1u << 20) /* variables, temporaries, opcodes of a function */
#define LONGEST_PATH 4096

#define DOUBT(condition, what)       \
	do {                         \
		if (!(condition))    \
			return what; \
	} while (0)

static bool read_at(const void *base, size_t offset, void *ret, size_t n)
{
	return base && peek((uintptr_t)base + offset, ret, n);
}

static void *pointer_at(const void *base, size_t offset)
{
	void *p = NULL;

	return read_at(base, offset, &p, sizeof(p)) ? p : NULL;
}

static bool is_string(const struct zstr *s, const char *text, size_t n)
{
	char found[32];
	size_t len;

	return read_at(s, offsetof(struct zstr, len), &len, sizeof(len)) && len == n &&
	       read_at(s, offsetof(struct zstr, val), found, n + 1) && !memcmp(found, text, n + 1);
}

#define IS_STRING(s, text) is_string(s, text, sizeof(text) - 1)

/* One that ends where its length says. */
static bool is_path(const struct zstr *s)
{
	size_t len;
	char end;

	return read_at(s, offsetof(struct zstr, len), &len, sizeof(len)) && len &&
	       len < LONGEST_PATH && read_at(s, offsetof(struct zstr, val) + len, &end, 1) && !end;
}

/* Without the engine's help, which would believe that it is a table. */
static void *find_in(const struct zarr *table, const char *key, size_t n)
{
	struct zarr arr;

	if (!read_at(table, 0, &arr, sizeof(arr)))
		return NULL;
	for (uint32_t i = 0; i < arr.used && i < SCANNED; i++) {
		struct zbucket bucket;

		if (!read_at(arr.buckets, i * sizeof(bucket), &bucket, sizeof(bucket)))
			return NULL;
		if (bucket.val.type && is_string(bucket.key, key, n))
			return bucket.val.ptr;
	}
	return NULL;
}

struct segment {
	uintptr_t at;
	bool found;
};

static int look_for_code(struct dl_phdr_info *info, size_t size, void *userdata)
{
	struct segment *ret = userdata;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X &&
		    ret->at - (info->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
			ret->found = true;
	}
	return ret->found;
}

/* Whose does not matter: another extension may have put itself in the engine's place. */
static bool is_code(const void *p)
{
	struct segment segment = {.at = (uintptr_t)p};

	return dl_iterate_phdr(look_for_code, &segment);
}

static const char *doubt_method(const struct zclass *class, const struct zfunc *method)
{
	struct zfunc f;

	DOUBT(read_at(method, 0, &f, sizeof(f)), "a class's functions");
	DOUBT(f.type == ZFUNC_INTERNAL && f.scope == class && IS_STRING(f.name, "getMessage") &&
		      f.n_args == 0,
	      "an internal function's head");
	DOUBT(is_code(pointer_at(method, zend.at->fn_handler)), "an internal function's handler");
	return NULL;
}

const char *doubt_engine(void)
{
	const struct zclass *class = *zend.exception_class;
	const struct zfunc *constructor, *function;
	const char *doubt;
	struct zclass head;
	char module[8];

	peek_begin();
	DOUBT(find_in(pointer_at(zend.cg, ZCG_CLASSES), "exception", strlen("exception")) == class,
	      "the classes that there are");
	function =
		find_in(pointer_at(zend.cg, ZCG_FUNCTIONS), "zend_version", strlen("zend_version"));
	DOUBT(IS_STRING(pointer_at(function, offsetof(struct zfunc, name)), "zend_version") &&
		      is_code(pointer_at(function, zend.at->fn_handler)),
	      "the functions that there are");
	DOUBT(read_at(class, 0, &head, sizeof(head)) && IS_STRING(head.name, "Exception") &&
		      head.n_slots == 7,
	      "a class's head");
	doubt = doubt_method(class,
			     find_in((const void *)((const char *)class + zend.at->class_functions),
				     "getmessage", strlen("getmessage")));
	DOUBT(!doubt, doubt);
	DOUBT(IS_STRING(pointer_at(pointer_at(pointer_at(class, zend.at->class_props), 0),
				   offsetof(struct zprop, name)),
			"\0*\0message"),
	      "a class's properties");
	constructor = pointer_at(class, zend.at->class_destructor - sizeof(void *));
	DOUBT(IS_STRING(pointer_at(constructor, offsetof(struct zfunc, name)), "__construct") &&
		      !pointer_at(class, zend.at->class_destructor),
	      "a class's constructor");
	/* Where a class of PHP code has its file and line, an internal one has functions and
	 * module. */
	DOUBT(peek_text(
		      (uintptr_t)pointer_at(pointer_at(class, zend.at->class_file + sizeof(void *)),
					    ZEND_MODULE_NAME),
		      module, sizeof(module)) &&
		      !strcmp(module, "Core"),
	      "a class's origin");
	return NULL;
}

static const char *doubt_code(const struct zfunc *f)
{
	uint32_t temporaries = 0, line = 0, variables = 0;

	DOUBT(is_path(pointer_at(f, zend.at->fn_file)), "a function's file");
	DOUBT(read_at(f, zend.at->fn_line, &line, sizeof(line)) && line < PLAUSIBLE * 16,
	      "a function's line");
	DOUBT(read_at(f, zend.at->fn_temporaries, &temporaries, sizeof(temporaries)) &&
		      temporaries < PLAUSIBLE,
	      "a function's temporaries");
	DOUBT(read_at(f, zend.at->fn_last_var, &variables, sizeof(variables)) &&
		      variables < PLAUSIBLE,
	      "a function's variables");
	return NULL;
}

const char *doubt_compiled(const struct zfunc *f, size_t place)
{
	peek_begin();
	DOUBT(!pointer_at(f, place), "room in a function");
	DOUBT(pointer_at(f, zend.at->fn_file) == zend.compiled_file(), "a function's file");
	return doubt_code(f);
}

const char *doubt_frame(const struct zframe *frame)
{
	peek_begin();
	DOUBT(pointer_at(zend.eg, zend.at->eg_frame) == frame, "the running frame");
	DOUBT(!pointer_at(zend.eg, zend.at->eg_exception), "the exception");
	DOUBT(find_in(pointer_at(zend.eg, zend.at->eg_classes), "exception", strlen("exception")) ==
		      *zend.exception_class,
	      "the classes");
	return doubt_code(frame->func);
}
