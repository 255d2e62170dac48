/* SPDX-License-Identifier: MIT */
/*
 * Sorting of numbers, whatever order somebody made them come in, in time linear in how many they
 * are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Ascending. -ENOMEM. */
int sort_u64(uint64_t *values, size_t count);
