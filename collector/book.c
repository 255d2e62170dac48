/* SPDX-License-Identifier: MIT */
#include "book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define PAGES 512

struct page {
	char *call_id; /* NULL: free, or of no call */
	struct redact *redact;
	uint64_t used;
};

struct book {
	struct page pages[PAGES];
	uint64_t clock;
};

int book_new(struct book **ret)
{
	struct book *book = calloc(1, sizeof(*book));

	if (!book)
		return -ENOMEM;
	*ret = book;
	return 0;
}

static void page_clear(struct page *page)
{
	free(page->call_id);
	redact_free(page->redact);
	*page = (struct page){0};
}

void book_free(struct book *book)
{
	if (!book)
		return;
	for (unsigned int i = 0; i < PAGES; i++)
		page_clear(&book->pages[i]);
	free(book);
}

static int page_fill(struct book *book, struct page *page, const char *call_id)
{
	page_clear(page);
	if (call_id) {
		page->call_id = strdup(call_id);
		if (!page->call_id)
			return -ENOMEM;
	}
	page->used = ++book->clock;
	return redact_new(&page->redact);
}

int book_get(struct book *book, const char *call_id, struct redact **ret)
{
	/* The first page is that of requests of no call. */
	struct page *page = &book->pages[0], *oldest = &book->pages[1];
	int r;

	for (unsigned int i = 1; call_id && i < PAGES; i++) {
		page = &book->pages[i];
		if (page->call_id && strcmp(page->call_id, call_id) == 0) {
			page->used = ++book->clock;
			*ret = page->redact;
			return 0;
		}
		if (page->used < oldest->used)
			oldest = page;
	}
	if (call_id)
		page = oldest;
	r = page_fill(book, page, call_id);
	if (r < 0) {
		page_clear(page);
		return r;
	}
	*ret = page->redact;
	return 0;
}
