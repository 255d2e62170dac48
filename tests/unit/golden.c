/* SPDX-License-Identifier: MIT */
#include "golden.h"

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"

static const char *program, *directory;
static bool write_golden;

void golden_init(const char *trace_dump, const char *golden, bool write)
{
	program = trace_dump;
	directory = golden;
	write_golden = write;
}

static void run_child(const char *db, const char *const *args, int out)
{
	const char *argv[GOLDEN_ARGS + 4] = {program, "--db", db};

	for (size_t i = 0; i < GOLDEN_ARGS && args[i]; i++)
		argv[3 + i] = args[i];
	dup2(out, STDOUT_FILENO);
	unsetenv("COLUMNS");
	execv(program, (char **)argv);
	_exit(127);
}

int golden_run(const char *db, const char *const *args, int out)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		run_child(db, args, out);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *read_all(FILE *file)
{
	char *s = calloc(1, 1 << 20);

	CHECK(s);
	rewind(file);
	CHECK(fread(s, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	return s;
}

static void check_file(const char *name, FILE *printed)
{
	_cleanup_(freep) char *path = NULL, *wanted = NULL, *found = read_all(printed);
	_cleanup_(fclosep) FILE *file = NULL;

	CHECK(asprintf(&path, "%s/%s", directory, name) > 0);
	file = fopen(path, write_golden ? "w+" : "r");
	CHECK(file);
	if (write_golden)
		CHECK(fputs(found, file) >= 0);
	wanted = read_all(file);
	if (strcmp(wanted, found) != 0) {
		fprintf(stderr, "%s is not what was printed:\n%s", path, found);
		exit(1);
	}
}

void golden_check(const char *db, const char *const *args, int status, const char *golden)
{
	_cleanup_(fclosep) FILE *out = tmpfile();
	int is;

	CHECK(out);
	is = golden_run(db, args, fileno(out));
	if (is != status)
		for (size_t i = 0; args[i]; i++)
			fprintf(stderr, "%s ", args[i]);
	CHECK_INT(is, status);
	if (golden)
		check_file(golden, out);
}
