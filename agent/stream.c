/* SPDX-License-Identifier: MIT */
/*
 * PHP's streams, sockets and names: only what goes to another host. A function that opens a plain
 * file is let through after a look at the first letters of its path.
 *
 * An HTTP answer's status is in $http_response_header of the calling function, in the meta data of
 * a stream that stays open, or in the warning that says why there is none.
 */

#include "stream.h"

#include "note.h"
#include "outbound.h"
#include "url.h"
#include "worker.h"

#include <stdlib.h>
#include <string.h>

#define REMOTE	  "http https ftp ftps ssh2.sftp ssh2.scp ssh2.exec ssh2.tunnel s3 tcp ssl tls udp"
#define ERROR_MAX 256

/* Of the call that is going out: what PHP warned of last. */
static char error[ERROR_MAX];
static size_t error_n;
static bool waits;

static bool is_remote(const struct zval *v)
{
	return v->type == Z_STRING && url_scheme_is(v->str->val, v->str->len, REMOTE);
}

static bool first_is_remote(const struct zframe *frame)
{
	return is_remote(outbound_arg(frame, 0));
}

static bool second_is_remote(const struct zframe *frame)
{
	return is_remote(outbound_arg(frame, 1));
}

/* copy(), rename() */
static bool one_is_remote(const struct zframe *frame)
{
	return first_is_remote(frame) || second_is_remote(frame);
}

/* "http" for what an HTTP API could be, else what it is. */
static const char *kind_of(const struct zval *url)
{
	return url_scheme_is(url->str->val, url->str->len, "http https") ? "http" : "socket";
}

static const struct zval *url_of(const struct zframe *frame)
{
	const struct zval *first = outbound_arg(frame, 0);

	return is_remote(first) ? first : outbound_arg(frame, 1);
}

/* $context['http']['method'], of the resource among the arguments. */
static void note_method(struct note *note, struct zval *options)
{
	const struct zval *http = options->type == Z_ARRAY ? zarr_find(options->arr, "http") : NULL;
	const struct zval *method =
		http && http->type == Z_ARRAY ? zarr_find(http->arr, "method") : NULL;

	if (method && method->type == Z_STRING)
		note_text(note, "method", method->str->val, method->str->len);
	else
		note_text(note, "method", "GET", 3);
}

static bool second_is_data(const struct zframe *frame)
{
	return !strcmp(frame->func->name->val, "file_put_contents");
}

static struct zval ask_options(const struct zframe *frame)
{
	uint32_t last = zend_n_args(frame) - 1;
	struct zval context = *outbound_arg(frame, last);

	/* file_put_contents() may have another for its data. */
	if (context.type != Z_RESOURCE || (last == 1 && second_is_data(frame)))
		return (struct zval){.type_info = Z_UNDEF};
	return outbound_ask(outbound_find(NULL, "stream_context_get_options"), NULL, 1, &context);
}

static void expect_error(void)
{
	waits = true;
	error_n = 0;
}

void stream_warned(const char *message, size_t n)
{
	const char *said;

	if (!waits)
		return;
	/* "fopen(URL): Failed to open stream: …"; the URL is told already, without its secrets. */
	said = memmem(message, n, "): ", 3);
	if (!said)
		return;
	said += 3;
	n -= (size_t)(said - message);
	error_n = n < ERROR_MAX ? n : ERROR_MAX;
	memcpy(error, said, error_n);
}

static void before_url(const struct zframe *frame, const char *kind)
{
	const struct zval *url = url_of(frame);
	struct zval options = {.type_info = Z_UNDEF};
	struct note note;

	(void)kind;
	kind = kind_of(url);
	if (*kind == 'h')
		options = ask_options(frame);
	if (note_begin(&note, frame, kind)) {
		if (*kind == 'h')
			note_method(&note, &options);
		note_url(&note, "url", url->str->val, url->str->len);
		note_end(&note);
	}
	zend.zval_drop(&options);
	expect_error();
}

/* "HTTP/1.1 404 Not Found": 404; 0 when it is none. */
static int64_t status_in(const char *text, size_t n)
{
	const char *blank = n > 5 && !memcmp(text, "HTTP/", 5) ? memchr(text, ' ', n) : NULL;

	return blank ? strtol(blank + 1, NULL, 10) : 0;
}

/* Of header lines: the last status, after those of redirections. */
static int64_t status_of(const struct zarr *headers)
{
	int64_t status = 0;

	for (uint32_t i = 0; i < headers->used; i++) {
		const struct zval *v = zval_deref(zarr_at(headers, i));
		int64_t found = v->type == Z_STRING ? status_in(v->str->val, v->str->len) : 0;

		status = found ? found : status;
	}
	return status;
}

/* Its variable $http_response_header, which PHP sets where the function mentions it. */
static int64_t status_of_variable(const struct zframe *frame)
{
	static const char name[] = "http_response_header";
	const struct zfunc *f;
	struct zstr **vars;

	frame = zend_user_frame(frame->prev);
	if (!frame)
		return 0;
	f = frame->func;
	vars = ZAT(f, zend.at->fn_vars, struct zstr **);
	for (int i = 0; i < ZAT(f, zend.at->fn_last_var, int); i++) {
		const struct zval *v = (const struct zval *)frame + ZFRAME_SLOTS + i;

		if (vars[i]->len == sizeof(name) - 1 && !memcmp(vars[i]->val, name, sizeof(name))) {
			v = zval_deref(v);
			return v->type == Z_ARRAY ? status_of(v->arr) : 0;
		}
	}
	return 0;
}

static int64_t status_of_stream(const struct zval *stream)
{
	struct zval arg = *stream;
	struct zval meta = outbound_ask(outbound_find(NULL, "stream_get_meta_data"), NULL, 1, &arg);
	const struct zval *headers =
		meta.type == Z_ARRAY ? zarr_find(meta.arr, "wrapper_data") : NULL;
	int64_t status = headers && headers->type == Z_ARRAY ? status_of(headers->arr) : 0;

	zend.zval_drop(&meta);
	return status;
}

/* 8.4 keeps it for a function of its own. */
static int64_t status_of_last(void)
{
	struct zval headers =
		outbound_ask(outbound_find(NULL, "http_get_last_response_headers"), NULL, 0, NULL);
	int64_t status = headers.type == Z_ARRAY ? status_of(headers.arr) : 0;

	zend.zval_drop(&headers);
	return status;
}

static int64_t find_status(const struct zframe *frame, const struct zval *result)
{
	const char *in_error = memmem(error, error_n, "HTTP/", 5);
	int64_t status = 0;

	if (in_error)
		return status_in(in_error, error_n - (size_t)(in_error - error));
	if (result->type == Z_RESOURCE)
		status = status_of_stream(result);
	if (!status && result->type != Z_FALSE)
		status = status_of_last();
	return status ? status : status_of_variable(frame);
}

static void after_url(const struct zframe *frame, const struct zval *result)
{
	bool failed = result->type == Z_FALSE;
	int64_t status = 0;
	struct note note;

	waits = false;
	if (url_scheme_is(url_of(frame)->str->val, url_of(frame)->str->len, "http https"))
		status = find_status(frame, result);
	if (!note_more(&note))
		return;
	if (status)
		note_int(&note, "status", status);
	note_bool(&note, "failed", failed);
	if (failed && error_n)
		note_text(&note, "message", error, error_n);
	note_end(&note);
}

/* get_headers() returns them. */
static void after_headers(const struct zframe *frame, const struct zval *result)
{
	struct note note;

	if (result->type != Z_ARRAY) {
		after_url(frame, result);
		return;
	}
	waits = false;
	if (note_more(&note)) {
		note_int(&note, "status", status_of(result->arr));
		note_end(&note);
	}
}

/* fsockopen($hostname, $port, &$code, &$message), stream_socket_client($address, &$code, &$message)
 */
static void before_socket(const struct zframe *frame, const char *kind)
{
	const struct zval *address = outbound_arg(frame, 0), *port = outbound_arg(frame, 1);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (address->type == Z_STRING)
		note_url(&note, "url", address->str->val, address->str->len);
	if (frame->func->name->val[0] != 's' && port->type == Z_LONG && port->lval > 0)
		note_int(&note, "port", port->lval);
	note_end(&note);
}

static void after_socket(const struct zframe *frame, const struct zval *result)
{
	uint32_t code = frame->func->name->val[0] == 's' ? 1 : 2;
	struct note note;

	if (result->type != Z_FALSE || !note_more(&note))
		return;
	note_bool(&note, "failed", true);
	note_scalar(&note, "code", outbound_arg(frame, code));
	note_scalar(&note, "message", outbound_arg(frame, code + 1));
	note_end(&note);
}

static const struct outbound_role first = {
	.concerns = first_is_remote, .before = before_url, .after = after_url};
static const struct outbound_role second = {
	.concerns = second_is_remote, .before = before_url, .after = after_url};
static const struct outbound_role either = {
	.concerns = one_is_remote, .before = before_url, .after = after_url};
static const struct outbound_role headers = {
	.concerns = first_is_remote, .before = before_url, .after = after_headers};
static const struct outbound_role sockets = {.before = before_socket, .after = after_socket};

const struct outbound outbound_streams[] = {
	{NULL, "file_get_contents", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "file_put_contents", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "fopen", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "file", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "readfile", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "copy", "stream", &either, OUTBOUND_RESULT, 0},
	{NULL, "rename", "stream", &either, OUTBOUND_RESULT, 0},
	{NULL, "unlink", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "opendir", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "scandir", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "get_headers", "stream", &headers, OUTBOUND_RESULT, 0},
	{NULL, "getimagesize", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "md5_file", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "sha1_file", "stream", &first, OUTBOUND_RESULT, 0},
	{NULL, "hash_file", "stream", &second, OUTBOUND_RESULT, 0},
	{NULL, "simplexml_load_file", "stream", &first, OUTBOUND_TIME, 0},
	{"splfileobject", "__construct", "stream", &first, OUTBOUND_TIME, 0},
	{"domdocument", "load", "stream", &first, OUTBOUND_RESULT, 0},
	{"domdocument", "loadhtmlfile", "stream", &first, OUTBOUND_RESULT, 0},
	{"xmlreader", "open", "stream", &first, OUTBOUND_TIME, 0},
	{"soapclient", "__construct", "stream", &first, OUTBOUND_TIME, 0},
	{NULL, "fsockopen", "socket", &sockets, OUTBOUND_RESULT, 0},
	{NULL, "pfsockopen", "socket", &sockets, OUTBOUND_RESULT, 0},
	{NULL, "stream_socket_client", "socket", &sockets, OUTBOUND_RESULT, 0},
	{NULL, "gethostbyname", "dns", NULL, OUTBOUND_ARGS, 0},
	{NULL, "gethostbynamel", "dns", NULL, OUTBOUND_ARGS, 0},
	{NULL, "gethostbyaddr", "dns", NULL, OUTBOUND_ARGS, 0},
	{NULL, "dns_get_record", "dns", NULL, OUTBOUND_ARGS, OUTBOUND_ONLY(2)},
	{NULL, "dns_check_record", "dns", NULL, OUTBOUND_ARGS, 0},
	{NULL, "checkdnsrr", "dns", NULL, OUTBOUND_ARGS, 0},
	{NULL, "dns_get_mx", "dns", NULL, OUTBOUND_ARGS, OUTBOUND_ONLY(1)},
	{NULL, "getmxrr", "dns", NULL, OUTBOUND_ARGS, OUTBOUND_ONLY(1)},
	{0},
};
