/* SPDX-License-Identifier: MIT */
/*
 * Values as PHP has them in memory, made without PHP, each in an allocation of its exact size, so
 * that a sanitizer sees whoever reads past it. They live as long as the test.
 */
#pragma once

#include "../../agent/zend.h"

void *zvals_make(size_t n);
/* Frees all that was made since zvals_engine(), or zvals_keep(). */
void zvals_free(void);
void zvals_keep(void);
/* Makes as if this process were PHP 8.2, as far as values are read. */
void zvals_engine(void);

struct zstr *zstr_of(const char *text, size_t n);
struct zval zval_text(const char *text);
struct zval zval_bytes(const char *text, size_t n);
struct zval zval_int(int64_t v);
struct zval zval_float(double v);
struct zval zval_plain(uint8_t type); /* Z_UNDEF, Z_NULL, Z_FALSE, Z_TRUE */
/* `n` pairs of a key and a struct zval. */
struct zval zval_map(unsigned n, ...);
/* `n` times the same. */
struct zval zval_list(unsigned n, struct zval of);
struct zval zval_reference(struct zval to);
struct zval zval_resource(int32_t handle, const char *type);

/* A class of the application. Its properties are named as the engine does it. */
struct zclass *zclass_of(const char *name, struct zclass *parent, unsigned n,
			 const char *const *properties);
struct zval zval_object(struct zclass *ce, uint32_t handle);

/* A function of the application, and a frame of it with `n` arguments and room for eight. */
struct zframe *zframe_of(const char *name, const char *const *params, unsigned n);
struct zval *zframe_args(struct zframe *frame);
