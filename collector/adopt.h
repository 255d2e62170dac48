/* SPDX-License-Identifier: MIT */
/*
 * Rings of living workers that wrote while no collector ran. A worker offers its ring at a
 * request's beginning or end; one that has none to serve says nothing, so its ring is looked for in
 * /proc.
 */
#pragma once

#include <calltrace/ring.h>
#include <sys/types.h>

#include "config.h"

/* `fd` is the caller's. A negative result ends the search and is returned. */
typedef int (*adopt_fn)(int fd, const struct ct_ring_hello *hello, pid_t pid, void *userdata);

/* Every ring that a process of a permitted user offers at the configured socket. What may not be
 * looked into (without CAP_SYS_PTRACE that is every process of another user) is passed over. */
int adopt_rings(const struct config *config, adopt_fn take, void *userdata);
