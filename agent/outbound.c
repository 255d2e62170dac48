/* SPDX-License-Identifier: MIT */
/* Internal functions that talk to the outside. */

#include "outbound.h"

#include "calls.h"
#include "catches.h"
#include "frame.h"
#include "run.h"
#include "values.h"

#include <calltrace/secret.h>
#include <string.h>

#define ALL	0ull
#define ONLY(n) (~0ull << (n)) /* of the arguments, the first n are recorded */

enum note { NOTE_NONE, NOTE_CURL, NOTE_STATEMENT };

static const struct chosen {
	const char *class; /* lower case, as the engine keeps them; NULL: a function */
	const char *name;
	const char *kind;
	uint64_t secret; /* arguments never recorded: passwords, keys, whole bodies */
	enum note note;
} chosen[] = {
	{NULL, "curl_exec", "http", ALL, NOTE_CURL},
	{"pdo", "__construct", "db", ONLY(0), NOTE_NONE},
	{"pdo", "exec", "db", ALL, NOTE_NONE},
	{"pdo", "query", "db", ALL, NOTE_NONE},
	{"pdo", "begintransaction", "db", ALL, NOTE_NONE},
	{"pdo", "commit", "db", ALL, NOTE_NONE},
	{"pdo", "rollback", "db", ALL, NOTE_NONE},
	{"pdostatement", "execute", "db", ALL, NOTE_STATEMENT},
	{"mysqli", "query", "db", ALL, NOTE_NONE},
	{"mysqli", "real_query", "db", ALL, NOTE_NONE},
	{"mysqli_stmt", "execute", "db", ALL, NOTE_NONE},
	{NULL, "mysqli_query", "db", ALL, NOTE_NONE},
	{NULL, "mysqli_real_query", "db", ALL, NOTE_NONE},
	{NULL, "mysqli_stmt_execute", "db", ALL, NOTE_NONE},
	{NULL, "pg_query", "db", ALL, NOTE_NONE},
	{NULL, "pg_query_params", "db", ALL, NOTE_NONE},
	{NULL, "pg_execute", "db", ALL, NOTE_NONE},
	{"sqlite3", "query", "db", ALL, NOTE_NONE},
	{"sqlite3", "exec", "db", ALL, NOTE_NONE},
	{"sqlite3stmt", "execute", "db", ALL, NOTE_NONE},
	{NULL, "fsockopen", "socket", ALL, NOTE_NONE},
	{NULL, "stream_socket_client", "socket", ALL, NOTE_NONE},
	{NULL, "mail", "mail", ONLY(2), NOTE_NONE},
	{NULL, "exec", "process", ALL, NOTE_NONE},
	{NULL, "shell_exec", "process", ALL, NOTE_NONE},
	{NULL, "system", "process", ALL, NOTE_NONE},
	{NULL, "passthru", "process", ALL, NOTE_NONE},
	{NULL, "proc_open", "process", ALL, NOTE_NONE},
};

#define N_CHOSEN (sizeof(chosen) / sizeof(*chosen))

static struct {
	const struct zfunc *f;
	zend_handler_fn handler;
	const struct chosen *chosen;
} replaced[N_CHOSEN];

static unsigned n_replaced;
static bool installed;
static struct zfunc *curl_getinfo, *curl_errno;

static struct zfunc *find_function(const char *class, const char *name)
{
	const struct zarr *functions = ZAT(zend.eg, zend.at->eg_functions, struct zarr *);
	const struct zval *v;

	if (class) {
		v = zarr_find(ZAT(zend.eg, zend.at->eg_classes, struct zarr *), class);
		if (!v)
			return NULL;
		functions = (const struct zarr *)((const char *)v->ptr + zend.at->class_functions);
	}
	v = zarr_find(functions, name);
	return v ? v->ptr : NULL;
}

/* The URL without user info, values of secret query parameters masked. */
static void pack_url(struct pack *k, const char *url, size_t n)
{
	const char *end = url + n, *host = memmem(url, n, "://", 3);
	char text[2048];
	size_t len = 0;

	if (host) {
		const char *at;

		host += 3;
		at = memchr(host, '@', strcspn(host, "/?#"));
		len = (size_t)(host - url) < 16 ? (size_t)(host - url) : 16;
		memcpy(text, url, len);
		url = at ? at + 1 : host;
	}
	while (url < end && *url != '?' && len < sizeof(text) - 64)
		text[len++] = *url++;
	while (url < end && len < sizeof(text) - 64) {
		size_t part = strcspn(url + 1, "&#") + 1; /* "?name=value", "&name=value" */
		size_t name = strcspn(url + 1, "=&#") + 1;
		bool secret = name < part && ct_secret_key(url + 1, name - 1);
		size_t copy = secret ? name + 1 : part;

		copy = copy < sizeof(text) - 64 - len ? copy : sizeof(text) - 64 - len;
		memcpy(text + len, url, copy);
		len += copy;
		if (secret) {
			memcpy(text + len, CT_SECRET, sizeof(CT_SECRET) - 1);
			len += sizeof(CT_SECRET) - 1;
		}
		url += part;
	}
	value_pack_string(k, text, len);
}

static void pack_info(struct pack *k, const struct zarr *arr, const char *key, const char *as)
{
	const struct zval *v = zarr_find(arr, key);

	pack_text(k, as);
	if (v && v->type == Z_LONG)
		pack_int(k, v->lval);
	else if (v && v->type == Z_DOUBLE)
		pack_int(k, (int64_t)v->dval);
	else
		pack_nil(k);
}

static void pack_curl(struct pack *k, const struct zarr *arr, int64_t error)
{
	const struct zval *url = zarr_find(arr, "url"),
			  *method = zarr_find(arr, "effective_method");

	pack_map(k, 12);
	pack_text(k, "kind");
	pack_text(k, "http");
	pack_text(k, "method");
	if (method && method->type == Z_STRING)
		pack_str(k, method->str->val, strnlen(method->str->val, 32));
	else
		pack_nil(k);
	pack_text(k, "url");
	if (url && url->type == Z_STRING)
		pack_url(k, url->str->val, url->str->len);
	else
		pack_nil(k);
	pack_text(k, "error");
	pack_int(k, error);
	pack_info(k, arr, "http_code", "status");
	pack_info(k, arr, "namelookup_time_us", "name_us");
	pack_info(k, arr, "connect_time_us", "connect_us");
	pack_info(k, arr, "appconnect_time_us", "tls_us");
	pack_info(k, arr, "starttransfer_time_us", "first_byte_us");
	pack_info(k, arr, "total_time_us", "total_us");
	pack_info(k, arr, "size_upload", "sent_bytes");
	pack_info(k, arr, "size_download", "received_bytes");
}

static bool begin_note(struct pack *k, uint64_t now)
{
	if (!frame_begin(k, 8192 + worker.settings.max_string, RING_KEEP, 3, CT_FRAME_NOTE, now))
		return false;
	values_begin(k);
	return true;
}

static void end_note(struct pack *k, uint64_t now)
{
	if (!frame_commit(k, now))
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
}

/* What libcurl knows of the transfer; asked through PHP's own internal functions, which run no
 * script. */
static void note_curl(const struct zframe *frame)
{
	struct zval handle = *zval_deref(zend_arg(frame, 0));
	struct zval result = {.type_info = Z_UNDEF}, error = {.type_info = Z_UNDEF};
	uint64_t now = clock_ticks();
	struct pack k;

	if (!curl_getinfo || !curl_errno || handle.type != Z_OBJECT || zend_exception())
		return;
	zend.call(curl_errno, NULL, NULL, &error, 1, &handle, NULL);
	zend.call(curl_getinfo, NULL, NULL, &result, 1, &handle, NULL);
	if (result.type == Z_ARRAY && begin_note(&k, now)) {
		pack_curl(&k, result.arr, error.type == Z_LONG ? error.lval : 0);
		end_note(&k, now);
	}
	zend.zval_drop(&result);
}

/* PDOStatement declares one property, queryString. */
static void note_statement(const struct zframe *frame)
{
	const struct zobj *obj = frame->This.type == Z_OBJECT ? frame->This.obj : NULL;
	const struct zval *sql = obj && obj->ce->n_slots ? zval_deref(&obj->slots[0]) : NULL;
	uint64_t now = clock_ticks();
	struct pack k;

	if (!sql || sql->type != Z_STRING || !begin_note(&k, now))
		return;
	pack_map(&k, 2);
	pack_text(&k, "kind");
	pack_text(&k, "db");
	pack_text(&k, "sql");
	value_pack_string(&k, sql->str->val, sql->str->len);
	end_note(&k, now);
}

static bool is_replaced(unsigned i, const struct zfunc *f)
{
	const struct zclass *ce = f->scope;

	if (replaced[i].f == f)
		return true;
	/* A class that extends an internal one may have a copy of the function. */
	while (ce && ce != replaced[i].f->scope)
		ce = ce->parent;
	return ce && !strcmp(replaced[i].f->name->val, f->name->val);
}

static void run_handler(struct zframe *frame, struct zval *return_value)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	const struct chosen *what;
	struct open_call *call;
	uint32_t request;
	struct fn *fn;
	unsigned i = 0;

	while (i + 1 < n_replaced && !is_replaced(i, frame->func))
		i++;
	what = replaced[i].chosen;
	if (!worker.recording && !(worker.run_waits && run_begin())) {
		replaced[i].handler(frame, return_value);
		return;
	}
	catch_seen_entering(frame);
	fn = fn_for_internal(frame->func, what->kind);
	call = call_enter_internal(fn, frame, what->secret, sp);
	request = worker.request;
	if (call && what->note == NOTE_STATEMENT)
		note_statement(frame);
	replaced[i].handler(frame, return_value);
	if (!call || request != worker.request)
		return;
	if (what->note == NOTE_CURL)
		note_curl(frame);
	call_leave(call, return_value);
}

void outbound_install(void)
{
	if (installed || !worker.recording || !ZAT(zend.eg, zend.at->eg_functions, void *))
		return;
	installed = true;
	curl_getinfo = find_function(NULL, "curl_getinfo");
	curl_errno = find_function(NULL, "curl_errno");
	for (unsigned i = 0; i < N_CHOSEN; i++) {
		struct zfunc *f = find_function(chosen[i].class, chosen[i].name);

		if (!f || f->type != ZFUNC_INTERNAL)
			continue;
		replaced[n_replaced].f = f;
		replaced[n_replaced].chosen = &chosen[i];
		replaced[n_replaced++].handler = ZAT(f, zend.at->fn_handler, zend_handler_fn);
		ZAT(f, zend.at->fn_handler, zend_handler_fn) = run_handler;
	}
}
