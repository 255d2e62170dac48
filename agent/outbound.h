/* SPDX-License-Identifier: MIT */
/*
 * Internal functions that talk to the outside: databases, HTTP, other processes. Their handlers are
 * replaced in place, once a process, which costs the other internal functions nothing.
 */
#pragma once

/* Before the first script is compiled: what is compiled may keep a handler's address. */
void outbound_install(void);
