/* SPDX-License-Identifier: MIT */
/*
 * The program and its libraries, as the dynamic loader lists them: which of them has an address.
 *
 * Read like a debugger does it, from the list and the ELF headers in memory and with peek(): no
 * lock of the loader's is taken, and nothing has to be prepared; what was loaded a moment ago, or
 * is being loaded, is no special case, and a chroot neither.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module {
	uintptr_t base; /* what is added to the addresses in the file */
	uintptr_t start, end;
	uintptr_t name;		/* a C string; "" for the program */
	uintptr_t eh_frame_hdr; /* 0: none */
	uintptr_t dynamic;
	uint8_t build_id[20];
	unsigned n_build_id;
};

/* Before a chroot: what the program is called. */
void module_init(void);
/* Forgets what was found. */
void module_begin(void);
/* The one that `pc` is in, or NULL. Valid until the next module_begin(). */
const struct module *module_find(uintptr_t pc);
/* "libcurl.so.4"; cut to `size`. */
void module_name(const struct module *module, char *ret, size_t size);
/* The exported function that has `pc`, and how far in that is. False: it is in none. */
bool module_symbol(const struct module *module, uintptr_t pc, char *ret, size_t size,
		   uintptr_t *ret_offset);
