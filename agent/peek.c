/* SPDX-License-Identifier: MIT */
/* Memory, page by page, through the kernel. */

#include "peek.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE  4096u
#define PAGES 32u

/* Of a crash, both are far more than its stacks and symbols take: some ten thousand reads. */
#define LOADS_MAX 50000u
#define READS_MAX 5000000u

static struct page {
	uintptr_t number; /* + 1; 0: none */
	bool readable;
	uint8_t data[PAGE];
} pages[PAGES];

static unsigned loads, reads;
static bool piped;
static int ends[2] = {-1, -1};

void peek_through_pipe(bool always)
{
	piped = always;
}

/* Older containers forbid the system call. What can be written can be read: the same copy, twice.
 */
static bool load_through_pipe(uintptr_t at, uint8_t *ret)
{
	if (ends[0] < 0 && syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	return syscall(SYS_write, ends[1], at, PAGE) == PAGE &&
	       syscall(SYS_read, ends[0], ret, PAGE) == PAGE;
}

static bool load(uintptr_t at, uint8_t *ret)
{
	struct iovec to = {ret, PAGE}, from = {(void *)at, PAGE};

	if (!piped) {
		long n = syscall(SYS_process_vm_readv, getpid(), &to, 1, &from, 1, 0);

		if (n == PAGE)
			return true;
		if (n >= 0 || (errno != EPERM && errno != ENOSYS))
			return false;
		piped = true;
	}
	return load_through_pipe(at, ret);
}

static const struct page *page_at(uintptr_t number)
{
	struct page *page = &pages[number % PAGES];

	if (page->number == number + 1)
		return page;
	if (++loads > LOADS_MAX)
		return NULL;
	page->number = number + 1;
	page->readable = load(number * PAGE, page->data);
	return page;
}

void peek_begin(void)
{
	for (unsigned i = 0; i < PAGES; i++)
		pages[i].number = 0;
	loads = reads = 0;
}

bool peek(uintptr_t at, void *ret, size_t n)
{
	uint8_t *to = ret;

	if (++reads > READS_MAX || at + n < at)
		return false;
	while (n) {
		size_t offset = at % PAGE, take = n < PAGE - offset ? n : PAGE - offset;
		const struct page *page = page_at(at / PAGE);

		if (!page || !page->readable)
			return false;
		memcpy(to, page->data + offset, take);
		to += take;
		at += take;
		n -= take;
	}
	return true;
}

size_t peek_text(uintptr_t at, char *ret, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && peek(at + n, ret + n, 1) && ret[n])
		n++;
	ret[n] = 0;
	return n;
}
