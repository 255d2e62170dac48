/* SPDX-License-Identifier: MIT */
/*
 * Redis by phpredis: each method of a client that is a command.
 *
 * Commands have their arguments and result recorded. Keys name what is stored under them, so that a
 * command about a key that names a secret ("password_reset:17") is recorded with that key alone.
 */

#include "note.h"
#include "outbound.h"

#include <calltrace/secret.h>
#include <string.h>
#include <strings.h>

#define HASH_MAX 4096 /* bytes of an error that are compared */

/* Of the client whose command runs: its error from before. */
static uint64_t error_before;

/* They only look at the client or set it up. */
static bool is_command(const char *name)
{
	static const char *const others[] = {
		"_compress",
		"_pack",
		"_prefix",
		"_serialize",
		"_uncompress",
		"_unpack",
		"_unserialize",
		"clearlasterror",
		"cleartransferredbytes",
		"getauth",
		"getdbnum",
		"gethost",
		"getlasterror",
		"getmode",
		"getoption",
		"getpersistentid",
		"getport",
		"getreadtimeout",
		"gettimeout",
		"gettransferredbytes",
		"isconnected",
		"serverversion",
		"servername",
		"setoption",
		"_hosts",
		"_target",
		"_instance",
		"_function",
		"_distributor",
		"_masters",
		"_rehash",
		"_continuum",
	};

	if (!strncmp(name, "__", 2))
		return false;
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcasecmp(name, others[i]))
			return false;
	return true;
}

static const char *class_of(const struct zframe *frame)
{
	const struct zclass *scope = frame->func->scope;

	return scope && !strcasecmp(scope->name->val, "RedisCluster") ? "rediscluster" : "redis";
}

static struct zval ask_error(const struct zframe *frame)
{
	return outbound_ask(outbound_find(class_of(frame), "getlasterror"), frame->This.obj, 0,
			    NULL);
}

/* 0: there is none. */
static uint64_t hash_of(const struct zval *error)
{
	uint64_t h = 0xcbf29ce484222325ull;

	if (error->type != Z_STRING)
		return 0;
	for (size_t i = 0; i < error->str->len && i < HASH_MAX; i++) /* FNV-1a */
		h = (h ^ (uint8_t)error->str->val[i]) * 0x100000001b3ull;
	return h | 1;
}

static const struct zval *key_of(const struct zframe *frame)
{
	const struct zval *first = outbound_arg(frame, 0);

	if (first->type == Z_ARRAY && first->arr->used)
		first = zval_deref(zarr_at(first->arr, 0));
	return first;
}

static bool is_secret(const struct zframe *frame)
{
	const struct zval *key = key_of(frame);
	const struct zstr *name = frame->func->name;

	if (!strcasecmp(name->val, "rawcommand"))
		return outbound_arg(frame, 0)->type == Z_STRING &&
		       !strcasecmp(outbound_arg(frame, 0)->str->val, "auth");
	return key->type == Z_STRING && ct_secret_key(key->str->val, key->str->len);
}

/* A map of them says it of each by itself, as values do. */
static uint64_t secret_args(const struct zframe *frame)
{
	return is_secret(frame) ? OUTBOUND_ONLY(1) : 0;
}

static void before_command(const struct zframe *frame, const char *kind)
{
	const struct zstr *name = frame->func->name;
	const struct zval *key = key_of(frame);
	struct zval error = ask_error(frame);
	struct note note;

	error_before = hash_of(&error);
	zend.zval_drop(&error);
	if (!note_begin(&note, frame, kind))
		return;
	note_text(&note, "command", name->val, name->len);
	if (key->type == Z_STRING)
		note_text(&note, "key", key->str->val, key->str->len);
	note_end(&note);
}

/* False is what a key that is not there comes to as well. The client keeps its last error: only
 * another one than before is this command's. */
static void after_command(const struct zframe *frame, const struct zval *result)
{
	struct zval error;
	struct note note;

	if (result->type != Z_FALSE)
		return;
	error = ask_error(frame);
	if (hash_of(&error) && hash_of(&error) != error_before && note_more(&note)) {
		note_bool(&note, "failed", true);
		/* phpredis counts the NUL behind it. */
		note_text(&note, "message", error.str->val,
			  strnlen(error.str->val, error.str->len));
		note_end(&note);
	}
	zend.zval_drop(&error);
}

/* connect($host, $port, …) */
static void before_connect(const struct zframe *frame, const char *kind)
{
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	note_text(&note, "command", "connect", 7);
	note_scalar(&note, "host", outbound_arg(frame, 0));
	note_scalar(&note, "port", outbound_arg(frame, 1));
	note_end(&note);
}

static void after_plain(const struct zframe *frame, const struct zval *result)
{
	struct note note;

	if (result->type != Z_FALSE || !note_more(&note))
		return;
	note_bool(&note, "failed", true);
	note_end(&note);
}

static const struct outbound_role connect_ = {.before = before_connect, .after = after_plain};
static const struct outbound_role auth = {.after = after_plain};
static const struct outbound_role command = {.before = before_command,
					     .after = after_command,
					     .secret = secret_args,
					     .method = is_command};

#define CONNECT(name)                                                 \
	{                                                             \
		"redis", name, "redis", &connect_, OUTBOUND_RESULT, 0 \
	}

const struct outbound outbound_cache[] = {
	CONNECT("connect"),
	CONNECT("pconnect"),
	CONNECT("open"),
	CONNECT("popen"),
	{"redis", "auth", "redis", &auth, OUTBOUND_RESULT, 0},
	{"redis", "*", "redis", &command, OUTBOUND_ARGS, 0},
	{"rediscluster", "*", "redis", &command, OUTBOUND_ARGS, 0},
	{0},
};
