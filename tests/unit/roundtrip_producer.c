/* SPDX-License-Identifier: MIT */
/* The agent's own code, fed with bytes as php-fpm would read and write them and with values as PHP
 * has them. */

#include "roundtrip_producer.h"

#include "../../agent/calls.h"
#include "../../agent/exceptions.h"
#include "../../agent/interpose.h"
#include "../../agent/marks.h"
#include "../../agent/request.h"
#include "../../agent/values.h"
#include "../../agent/worker.h"

#include "zvals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

static void engine(void)
{
	if (zend.eg)
		return;
	zvals_engine();
	worker.flying = &ZAT(zend.eg, zend.at->eg_exception, struct zobj *);
	settings_load(&worker.settings);
	rules_seal(&worker.settings.rules, false);
	worker.settings.ring_size = CT_RING_MIN * 16;
	strcpy(worker.settings.socket, "/nonexistent/agent.sock");
	clock_init(true);
	exceptions_install();
	worker.armed = true;
	worker.mechanism = MECHANISM_HOOK;
	worker.trusts_functions = worker.trusts_frames = true;
	worker.nudge_at = UINT64_MAX;
}

/* One that is only timed, in which another is called twice: three calls, four frames. */
static void timed(void)
{
	struct zframe *outer = zframe_of("slots", NULL, 0), *inner = zframe_of("isFree", NULL, 0);
	struct fn *slots = fn_find(outer), *is_free = fn_find(inner);
	struct open_call *open;

	slots->mode = is_free->mode = FN_TIME;
	fn_define(slots, outer->func);
	fn_define(is_free, inner->func);
	/* As it would be in a ring that is full from the beginning. */
	if (!fn_is_timed(slots) || !fn_is_timed(is_free))
		return;
	open = call_timed_enter(slots, 1900);
	for (unsigned i = 0; i < 2; i++) {
		struct open_call *call = call_timed_enter(is_free, 1800);

		if (call)
			call_timed_leave(call);
	}
	if (open)
		call_timed_leave(open);
}

static void call(void)
{
	static const char *const params[] = {"slot", "options", "apiToken"};
	struct zframe *frame = zframe_of("book", params, 3);
	struct zval *args = zframe_args(frame), result;
	struct fn *fn = fn_find(frame);
	struct zobj *thrown = zval_object(*zend.exception_class, 3).obj;
	struct open_call *opened, *inner;

	args[0] = zval_text("F\xc3\xa4rben");
	args[1] = zval_map(
		6, "password", zval_text("hunter2"), "n", zval_int(-5), "deep",
		zval_list(3,
			  zval_list(1,
				    zval_list(1,
					      zval_list(1,
							zval_list(1, zval_list(1, zval_int(1))))))),
		"nan", zval_float(NAN), "bytes", zval_text("\xff\xfe"), "many",
		zval_list(100, zval_int(7)));
	args[2] = zval_text("token-value");
	opened = call_enter(fn, frame, fn->secret_args, 2000);
	timed();
	inner = call_enter(fn, frame, fn->secret_args, 1000);

	thrown->slots[0] = zval_text("no slot");
	thrown->slots[2] = zval_int(42);
	thrown->slots[3] = zval_text("/srv/app/Booking.php");
	thrown->slots[4] = zval_int(20);
	(*zend.throw_hook)(thrown);
	ZAT(zend.eg, zend.at->eg_exception, struct zobj *) = thrown;
	if (inner)
		call_leave(inner, NULL);
	ZAT(zend.eg, zend.at->eg_exception, struct zobj *) = NULL;
	result = zval_text("ok");
	if (opened)
		call_leave(opened, &result);
}

static size_t put_record(uint8_t *at, uint8_t type, const void *data, size_t n)
{
	const uint8_t header[8] = {1, type, 0, 1, (uint8_t)(n >> 8), (uint8_t)n, 3, 0};

	memcpy(at, header, 8);
	if (n)
		memcpy(at + 8, data, n);
	memset(at + 8 + n, 0, 3);
	return 8 + n + 3;
}

static size_t put_pair(uint8_t *at, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);

	at[0] = (uint8_t)n;
	at[1] = (uint8_t)m;
	memcpy(at + 2, name, n);
	memcpy(at + 2 + n, value, m);
	return 2 + n + m;
}

EXPORT void producer_serve(const char *body, size_t pieces)
{
	static uint8_t in[1 << 20], params[4096];
	static const char answer[] = "Status: 200 OK\r\n\r\n{\"success\":true}";
	size_t size = strlen(body), n = 0, p = 0;
	char length[32];

	engine();
	snprintf(length, sizeof(length), "%zu", size);
	p += put_pair(params + p, "REQUEST_METHOD", "POST");
	p += put_pair(params + p, "CONTENT_LENGTH", length);
	p += put_pair(params + p, "HTTP_AUTHORIZATION", "Bearer planted");
	p += put_pair(params + p, "HTTP_X_RETELL_SIGNATURE", "v=1772442020137,d=bd3c2605e1");
	n += put_record(in + n, 1, "\0\1\1\0\0\0\0\0", 8);
	n += put_record(in + n, 4, params, p);
	n += put_record(in + n, 4, NULL, 0);
	for (size_t at = 0; at < size; at += 60000)
		n += put_record(in + n, 5, body + at, size - at < 60000 ? size - at : 60000);
	n += put_record(in + n, 5, NULL, 0);

	request_before_accept();
	request_accepted(7);
	for (size_t at = 0, step = pieces ? pieces : n; at < n; at += step)
		request_read(in + at, (ssize_t)(n - at < step ? n - at : step));
	call();
	n = put_record(in, 6, answer, sizeof(answer) - 1);
	n += put_record(in + n, 6, NULL, 0);
	n += put_record(in + n, 3, "\0\0\0\0\0\0\0\0", 8);
	request_written(in, (ssize_t)n, clock_ticks());
	request_closed();
	request_before_accept();
}

EXPORT void producer_flood(const char *body)
{
	for (int i = 0; i < 4000; i++)
		producer_serve(body, 0);
}

EXPORT void producer_ring(struct ct_ring_hello *ret_hello, int *ret_fd)
{
	*ret_hello = (struct ct_ring_hello){
		.magic = CT_RING_MAGIC,
		.version = CT_RING_VERSION,
		.pid = (uint32_t)getpid(),
		.data_size = worker.ring.size,
	};
	memcpy(ret_hello->ring_id, worker.ring.header->ring_id, 16);
	*ret_fd = worker.ring.memfd;
}
