/* SPDX-License-Identifier: MIT */
/*
 * curl, and SOAP: HTTP as the application's own calls.
 *
 * What libcurl knows of a transfer is asked through PHP's own internal functions, which run no
 * script. Transfers of a multi handle overlap, so each has a number by which what comes of it finds
 * back to what began it. A multi handle keeps its easy handles alive until they are removed, which
 * is always seen: so is the address of a handle in `transfers` good as long as it stands there.
 */

#include "note.h"
#include "outbound.h"
#include "worker.h"

#include <string.h>

#define TRANSFERS 512 /* at one time */

#define CURLINFO_EFFECTIVE_URL	  0x100001
#define CURLINFO_EFFECTIVE_METHOD 0x10003a
#define CURLE_UNKNOWN		  (-1)

static struct transfer {
	struct zobj *easy;
	const struct zobj *multi;
	uint32_t id;
	bool done; /* nothing of its multi was running any more */
} transfers[TRANSFERS];

static unsigned n_transfers;
static uint32_t request, last_id;

/* Handles do not outlive their request. */
static void begin_request(void)
{
	if (request == worker.request)
		return;
	request = worker.request;
	n_transfers = 0;
	last_id = 0;
}

static struct transfer *transfer_of(const struct zobj *easy)
{
	begin_request();
	for (unsigned i = 0; i < n_transfers; i++)
		if (transfers[i].easy == easy)
			return &transfers[i];
	return NULL;
}

static void forget(struct transfer *t)
{
	*t = transfers[--n_transfers];
}

static struct zval of_object(struct zobj *obj)
{
	return (struct zval){.obj = obj, .type_info = Z_OBJECT_COUNTED};
}

static struct zval ask_info(struct zobj *easy, int64_t what)
{
	struct zval args[2] = {of_object(easy), {.lval = what, .type_info = Z_LONG}};

	return outbound_ask(outbound_find(NULL, "curl_getinfo"), NULL, what ? 2 : 1, args);
}

static int64_t ask_error(struct zobj *easy)
{
	struct zval arg = of_object(easy);
	struct zval error = outbound_ask(outbound_find(NULL, "curl_errno"), NULL, 1, &arg);

	return error.type == Z_LONG ? error.lval : CURLE_UNKNOWN;
}

static void note_info(struct note *note, const struct zarr *info, const char *key, const char *as)
{
	const struct zval *v = zarr_find(info, key);

	if (v && v->type == Z_LONG)
		note_int(note, as, v->lval);
	else if (v && v->type == Z_DOUBLE)
		note_int(note, as, (int64_t)v->dval);
}

/* PHP has it among the others since 8.2. */
static void note_method(struct note *note, const struct zval *among, const struct zval *asked)
{
	const struct zval *method = among ? among : asked;

	if (method->type == Z_STRING)
		note_text(note, "method", method->str->val, method->str->len);
}

static void note_transfer(struct note *note, const struct zarr *info, const struct zval *method)
{
	const struct zval *url = zarr_find(info, "url");

	note_method(note, zarr_find(info, "effective_method"), method);
	if (url && url->type == Z_STRING)
		note_url(note, "url", url->str->val, url->str->len);
	note_info(note, info, "http_code", "status");
	note_info(note, info, "namelookup_time_us", "name_us");
	note_info(note, info, "connect_time_us", "connect_us");
	note_info(note, info, "appconnect_time_us", "tls_us");
	note_info(note, info, "starttransfer_time_us", "first_byte_us");
	note_info(note, info, "total_time_us", "total_us");
	note_info(note, info, "size_upload", "sent_bytes");
	note_info(note, info, "size_download", "received_bytes");
}

/* In a multi handle's it has none. */
static void note_message(struct note *note, struct zobj *easy)
{
	struct zval arg = of_object(easy);
	struct zval message = outbound_ask(outbound_find(NULL, "curl_error"), NULL, 1, &arg);

	if (message.type == Z_STRING && message.str->len)
		note_text(note, "message", message.str->val, message.str->len);
	zend.zval_drop(&message);
}

/* What comes of a transfer; `t` NULL: it has no number. */
static void note_end_of(struct zobj *easy, const struct transfer *t, int64_t error)
{
	struct zval info = ask_info(easy, 0), method = {.type_info = Z_UNDEF};
	struct note note;

	if (info.type == Z_ARRAY && !zarr_find(info.arr, "effective_method"))
		method = ask_info(easy, CURLINFO_EFFECTIVE_METHOD);
	if (info.type == Z_ARRAY && note_more(&note)) {
		if (t)
			note_int(&note, "id", t->id);
		if (error != CURLE_UNKNOWN)
			note_int(&note, "error", error);
		if (error > 0)
			note_message(&note, easy);
		note_transfer(&note, info.arr, &method);
		note_end(&note);
	}
	zend.zval_drop(&info);
	zend.zval_drop(&method);
}

/* Where it will go, as far as it is known. */
static void note_begin_of(const struct zframe *frame, struct zobj *easy, uint32_t id)
{
	struct zval url = ask_info(easy, CURLINFO_EFFECTIVE_URL);
	struct note note;

	if (note_begin(&note, frame, "http")) {
		if (id)
			note_int(&note, "id", id);
		if (url.type == Z_STRING && url.str->len)
			note_url(&note, "url", url.str->val, url.str->len);
		note_end(&note);
	}
	zend.zval_drop(&url);
}

static bool is_of(const struct zval *v, const char *class)
{
	return v->type == Z_OBJECT && !strcmp(v->obj->ce->name->val, class);
}

static bool has_easy(const struct zframe *frame)
{
	return is_of(outbound_arg(frame, 0), "CurlHandle");
}

static void before_exec(const struct zframe *frame, const char *kind)
{
	(void)kind;
	note_begin_of(frame, outbound_arg(frame, 0)->obj, 0);
}

static void after_exec(const struct zframe *frame, const struct zval *result)
{
	struct zobj *easy = outbound_arg(frame, 0)->obj;

	(void)result;
	note_end_of(easy, NULL, ask_error(easy));
}

/* 0, CURLM_OK: it was added. */
static void learn_add(const struct zframe *frame, const struct zval *result)
{
	const struct zval *multi = outbound_arg(frame, 0), *easy = outbound_arg(frame, 1);
	struct transfer *t;

	if (result->type != Z_LONG || result->lval || multi->type != Z_OBJECT ||
	    easy->type != Z_OBJECT)
		return;
	t = transfer_of(easy->obj);
	if (!t && n_transfers == TRANSFERS) {
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
		return;
	}
	if (!t)
		t = &transfers[n_transfers++];
	*t = (struct transfer){easy->obj, multi->obj, ++last_id, false};
	note_begin_of(frame, t->easy, t->id);
}

static void learn_run(const struct zframe *frame, const struct zval *result)
{
	const struct zval *multi = outbound_arg(frame, 0), *running = outbound_arg(frame, 1);
	bool done = running->type == Z_LONG && !running->lval;

	(void)result;
	begin_request();
	if (multi->type != Z_OBJECT)
		return;
	for (unsigned i = 0; i < n_transfers; i++)
		if (transfers[i].multi == multi->obj)
			transfers[i].done = done;
}

/* {"msg": CURLMSG_DONE, "result": CURLcode, "handle": CurlHandle} */
static void learn_read(const struct zframe *frame, const struct zval *result)
{
	const struct zval *handle, *code;
	struct transfer *t;

	(void)frame;
	if (result->type != Z_ARRAY)
		return;
	handle = zarr_find(result->arr, "handle");
	code = zarr_find(result->arr, "result");
	t = handle && handle->type == Z_OBJECT ? transfer_of(handle->obj) : NULL;
	if (!t)
		return;
	note_end_of(t->easy, t, code && code->type == Z_LONG ? code->lval : CURLE_UNKNOWN);
	forget(t);
}

static void before_remove(const struct zframe *frame, const char *kind)
{
	const struct zval *easy = outbound_arg(frame, 1);
	struct transfer *t = easy->type == Z_OBJECT ? transfer_of(easy->obj) : NULL;

	(void)kind;
	if (!t)
		return;
	note_end_of(t->easy, t, CURLE_UNKNOWN);
	forget(t);
}

static void before_content(const struct zframe *frame, const char *kind)
{
	const struct zval *easy = outbound_arg(frame, 0);
	struct transfer *t = easy->type == Z_OBJECT ? transfer_of(easy->obj) : NULL;

	(void)kind;
	if (!t || !t->done)
		return;
	note_end_of(t->easy, t, CURLE_UNKNOWN);
	forget(t);
}

static void end_all(const struct zobj *multi, bool alive)
{
	begin_request();
	for (unsigned i = n_transfers; i-- > 0;) {
		if (transfers[i].multi != multi)
			continue;
		if (alive)
			note_end_of(transfers[i].easy, &transfers[i], CURLE_UNKNOWN);
		forget(&transfers[i]);
	}
}

static void before_close(const struct zframe *frame, const char *kind)
{
	const struct zval *multi = outbound_arg(frame, 0);

	(void)kind;
	if (multi->type == Z_OBJECT)
		end_all(multi->obj, true);
}

/* One that is gone had the same address, and its easy handles are gone with it. */
static void learn_init(const struct zframe *frame, const struct zval *result)
{
	(void)frame;
	if (result->type == Z_OBJECT)
		end_all(result->obj, false);
}

/* SoapClient::__doRequest($request, $location, $action, $version, $oneWay) */
static void before_soap(const struct zframe *frame, const char *kind)
{
	const struct zval *location = outbound_arg(frame, 1), *action = outbound_arg(frame, 2);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	note_text(&note, "method", "POST", 4);
	if (location->type == Z_STRING)
		note_url(&note, "url", location->str->val, location->str->len);
	if (action->type == Z_STRING)
		note_text(&note, "action", action->str->val, action->str->len);
	note_end(&note);
}

static const struct outbound_role exec = {
	.concerns = has_easy, .before = before_exec, .after = after_exec};
static const struct outbound_role multi_init = {.learn = learn_init};
static const struct outbound_role multi_add = {.learn = learn_add};
static const struct outbound_role multi_run = {.learn = learn_run};
static const struct outbound_role multi_read = {.learn = learn_read};
static const struct outbound_role multi_remove = {.before = before_remove};
static const struct outbound_role multi_content = {.before = before_content};
static const struct outbound_role multi_close = {.before = before_close};
static const struct outbound_role soap = {.before = before_soap};

const struct outbound outbound_http[] = {
	{NULL, "curl_exec", "http", &exec, OUTBOUND_RESULT, 0},
	{NULL, "curl_multi_init", "http", &multi_init, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_add_handle", "http", &multi_add, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_exec", "http", &multi_run, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_info_read", "http", &multi_read, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_remove_handle", "http", &multi_remove, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_getcontent", "http", &multi_content, OUTBOUND_SILENT, 0},
	{NULL, "curl_multi_close", "http", &multi_close, OUTBOUND_SILENT, 0},
	{"soapclient", "__dorequest", "http", &soap, OUTBOUND_RESULT, 0},
	{0},
};
