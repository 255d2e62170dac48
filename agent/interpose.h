/* SPDX-License-Identifier: MIT */
/* The functions of libc that the agent stands in front of, as they are behind it. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

ssize_t real_write(int fd, const void *buf, size_t n);
int real_close(int fd);
