/* SPDX-License-Identifier: MIT */
/*
 * What a request and its response say as HTTP: method, path, headers, bodies as JSON. Not redacted
 * yet. Of a run of php-cli the method is "CLI".
 */
#pragma once

#include <jansson.h>

#include "request.h"

struct exchange {
	json_t *method;	  /* string */
	json_t *path;	  /* string, without the query */
	json_t *query;	  /* object; see form.h */
	json_t *headers;  /* object, lower-case names with '-' */
	json_t *body;	  /* JSON, a form's fields, or NULL */
	bool body_valid;  /* it was complete, and what its type says */
	int status;	  /* 0: none seen */
	json_t *response; /* JSON, a string for other text, or NULL */
	bool response_json;
	json_t *arguments; /* array: of a run, behind the script, which is its path; NULL: HTTP */
};

int exchange_read(struct exchange *ret, const struct request *request);
void exchange_deinit(struct exchange *exchange);
