/* SPDX-License-Identifier: MIT */
/*
 * Any value at all, under any limits: what the agent makes of it is msgpack, within them, and has
 * nothing of what stood under a secret name.
 */
#include "../../agent/values.h"

#include "../../agent/interpose.h"
#include "../../agent/worker.h"
#include "../unit/zvals.h"
#include "fuzz.h"

#include <msgpack.h>
#include <unistd.h>

#define MADE_MOST 300 /* values of one input */
#define DEEPEST	  24
#define SEEN	  16
#define PLANTED	  "PLANTED" /* under secret names */

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

static struct zclass *classes[4];

struct maker {
	struct input in;
	unsigned made;
	struct zval seen[SEEN]; /* arrays and objects made before, for what contains itself */
	unsigned n_seen;
};

static struct zval make(struct maker *m, unsigned depth);

static struct zstr *make_string(struct maker *m)
{
	const uint8_t *bytes;
	size_t n = input_byte(&m->in);

	n = input_bytes(&m->in, n > 200 ? (n - 199) * 500 : n, &bytes);
	return zstr_of((const char *)bytes, n);
}

static void remember(struct maker *m, struct zval v)
{
	m->seen[m->n_seen++ % SEEN] = v;
}

static struct zval make_list(struct maker *m, unsigned depth)
{
	unsigned n = input_byte(&m->in) % 24;
	struct zval v = zval_list(n, zval_plain(Z_UNDEF));

	remember(m, v);
	for (unsigned i = 0; i < n; i++)
		v.arr->packed[i] = make(m, depth);
	v.arr->count = 0;
	for (unsigned i = 0; i < n; i++)
		v.arr->count += v.arr->packed[i].type != Z_UNDEF;
	return v;
}

static void make_bucket(struct maker *m, struct zbucket *b, unsigned depth)
{
	uint8_t kind = input_byte(&m->in) % 8;

	if (kind == 0) {
		b->key = zstr_of("password", 8);
		b->val = zval_text(PLANTED);
	} else if (kind == 1) {
		b->h = input_number(&m->in);
		b->val = make(m, depth);
	} else {
		b->key = make_string(m);
		b->val = make(m, depth);
	}
	if (b->key)
		b->h = b->key->hash;
}

static struct zval make_map(struct maker *m, unsigned depth)
{
	unsigned n = input_byte(&m->in) % 24;
	struct zval v = zval_map(0);

	v.arr->buckets = zvals_make(n * sizeof(struct zbucket));
	remember(m, v);
	for (unsigned i = 0; i < n; i++) {
		make_bucket(m, &v.arr->buckets[i], depth);
		v.arr->count += v.arr->buckets[i].val.type != Z_UNDEF;
		v.arr->used++;
	}
	return v;
}

static struct zval make_object(struct maker *m, unsigned depth)
{
	struct zval v = zval_object(classes[input_byte(&m->in) % 4], input_byte(&m->in));

	v.obj->extra_flags = input_byte(&m->in) == 1 ? 3u << 30 : 0;
	remember(m, v);
	for (int i = 0; i < v.obj->ce->n_slots; i++)
		v.obj->slots[i] = make(m, depth);
	if (v.obj->ce == classes[0])
		v.obj->slots[1] = zval_text(PLANTED); /* private $apiToken */
	if (input_byte(&m->in) % 4 == 1)
		v.obj->properties = make_map(m, depth).arr;
	return v;
}

static struct zval make_indirect(struct maker *m, unsigned depth)
{
	struct zval *at = zvals_make(sizeof(*at));

	*at = make(m, depth);
	return (struct zval){.zv = at, .type_info = Z_INDIRECT};
}

static struct zval make(struct maker *m, unsigned depth)
{
	double d;
	uint64_t bits;

	if (++m->made > MADE_MOST || ++depth > DEEPEST)
		return zval_plain(Z_NULL);
	switch (input_byte(&m->in) % 14) {
	case 0:
		return zval_plain(Z_UNDEF);
	case 1:
		return zval_plain(Z_TRUE);
	case 2:
		return zval_int((int64_t)input_number(&m->in));
	case 3:
		return zval_int(input_byte(&m->in) - 100);
	case 4:
		bits = input_number(&m->in);
		memcpy(&d, &bits, sizeof(d));
		return zval_float(d);
	case 5:
	case 6:
		return (struct zval){.str = make_string(m), .type_info = Z_STRING};
	case 7:
		return make_list(m, depth);
	case 8:
		return make_map(m, depth);
	case 9:
		return make_object(m, depth);
	case 10:
		return zval_reference(make(m, depth));
	case 11:
		if (m->n_seen)
			return zval_reference(m->seen[input_byte(&m->in) %
						      (m->n_seen < SEEN ? m->n_seen : SEEN)]);
		return zval_resource(input_byte(&m->in), input_byte(&m->in) % 2 ? "stream" : NULL);
	case 12:
		return make_indirect(m, depth);
	default:
		return zval_plain(input_byte(&m->in) % 2 ? 11 : Z_NULL);
	}
}

static void set_limits(struct input *in)
{
	worker.settings.max_string = 16 + input_byte(in) * 16u;
	worker.settings.max_elements = 1 + input_byte(in) % 100;
	worker.settings.max_depth = input_byte(in) % 17;
	worker.settings.max_call_bytes = 256 + input_byte(in) * 64u;
}

static void check(const struct pack *k, const uint8_t *bytes, size_t room)
{
	size_t n = (size_t)(k->p - bytes), at = 0;
	msgpack_unpacked unpacked;

	MUST(n <= room && k->p <= k->end);
	MUST(!memmem(bytes, n, PLANTED, sizeof(PLANTED) - 1));
	msgpack_unpacked_init(&unpacked);
	MUST(msgpack_unpack_next(&unpacked, (const char *)bytes, n, &at) == MSGPACK_UNPACK_SUCCESS);
	MUST(at == n);
	msgpack_unpacked_destroy(&unpacked);
}

static void prepare(void)
{
	static const char *const base[] = {"id", "\0App\\Base\0apiToken", "\0*\0list"};
	static const char *const child[] = {"id", "\0App\\Base\0apiToken", "\0*\0list",
					    "\0App\\Child\0list", "x\xff"};

	zvals_engine();
	settings_load(&worker.settings);
	classes[0] = zclass_of("App\\Base", NULL, 3, base);
	classes[1] = *zend.standard_class;
	classes[2] = zclass_of("App\\Child", classes[0], 5, child);
	classes[3] = *zend.closure_class;
	zvals_keep();
}

/* Nothing that is drawn looks like what is planted. */
static uint8_t *without_planted(const uint8_t *data, size_t size)
{
	uint8_t *drawn = malloc(size + 1);

	for (size_t i = 0; i < size; i++)
		drawn[i] = data[i] == PLANTED[0] ? 'p' : data[i];
	return drawn;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const params[] = {"a", "b", "c"};
	uint8_t *drawn = without_planted(data, size);
	struct maker m = {.in = {drawn, drawn + size}};
	struct zframe *frame;
	size_t room;
	uint8_t *bytes;
	struct pack k;

	if (!classes[0])
		prepare();
	set_limits(&m.in);
	frame = zframe_of("f", params, 3);
	frame->This.u2 = input_byte(&m.in) % 9;
	frame->func->n_args = input_byte(&m.in) % 9;
	for (unsigned i = 0; i < 8; i++)
		zframe_args(frame)[i] = make(&m, 0);
	if (input_byte(&m.in) % 4 == 1) {
		frame->This.type_info = ZCALL_EXTRA_NAMED;
		frame->extra_named = make_map(&m, 0).arr;
	}
	room = worker.settings.max_call_bytes + VALUES_SLACK;
	bytes = malloc(room);
	k = (struct pack){.p = bytes, .end = bytes + room};
	values_begin(&k);
	values_pack_args(&k, frame, input_number(&m.in));
	MUST(!k.full);
	check(&k, bytes, room);
	free(bytes);
	free(drawn);
	zvals_free();
	return 0;
}
