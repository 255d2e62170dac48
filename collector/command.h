/* SPDX-License-Identifier: MIT */
/*
 * The command line of a run of php-cli: an array of strings, or of what stands for a string that is
 * none (docs/frames.md, "Values").
 */
#pragma once

#include "redact.h"

/* Remembers what stands under personal options, `--name=value` or `--name value`. */
void command_learn(struct redact *redact, const json_t *arguments);
/* A new array; NULL only without memory. */
json_t *command_redacted(struct redact *redact, const json_t *arguments);
