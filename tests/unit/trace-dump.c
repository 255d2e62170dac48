/* SPDX-License-Identifier: MIT */
/*
 * trace-dump itself over the fixture's store: what it prints is what tests/unit/golden has, and its
 *exit statuses.
 *
 *	test-trace-dump TRACE-DUMP FIXTURE GOLDEN [write]
 *
 * With "write" the golden files are written anew: look at the difference before it is committed.
 */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "fixture.h"
#include "golden.h"

static const char *db;

static const struct {
	const char *golden;
	int status;
	const char *args[GOLDEN_ARGS];
} cases[] = {
	{"timeline-80", 0, {"timeline", "call_9f3a1c77d2", "--width", "80"}},
	{"timeline-160", 0, {"timeline", "call_9f3a1c77d2", "--width", "160"}},
	{"timeline-empty-80", 0, {"--width=80", "timeline", "call_71"}},
	{"show-80", 0, {"show", "call_9f", "--width", "80"}},
	{"calls-80", 0, {"calls", "--kind", "all", "--width", "80"}},
	{"calls-160", 0, {"calls", "--width", "160"}},
	{"calls.csv", 0, {"calls", "--format", "csv"}},
	{"functions-80", 0, {"functions", "@latest", "--width", "80"}},
	{"functions-all-160", 0, {"functions", "--width", "160"}},
	{"tree-80", 0, {"tree", "call_9f/2", "--width", "80"}},
	{"tree-160", 0, {"tree", "call_9f", "--width", "160"}},
	{"tree-request-80", 0, {"tree", "a0b1c2", "--width", "80"}},
	{"transcript-80", 0, {"transcript", "call_9f", "--width", "80"}},
	{"transcript-user-80", 0, {"transcript", "call_9f", "--role", "user", "--width", "80"}},
	{"search-80", 0, {"search", "termin* -keinen", "--width", "80"}},
	{"search-120", 0, {"search", "faerben", "--role", "user", "--width", "120"}},
	{"search.json", 0, {"search", "\"färben und\"", "--format", "json"}},
	{"search-none.json", 1, {"search", "gestern", "--call", "call_9f", "--format", "json"}},
	{NULL, 1, {"search", "termin", "--call", "nix"}},
	{NULL, 1, {"search", "termin", "--company", "nix"}},
	{NULL, 2, {"search"}},
	{NULL, 2, {"search", "eins", "zwei"}},
	{NULL, 2, {"search", "\"termin"}},
	{NULL, 2, {"search", "--", "-termin"}},
	{"errors-80", 0, {"errors", "call_9f", "--width", "80"}},
	{"errors-160", 0, {"errors", "--width", "160"}},
	{"errors.ndjson", 0, {"errors", "--limit", "1", "--format", "ndjson"}},
	{"timeline-request.json", 0, {"timeline", "a0b1", "--format", "json"}},
	{"functions-none.json", 1, {"functions", "call_71", "--format=json"}},
	{"stats-80", 0, {"stats", "--width", "80"}},
	{"stats-160", 0, {"stats", "--by", "base", "--sort", "avg", "--width", "160"}},
	{"stats-call.json", 0, {"stats", "call_9f", "--by=call", "--format=json"}},
	{"stats-company.csv", 0, {"stats", "--by", "company", "--format", "csv"}},
	{"stats.ndjson", 0, {"stats", "--sort=name", "--limit=1", "--format", "ndjson"}},
	{"stats-none.json", 1, {"stats", "--function", "nix", "--format", "json"}},
	{"export.json", 0, {"export", "call_71", "--to", "json"}},
	{"export-requests.ndjson", 0, {"export", "--kind", "request", "--to", "ndjson", "-o", "-"}},
	{"export-segments.csv", 0, {"export", "--table", "segments", "--to", "csv"}},
	{"export-none.json", 1, {"export", "--to", "json", "--company", "nobody"}},
	{"resolve-80",
	 0,
	 {"errors", "resolve", "00000004-0000-8000-8000-000000000002", "--note",
	  "call +49 176 04069012", "--width", "80"}},
	{"errors-unresolved-80", 0, {"errors", "--unresolved", "--width", "80"}},
	{"reopen-80",
	 0,
	 {"errors", "reopen", "00000004-0000-8000-8000-000000000002", "--width", "80"}},
	{NULL, 2, {"export"}},
	{NULL, 2, {"export", "--to", "xml"}},
	{NULL, 2, {"export", "--to", "sqlite"}},
	{NULL, 2, {"export", "--to", "sqlite", "-o", "-"}},
	{NULL, 2, {"export", "--to", "json", "--format", "json"}},
	{NULL, 2, {"export", "--to", "json", "--table", "calls"}},
	{NULL, 2, {"export", "call_9f", "--to", "json", "--with-errors"}},
	{NULL, 2, {"calls", "-o", "/tmp/x"}},
	{NULL, 1, {"export", "call_nix", "--to", "json"}},
	{NULL, 3, {"export", "--to", "json", "-o", "/tmp"}},
	{NULL, 3, {"export", "--to", "sqlite", "-o", "/nonexistent/x"}},
	{NULL, 1, {"errors", "resolve", "1"}},
	{NULL, 1, {"errors", "resolve", "0000"}},
	{NULL, 2, {"errors", "resolve"}},
	{NULL, 2, {"errors", "reopen", "00000004-0000-8000-8000-000000000002", "--limit", "3"}},
	{NULL, 1, {"timeline", "call_nix"}},
	{NULL, 1, {"timeline", "call_"}},
	{NULL, 1, {"tree", "call_9f/17"}},
	{NULL, 1, {"calls", "--until", "2020-01-01"}},
	{NULL, 1, {"errors", "--severity=low"}},
	{NULL, 2, {NULL}},
	{NULL, 2, {"no-such-command"}},
	{NULL, 2, {"timeline"}},
	{NULL, 2, {"calls", "call_9f"}},
	{NULL, 2, {"timeline", "call_9f", "--status", "failed"}},
	{NULL, 2, {"functions", "--status", "failed"}},
	{NULL, 2, {"calls", "--since", "yesterday"}},
	{NULL, 2, {"calls", "--limit"}},
	{NULL, 2, {"calls", "-x"}},
	{NULL, 2, {"show", "call_9f", "--format", "csv"}},
	{NULL, 1, {"stats", "--until", "2020-01-01"}},
	{NULL, 1, {"stats", "call_nix"}},
	{NULL, 2, {"stats", "--by", "colour"}},
	{NULL, 2, {"stats", "--status", "failed"}},
	{NULL, 3, {"calls", "--db", "/nonexistent"}},
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		golden_check(db, cases[i].args, cases[i].status, cases[i].golden);
}

/* What could not be written must not count as said. */
static void test_full_disk(void)
{
	static const char *const calls[] = {"calls", NULL};
	static const char *const export[] = {"export", "--to", "ndjson", NULL};
	_cleanup_(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	CHECK(full >= 0);
	CHECK_INT(golden_run(db, calls, full), 3);
	CHECK_INT(golden_run(db, export, full), 3);
}

int main(int argc, char **argv)
{
	CHECK(argc > 3);
	golden_init(argv[1], argv[3], argc > 4);
	db = fixture_store(argv[2]);
	test_cases();
	test_full_disk();
	fixture_remove();
	return 0;
}
