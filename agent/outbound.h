/* SPDX-License-Identifier: MIT */
/*
 * Internal functions that talk to the outside: databases, HTTP, other processes. Their handlers are
 * replaced in place, once a process, which costs the other internal functions nothing.
 */
#pragma once

/* At the first function of a request; then does nothing. */
void outbound_install(void);
