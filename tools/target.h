/* SPDX-License-Identifier: MIT */
/*
 * Where an export goes: stdout, or a file that is there as a whole or not at all. It is written
 * beside its place under another name, readable by its owner only, and renamed once it is on the
 * disk. A signal that ends the process, as one that finds a damaged store, removes it first.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct target {
	const char *path; /* NULL: stdout */
	FILE *file;
	char *temporary; /* until it is in its place */
};

/* `path` NULL or "-": stdout. One at a time. -EEXIST: something that is no regular file is there;
 * others as from open(). Nothing is to be deinitialised then. */
int target_open(struct target *ret, const char *path);
/* The file's own name for a library that writes it by itself; `file` must stay untouched then. */
static inline const char *target_name(const struct target *target)
{
	return target->temporary;
}
/* Puts it in its place. -errno: nothing is there but what was before. stdout stays with main(). */
int target_commit(struct target *target);
void target_deinit(struct target *target);

/* For signal handlers that end the process. */
void target_abandon(void);
