/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include <calltrace/frame.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cleanup.h"

struct ring {
	struct ct_ring_header *header;
	const uint8_t *data;
	uint64_t size;
	uint8_t id[16];
};

CLEANUP_DEFINE(struct ring *, ring_close);

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->header)
		munmap(ring->header, CT_RING_HEADER);
	if (ring->data)
		munmap((void *)ring->data, ring->size);
	free(ring);
}

static bool hello_valid(const struct ct_ring_hello *hello)
{
	uint64_t size = hello->data_size;

	return hello->magic == CT_RING_MAGIC && hello->version == CT_RING_VERSION &&
	       size >= CT_RING_MIN && size <= CT_RING_MAX && !(size & (size - 1));
}

/* Sealed against shrinking, or the producer could make us fault; F_GET_SEALS fails on what is no
 * memfd. */
static bool fd_valid(int fd, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW) &&
	       fstat(fd, &st) == 0 && (uint64_t)st.st_size == CT_RING_HEADER + size;
}

static int map(struct ring *ring, int fd)
{
	void *p = mmap(NULL, CT_RING_HEADER, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	ring->header = p;
	p = mmap(NULL, ring->size, PROT_READ, MAP_SHARED, fd, CT_RING_HEADER);
	if (p == MAP_FAILED)
		return -errno;
	ring->data = p;
	/* Raw values are in there: not into our core dumps. */
	madvise(ring->header, CT_RING_HEADER, MADV_DONTDUMP);
	madvise(p, ring->size, MADV_DONTDUMP);
	return 0;
}

static bool header_valid(const struct ct_ring_header *header, const struct ct_ring_hello *hello)
{
	return header->magic == CT_RING_MAGIC && header->version == CT_RING_VERSION &&
	       header->header_size == CT_RING_HEADER && header->data_size == hello->data_size &&
	       memcmp(header->ring_id, hello->ring_id, sizeof(hello->ring_id)) == 0;
}

int ring_open(struct ring **ret, int fd, const struct ct_ring_hello *hello)
{
	_cleanup_(ring_closep) struct ring *ring = NULL;
	uint64_t tail, head;
	int r;

	if (!hello_valid(hello) || !fd_valid(fd, hello->data_size))
		return -EPROTO;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->size = hello->data_size;
	memcpy(ring->id, hello->ring_id, sizeof(ring->id));
	r = map(ring, fd);
	if (r < 0)
		return r;
	if (!header_valid(ring->header, hello))
		return -EPROTO;
	r = ring_cursors(ring, &tail, &head);
	if (r < 0)
		return r;
	*ret = steal(&ring);
	return 0;
}

const uint8_t *ring_id(const struct ring *ring)
{
	return ring->id;
}

uint64_t ring_size(const struct ring *ring)
{
	return ring->size;
}

int ring_cursors(const struct ring *ring, uint64_t *ret_tail, uint64_t *ret_head)
{
	uint64_t head = __atomic_load_n(&ring->header->head, __ATOMIC_ACQUIRE);
	uint64_t tail = __atomic_load_n(&ring->header->tail, __ATOMIC_RELAXED);

	if (head < tail || head - tail > ring->size)
		return -EPROTO;
	*ret_tail = tail;
	*ret_head = head;
	return 0;
}

int ring_copy(const struct ring *ring, uint64_t position, size_t max, struct buffer *into)
{
	uint64_t tail, head;
	size_t at = position & (ring->size - 1), n, first;
	int r = ring_cursors(ring, &tail, &head);

	if (r < 0)
		return r;
	if (position < tail || position > head)
		return -EPROTO;
	n = head - position < max ? head - position : max;
	r = buffer_reserve(into, n);
	if (r < 0 || !n)
		return r;
	first = n < ring->size - at ? n : ring->size - at;
	memcpy(into->data + into->size, ring->data + at, first);
	memcpy(into->data + into->size + first, ring->data, n - first);
	into->size += n;
	return 0;
}

void ring_release(struct ring *ring, uint64_t tail)
{
	__atomic_store_n(&ring->header->tail, tail, __ATOMIC_RELEASE);
}

void ring_lost(const struct ring *ring, uint64_t ret[CT_LOST_COUNT])
{
	for (unsigned int i = 0; i < CT_LOST_COUNT; i++)
		ret[i] = __atomic_load_n(&ring->header->lost[i], __ATOMIC_RELAXED);
}

static uint64_t word_at(const struct ring *ring, uint64_t position)
{
	uint8_t bytes[sizeof(uint64_t)];
	uint64_t word;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = ring->data[(position + i) & (ring->size - 1)];
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static void write_big_endian(uint8_t *p, uint64_t v, unsigned int n)
{
	while (n--)
		*p++ = (uint8_t)(v >> 8 * n);
}

int ring_unpublished(const struct ring *ring, struct buffer *into)
{
	uint64_t dt = __atomic_load_n(&ring->header->batch, __ATOMIC_ACQUIRE), tail, head, word;
	uint8_t *frame;
	size_t n = 0;
	int r = dt ? ring_cursors(ring, &tail, &head) : 0;

	if (r < 0 || !dt)
		return r;
	r = buffer_reserve(into, 14 + CT_CALLS_MAX * sizeof(word));
	if (r < 0)
		return r;
	frame = into->data + into->size;
	for (; n < CT_CALLS_MAX; n++) {
		word = word_at(ring, head + CT_RING_BATCH + n * sizeof(word));
		/* The lower half of its last part was written last. */
		if (!(le64toh(word) >> 32 & UINT16_MAX))
			break;
		memcpy(frame + 14 + n * sizeof(word), &word, sizeof(word));
	}
	if (!n)
		return 0;
	frame[0] = 0x93;
	frame[1] = CT_FRAME_CALLS;
	frame[2] = 0xcf;
	write_big_endian(frame + 3, dt - 1, 8);
	frame[11] = 0xc5;
	write_big_endian(frame + 12, n * sizeof(word), 2);
	into->size += 14 + n * sizeof(word);
	return 0;
}

int ring_next(struct span bytes, size_t *offset, struct span *ret)
{
	const uint8_t *p = bytes.data + *offset;
	size_t left = bytes.size - *offset;
	uint32_t size;

	if (left < 4)
		return RING_PARTIAL;
	size = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
	if (size > CT_FRAME_MAX)
		return -EPROTO;
	if (left - 4 < size)
		return RING_PARTIAL;
	*ret = (struct span){p + 4, size};
	*offset += 4 + size;
	return 0;
}
