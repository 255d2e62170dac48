/* SPDX-License-Identifier: MIT */
/*
 * One rule: what must hold of a failure, and what is then said of it. docs/rules.md describes the
 * fields.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A failure as the rules see it. Everything is borrowed and may be NULL. */
struct failure {
	const char *provider, *function, *source, *disconnection_reason, *message;
	const char *response_code; /* what the answer itself calls it */
	const json_t *response;
	const char *signal;  /* of a crash */
	const json_t *cause; /* an exception */
	const json_t *outbound, *php_errors;
	int64_t http_status, exit_status;
	bool handled, booking, terminated;
};

/* What rules set, in the order in which it is decided: a condition may ask for what was decided
 * before. */
enum verdict_field {
	VERDICT_CALL_TERMINATED,
	VERDICT_BOOKING_FAILED,
	VERDICT_TYPE,
	VERDICT_CODE,
	VERDICT_SEVERITY,
	VERDICT_FIELDS,
};

extern const char *const verdict_names[VERDICT_FIELDS];

struct rule;

/* Of a rule as JSON, which is kept. -EINVAL: `ret_problem`, to be freed, says what is wrong with
 * which field, and what is allowed. */
int rule_new(struct rule **ret, json_t *json, char **ret_problem);
void rule_free(struct rule *rule);

/* What the rule says of this field, NULL: nothing. Borrowed. */
const json_t *rule_says(const struct rule *rule, enum verdict_field field);
/* `verdict` has what was decided so far. `ret_outbound` is the outbound call that the rule's
 * conditions speak of, or the last one that failed. */
bool rule_fits(const struct rule *rule, const struct failure *failure, const json_t *verdict,
	       const json_t **ret_outbound);
