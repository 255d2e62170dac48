/* SPDX-License-Identifier: MIT */
/*
 * The Zend engine as the agent sees it: just those parts of its structures that a tracer reads.
 *
 * This, zend.c and layouts.c are the only files that know the engine. Everything here is the same
 * from PHP 8.0 to 8.5 (tests/unit/zend_abi.c compares it with the real headers at compile time) but
 * for what `struct zend_layout` has, of which there is one for each known engine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct zstr { /* zend_string */
	uint32_t refcount;
	uint32_t type_info;
	uint64_t hash;
	size_t len;
	char val[];
};

#define ZSTR_PERMANENT (1u << 8) /* IS_STR_PERMANENT: lives as long as the process */

enum { /* zval types */
       Z_UNDEF = 0,
       Z_NULL = 1,
       Z_FALSE = 2,
       Z_TRUE = 3,
       Z_LONG = 4,
       Z_DOUBLE = 5,
       Z_STRING = 6,
       Z_ARRAY = 7,
       Z_OBJECT = 8,
       Z_RESOURCE = 9,
       Z_REFERENCE = 10,
       Z_INDIRECT = 12,
};

#define Z_OBJECT_COUNTED   (Z_OBJECT | 3u << 8)	  /* IS_OBJECT_EX: type_info of one on the heap */
#define Z_RESOURCE_COUNTED (Z_RESOURCE | 1u << 8) /* IS_RESOURCE_EX */

struct zarr;
struct zobj;
struct zref;
struct zres;

struct zval {
	union {
		int64_t lval;
		double dval;
		struct zstr *str;
		struct zarr *arr;
		struct zobj *obj;
		struct zref *ref;
		struct zres *res;
		struct zval *zv;
		void *ptr;
	};
	union {
		uint8_t type;
		uint32_t type_info;
	};
	uint32_t u2; /* in `This` of a frame: the number of arguments */
};

struct zref { /* zend_reference */
	uint64_t gc;
	struct zval val;
};

struct zres { /* zend_resource */
	uint64_t gc;
	int32_t handle; /* 8.1 on 64 bits, of which the upper ones are 0 */
};

struct zbucket {
	struct zval val;
	uint64_t h;
	struct zstr *key;
};

struct zarr { /* zend_array */
	uint64_t gc;
	uint32_t flags;
	uint32_t mask;
	union {
		struct zbucket *buckets;
		struct zval *packed; /* 8.2 on, with ZARR_PACKED */
	};
	uint32_t used;
	uint32_t count;
};

#define ZARR_PACKED (1u << 2)

struct zobj { /* zend_object */
	uint64_t gc;
	uint32_t handle;
	uint32_t extra_flags; /* 8.4; padding before: only with `object_lazy` */
	struct zclass *ce;
	const void *handlers;
	struct zarr *properties;
	struct zval slots[];
};

/* The beginning of a timelib_time, to which the word before a DateTime's object points once it was
 * constructed (ext/date/php_date.h, php_date_obj). */
struct zdate {
	int64_t year, month, day, hour, minute, second, us;
	int32_t offset;
	const char *zone; /* an abbreviation, or NULL */
};

struct zclass { /* zend_class_entry, its beginning */
	char type;
	struct zstr *name;
	struct zclass *parent;
	int refcount;
	uint32_t flags;
	int n_slots;
};

#define ZCLASS_USER	 2
#define ZCLASS_TRAIT	 (1u << 1)
#define ZCLASS_IMMUTABLE (1u << 7)

struct zprop { /* zend_property_info, its beginning */
	uint32_t offset;
	uint32_t flags;
	struct zstr *name; /* "\0Class\0name" or "\0*\0name" unless public */
	struct zstr *doc;
	struct zarr *attributes;
};

struct zarg { /* zend_arg_info */
	struct zstr *name;
	void *type_ptr;
	uint32_t type_mask;
	uint32_t pad;
	struct zstr *default_value;
};

#define ZTYPE_SCALAR                                                                             \
	((1u << Z_NULL) | (1u << Z_FALSE) | (1u << Z_TRUE) | (1u << Z_LONG) | (1u << Z_DOUBLE) | \
	 (1u << Z_STRING) | (1u << 14))

struct zfunc { /* zend_function.common */
	uint8_t type;
	uint8_t arg_flags[3];
	uint32_t flags;
	struct zstr *name;
	struct zclass *scope;
	struct zfunc *prototype;
	uint32_t n_args;
	uint32_t n_required;
	struct zarg *args; /* args[-1] is the return type */
	struct zarr *attributes;
};

#define ZFUNC_INTERNAL	    1
#define ZFN_PUBLIC	    (1u << 0)
#define ZFN_STATIC	    (1u << 4)
#define ZFN_BY_REFERENCE    (1u << 12)
#define ZFN_HAS_RETURN_TYPE (1u << 13)
#define ZFN_VARIADIC	    (1u << 14)
#define ZFN_TRAMPOLINE	    (1u << 18)
#define ZFN_CLOSURE	    (1u << 22)
#define ZFN_FAKE_CLOSURE    (1u << 23)
#define ZFN_GENERATOR	    (1u << 24)

struct zop { /* zend_op */
	const void *handler;
	uint32_t op1, op2, result, extended_value;
	uint32_t lineno;
	uint8_t opcode;
};

struct zframe { /* zend_execute_data */
	const struct zop *opline;
	struct zframe *call;
	struct zval *return_value;
	struct zfunc *func;
	struct zval This; /* type_info is the call info */
	struct zframe *prev;
	struct zarr *symbols;
	void **run_time_cache;
	struct zarr *extra_named;
};

#define ZFRAME_SLOTS	  5 /* arguments begin this many zvals behind the frame */
#define ZCALL_CODE	  (1u << 16)
#define ZCALL_GENERATOR	  (1u << 24)
#define ZCALL_EXTRA_NAMED (1u << 27)

struct ztry { /* zend_try_catch_element; in numbers of opcodes, 0: there is none */
	uint32_t try_op, catch_op, finally_op, finally_end;
};

/* Before a function's file: how many, an int, and where they are. */
#define ZFN_TRIES_BACK	  20
#define ZFN_TRIES_AT_BACK 8

#define ZOP_CATCH	      107
#define ZOP_GENERATOR_CREATE  139
#define ZOP_HANDLE_EXCEPTION  149
#define ZOP_DISCARD_EXCEPTION 159

#define ZOP_DISPATCH 2

#define ZEND_MODULE_NAME 32 /* in a zend_module_entry */

struct zend_observers { /* zend_observer_fcall_handlers */
	void (*begin)(struct zframe *frame);
	void (*end)(struct zframe *frame, struct zval *result);
};

struct zend_extension {
	const char *name, *version, *author, *url, *copyright;
	int (*startup)(struct zend_extension *);
	void *shutdown, *activate, *deactivate, *message_handler;
	void (*op_array_handler)(struct zfunc *);
	void *statement_handler, *fcall_begin, *fcall_end, *op_array_ctor, *op_array_dtor;
	void *api_no_check, *build_id_check, *persist_calc, *persist, *reserved[4];
	void *handle;
	int resource_number;
};

#define ZEND_HAVE_OP_ARRAY_HANDLER (1u << 2)

typedef void (*zend_execute_fn)(struct zframe *frame);
typedef void (*zend_handler_fn)(struct zframe *frame, struct zval *return_value);

/* compiler_globals: these did not move. EG()'s of the same name are not there before a request. */
#define ZCG_FUNCTIONS 56
#define ZCG_CLASSES   64

/* What moved between versions. Offsets, but where it says something else; 0: this one has none. */
struct zend_layout {
	uint32_t api;	       /* ZEND_MODULE_API_NO */
	bool packed_zvals;     /* a packed array is one of zvals, not of buckets */
	bool errors_name_cstr; /* an error observer is told the file as a char *, not a zstr */
	bool jit_by_buffer;    /* the JIT is off because it has no buffer, not by `opcache.jit` */
	uint16_t eg_error_reporting, eg_classes, eg_frame, eg_exception;
	uint16_t fn_temporaries, fn_last_var, fn_n_opcodes, fn_opcodes, fn_vars;
	uint16_t fn_file, fn_line, fn_reserved, fn_handler;
	uint16_t class_functions, class_props, class_destructor, class_file;
	uint32_t class_enum;   /* a flag */
	uint32_t object_lazy;  /* extra_flags of an object not initialised, or of a proxy */
	uint16_t fiber_stack;  /* of a fiber's context: what begins with its address and size */
	uint32_t type_complex; /* type_mask: has a name or a list */
	uint32_t type_mask;    /* type_mask: the simple types */
	uint16_t sg_script, sg_argc, sg_argv;
};

#define ZAT(base, offset, type) (*(type *)((char *)(base) + (offset)))

/* What the running engine offers; set once by zend_find(). */
struct zend {
	const struct zend_layout *at;
	uint32_t api; /* whether there is a layout for it or not; 0: unknown */
	char *eg, *cg, *sg;
	const char *sapi;
	zend_execute_fn *execute_ex;
	void (**throw_hook)(struct zobj *);
	int (**post_startup)(void);
	struct zclass **closure_class, **standard_class;
	struct zclass **exception_class, **error_class;

	void (*observe_errors)(void (*)(void)); /* of two types: zend_observe_errors() */
	void (*observe_calls)(struct zend_observers (*)(struct zframe *));
	void (*observe_fibers)(void (*)(void *, void *)); /* as those two: 8.0 has none */
	void (*observe_fiber_init)(void (*)(void *));
	void (*observe_fiber_destroy)(void (*)(void *));
	int (*get_resource_handle)(const char *);
	struct zend_extension *(*get_extension)(const char *);
	void (*register_extension)(struct zend_extension *, void *);
	uint32_t *extension_flags;
	struct zstr *(*compiled_file)(void);
	/* How many handles were taken, and which one observers have, -1 before; or NULL: 8.4 has
	 * internal functions apart. */
	const int *handles, *internal_handles, *observer_handle, *internal_observer_handle;
	int (*set_opcode_handler)(uint8_t, int (*)(struct zframe *));
	int (*(*get_opcode_handler)(uint8_t))(struct zframe *);
	bool (*instanceof_slow)(const struct zclass *, const struct zclass *);
	int (*cfg_string)(const char *, char **);
	void (*clear_exception)(void);
	bool (*is_unwind_exit)(const struct zobj *);
	bool (*is_graceful_exit)(const struct zobj *); /* 8.0: always false */
	struct zfunc *(*closure_function)(struct zobj *);
	struct zval *(*closure_this)(struct zval *);
	const char *(*resource_type)(struct zres *);
	struct zclass *(*date_class)(void), *(*date_immutable_class)(void); /* or NULL */
	void *(*parameter_attribute)(struct zarr *, const char *, size_t, uint32_t);
	struct zval *(*hash_find)(const struct zarr *, const char *, size_t);
	void (*zval_drop)(struct zval *);
	void (*call)(struct zfunc *, struct zobj *, struct zclass *, struct zval *, uint32_t,
		     struct zval *, struct zarr *);
};

extern struct zend zend __attribute__((visibility("hidden")));

enum zend_found {
	ZEND_NONE,    /* this process is not PHP */
	ZEND_UNKNOWN, /* PHP, but not one we may touch; zend_why() says why */
	ZEND_FOUND,
};

enum zend_found zend_find(void);
/* Whether the agent is made for an engine of these properties, which is then the one it meets. */
enum zend_found zend_judge(uint32_t api, bool debug, bool zts);
/* NULL: an engine we do not know. */
const struct zend_layout *zend_layout_of(uint32_t api);
const char *zend_why(void);
/* "8.2.36"; of an engine before 8 without the last number. */
const char *zend_php_version(void);
/* 80236. */
uint32_t zend_php_release(void);
/* How many modules are registered. */
uint32_t zend_modules(void);
/* What php-cli was told to run: behind the first of them, which may be anything, the arguments of
 * the script; they last as long as the process. Returns how many, 0 where there is no request. */
int zend_command(char ***ret);
/* The script as it was named, or where it is, or what stands for code that is in no file. */
const char *zend_script(void);
/* `file` may be NULL. One handler a process. */
void zend_observe_errors(void (*handler)(int type, const char *file, uint32_t line,
					 struct zstr *message));
/* The configuration asks for the JIT, or could at run time. Once the ini files are read. */
bool zend_jit_requested(void);
/* It is, or could be, the tracing one. */
bool zend_jit_traces(void);
bool zend_preloads(void);
/* Observers have other handles for PHP's functions than for internal ones; or will have, as far as
 * that is decided when the extensions are started. */
bool zend_handles_differ(void);

static inline struct zobj *zend_exception(void)
{
	return ZAT(zend.eg, zend.at->eg_exception, struct zobj *);
}

/* Not thrown by a script: exit(), or the end of a fiber or generator that is destroyed. */
static inline bool zend_exits(const struct zobj *exception)
{
	return zend.is_unwind_exit(exception) || zend.is_graceful_exit(exception);
}

static inline struct zframe *zend_current_frame(void)
{
	return ZAT(zend.eg, zend.at->eg_frame, struct zframe *);
}

static inline const struct zval *zval_deref(const struct zval *v)
{
	while (v->type == Z_REFERENCE || v->type == Z_INDIRECT)
		v = v->type == Z_REFERENCE ? &v->ref->val : v->zv;
	return v;
}

/* The value of a key, or NULL. */
static inline const struct zval *zarr_find(const struct zarr *arr, const char *key)
{
	const struct zval *v = zend.hash_find(arr, key, strlen(key));

	return v ? zval_deref(v) : NULL;
}

static inline bool zarr_is_packed(const struct zarr *arr)
{
	return zend.at->packed_zvals && arr->flags & ZARR_PACKED;
}

/* The i-th place, from 0 to `used`; Z_UNDEF where it is a hole. */
static inline const struct zval *zarr_at(const struct zarr *arr, uint32_t i)
{
	return zarr_is_packed(arr) ? &arr->packed[i] : &arr->buckets[i].val;
}

static inline struct zstr *zend_file(const struct zfunc *f)
{
	return ZAT(f, zend.at->fn_file, struct zstr *);
}

static inline uint32_t zend_line(const struct zfunc *f)
{
	return ZAT(f, zend.at->fn_line, uint32_t);
}

/* The innermost frame, from `frame` outwards, that runs PHP code, or NULL. */
static inline struct zframe *zend_user_frame(struct zframe *frame)
{
	while (frame && (!frame->func || frame->func->type == ZFUNC_INTERNAL))
		frame = frame->prev;
	return frame;
}

static inline uint32_t zend_n_args(const struct zframe *frame)
{
	return frame->This.u2;
}

/* The i-th value passed, from 0. */
const struct zval *zend_arg(const struct zframe *frame, uint32_t i);
