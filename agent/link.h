/* SPDX-License-Identifier: MIT */
/*
 * The connection to the collector: offers the ring, and hints that something is in it. Nothing here
 * waits. Without a collector the ring is offered again at a request's beginning or end, at most
 * once a second.
 */
#pragma once

#include <stdbool.h>

/* There is something to read. */
void link_wake(void);
/* The next wake offers the ring, however short ago that was tried. */
void link_hurry(void);
/* Closes the socket; the ring can be offered again. */
void link_close(void);
/* The descriptor, so that a program that closes everything does not close it; -1. */
int link_fd(void);
