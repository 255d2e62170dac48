/* SPDX-License-Identifier: MIT */
/*
 * The rules that say what an error is: its code, type and severity, whether a booking failed and
 * whether it ended the call. For each of these the first rule that fits and says something of it
 * decides. A user's rules come before those built in (rules/default.json); docs/rules.md.
 */
#pragma once

#include "rule.h"

struct rules;

/* `path`: a file of rules that go before those built in; NULL: none. -EINVAL: `ret_problem`, to be
 * freed, says where and what; another error is the file's. */
int rules_open(struct rules **ret, const char *path, char **ret_problem);
void rules_close(struct rules *rules);
/* Those built in alone; never freed. NULL: no memory. */
const struct rules *rules_builtin(void);

/* {"code", "type", "severity", "booking_failed", "call_terminated"} */
json_t *rules_judge(const struct rules *rules, const struct failure *failure);
