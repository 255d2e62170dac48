/* SPDX-License-Identifier: MIT */
/* What is told of a crash. */

#include "postmortem.h"

#include "frame.h"
#include "module.h"
#include "peek.h"
#include "phpstack.h"
#include "unwind.h"
#include "values.h"

#include <stdio.h>
#include <unistd.h>

#define NATIVE_MAX 64
#define MODULE_MAX 96
#define SYMBOL_MAX 256
#define STACK_STEP (64u << 10) /* a function's variables are rarely more */
#define WHOLE_MAX  (128u << 10)

static struct {
	int signal, code;
	siginfo_t info;
	const ucontext_t *context;
	const char *thread;
	uintptr_t native[NATIVE_MAX];
	unsigned n;
	bool cut;
} seen;

void postmortem_init(void)
{
	module_init();
	unwind_init();
}

void postmortem_begin(int signal, const siginfo_t *info, const ucontext_t *context,
		      const char *thread)
{
	peek_begin();
	module_begin();
	seen.signal = signal;
	seen.code = info->si_code;
	seen.info = *info;
	seen.context = context;
	seen.thread = thread;
	seen.native[0] = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	seen.n = 1;
	seen.cut = true;
}

void postmortem_unwind(void)
{
	uintptr_t native[NATIVE_MAX];
	bool cut;
	unsigned n = unwind_stack(seen.context, native, NATIVE_MAX, &cut);

	memcpy(seen.native, native, sizeof(native));
	seen.n = n;
	seen.cut = cut;
}

/* Somebody sent it; else the processor or the kernel found the fault. */
static bool was_sent(void)
{
	return seen.code <= 0;
}

/* A fault where the stack would have grown. */
static bool ran_out_of_stack(void)
{
	uintptr_t sp = (uintptr_t)seen.context->uc_mcontext.gregs[REG_RSP];
	uintptr_t at = (uintptr_t)seen.info.si_addr;

	return !was_sent() && seen.signal == SIGSEGV && at + STACK_STEP > sp &&
	       at < sp + STACK_STEP;
}

/* The instruction: of a caller the address is the one behind its call, which may be in the next
 * function. */
static uintptr_t instruction(unsigned i)
{
	return seen.native[i] - (i != 0);
}

static bool is_libc(const struct module *m)
{
	char name[MODULE_MAX];

	module_name(m, name, sizeof(name));
	return !strncmp(name, "libc.", 5) || !strncmp(name, "ld-linux", 8);
}

bool postmortem_is_ours(void)
{
	const struct module *own = module_find((uintptr_t)postmortem_is_ours);

	/* Who calls last where a stack ends is chance. */
	if ((was_sent() && seen.signal != SIGABRT) || ran_out_of_stack())
		return false;
	for (unsigned i = 0; i < seen.n; i++) {
		const struct module *m = module_find(instruction(i));

		if (!m || m == own)
			return m;
		if (!is_libc(m))
			return false;
	}
	return false;
}

static void pack_name(struct pack *k, const char *name)
{
	value_pack_name(k, name, strlen(name), SYMBOL_MAX);
}

static void pack_signal(struct pack *k)
{
	static const struct {
		int signal;
		const char *name;
	} names[] = {{SIGSEGV, "SIGSEGV"},
		     {SIGBUS, "SIGBUS"},
		     {SIGABRT, "SIGABRT"},
		     {SIGFPE, "SIGFPE"},
		     {SIGILL, "SIGILL"}};

	pack_text(k, "signal");
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].signal == seen.signal)
			pack_text(k, names[i].name);
	pack_text(k, "code");
	pack_int(k, seen.code);
	pack_text(k, "address");
	was_sent() ? pack_nil(k) : pack_uint(k, (uintptr_t)seen.info.si_addr);
	pack_text(k, "sender");
	was_sent() && seen.info.si_pid != getpid() ? pack_uint(k, (uint64_t)seen.info.si_pid)
						   : pack_nil(k);
	pack_text(k, "thread");
	seen.thread ? pack_name(k, seen.thread) : pack_nil(k);
	pack_text(k, "stack_overflow");
	pack_bool(k, ran_out_of_stack());
}

static void pack_native(struct pack *k, unsigned i)
{
	const struct module *m = module_find(instruction(i));
	char name[MODULE_MAX], symbol[SYMBOL_MAX];
	uintptr_t offset;

	pack_array(k, 4);
	if (!m) {
		pack_nil(k);
		pack_uint(k, instruction(i));
		pack_nil(k);
		pack_uint(k, 0);
		return;
	}
	module_name(m, name, sizeof(name));
	pack_name(k, name);
	pack_uint(k, instruction(i) - m->base);
	if (module_symbol(m, instruction(i), symbol, sizeof(symbol), &offset)) {
		pack_name(k, symbol);
		pack_uint(k, offset);
	} else {
		pack_nil(k);
		pack_uint(k, 0);
	}
}

static void pack_build_id(struct pack *k, const struct module *m)
{
	char name[MODULE_MAX], hex[2 * sizeof(m->build_id) + 1] = "";

	for (unsigned i = 0; i < m->n_build_id; i++)
		snprintf(hex + 2 * i, 3, "%02x", m->build_id[i]);
	module_name(m, name, sizeof(name));
	pack_name(k, name);
	pack_text(k, hex);
}

/* Each of the stack once. */
static void pack_modules(struct pack *k)
{
	uint8_t *open = pack_open(k, true);
	uint16_t count = 0;

	for (unsigned i = 0; i < seen.n; i++) {
		const struct module *m = module_find(instruction(i));
		bool told = !m;

		for (unsigned j = 0; j < i && !told; j++)
			told = module_find(instruction(j)) == m;
		if (told)
			continue;
		pack_build_id(k, m);
		count++;
	}
	pack_close(k, open, count);
}

static void pack_stacks(struct pack *k)
{
	pack_text(k, "native");
	pack_array(k, seen.n);
	for (unsigned i = 0; i < seen.n; i++)
		pack_native(k, i);
	pack_text(k, "native_cut");
	pack_bool(k, seen.cut);
	pack_text(k, "modules");
	pack_modules(k);
	pack_text(k, "php");
	phpstack_pack(k);
	pack_text(k, "in_agent");
	pack_bool(k, postmortem_is_ours());
}

bool postmortem_write(bool whole)
{
	uint64_t now = clock_ticks();
	struct pack k;

	if (!frame_begin(&k, whole ? WHOLE_MAX : 256, RING_FRAME, 3, CT_FRAME_CRASH, now))
		return false;
	pack_map(&k, whole ? 11 : 6);
	pack_signal(&k);
	if (whole)
		pack_stacks(&k);
	return frame_commit(&k, now);
}
