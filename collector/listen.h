/* SPDX-License-Identifier: MIT */
/*
 * The socket that producers connect to, and what they say first.
 */
#pragma once

#include <calltrace/ring.h>
#include <sys/types.h>

#include "config.h"

/* A listening descriptor: systemd's when it passed one, else a new socket at `path`. A stale one is
 * replaced; -EADDRINUSE when somebody answers on it. */
int listen_open(const char *path);
/* May a process of this user hand over rings? */
bool user_allowed(const struct config *config, uid_t uid);
/* Who is at the other end, and may they? -EACCES. */
int peer_check(int fd, const struct config *config, pid_t *ret_pid, uid_t *ret_uid);

/* One message. PEER_HELLO: `ret` and `ret_fd` (to be closed) hold an offered ring; PEER_WAKE;
 * -EAGAIN: nothing there; -ECONNRESET: the end; -EPROTO: neither. */
enum { PEER_WAKE = 1, PEER_HELLO = 2 };
int peer_receive(int fd, struct ct_ring_hello *ret, int *ret_fd);
