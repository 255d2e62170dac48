/* SPDX-License-Identifier: MIT */
/*
 * The ring: how frames leave a producer (a php-fpm worker, a probe) without a lock, a copy or a
 * wait.
 *
 * A ring is one memfd: a header page, then `data_size` bytes of data, a power of two. It has one
 * producer and one consumer. The memfd is sealed against growing, shrinking and further sealing
 * before it is handed over, so that neither side can make the other fault with SIGBUS. It belongs
 * to whoever still has it open: it outlives a killed producer and a killed consumer.
 *
 * Cursors count bytes since the ring was made and never wrap (2^64 bytes); a cursor's place in the
 * data is `cursor & (data_size - 1)`. A record is a little-endian u32 with the length of the frame,
 * then the frame (see frame.h), no padding; it may wrap around the end of the data. A producer
 * publishes whole records by storing `head` with release order; a consumer copies them out, and
 * stores `tail` with release order once what they said is safe on disk. `head - tail` never exceeds
 * `data_size`.
 *
 * Neither side trusts the other. The consumer copies before it parses and checks every length
 * against `head`. The producer stops for good when `tail` is ahead of `head` or further behind than
 * `data_size`.
 *
 * Of a producer that is gone there may be more behind `head`: where `batch` is not 0, what lies
 * there is a CALLS frame (frame.h) whose length and `dt` have not been written: its events begin
 * CT_RING_BATCH bytes after `head` and end before the first one that is 0.
 *
 * Handing over: a SOCK_SEQPACKET Unix socket; the producer's first message is a `struct
 * ct_ring_hello` with the memfd as SCM_RIGHTS. After that it sends single bytes, CT_RING_WAKE, as
 * hints that something worth reading was published. It never waits: a message that cannot be sent
 * is not sent. The consumer answers nothing. It closes the connection to refuse. When the
 * connection ends, the producer is gone or has forgotten the ring: what is in it is all there will
 * be, unless the same ring (the same `ring_id`) is offered again on another connection.
 */
#pragma once

#include <stdint.h>

#define CT_RING_MAGIC	0x31474e4952544321ull /* "!CTRING1" read as little-endian */
#define CT_RING_VERSION 1
#define CT_RING_HEADER	4096u /* bytes before the data */
#define CT_RING_MIN	(64u << 10)
#define CT_RING_MAX	(64u << 20)
#define CT_RING_DEFAULT (4u << 20)
#define CT_RING_WAKE	'w'
#define CT_RING_BATCH	18u

/* What a producer could not record, counted by kind since the ring was made. The names are those of
 * LOST frames, of `trace-dump check` and of a timeline's holes. */
#define CT_LOST_KINDS(X)                                                                         \
	X(CALLS, "calls")	  /* a function's entry and exit: the ring was too full */       \
	X(VALUES, "values")	  /* arguments or a result: the ring was too full */             \
	X(DEEP, "deep")		  /* nested deeper than is traced, or too little C stack left */ \
	X(FIBERS, "fibers")	  /* switches into a fiber, where nothing is traced */           \
	X(BODY, "body_bytes")	  /* of request bodies */                                        \
	X(OUTPUT, "output_bytes") /* of responses */                                             \
	X(ERRORS, "errors")	  /* PHP errors and exceptions */                                \
	X(FUNCTIONS, "functions") /* could not be defined: too many, or no room */               \
	X(REQUESTS, "requests")	  /* whole requests: no room even for their beginning */         \
	X(INTERNAL, "internal")	  /* the producer's own failures: memory, a system call */

enum ct_lost {
#define X(id, name) CT_LOST_##id,
	CT_LOST_KINDS(X)
#undef X
		CT_LOST_COUNT
};

struct ct_ring_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size; /* CT_RING_HEADER */
	uint64_t data_size;
	uint8_t ring_id[16]; /* random; the same after a new offer of the same ring */
	uint32_t pid;	     /* as the producer sees itself; the peer credentials are what counts */
	uint32_t reserved;
	uint64_t created_ns; /* CLOCK_REALTIME */
	uint8_t pad0[128 - 56];

	uint64_t head;	/* producer */
	uint64_t batch; /* producer: 0, or 1 + the dt of a CALLS frame that begins at `head` */
	uint8_t pad1[64 - 16];

	uint64_t tail; /* consumer */
	uint8_t pad2[64 - 8];

	uint64_t lost[16]; /* producer, indexed by enum ct_lost */

	char socket[108]; /* where the producer offers it; NUL-terminated */
	uint8_t pad3[20];
};

_Static_assert(sizeof(struct ct_ring_header) == 512, "the header's layout is a contract");
_Static_assert(CT_LOST_COUNT <= 16, "lost[] has 16 places");

struct ct_ring_hello {
	uint64_t magic; /* CT_RING_MAGIC */
	uint32_t version;
	uint32_t pid;
	uint64_t data_size;
	uint8_t ring_id[16];
};

_Static_assert(sizeof(struct ct_ring_hello) == 40, "the hello's layout is a contract");
