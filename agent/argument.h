/* SPDX-License-Identifier: MIT */
/*
 * The arguments of a command line, without what is secret.
 *
 * A secret is what stands behind a name of secrets (calltrace/secret.h): `--password=x`,
 * `--password x`, `DB_PASSWORD=x`, `Authorization: Bearer x`, `{"token": "x"}`, `?token=x`, and the
 * user info of URLs. What follows it in the same argument goes with it.
 */
#pragma once

#include "pack.h"

/* The i-th of them, as a value (values.h). */
void argument_pack(struct pack *k, char **argv, int i);
/* From now on a string that is one of the secret ones is no value of a PHP function either. `argv`
 * must last as long as the process. */
void arguments_hide(int argc, char **argv);
/* `text` without what is secret in it; returns the length, at most `room`. */
size_t argument_mask(char *ret, size_t room, const char *text);
/* The same of a command line as a shell reads it: what follows a secret goes up to the next blank
 * outside of quotes. `text` ends with a NUL. */
size_t command_mask(char *ret, size_t room, const char *text, size_t n);
