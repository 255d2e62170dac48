/* SPDX-License-Identifier: MIT */
/*
 * What a request's PHP calls come to: counts and times of database and outbound calls, the handler,
 * exceptions, PHP errors, failing outbound calls. Redacted JSON, kept in the input record.
 */
#pragma once

#include "tree.h"

int summary_build(json_t **ret, const struct request *request, const struct functions *functions,
		  struct redact *redact);
