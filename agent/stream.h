/* SPDX-License-Identifier: MIT */
/* Streams and sockets (outbound.h). */
#pragma once

#include <stddef.h>

/* PHP warns, masked or not: it may say why a stream could not be opened. */
void stream_warned(const char *message, size_t n);
