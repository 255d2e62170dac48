/* SPDX-License-Identifier: MIT */
/*
 * Requests: what passes over the FastCGI connection of this worker, as REQUEST … END frames.
 *
 * php-fpm serves one request at a time, and comes back to accept(), or to
 * read() on a connection that is kept, when it is done with one: only that ends it, because after
 * fastcgi_finish_request() the script goes on behind the answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The connection's descriptor, or -1. */
extern int request_fd;

/* php-fpm itself is about to accept, not a script: no PHP code runs. */
bool request_waits(void);
/* Before php-fpm waits for a connection, and with what it got. */
void request_before_accept(void);
void request_accepted(int fd);
/* Before and after it reads from, after it wrote to (in ticks, when that began), and when it closes
 * the connection; errno is the call's. */
void request_before_read(void);
void request_read(const void *data, ssize_t n);
void request_written(const void *data, ssize_t n, uint64_t began);
void request_closed(void);
/* The process exits. */
void request_exit(void);
/* In a forked child: the connection is its parent's. */
void request_forked(void);
