/* SPDX-License-Identifier: MIT */
/* What the agent reads after a crash, when memory may be anything: right where it is sound, and
 * never a fault, a loop or a byte of somebody else's where it is not. */
#include "../../agent/interpose.h"
#include "../../agent/module.h"
#include "../../agent/peek.h"
#include "../../agent/phpstack.h"
#include "../../agent/unwind.h"
#include "../../agent/worker.h"

#include <dlfcn.h>
#include <msgpack.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "zvals.h"

#define PAGE   4096u
#define FRAMES 64u

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

/* Readable, then not. */
static char *readable; /* the last byte but one page */
static char *edge;

static void begin(void)
{
	peek_begin();
	module_begin();
}

static void make_edge(void)
{
	readable = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(readable != MAP_FAILED);
	edge = readable + 2 * PAGE;
	CHECK_INT(mprotect(edge, PAGE, PROT_NONE), 0);
	memset(readable, 'x', 2 * PAGE);
}

static void test_peek(void)
{
	char got[2 * PAGE], text[8];

	begin();
	CHECK(peek((uintptr_t)readable + 1, got, 2 * PAGE - 1));
	CHECK(got[0] == 'x' && got[2 * PAGE - 2] == 'x');
	CHECK(!peek((uintptr_t)edge, got, 1));
	CHECK(!peek((uintptr_t)edge - 4, got, 8));
	CHECK(!peek(0, got, 8));
	CHECK(!peek(8, got, 8));
	CHECK(!peek(UINTPTR_MAX - 2, got, 8));
	CHECK(!peek(0xffff800000000000u, got, 8)); /* the kernel's */
	CHECK(!peek(0x4141414141414141u, got, 8)); /* no address */

	CHECK_INT(peek_text((uintptr_t)edge - 3, text, sizeof(text)), 3);
	CHECK_STR(text, "xxx");
	CHECK_INT(peek_text((uintptr_t)readable, text, sizeof(text)), 7);
	CHECK_INT(peek_text((uintptr_t)edge, text, sizeof(text)), 0);
	CHECK_STR(text, "");

	/* As it is when the next crash comes. */
	readable[0] = 'y';
	CHECK(peek((uintptr_t)readable, got, 1) && got[0] == 'x');
	begin();
	CHECK(peek((uintptr_t)readable, got, 1) && got[0] == 'y');
	readable[0] = 'x';
}

static void test_reading_ends(void)
{
	char got;
	size_t n = 0;

	begin();
	while (peek((uintptr_t)readable, &got, 1))
		n++;
	CHECK(n > 1000000);
	CHECK(!peek((uintptr_t)readable, &got, 1));
}

static void test_modules(void)
{
	void *function = dlsym(RTLD_DEFAULT, "l64a");
	char name[64], symbol[64], self[512];
	const struct module *m;
	uintptr_t offset;
	Dl_info info;
	ssize_t n;

	begin();
	m = module_find((uintptr_t)function + 5);
	CHECK(m);
	module_name(m, name, sizeof(name));
	CHECK_STR(name, "libc.so.6");
	CHECK_INT(m->n_build_id, 20);
	CHECK(dladdr(function, &info));
	CHECK((uintptr_t)info.dli_fbase == m->base);
	CHECK(module_symbol(m, (uintptr_t)function + 5, symbol, sizeof(symbol), &offset));
	CHECK_STR(symbol, "l64a");
	CHECK_INT(offset, 5);
	CHECK(!module_symbol(m, m->start, symbol, sizeof(symbol), &offset));

	m = module_find((uintptr_t)test_modules);
	CHECK(m);
	module_name(m, name, sizeof(name));
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	CHECK(n > 0);
	self[n] = 0;
	CHECK_STR(name, strrchr(self, '/') + 1);
	CHECK(module_find((uintptr_t)test_modules) == m);

	CHECK(!module_find(0));
	CHECK(!module_find((uintptr_t)readable));
	CHECK(!module_find(UINTPTR_MAX));
}

static void __attribute__((noinline)) look(const uintptr_t callers[3])
{
	uintptr_t stack[FRAMES];
	ucontext_t here;
	unsigned n;
	bool cut;

	CHECK_INT(getcontext(&here), 0);
	begin();
	n = unwind_stack(&here, stack, FRAMES, &cut);
	CHECK(n > 5);
	CHECK(!cut);
	CHECK(stack[2] == callers[2] && stack[3] == callers[1] && stack[4] == callers[0]);
	CHECK_INT(unwind_stack(&here, stack, 2, &cut), 2);
	CHECK(cut);
}

static void __attribute__((noinline)) go_down(uintptr_t callers[3], int depth)
{
	callers[depth] = (uintptr_t)__builtin_return_address(0);
	if (depth + 1 < 3)
		go_down(callers, depth + 1);
	else
		look(callers);
	__asm__ volatile("" : : : "memory"); /* no tail call */
}

static void test_unwind(void)
{
	uintptr_t callers[3];

	go_down(callers, 0);
}

static uint64_t random_state = 1;

static uint64_t draw(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 16;
}

static const uintptr_t *const nowhere[] = {
	(const uintptr_t *)1,
	(const uintptr_t *)&edge,
	(const uintptr_t *)&readable,
};

/* A stack of return addresses into real code, whose tables are followed into nonsense. */
static void test_broken_stacks_end(void)
{
	static uint64_t stack[512];
	uintptr_t found[FRAMES], code = (uintptr_t)dlsym(RTLD_DEFAULT, "l64a");
	bool cut;

	for (unsigned round = 0; round < 300; round++) {
		ucontext_t context = {0};
		greg_t *registers = context.uc_mcontext.gregs;
		unsigned n;

		for (unsigned i = 0; i < 512; i++)
			stack[i] = draw() % 3 ? code + draw() % 0x40000
					      : (uintptr_t)&stack[draw() % 512];
		for (unsigned i = 0; i < NGREG; i++)
			registers[i] = (greg_t)(uintptr_t)&stack[draw() % 512];
		registers[REG_RIP] = (greg_t)(round % 4 ? code + draw() % 0x40000 : draw());
		if (round % 8 == 7)
			registers[REG_RSP] = (greg_t)(uintptr_t)nowhere[round % 3];
		if (round % 16 == 5)
			registers[REG_RSP] = (greg_t)(uintptr_t)edge - 8;
		begin();
		n = unwind_stack(&context, found, FRAMES, &cut);
		CHECK(n >= 1 && n <= FRAMES);
		CHECK(found[0] == (uintptr_t)registers[REG_RIP]);
	}
}

static void packed(char *ret, size_t size)
{
	static uint8_t bytes[128u << 10];
	struct pack k = {.p = bytes, .end = bytes + sizeof(bytes)};
	msgpack_unpacked unpacked;
	size_t offset = 0;

	begin();
	phpstack_pack(&k);
	CHECK(!k.full);
	msgpack_unpacked_init(&unpacked);
	CHECK_INT(msgpack_unpack_next(&unpacked, (char *)bytes, (size_t)(k.p - bytes), &offset),
		  MSGPACK_UNPACK_SUCCESS);
	CHECK_INT(offset, k.p - bytes);
	CHECK(msgpack_object_print_buffer(ret, size, unpacked.data) > 0);
	msgpack_unpacked_destroy(&unpacked);
}

static struct zfunc *function_of(uint8_t type, const char *class, const char *name)
{
	struct zfunc *f = zvals_make(512);

	f->type = type;
	f->name = name ? zstr_of(name, strlen(name)) : NULL;
	f->scope = class ? zclass_of(class, NULL, 0, NULL) : NULL;
	if (type != ZFUNC_INTERNAL)
		ZAT(f, zend.at->fn_file, struct zstr *) = zstr_of("/srv/app/x.php", 14);
	return f;
}

static struct zframe *called(struct zfunc *f, uint32_t line, struct zframe *by)
{
	struct zframe *frame = zvals_make(sizeof(*frame));
	struct zop *op = zvals_make(sizeof(*op));

	op->lineno = line;
	frame->opline = op;
	frame->func = f;
	frame->prev = by;
	ZAT(zend.eg, zend.at->eg_frame, struct zframe *) = frame;
	return frame;
}

static struct zframe *booking(void)
{
	struct zframe *frame = called(function_of(2, NULL, NULL), 30, NULL);

	frame = called(function_of(2, "Booking", "create"), 12, frame);
	return called(function_of(ZFUNC_INTERNAL, NULL, "strlen"), 0, frame);
}

static void test_php_stack(void)
{
	char text[4096];

	zvals_engine();
	booking();
	packed(text, sizeof(text));
	CHECK_STR(text,
		  "[[\"/srv/app/x.php\", 12, nil, nil], [\"/srv/app/x.php\", 12, nil, \"strlen\"], "
		  "[\"/srv/app/x.php\", 30, \"Booking\", \"create\"]]");
	ZAT(zend.eg, zend.at->eg_frame, struct zframe *) = NULL;
	packed(text, sizeof(text));
	CHECK_STR(text, "[]");
}

/* PHP keeps names to no encoding; what is cut of one that is UTF-8 stays UTF-8. */
static void test_names_that_are_no_text(void)
{
	char text[4096], name[300], *end;

	zvals_engine();
	called(function_of(2, "B\xfchne", "\xe4ndern"), 12, booking()->prev);
	packed(text, sizeof(text));
	CHECK(strstr(text, "\"B\\xfchne\", \"\\xe4ndern\"]"));

	memset(name, 'n', sizeof(name));
	memcpy(name + 255, "\xc3\xbc", 2);
	name[299] = 0;
	called(function_of(2, NULL, name), 12, booking()->prev);
	packed(text, sizeof(text));
	end = strstr(text, "nnn\"]");
	CHECK(end && end - strstr(text, "nnn") == 252);
}

static void test_a_deep_php_stack(void)
{
	struct zfunc *f = function_of(2, NULL, "down");
	struct zframe *frame = booking();
	static char text[128u << 10];
	const char *number;

	for (unsigned i = 0; i < 1000; i++)
		frame = called(f, 5, frame);
	packed(text, sizeof(text));
	number = strstr(text, "], 943, [");
	CHECK(number && strstr(number, "\"create\"]]"));
}

/* Each member of each structure in turn. */
static void test_a_broken_php_stack(void)
{
	uintptr_t bad[] = {1,	       8, (uintptr_t)edge, (uintptr_t)edge - 1, 0x4141414141414141u,
			   UINTPTR_MAX};
	static char text[128u << 10];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		for (unsigned what = 0; what < 8; what++) {
			struct zframe *frame = booking();
			struct zfunc *f = frame->prev->func;
			void *to;

			memcpy(&to, &bad[i], sizeof(to));
			switch (what) {
			case 0:
				ZAT(zend.eg, zend.at->eg_frame, void *) = to;
				break;
			case 1:
				frame->prev = to;
				break;
			case 2:
				frame->prev->func = to;
				break;
			case 3:
				f->name = to;
				break;
			case 4:
				f->scope = to;
				break;
			case 5:
				f->scope->name = to;
				break;
			case 6:
				ZAT(f, zend.at->fn_file, void *) = to;
				break;
			case 7:
				frame->prev->opline = to;
				break;
			}
			packed(text, sizeof(text));
			CHECK(text[0] == '[');
			CHECK(what < 2 || strstr(text, "strlen"));
		}
	}
	booking()->prev->func->name->len = SIZE_MAX;
	packed(text, sizeof(text));
	CHECK(strstr(text, "strlen"));
}

static void test_a_php_stack_in_circles(void)
{
	static char text[128u << 10];
	struct zframe *frame = booking();

	frame->prev->prev->prev = frame;
	packed(text, sizeof(text));
	CHECK(strstr(text, "strlen"));
}

int main(void)
{
	module_init();
	unwind_init();
	make_edge();
	for (int pipe = 0; pipe < 2; pipe++) {
		peek_through_pipe(pipe);
		test_peek();
		test_reading_ends();
		test_modules();
		test_unwind();
		test_broken_stacks_end();
		test_php_stack();
		test_names_that_are_no_text();
		test_a_deep_php_stack();
		test_a_broken_php_stack();
		test_a_php_stack_in_circles();
	}
	return 0;
}
