/* SPDX-License-Identifier: MIT */
/*
 * bench-load SOCKET FILE CONNECTIONS TIMES: asks an HTTP server on a Unix socket TIMES requests, of
 * those in the FILE one after the other and then again, over so many connections at once, a new one
 * for each request. In the file each has its size before it, as a line. Prints the nanoseconds that
 * all of it took and then those of each request. Any answer but 200 ends it.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 64
#define MAX_REQUESTS	1024

static struct sockaddr_un server = {.sun_family = AF_UNIX};
static struct request {
	char *data;
	size_t size;
} requests[MAX_REQUESTS];
static size_t request_count;
static size_t times;
static uint64_t *took;
static atomic_size_t asked;
static atomic_bool failed;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool send_all(int fd, const struct request *request)
{
	for (size_t sent = 0; sent < request->size;) {
		ssize_t n = send(fd, request->data + sent, request->size - sent, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* The server closes the connection behind its answer. */
static bool receive_all(int fd)
{
	static const char wanted[] = "HTTP/1.1 200";
	char data[65536];
	ssize_t n = recv(fd, data, sizeof(wanted) - 1, MSG_WAITALL);
	bool ok = n == sizeof(wanted) - 1 && memcmp(data, wanted, sizeof(wanted) - 1) == 0;

	while (n > 0)
		n = recv(fd, data, sizeof(data), 0);
	return ok && n == 0;
}

static bool ask(const struct request *request)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0 &&
		  send_all(fd, request) && receive_all(fd);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void *client(void *unused)
{
	size_t number;

	while (!failed && (number = asked++) < times) {
		uint64_t start = now_ns();

		if (!ask(&requests[number % request_count]))
			failed = true;
		took[number] = now_ns() - start;
	}
	return NULL;
}

static bool read_requests(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		return false;
	while (request_count < MAX_REQUESTS && fscanf(file, "%zu", &size) == 1 &&
	       fgetc(file) == '\n') {
		struct request *request = &requests[request_count];

		request->data = malloc(size);
		request->size = size;
		if (!request->data || fread(request->data, 1, size, file) != size)
			break;
		request_count++;
	}
	fclose(file);
	return request_count > 0;
}

int main(int argc, char **argv)
{
	pthread_t clients[MAX_CONNECTIONS];
	size_t connections;
	uint64_t start;

	if (argc != 5 || strlen(argv[1]) >= sizeof(server.sun_path) ||
	    (connections = strtoul(argv[3], NULL, 10)) - 1 >= MAX_CONNECTIONS ||
	    (times = strtoul(argv[4], NULL, 10)) == 0) {
		fprintf(stderr, "usage: bench-load SOCKET FILE CONNECTIONS TIMES\n");
		return 2;
	}
	strcpy(server.sun_path, argv[1]);
	took = calloc(times, sizeof(*took));
	if (!took || !read_requests(argv[2])) {
		fprintf(stderr, "bench-load: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	start = now_ns();
	for (size_t i = 0; i < connections; i++) {
		if (pthread_create(&clients[i], NULL, client, NULL) != 0)
			abort();
	}
	for (size_t i = 0; i < connections; i++)
		pthread_join(clients[i], NULL);
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	for (size_t i = 0; i < times; i++)
		printf("%llu\n", (unsigned long long)took[i]);
	free(took);
	if (failed)
		fprintf(stderr, "bench-load: a request was not answered with 200\n");
	return failed;
}
