/* SPDX-License-Identifier: MIT */
/* The consumer's side of a ring whose producer lies. */
#include "ring.h"

#include <calltrace/frame.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define SIZE CT_RING_MIN

static struct ct_ring_header *header;
static struct ct_ring_hello hello;

static int make(unsigned int seals, size_t size)
{
	int fd = memfd_create("ring", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, seals), 0);
	if (header)
		munmap(header, CT_RING_HEADER + SIZE);
	header = mmap(NULL, CT_RING_HEADER + SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(header != MAP_FAILED);
	*header = (struct ct_ring_header){.magic = CT_RING_MAGIC,
					  .version = CT_RING_VERSION,
					  .header_size = CT_RING_HEADER,
					  .data_size = SIZE,
					  .ring_id = {7}};
	hello = (struct ct_ring_hello){CT_RING_MAGIC, CT_RING_VERSION, 1, SIZE, {7}};
	return fd;
}

static void refused(int fd)
{
	struct ring *ring = NULL;

	CHECK_INT(ring_open(&ring, fd, &hello), -EPROTO);
	CHECK(!ring);
}

static void test_refused(void)
{
	int good = F_SEAL_SHRINK | F_SEAL_GROW, fd = make(F_SEAL_GROW, CT_RING_HEADER + SIZE);

	refused(fd); /* could be shrunk under us */
	close(fd);
	fd = make(good, CT_RING_HEADER + 2 * SIZE);
	refused(fd);
	close(fd);
	fd = make(good, CT_RING_HEADER + SIZE);
	hello.data_size = SIZE + 1;
	refused(fd);
	hello.data_size = 1ull << 40;
	refused(fd);
	hello.data_size = SIZE;
	hello.ring_id[0] = 8;
	refused(fd);
	hello.ring_id[0] = 7;
	hello.version = 2;
	refused(fd);
	hello.version = CT_RING_VERSION;
	header->header_size = 64;
	refused(fd);
	header->header_size = CT_RING_HEADER;
	header->head = SIZE + 1;
	refused(fd);
	header->head = 1;
	header->tail = 2;
	refused(fd);
	close(fd);
	refused(STDERR_FILENO);
}

static void test_wrap(void)
{
	int fd = make(F_SEAL_SHRINK | F_SEAL_GROW, CT_RING_HEADER + SIZE);
	uint8_t *data = (uint8_t *)header + CT_RING_HEADER;
	struct buffer copy = BUFFER_INIT;
	struct ring *ring;
	uint64_t tail, head;

	header->tail = 5 * (uint64_t)SIZE - 3;
	header->head = 5 * (uint64_t)SIZE + 4;
	memcpy(data + SIZE - 3, "abc", 3);
	memcpy(data, "defg", 4);
	CHECK_INT(ring_open(&ring, fd, &hello), 0);
	close(fd);
	CHECK_INT(ring_copy(ring, header->tail, 100, &copy), 0);
	CHECK_INT(copy.size, 7);
	CHECK(memcmp(copy.data, "abcdefg", 7) == 0);
	copy.size = 0;
	CHECK_INT(ring_copy(ring, header->tail + 1, 3, &copy), 0);
	CHECK(memcmp(copy.data, "bcd", 3) == 0);
	CHECK_INT(ring_copy(ring, header->head + 1, 3, &copy), -EPROTO);
	CHECK_INT(ring_copy(ring, header->tail - 1, 3, &copy), -EPROTO);
	ring_release(ring, header->head);
	CHECK_INT(header->tail, header->head);
	header->head -= 1;
	CHECK_INT(ring_cursors(ring, &tail, &head), -EPROTO);
	ring_close(ring);
	buffer_deinit(&copy);
}

static void test_split(void)
{
	static const uint8_t bytes[] = {2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 3, 0, 0, 0, 'c'};
	static const uint8_t huge[] = {1, 0, 4, 0};
	struct span all = {bytes, sizeof(bytes)}, record;
	size_t offset = 0;

	CHECK_INT(ring_next(all, &offset, &record), 0);
	CHECK(span_is(record, "ab"));
	CHECK_INT(ring_next(all, &offset, &record), 0);
	CHECK_INT(record.size, 0);
	CHECK_INT(ring_next(all, &offset, &record), RING_PARTIAL);
	CHECK_INT(offset, 10);
	offset = 0;
	CHECK_INT(ring_next((struct span){huge, 4}, &offset, &record), -EPROTO);
	CHECK_INT(ring_next((struct span){huge, 3}, &offset, &record), RING_PARTIAL);
}

int main(void)
{
	test_refused();
	test_wrap();
	test_split();
	munmap(header, CT_RING_HEADER + SIZE);
	return 0;
}
