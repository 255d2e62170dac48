/* SPDX-License-Identifier: MIT */
/* The agent's own code, fed with bytes as php-fpm would read and write them and with values as PHP
 * has them. */

#include "roundtrip_producer.h"

#include "../../agent/calls.h"
#include "../../agent/exceptions.h"
#include "../../agent/interpose.h"
#include "../../agent/request.h"
#include "../../agent/values.h"
#include "../../agent/worker.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

/* Values live as long as the test: all of them hang on one list, so that none is a leak. */
static void *make(size_t n)
{
	static void **last;
	void **made = calloc(1, sizeof(*made) * 2 + n);

	made[0] = last;
	last = made;
	return made + 2;
}

static struct zstr *string(const char *text, size_t n)
{
	struct zstr *s = make(sizeof(*s) + n + 1);

	s->len = n;
	memcpy(s->val, text, n);
	return s;
}

static struct zval text(const char *s)
{
	return (struct zval){.str = string(s, strlen(s)), .type_info = Z_STRING};
}

static struct zval integer(int64_t v)
{
	return (struct zval){.lval = v, .type_info = Z_LONG};
}

static struct zval map(unsigned n, ...)
{
	struct zarr *arr = make(sizeof(*arr));
	va_list ap;

	arr->buckets = make((n ? n : 1) * sizeof(*arr->buckets));
	arr->used = arr->count = n;
	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		const char *key = va_arg(ap, const char *);

		arr->buckets[i].key = string(key, strlen(key));
		arr->buckets[i].val = va_arg(ap, struct zval);
	}
	va_end(ap);
	return (struct zval){.arr = arr, .type_info = Z_ARRAY};
}

static struct zval list(unsigned n, struct zval of)
{
	struct zarr *arr = make(sizeof(*arr));

	arr->flags = ZARR_PACKED;
	arr->packed = make((n ? n : 1) * sizeof(*arr->packed));
	arr->used = arr->count = n;
	for (unsigned i = 0; i < n; i++)
		arr->packed[i] = of;
	return (struct zval){.arr = arr, .type_info = Z_ARRAY};
}

static bool never(const struct zobj *obj)
{
	return false;
}

static void engine(void)
{
	static struct zclass *exception, *closure;
	static char globals[2048];
	static void (*hook)(struct zobj *);

	if (zend.eg)
		return;
	exception = make(sizeof(*exception) + 512);
	exception->name = string("RuntimeException", 16);
	closure = make(sizeof(*closure) + 512);
	zend.at = zend_layout_of(20220829);
	zend.eg = globals;
	zend.sapi = "fpm-fcgi";
	zend.exception_class = zend.error_class = &exception;
	zend.closure_class = &closure;
	zend.is_unwind_exit = zend.is_graceful_exit = never;
	zend.throw_hook = &hook;
	zend.observe_errors = (void *)never; /* takes a callback and does nothing with it */
	settings_load(&worker.settings);
	rules_seal(&worker.settings.rules, false);
	worker.settings.ring_size = CT_RING_MIN * 16;
	strcpy(worker.settings.socket, "/nonexistent/agent.sock");
	clock_init(true);
	exceptions_install();
	worker.armed = true;
	worker.nudge_at = UINT64_MAX;
}

/* A function of the application, and a frame of it with room for three arguments. */
static struct zframe *frame_of(const char *name, const char *const *params, unsigned n)
{
	struct zfunc *f = make(512);
	struct zframe *frame = make(sizeof(*frame) + 8 * sizeof(struct zval));

	f->type = 2;
	f->name = string(name, strlen(name));
	f->n_args = n;
	f->args = (struct zarg *)make((n + 1) * sizeof(struct zarg)) + 1;
	for (unsigned i = 0; i < n; i++)
		f->args[i].name = string(params[i], strlen(params[i]));
	ZAT(f, zend.at->fn_file, struct zstr *) = string("/srv/app/Booking.php", 20);
	ZAT(f, zend.at->fn_line, uint32_t) = 12;
	frame->func = f;
	frame->This.u2 = n;
	return frame;
}

static void call(void)
{
	static const char *const params[] = {"slot", "options", "apiToken"};
	struct zframe *frame = frame_of("book", params, 3);
	struct zval *args = (struct zval *)frame + ZFRAME_SLOTS, result;
	struct fn *fn = fn_for(frame);
	struct zobj *thrown = make(sizeof(*thrown) + 7 * sizeof(struct zval));
	struct call opened, inner;

	args[0] = text("F\xc3\xa4rben");
	args[1] = map(6, "password", text("hunter2"), "n", integer(-5), "deep",
		      list(3, list(1, list(1, list(1, list(1, list(1, integer(1))))))), "nan",
		      (struct zval){.dval = NAN, .type_info = Z_DOUBLE}, "bytes", text("\xff\xfe"),
		      "many", list(100, integer(7)));
	args[2] = text("token-value");
	call_enter(&opened, fn, frame, fn->secret_args, (uintptr_t)&opened);
	call_enter(&inner, fn, frame, fn->secret_args, (uintptr_t)&opened - 64);

	thrown->handle = 3;
	thrown->ce = *zend.exception_class;
	thrown->slots[0] = text("no slot");
	thrown->slots[2] = integer(42);
	thrown->slots[3] = text("/srv/app/Booking.php");
	thrown->slots[4] = integer(20);
	(*zend.throw_hook)(thrown);
	ZAT(zend.eg, zend.at->eg_exception, struct zobj *) = thrown;
	call_leave(&inner, fn, NULL);
	ZAT(zend.eg, zend.at->eg_exception, struct zobj *) = NULL;
	result = text("ok");
	exception_seen_exit(fn, frame->func);
	call_leave(&opened, fn, &result);
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
