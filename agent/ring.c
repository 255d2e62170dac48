/* SPDX-License-Identifier: MIT */
/* The producer's side of a ring. */

#include "ring.h"

#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

/* The header and the data, and the data once more behind it. */
static void *map_twice(int fd, uint64_t size)
{
	const int rw = PROT_READ | PROT_WRITE;
	uint8_t *base = mmap(NULL, CT_RING_HEADER + 2 * size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (mmap(base, CT_RING_HEADER + size, rw, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(base + CT_RING_HEADER + size, size, rw, MAP_SHARED | MAP_FIXED, fd,
		 CT_RING_HEADER) == MAP_FAILED) {
		munmap(base, CT_RING_HEADER + 2 * size);
		return NULL;
	}
	/* A child must not write here, and a core dump of the worker should not hold every caller's
	 * data. */
	madvise(base, CT_RING_HEADER + 2 * size, MADV_DONTFORK);
	madvise(base, CT_RING_HEADER + 2 * size, MADV_DONTDUMP);
	return base;
}

int ring_init(struct ring *ring, uint64_t size)
{
	struct ct_ring_header *header;
	struct timespec now;
	int fd, r;

	fd = (int)syscall(SYS_memfd_create, "calltrace-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fd = descriptor_apart(fd);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)(CT_RING_HEADER + size)) < 0)
		r = -errno;
	else
		r = seal(fd);
	header = r < 0 ? NULL : map_twice(fd, size);
	if (!header) {
		close(fd);
		return r < 0 ? r : -ENOMEM;
	}

	clock_gettime(CLOCK_REALTIME, &now);
	header->version = CT_RING_VERSION;
	header->header_size = CT_RING_HEADER;
	header->data_size = size;
	header->pid = (uint32_t)getpid();
	header->created_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (getrandom(header->ring_id, sizeof(header->ring_id), GRND_NONBLOCK) < 0)
		memcpy(header->ring_id, &header->created_ns, sizeof(header->created_ns));
	header->magic = CT_RING_MAGIC;

	memset(ring, 0, sizeof(*ring));
	ring->header = header;
	ring->data = (uint8_t *)header + CT_RING_HEADER;
	ring->size = size;
	ring->at = ring->data;
	ring->memfd = fd;
	return 0;
}

void ring_deinit(struct ring *ring, bool mapped)
{
	if (!ring->header)
		return;
	if (mapped)
		munmap(ring->header, CT_RING_HEADER + 2 * ring->size);
	/* First: what closes the agent's descriptors otherwise is refused. */
	ring->header = NULL;
	close(ring->memfd);
}

static uint64_t kept_back(const struct ring *ring, enum ring_priority priority)
{
	switch (priority) {
	case RING_DETAIL:
		return ring->size / 4;
	case RING_BODY:
		return ring->size / 8;
	case RING_KEEP:
		return ring->size / 32;
	default:
		return 0;
	}
}

/* A tail that cannot be is a consumer gone wrong: nothing it says counts any more. */
uint64_t ring_used(struct ring *ring)
{
	ring->tail = __atomic_load_n(&ring->header->tail, __ATOMIC_ACQUIRE);
	if (ring->head - ring->tail > ring->size)
		ring->tail = ring->head - ring->size;
	return ring->head - ring->tail;
}

bool ring_reserve(struct ring *ring, struct pack *k, size_t want, enum ring_priority priority)
{
	uint64_t need = want + RING_PREFIX + kept_back(ring, priority);

	if (__builtin_expect(ring->size - (ring->head - ring->tail) < need, 0) &&
	    ring->size - ring_used(ring) < need)
		return false;
	k->p = ring->at + RING_PREFIX;
	k->end = k->p + want;
	k->full = false;
	return true;
}

bool ring_commit(struct ring *ring, struct pack *k)
{
	uint8_t *at = ring->at;
	uint32_t n = (uint32_t)(k->p - at - RING_PREFIX);

	if (k->full)
		return false;
	memcpy(at, &n, sizeof(n));
	ring->head += RING_PREFIX + n;
	ring->at = ring->data + (ring->head & (ring->size - 1));
	__atomic_store_n(&ring->header->head, ring->head, __ATOMIC_RELEASE);
	return true;
}
