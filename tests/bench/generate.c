/* SPDX-License-Identifier: MIT */
/*
 * Fills a store with invented phone calls: one process writes frames into rings in shared memory,
 * as workers do, the other is the collector, with its own producers and writer.
 *
 * usage: bench-generate RECORDING STORE CALLS PHP_CALLS [FIRST]
 *
 * FIRST: how many calls the store has already; these are others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "producer.h"
#include "store.h"
#include "template.h"

#define WORKERS	     8
#define AT_ONCE	     24 /* calls that are on the line at the same time */
#define AHEAD	     64 /* requests that wait in the rings */
#define WAIT_US	     500
#define RING	     (32u << 20)
#define FIRST_CALL   UINT64_C(1760000000000000000)
#define FUNCTIONS_OF 2.1 /* requests for functions that a call has on average: talk.c */

struct worker {
	struct ct_ring_header *header;
	uint8_t *data;
	struct producer *producer;
	uint64_t seq;
};

/* Of both processes. */
struct shared {
	uint64_t calls, requests, php_calls, bytes; /* written */
	uint64_t taken;				    /* requests that the collector has seen */
};

struct generator {
	struct templates *templates;
	struct store *store;
	struct profile *profile;
	struct writer *writer;
	struct worker workers[WORKERS];
	struct talk talks[AT_ONCE];
	bool ready[AT_ONCE];
	uint64_t first, begun;
	struct shared *shared;
	msgpack_sbuffer out;
	struct timespec started;
};

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench-generate: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void worker_write(struct worker *worker, const msgpack_sbuffer *out)
{
	uint64_t head = worker->header->head, mask = RING - 1;
	size_t first = RING - (head & mask);

	if (RING - (head - worker->header->tail) < out->size) {
		fprintf(stderr, "bench-generate: the ring is full\n");
		exit(1);
	}
	first = first < out->size ? first : out->size;
	memcpy(worker->data + (head & mask), out->data, first);
	memcpy(worker->data, out->data + first, out->size - first);
	__atomic_store_n(&worker->header->head, head + out->size, __ATOMIC_RELEASE);
}

static void worker_open(struct generator *generator, struct worker *worker, uint8_t id)
{
	struct ct_ring_hello hello = {CT_RING_MAGIC, CT_RING_VERSION, getpid(), RING, {0}};
	int fd = memfd_create("ring", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct store_txn *txn;
	struct ring *ring;

	must(fd < 0 ? -errno : 0, "memfd");
	must(ftruncate(fd, CT_RING_HEADER + RING), "memfd");
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "memfd");
	worker->header =
		mmap(NULL, CT_RING_HEADER + RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(worker->header == MAP_FAILED ? -errno : 0, "memfd");
	worker->data = (uint8_t *)worker->header + CT_RING_HEADER;
	*worker->header = (struct ct_ring_header){.magic = CT_RING_MAGIC,
						  .version = CT_RING_VERSION,
						  .header_size = CT_RING_HEADER,
						  .data_size = RING,
						  .pid = (uint32_t)getpid()};
	/* Another one in every run: request ids come from it. */
	memset(worker->header->ring_id, id, 16);
	memcpy(worker->header->ring_id, &generator->first, sizeof(generator->first));
	memcpy(hello.ring_id, worker->header->ring_id, 16);
	must(ring_open(&ring, fd, &hello), "ring");
	close(fd);
	must(store_begin(generator->store, false, &txn), "store");
	must(producer_new(&worker->producer, ring, (uint32_t)getpid(), txn), "producer");
	store_abort(txn);
	templates_start(generator->templates, &generator->out);
	worker_write(worker, &generator->out);
	msgpack_sbuffer_clear(&generator->out);
}

/* The call on the line that says something next; NULL when there is none left. */
static struct talk *next_talk(struct generator *generator, uint64_t total)
{
	struct talk *next = NULL;

	for (size_t i = 0; i < AT_ONCE; i++) {
		if (!generator->ready[i] && generator->begun < total) {
			uint64_t number = generator->first + generator->begun++;

			talk_begin(&generator->talks[i], number,
				   FIRST_CALL + number * UINT64_C(70000000000));
			generator->ready[i] = talk_next(&generator->talks[i]);
		}
		if (generator->ready[i] &&
		    (!next || talk_time(&generator->talks[i]) < talk_time(next)))
			next = &generator->talks[i];
	}
	return next;
}

static bool one_request(struct generator *generator, uint64_t total)
{
	struct shared *shared = generator->shared;
	struct worker *worker = &generator->workers[shared->requests % WORKERS];
	struct talk *talk = next_talk(generator, total);
	double seconds;
	char *response;

	if (!talk)
		return false;
	shared->php_calls += templates_request(generator->templates, ++worker->seq, talk,
					       &generator->out, &response, &seconds);
	worker_write(worker, &generator->out);
	shared->bytes += generator->out.size;
	msgpack_sbuffer_clear(&generator->out);
	__atomic_add_fetch(&shared->requests, 1, __ATOMIC_RELEASE);
	talk_answered(talk, response, seconds);
	free(response);
	if (!talk_next(talk)) {
		talk_end(talk);
		generator->ready[talk - generator->talks] = false;
		shared->calls++;
	}
	return true;
}

/* As the collector's loop does it. */
static int batch(struct generator *generator)
{
	int r = writer_begin(generator->writer);

	for (size_t i = 0; i < WORKERS && r == 0; i++) {
		r = producer_read(generator->workers[i].producer, generator->writer);
		if (r == 0)
			r = producer_put(generator->workers[i].producer, generator->writer);
	}
	if (r == 0)
		r = writer_commit(generator->writer);
	else
		writer_abort(generator->writer);
	for (size_t i = 0; i < WORKERS; i++) {
		if (r == 0)
			producer_committed(generator->workers[i].producer);
		else
			producer_rolled_back(generator->workers[i].producer);
	}
	return r;
}

static void progress(const struct generator *generator, uint64_t total)
{
	struct timespec now;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)(now.tv_sec - generator->started.tv_sec) +
		  (double)(now.tv_nsec - generator->started.tv_nsec) / 1e9;
	fprintf(stderr, "\r%llu of %llu calls, %llu PHP calls, %.0f s, %.0f calls/s ",
		(unsigned long long)generator->shared->calls, (unsigned long long)total,
		(unsigned long long)generator->shared->php_calls, seconds,
		(double)generator->shared->calls / seconds);
}

/* The workers: never far ahead of the collector, as batches are small where it keeps up. */
static void work(struct generator *generator, uint64_t total)
{
	const struct shared *shared = generator->shared;

	do {
		while (shared->requests - __atomic_load_n(&shared->taken, __ATOMIC_ACQUIRE) >=
		       AHEAD)
			usleep(WAIT_US);
	} while (one_request(generator, total));
}

static bool busy(const struct generator *generator)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (producer_busy(generator->workers[i].producer))
			return true;
	return false;
}

static void collect(struct generator *generator)
{
	uint64_t seen = __atomic_load_n(&generator->shared->requests, __ATOMIC_ACQUIRE);
	int r;

	/* A map that was full is larger in the next transaction. */
	for (int tries = 0; (r = batch(generator)) == -ENOSPC && tries < 3; tries++)
		continue;
	must(r, "store");
	__atomic_store_n(&generator->shared->taken, seen, __ATOMIC_RELEASE);
}

static void generate(struct generator *generator, uint64_t total)
{
	pid_t pid = fork();
	int status = 0;
	bool done = false;

	must(pid < 0 ? -errno : 0, "fork");
	if (!pid) {
		work(generator, total);
		_exit(0);
	}
	for (uint64_t batches = 0; !done; batches++) {
		/* Before the last look into the rings. */
		done = waitpid(pid, &status, WNOHANG) == pid;
		if (busy(generator))
			collect(generator);
		else if (!done)
			usleep(WAIT_US);
		if (batches % 64 == 0 || done)
			progress(generator, total);
	}
	fputc('\n', stderr);
	if (status) {
		fprintf(stderr, "bench-generate: the workers failed\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct generator generator = {0};
	uint64_t total, php;

	if (argc < 5 || argc > 6 || !(total = strtoull(argv[3], NULL, 10))) {
		fprintf(stderr, "usage: bench-generate RECORDING STORE CALLS PHP_CALLS [FIRST]\n");
		return 2;
	}
	php = strtoull(argv[4], NULL, 10);
	generator.first = argc > 5 ? strtoull(argv[5], NULL, 10) : 0;
	generator.templates =
		templates_load(argv[1], (double)php / (double)total / (FUNCTIONS_OF + 3 * 0.35));
	msgpack_sbuffer_init(&generator.out);
	generator.shared = mmap(NULL, sizeof(*generator.shared), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(generator.shared == MAP_FAILED ? -errno : 0, "memory");
	must(store_open(&generator.store, argv[2], STORE_CREATE), argv[2]);
	must(profile_open(&generator.profile, NULL), "profile");
	must(writer_new(&generator.writer, generator.store, generator.profile), "writer");
	for (uint8_t i = 0; i < WORKERS; i++)
		worker_open(&generator, &generator.workers[i], i + 1);
	clock_gettime(CLOCK_MONOTONIC, &generator.started);
	generate(&generator, total);
	printf("{\"calls\": %llu, \"requests\": %llu, \"php_calls\": %llu, \"frame_bytes\": %llu}\n",
	       (unsigned long long)generator.shared->calls,
	       (unsigned long long)generator.shared->requests,
	       (unsigned long long)generator.shared->php_calls,
	       (unsigned long long)generator.shared->bytes);
	for (size_t i = 0; i < WORKERS; i++)
		producer_free(generator.workers[i].producer);
	writer_free(generator.writer);
	profile_close(generator.profile);
	store_close(generator.store);
	templates_free(generator.templates);
	msgpack_sbuffer_destroy(&generator.out);
	return 0;
}
