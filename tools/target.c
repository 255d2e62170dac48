/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define TEMPORARY ".trace-dump-XXXXXX"

static const char *volatile in_the_making;

void target_abandon(void)
{
	if (in_the_making)
		unlink(in_the_making);
}

static void on_end(int number)
{
	target_abandon();
	raise(number);
}

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

static void catch_ends(void)
{
	const struct sigaction ends = {.sa_handler = on_end, .sa_flags = SA_RESETHAND | SA_NODEFER};
	struct sigaction before;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* nohup's stays ignored. */
		sigaction(numbers[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &ends, NULL);
	}
	/* A limit (ulimit -f) is an error of the write that meets it. */
	signal(SIGXFSZ, SIG_IGN);
}

/* The directory's part of a path, with its slash. */
static size_t directory_size(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int check_place(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return S_ISREG(st.st_mode) ? 0 : -EEXIST;
	return errno == ENOENT ? 0 : -errno;
}

/* With mode 0600. A signal comes before there is a file, or when it is known. */
static int make_known(char *temporary)
{
	sigset_t ends, before;
	int fd;

	sigemptyset(&ends);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&ends, numbers[i]);
	sigprocmask(SIG_BLOCK, &ends, &before);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		in_the_making = temporary;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

static int make_temporary(struct target *target)
{
	int fd;

	if (asprintf(&target->temporary, "%.*s" TEMPORARY, (int)directory_size(target->path),
		     target->path) < 0) {
		target->temporary = NULL;
		return -ENOMEM;
	}
	fd = make_known(target->temporary);
	if (fd < 0)
		return fd;
	target->file = fdopen(fd, "w");
	if (target->file)
		return 0;
	close(fd);
	return -ENOMEM;
}

int target_open(struct target *ret, const char *path)
{
	struct target target = {.path = path};
	int r;

	if (!path || strcmp(path, "-") == 0) {
		*ret = (struct target){.file = stdout};
		return 0;
	}
	r = path[directory_size(path)] ? check_place(path) : -EISDIR;
	if (r)
		return r;
	catch_ends();
	r = make_temporary(&target);
	if (r) {
		if (in_the_making)
			target_deinit(&target);
		free(target.temporary);
		return r;
	}
	*ret = target;
	return 0;
}

static int sync_directory(const char *path)
{
	_cleanup_(freep) char *directory = strndup(path, directory_size(path));
	_cleanup_(closep) int fd = -1;

	if (!directory)
		return -ENOMEM;
	fd = open(*directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int target_commit(struct target *target)
{
	if (!target->temporary)
		return 0;
	if (fflush(target->file) != 0 || ferror(target->file) || fsync(fileno(target->file)) < 0)
		return errno ? -errno : -EIO;
	if (rename(target->temporary, target->path) < 0)
		return -errno;
	in_the_making = NULL;
	free(steal(&target->temporary));
	/* It is in its place; some file systems cannot sync a directory. */
	sync_directory(target->path);
	return 0;
}

void target_deinit(struct target *target)
{
	if (target->file && target->file != stdout)
		fclose(target->file);
	if (target->temporary) {
		unlink(target->temporary);
		in_the_making = NULL;
		free(target->temporary);
	}
	*target = (struct target){0};
}
