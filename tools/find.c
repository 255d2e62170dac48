/* SPDX-License-Identifier: MIT */
/*
 * Which call a user means.
 */
#include "command.h"

int command_find_call(struct store_txn *txn, const char *call, struct uuid *ret)
{
	int r = store_find_call(txn, call, ret);

	if (r == STORE_NONE)
		fprintf(stderr,
			"trace-dump: no call is, or begins with, %s; see trace-dump calls\n", call);
	if (r == STORE_AMBIGUOUS)
		fprintf(stderr, "trace-dump: more than one call begins with %s; write more of it\n",
			call);
	return r > 0 ? COMMAND_NOTHING : r;
}
