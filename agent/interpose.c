/* SPDX-License-Identifier: MIT */
/*
 * What the agent exports: functions of libc that php-fpm calls through its PLT. Each does what it
 * always did; for all but one connection of a traced worker that is a comparison more. Programs
 * that PHP starts come through here too.
 */

#include "interpose.h"

#include "boot.h"
#include "link.h"
#include "notices.h"
#include "request.h"
#include "worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

void *calltrace_real_dlopen; /* for the assembly below */

static void *next_read, *next_write, *next_close, *next_accept, *next_accept4, *next_tzset;

/* Other libraries' constructors may run first and call us: then each is looked up at its first use.
 */
static inline void *next(void **found, const char *name)
{
	if (__builtin_expect(!*found, 0))
		*found = dlsym(RTLD_NEXT, name);
	return *found;
}

#define NEXT(name) ((__typeof__(&name))next(&next_##name, #name))

ssize_t real_write(int fd, const void *buf, size_t n)
{
	return NEXT(write)(fd, buf, n);
}

int real_close(int fd)
{
	return NEXT(close)(fd);
}

EXPORT ssize_t read(int fd, void *buf, size_t n)
{
	ssize_t r;
	int saved;

	if (__builtin_expect(fd != request_fd || fd < 0, 1))
		return NEXT(read)(fd, buf, n);
	request_before_read();
	r = NEXT(read)(fd, buf, n);
	saved = errno;
	request_read(buf, r);
	errno = saved;
	return r;
}

EXPORT ssize_t write(int fd, const void *buf, size_t n)
{
	uint64_t began;
	ssize_t r;
	int saved;

	if (__builtin_expect(fd != request_fd || fd < 0, 1))
		return NEXT(write)(fd, buf, n);
	began = clock_ticks();
	r = NEXT(write)(fd, buf, n);
	saved = errno;
	request_written(buf, r, began);
	errno = saved;
	return r;
}

/* A program that closes every descriptor there is does not mean ours, whose numbers would be given
 * to others. */
static bool is_ours(int fd)
{
	return worker.ring.header && fd >= 0 && (fd == worker.ring.memfd || fd == link_fd());
}

EXPORT int close(int fd)
{
	if (__builtin_expect(worker.armed, 0)) {
		if (is_ours(fd)) {
			errno = EBADF;
			return -1;
		}
		if (fd == request_fd)
			request_closed();
	}
	return NEXT(close)(fd);
}

static bool is_fastcgi(void)
{
	if (__builtin_expect(worker.inert, 0))
		inert_tell();
	return worker.armed && !worker.cli && request_waits();
}

static int accepted(int fd)
{
	int saved = errno;

	if (fd >= 0)
		request_accepted(fd);
	errno = saved;
	return fd;
}

EXPORT int accept(int fd, struct sockaddr *addr, socklen_t *n)
{
	if (!is_fastcgi())
		return NEXT(accept)(fd, addr, n);
	request_before_accept();
	return accepted(NEXT(accept)(fd, addr, n));
}

EXPORT int accept4(int fd, struct sockaddr *addr, socklen_t *n, int flags)
{
	if (!is_fastcgi())
		return NEXT(accept4)(fd, addr, n, flags);
	request_before_accept();
	return accepted(NEXT(accept4)(fd, addr, n, flags));
}

EXPORT void tzset(void)
{
	int saved = errno;

	boot();
	errno = saved;
	NEXT(tzset)();
}

static void __attribute__((constructor)) find_next(void)
{
	(void)NEXT(read);
	(void)NEXT(write);
	(void)NEXT(close);
	(void)NEXT(accept);
	(void)NEXT(accept4);
	(void)NEXT(tzset);
	calltrace_real_dlopen = dlsym(RTLD_NEXT, "dlopen");
}

/* Called by the dlopen() below: a second chance where php does not call tzset(). */
void *calltrace_before_dlopen(void);

void *__attribute__((used)) calltrace_before_dlopen(void)
{
	int saved = errno;

	boot();
	errno = saved;
	if (!calltrace_real_dlopen)
		calltrace_real_dlopen = dlsym(RTLD_NEXT, "dlopen");
	return calltrace_real_dlopen;
}

/* dlopen() looks at its return address to know whose RUNPATH counts, so it must be jumped to with
 * the caller's. */
#if defined(__x86_64__)
__asm__(".text\n"
	".globl dlopen\n"
	".type dlopen, @function\n"
	"dlopen:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	push %rdi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	push %rsi\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	sub $8, %rsp\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	call calltrace_before_dlopen\n"
	"	add $8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %rsi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdi\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	jmp *%rax\n"
	"	.cfi_endproc\n"
	".size dlopen, .-dlopen\n");
#endif
