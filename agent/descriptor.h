/* SPDX-License-Identifier: MIT */
#pragma once

#include "interpose.h"

#include <fcntl.h>

/* Takes `fd` and returns one that is none of 0 to 2, or -1: a program that was started without
 * these, or closed them, must not find ours in their place. */
static inline int descriptor_apart(int fd)
{
	int apart;

	if (fd < 0 || fd > 2)
		return fd;
	apart = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	real_close(fd);
	return apart;
}
