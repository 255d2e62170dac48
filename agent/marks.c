/* SPDX-License-Identifier: MIT */
/* How a function is found again. */

#include "marks.h"

#include "doubt.h"
#include "notices.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define SEEN   4096
#define OTHERS 1024 /* workers that may take a number between our look and our taking one */

/*
 * What has no mark, by where its opcodes are: copies of a function (a closure's, a trait's) share
 * them. All that tells functions apart is compared, and strings by their hash too: when opcache
 * starts anew, or a script's memory is used again, something else may lie at the same addresses.
 */
static struct seen {
	const void *opcodes;
	const struct zclass *scope;
	const struct zstr *name, *file;
	uint64_t name_hash, file_hash, class_hash;
	uint32_t line;
	bool main; /* a script may run, and be included later */
	struct fn *fn;
} seen[SEEN];

static uint64_t hash_of(const struct zstr *s)
{
	return s ? s->hash : 1;
}

static void see(const struct zfunc *f, bool main, struct seen *ret)
{
	ret->opcodes = ZAT(f, zend.at->fn_opcodes, const void *);
	ret->scope = f->scope;
	ret->name = f->name;
	ret->file = zend_file(f);
	ret->name_hash = hash_of(f->name);
	ret->file_hash = hash_of(ret->file);
	ret->class_hash = f->scope ? hash_of(f->scope->name) : 1;
	ret->line = zend_line(f);
	ret->main = main;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->opcodes == b->opcodes && a->scope == b->scope && a->name == b->name &&
	       a->file == b->file && a->name_hash == b->name_hash && a->file_hash == b->file_hash &&
	       a->class_hash == b->class_hash && a->line == b->line && a->main == b->main;
}

/* What a mark stands for, when it is one of ours. */
static struct fn **marked(const struct zfunc *f)
{
	uint64_t mark = fn_mark(f), whose = mark & ~(FN_MARKS - 1ull);

	return fn_marks.by_mark && (whose == fn_marks.ours || whose == fn_marks.shared)
		       ? &fn_marks.by_mark[mark % FN_MARKS]
		       : NULL;
}

static struct fn *look_up(const struct zfunc *f, bool main)
{
	struct seen now, *before;

	see(f, main, &now);
	before = &seen[((uintptr_t)now.opcodes >> 5 ^ (uintptr_t)now.scope >> 7) % SEEN];
	if (is_same(before, &now))
		return before->fn;
	now.fn = fn_decide(f, main);
	if (now.name_hash && now.file_hash && now.class_hash)
		*before = now;
	return now.fn;
}

struct fn *fn_find(const struct zframe *frame)
{
	const struct zfunc *f = frame->func;
	/* A script is another function than the same file when it is included. */
	bool main = !f->name && !frame->prev;
	struct fn **at = main ? NULL : marked(f);

	if (!worker.armed || (!worker.trusts_frames && doubted(doubt_frame(frame))))
		return &fn_off;
	worker.trusts_frames = true;
	if (f->flags & ZFN_TRAMPOLINE)
		return &fn_off;
	if (!at)
		return look_up(f, main);
	if (!*at)
		*at = fn_decide(f, false);
	return fn_is_of(*at, f->scope) ? *at : look_up(f, false);
}

/* Until there are marks, nothing is taken for one: a function has not all flags. */
#define NOBODY (UINT64_MAX - 2 * FN_MARKS)
struct fn_marks fn_marks = {.ours = NOBODY, .shared = NOBODY};

static uint32_t *last_mark; /* shared by all workers: they share what opcache keeps */
static void (*next_op_array_handler)(struct zfunc *);

/* A trait's becomes one of each class that uses it, a closure one of each class that it is bound
 * to, a file may be the script as well as included by one. */
static bool is_shared(const struct zfunc *f)
{
	return !f->name || f->flags & ZFN_CLOSURE || (f->scope && f->scope->flags & ZCLASS_TRAIT);
}

/* A function was compiled. */
static void compiled(struct zfunc *f)
{
	uint64_t *mark = &ZAT(f, fn_marks.at, uint64_t);

	if (next_op_array_handler)
		next_op_array_handler(f);
	if (!worker.armed || (!worker.trusts_functions && doubted(doubt_compiled(f, fn_marks.at))))
		return;
	worker.trusts_functions = true;
	if (fn_is_off(f)) {
		*mark = fn_marks.off;
		return;
	}
	if (*last_mark >= FN_MARKS - OTHERS)
		return;
	*mark = is_shared(f) ? fn_marks.shared : fn_marks.ours;
	*mark |= __atomic_add_fetch(last_mark, 1, __ATOMIC_RELAXED);
}

/*
 * The marks are made by opcache's own entry in the engine's list of extensions, whose place for
 * this is empty: an entry of our own would be seen by scripts (get_loaded_extensions). Without
 * opcache nothing lives long enough to be marked.
 */
void marks_install(void)
{
	struct zend_extension *opcache =
		zend.get_extension ? zend.get_extension("Zend OPcache") : NULL;
	int slot = opcache ? zend.get_resource_handle("calltrace") : -1;
	uint64_t nonce = clock_ticks() ^ (uint64_t)getpid() << 40;
	void *shared, **tables;

	if (slot < 0)
		return;
	shared = mmap(NULL, sizeof(*last_mark), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	tables = mmap(NULL, FN_MARKS * (2 * sizeof(void *) + sizeof(*fn_marks.timed)),
		      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || tables == MAP_FAILED)
		return;
	if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) < 0)
		nonce *= 0x9e3779b97f4a7c15ull;
	last_mark = shared;
	fn_marks.by_mark = (struct fn **)tables;
	fn_marks.scopes = (const struct zclass **)(tables + FN_MARKS);
	fn_marks.timed = (uint16_t *)(tables + 2 * FN_MARKS);
	fn_marks.at = zend.at->fn_reserved + (size_t)slot * sizeof(void *);
	fn_marks.off = rules_fingerprint(&worker.settings.rules);
	fn_marks.ours = (nonce | FN_MARKS << 1) & ~(2ull * FN_MARKS - 1);
	fn_marks.shared = fn_marks.ours + FN_MARKS;
	next_op_array_handler = opcache->op_array_handler;
	opcache->op_array_handler = compiled;
	*zend.extension_flags |= ZEND_HAVE_OP_ARRAY_HANDLER;
}

/* A class that opcache does not keep may be followed by another one at its address, and so may a
 * file's code be the script's. */
void fn_found_timed(const struct zfunc *f, uint64_t mark, const struct fn *fn)
{
	uint64_t n = mark - fn_marks.ours;

	if (n >= 2 * FN_MARKS || fn_marks.timed[mark % FN_MARKS])
		return;
	if (n & FN_MARKS && (!f->name || (f->scope && !(f->scope->flags & ZCLASS_IMMUTABLE))))
		return;
	fn_marks.scopes[mark % FN_MARKS] = f->scope;
	fn_marks.timed[mark % FN_MARKS] = (uint16_t)fn->id;
}

void marks_forget_timed(void)
{
	if (fn_marks.timed)
		memset(fn_marks.timed, 0, (*last_mark + 1) * sizeof(*fn_marks.timed));
}
