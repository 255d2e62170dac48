/* SPDX-License-Identifier: MIT */
#include "template.h"

#include <calltrace/frame.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

#define TEMPLATES_MAX 64
#define VARIANTS      6	   /* of each: code takes the same few ways again and again */
#define EVENT_SHARE   0.35 /* of a function call's size that an event's request has */
#define BODY_PIECE    (60u << 10)

/* What the recorded call said, and what another says in its place. */
struct place {
	const char *recorded;
	const char *said;
};

#define PLACES_MAX 12

struct scene {
	struct random random;
	struct place places[PLACES_MAX];
	size_t count;
	char digits[10]; /* a digit → another, the same throughout a request */
	const json_t *call;
	const char *body;
	double pace;
};

struct template
{
	size_t first, end; /* frames */
	size_t twin;	   /* the first of the same request in the other call; 0: none */
	char call_id[48];
	enum talk_kind kind;
	bool fails;
	size_t calls;
	uint8_t *kept[VARIANTS]; /* by frame: 0 left out */
	size_t kept_calls[VARIANTS];
};

struct templates {
	char *data; /* which the frames' texts are in */
	msgpack_unpacked *frames;
	size_t frame_count;
	struct template list[TEMPLATES_MAX];
	size_t count;
};

static void die(const char *what, const char *path)
{
	fprintf(stderr, "bench-generate: %s: %s\n", path, what);
	exit(1);
}

static unsigned int type_of(const struct templates *templates, size_t i)
{
	return (unsigned int)templates->frames[i].data.via.array.ptr[0].via.u64;
}

static const msgpack_object *element(const struct templates *templates, size_t i, size_t n)
{
	const msgpack_object_array *array = &templates->frames[i].data.via.array;

	return n < array->size ? &array->ptr[n] : NULL;
}

/* --- loading */

static char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	char *data;
	long n = 0;

	if (!file || fseek(file, 0, SEEK_END) || (n = ftell(file)) <= 0)
		die("cannot be read", path);
	rewind(file);
	data = malloc((size_t)n);
	if (!data || fread(data, 1, (size_t)n, file) != (size_t)n)
		die("cannot be read", path);
	fclose(file);
	*size = (size_t)n;
	return data;
}

static void unpack(struct templates *templates, const char *path, const char *data, size_t size)
{
	for (size_t at = 0; at + 4 <= size;) {
		const uint8_t *n = (const uint8_t *)data + at;
		size_t length = n[0] | n[1] << 8 | n[2] << 16 | (size_t)n[3] << 24;
		msgpack_unpacked *frame;
		size_t offset = 0;

		templates->frames =
			realloc(templates->frames, (templates->frame_count + 1) * sizeof(*frame));
		frame = &templates->frames[templates->frame_count++];
		msgpack_unpacked_init(frame);
		at += 4;
		if (length > size - at ||
		    msgpack_unpack_next(frame, data + at, length, &offset) !=
			    MSGPACK_UNPACK_SUCCESS ||
		    frame->data.type != MSGPACK_OBJECT_ARRAY || !frame->data.via.array.size)
			die("not a recording of frames", path);
		at += length;
	}
}

/* The request's BODY or OUTPUT in one piece, to be freed. */
static char *joined(const struct templates *templates, const struct template *template,
		    unsigned int type)
{
	char *text = calloc(1, 1);
	size_t used = 0;

	for (size_t i = template->first; i < template->end; i++) {
		const msgpack_object *piece = element(templates, i, 2);

		if (type_of(templates, i) != type)
			continue;
		text = realloc(text, used + piece->via.bin.size + 1);
		memcpy(text + used, piece->via.bin.ptr, piece->via.bin.size);
		used += piece->via.bin.size;
		text[used] = 0;
	}
	return text;
}

static enum talk_kind kind_of(const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	const char *event = json_string_value(json_object_get(json, "event")) ?: "";
	const char *name = json_string_value(json_object_get(json, "name")) ?: "";
	enum talk_kind kind = strcmp(event, "call_started") == 0    ? TALK_STARTED
			      : strcmp(event, "call_ended") == 0    ? TALK_ENDED
			      : strcmp(event, "call_analyzed") == 0 ? TALK_ANALYZED
			      : strncmp(name, "check", 5) == 0	    ? TALK_CHECK
			      : strncmp(name, "book", 4) == 0	    ? TALK_BOOK
								    : TALK_CANCEL;

	json_decref(json);
	return kind;
}

/* Leaves out random subtrees in which nothing was thrown and nothing outside called, until few
 * enough calls are left. */
static size_t cut(const struct templates *templates, const struct template *template, uint8_t *kept,
		  size_t target, struct random *random)
{
	size_t left = template->calls, frames = template->end - template->first;

	memset(kept, 1, frames);
	for (size_t tries = 0; tries < 100000 && left > target; tries++) {
		size_t start = random_below(random, frames), i = start, depth = 0, calls = 0;
		bool whole = kept[start] &&
			     type_of(templates, template->first + start) == CT_FRAME_ENTER;

		for (; whole && i < frames; i++) {
			unsigned int type = type_of(templates, template->first + i);

			whole = type != CT_FRAME_THROW && type != CT_FRAME_CATCH &&
				type != CT_FRAME_NOTE;
			calls += kept[i] && type == CT_FRAME_ENTER;
			depth += type == CT_FRAME_ENTER;
			if (type == CT_FRAME_LEAVE && --depth == 0)
				break;
		}
		if (!whole || i >= frames || left - calls < target * 3 / 4)
			continue;
		memset(kept + start, 0, i - start + 1);
		left -= calls;
	}
	return left;
}

/* Frame by frame of the same type. */
static bool alike(const struct templates *templates, const struct template *a,
		  const struct template *b)
{
	if (a->kind != b->kind || a->fails != b->fails || a->end - a->first != b->end - b->first)
		return false;
	for (size_t i = 0; i < a->end - a->first; i++)
		if (type_of(templates, a->first + i) != type_of(templates, b->first + i))
			return false;
	return true;
}

static void find_twins(struct templates *templates)
{
	for (size_t i = 0; i < templates->count; i++)
		for (size_t k = 0; k < templates->count; k++)
			if (i != k && alike(templates, &templates->list[i], &templates->list[k]))
				templates->list[i].twin = templates->list[k].first;
}

static void read_call_id(struct template *template, const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	const char *id =
		json_string_value(json_object_get(json_object_get(json, "call"), "call_id"));

	snprintf(template->call_id, sizeof(template->call_id), "%s", id ? id : "call_of_nobody");
	json_decref(json);
}

static void add_template(struct templates *templates, size_t first, size_t end, double size)
{
	struct template *template = &templates->list[templates->count];
	struct random random = {first};
	char *body, *output;

	if (templates->count == TEMPLATES_MAX)
		return;
	*template = (struct template){.first = first, .end = end};
	body = joined(templates, template, CT_FRAME_BODY);
	output = joined(templates, template, CT_FRAME_OUTPUT);
	template->kind = kind_of(body);
	read_call_id(template, body);
	template->fails = strstr(output, "\"success\":false") != NULL;
	for (size_t i = first; i < end; i++)
		template->calls += type_of(templates, i) == CT_FRAME_ENTER;
	for (size_t i = 0; i < VARIANTS; i++) {
		bool function = template->kind >= TALK_CHECK && template->kind <= TALK_CANCEL;
		double share = (function ? 1 : EVENT_SHARE) * (0.8 + 0.4 * random_unit(&random));

		template->kept[i] = malloc(end - first);
		template->kept_calls[i] =
			cut(templates, template, template->kept[i],
			    size > 0 ? (size_t)(size * share) : template->calls, &random);
	}
	templates->count++;
	free(body);
	free(output);
}

struct templates *templates_load(const char *path, double size)
{
	struct templates *templates = calloc(1, sizeof(*templates));
	size_t bytes, first = 0;

	templates->data = read_file(path, &bytes);
	unpack(templates, path, templates->data, bytes);
	for (size_t i = 0; i < templates->frame_count; i++) {
		if (type_of(templates, i) == CT_FRAME_REQUEST)
			first = i;
		if (type_of(templates, i) == CT_FRAME_END)
			add_template(templates, first, i + 1, size);
	}
	if (!templates->count)
		die("holds no request", path);
	find_twins(templates);
	return templates;
}

void templates_free(struct templates *templates)
{
	for (size_t i = 0; i < templates->count; i++)
		for (size_t k = 0; k < VARIANTS; k++)
			free(templates->list[i].kept[k]);
	for (size_t i = 0; i < templates->frame_count; i++)
		msgpack_unpacked_destroy(&templates->frames[i]);
	free(templates->frames);
	free(templates->data);
	free(templates);
}

/* --- other contents */

static void scene_init(struct scene *scene, const struct talk *talk,
		       const struct template *template, const json_t *call, const char *body,
		       uint64_t seq)
{
	const struct place places[] = {
		{template->call_id, talk->call_id},
		{"Käthe Öttinger-Weiß", talk->name},
		{"+4917604069012", talk->phone},
		{"017604069012", talk->phone},
		{"kaethe.oettinger@example.com", talk->email},
		{"Brückentorstraße 7b, 01234 Musterstadt", talk->address},
		{"Färben & Föhnen", talk->service},
		{"2027-03-04", talk->date},
		{"15:30", talk->time},
		{"16:15", talk->time},
	};

	*scene =
		(struct scene){.random = {seq * 77 + 5}, .count = sizeof(places) / sizeof(*places)};
	memcpy(scene->places, places, sizeof(places));
	scene->call = call;
	scene->body = body;
	scene->random.state += talk->start_ns;
	scene->pace = 0.7 + random_unit(&scene->random) * random_unit(&scene->random) * 2;
	for (int i = 0; i < 10; i++)
		scene->digits[i] = (char)('0' + (i + seq * 3) % 10);
	for (int i = 9; i > 0; i--) {
		size_t k = random_below(&scene->random, (size_t)i + 1);
		char digit = scene->digits[i];

		scene->digits[i] = scene->digits[k];
		scene->digits[k] = digit;
	}
}

static const struct place *place_at(const struct scene *scene, const char *text, size_t size)
{
	for (size_t i = 0; i < scene->count; i++) {
		size_t n = strlen(scene->places[i].recorded);

		if (n <= size && memcmp(text, scene->places[i].recorded, n) == 0)
			return &scene->places[i];
	}
	return NULL;
}

/* `digits`: numbers become others. To be freed. */
static char *other_text(const struct scene *scene, const char *text, size_t size, bool digits,
			size_t *ret_size)
{
	char *copy = malloc(size * 4 + 256);
	size_t n = 0;

	for (size_t i = 0; i < size;) {
		const struct place *place = place_at(scene, text + i, size - i);

		if (place) {
			n += (size_t)sprintf(copy + n, "%.60s", place->said);
			i += strlen(place->recorded);
		} else {
			bool digit = digits && isdigit((unsigned char)text[i]);

			copy[n++] = digit ? scene->digits[text[i] - '0'] : text[i];
			i++;
		}
		if (n > size * 4 + 128)
			break;
	}
	*ret_size = n;
	return copy;
}

static uint64_t other_number(const struct scene *scene, uint64_t number)
{
	char text[32];

	if (number < 100 || number > 1000000000000)
		return number;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	for (char *p = text + 1; *p; p++)
		*p = scene->digits[*p - '0'];
	return strtoull(text, NULL, 10);
}

/* The same place in the twin; NULL where it has another shape. */
static const msgpack_object *twin_at(const msgpack_object *twin, const msgpack_object *object,
				     uint32_t i)
{
	if (!twin || twin->type != object->type)
		return NULL;
	if (object->type == MSGPACK_OBJECT_ARRAY)
		return i < twin->via.array.size ? &twin->via.array.ptr[i] : NULL;
	return i < twin->via.map.size ? &twin->via.map.ptr[i].val : NULL;
}

static bool has_key(const msgpack_object *map, const char *key)
{
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object *k = &map->via.map.ptr[i].key;

		if (k->type == MSGPACK_OBJECT_STR && k->via.str.size == strlen(key) &&
		    memcmp(k->via.str.ptr, key, strlen(key)) == 0)
			return true;
	}
	return false;
}

/* The request's body, whole or its beginning, as Retell sends it. */
static bool is_body(const msgpack_object *object)
{
	static const char *const starts[] = {"{\"call\":{\"call_type", "{\"event\":\"call_"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (object->type == MSGPACK_OBJECT_STR &&
		    object->via.str.size > strlen(starts[i]) &&
		    memcmp(object->via.str.ptr, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* As the agent cuts it: docs/frames.md. */
static void pack_cut_body(msgpack_packer *pk, const char *body, size_t limit)
{
	size_t size = strlen(body);

	if (size <= limit) {
		msgpack_pack_str_with_body(pk, body, size);
		return;
	}
	while (limit && (body[limit] & 0xc0) == 0x80)
		limit--;
	msgpack_pack_map(pk, 3);
	msgpack_pack_str_with_body(pk, "@cut", 4);
	msgpack_pack_str_with_body(pk, "string", 6);
	msgpack_pack_str_with_body(pk, "bytes", 5);
	msgpack_pack_uint64(pk, size);
	msgpack_pack_str_with_body(pk, "value", 5);
	msgpack_pack_str_with_body(pk, body, limit);
}

static void pack_other(msgpack_packer *pk, const msgpack_object *object, const msgpack_object *twin,
		       const struct scene *scene);

static void pack_other_map(msgpack_packer *pk, const msgpack_object *object,
			   const msgpack_object *twin, const struct scene *scene)
{
	/* The payload's call object, handed on by the application. */
	if (scene->call && has_key(object, "call_id") && has_key(object, "call_type")) {
		value_pack(pk, scene->call);
		return;
	}
	if (object->via.map.size == 3 && has_key(object, "@cut") &&
	    is_body(&object->via.map.ptr[2].val)) {
		pack_cut_body(pk, scene->body, object->via.map.ptr[2].val.via.str.size);
		return;
	}
	msgpack_pack_map(pk, object->via.map.size);
	for (uint32_t i = 0; i < object->via.map.size; i++) {
		msgpack_pack_object(pk, object->via.map.ptr[i].key);
		pack_other(pk, &object->via.map.ptr[i].val, twin_at(twin, object, i), scene);
	}
}

/* Numbers are others where they were others in the twin. */
static void pack_other(msgpack_packer *pk, const msgpack_object *object, const msgpack_object *twin,
		       const struct scene *scene)
{
	bool differs = !twin || !msgpack_object_equal(*object, *twin);
	size_t size;
	char *text;

	switch (object->type) {
	case MSGPACK_OBJECT_STR:
		if (is_body(object)) {
			pack_cut_body(pk, scene->body, 4096);
			break;
		}
		text = other_text(scene, object->via.str.ptr, object->via.str.size, differs, &size);
		msgpack_pack_str_with_body(pk, text, size);
		free(text);
		break;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		msgpack_pack_uint64(pk, differs ? other_number(scene, object->via.u64)
						: object->via.u64);
		break;
	case MSGPACK_OBJECT_ARRAY:
		msgpack_pack_array(pk, object->via.array.size);
		for (uint32_t i = 0; i < object->via.array.size; i++)
			pack_other(pk, &object->via.array.ptr[i], twin_at(twin, object, i), scene);
		break;
	case MSGPACK_OBJECT_MAP:
		pack_other_map(pk, object, twin, scene);
		break;
	default:
		msgpack_pack_object(pk, *object);
	}
}

/* An exception's code is what it is; only what it says is other. */
static void pack_thrown(msgpack_packer *pk, const msgpack_object *map, const msgpack_object *twin,
			const struct scene *scene)
{
	msgpack_pack_map(pk, map->via.map.size);
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *kv = &map->via.map.ptr[i];

		msgpack_pack_object(pk, kv->key);
		if (kv->key.via.str.size == 7 && memcmp(kv->key.via.str.ptr, "message", 7) == 0)
			pack_other(pk, &kv->val, twin_at(twin, map, i), scene);
		else
			msgpack_pack_object(pk, kv->val);
	}
}

/* --- emitting */

struct emitter {
	msgpack_sbuffer frame;
	msgpack_packer pk;
	msgpack_sbuffer *out;
};

static void emit(struct emitter *emitter)
{
	uint32_t n = (uint32_t)emitter->frame.size;
	unsigned char length[4] = {n & 0xff, n >> 8 & 0xff, n >> 16 & 0xff, n >> 24 & 0xff};

	msgpack_sbuffer_write(emitter->out, (char *)length, 4);
	msgpack_sbuffer_write(emitter->out, emitter->frame.data, n);
	msgpack_sbuffer_clear(&emitter->frame);
}

static void emitter_init(struct emitter *emitter, msgpack_sbuffer *out)
{
	msgpack_sbuffer_init(&emitter->frame);
	msgpack_packer_init(&emitter->pk, &emitter->frame, msgpack_sbuffer_write);
	emitter->out = out;
}

void templates_start(const struct templates *templates, msgpack_sbuffer *out)
{
	struct emitter emitter;

	emitter_init(&emitter, out);
	for (size_t i = 0; i < templates->frame_count; i++) {
		if (type_of(templates, i) > CT_FRAME_FUNCTION)
			continue;
		msgpack_pack_object(&emitter.pk, templates->frames[i].data);
		emit(&emitter);
	}
	msgpack_sbuffer_destroy(&emitter.frame);
}

static void begin(struct emitter *emitter, unsigned int type, size_t elements)
{
	msgpack_pack_array(&emitter->pk, elements);
	msgpack_pack_uint32(&emitter->pk, type);
}

/* Bytes, and how many there were. */
static void emit_bytes(struct emitter *emitter, unsigned int type, uint64_t dt, const char *bytes,
		       size_t size)
{
	for (size_t at = 0; at < size; at += BODY_PIECE) {
		size_t n = size - at < BODY_PIECE ? size - at : BODY_PIECE;

		begin(emitter, type, 3);
		msgpack_pack_uint64(&emitter->pk, dt);
		msgpack_pack_bin_with_body(&emitter->pk, bytes + at, n);
		emit(emitter);
	}
	begin(emitter, type + 1, 4);
	msgpack_pack_uint64(&emitter->pk, dt);
	msgpack_pack_uint64(&emitter->pk, size);
	msgpack_pack_uint64(&emitter->pk, size);
	emit(emitter);
}

static void emit_params(struct emitter *emitter, const msgpack_object *map, uint64_t sent_ms)
{
	char signature[128];

	snprintf(signature, sizeof(signature), "v=%llu,d=[SECRET_REDACTED]",
		 (unsigned long long)sent_ms);
	begin(emitter, CT_FRAME_PARAMS, 3);
	msgpack_pack_uint64(&emitter->pk, 1000);
	msgpack_pack_map(&emitter->pk, map->via.map.size);
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *kv = &map->via.map.ptr[i];

		msgpack_pack_object(&emitter->pk, kv->key);
		if (kv->key.via.str.size == 23 &&
		    memcmp(kv->key.via.str.ptr, "HTTP_X_RETELL_SIGNATURE", 23) == 0)
			msgpack_pack_str_with_body(&emitter->pk, signature, strlen(signature));
		else
			msgpack_pack_object(&emitter->pk, kv->val);
	}
	emit(emitter);
}

/* Any other frame: its time, and what it says. */
static void emit_other(struct emitter *emitter, const msgpack_object_array *frame,
		       const msgpack_object *twin, uint64_t dt, const struct scene *scene)
{
	unsigned int type = (unsigned int)frame->ptr[0].via.u64;
	bool number = type == CT_FRAME_ENTER || type == CT_FRAME_LEAVE || type == CT_FRAME_THROW ||
		      type == CT_FRAME_CATCH;
	bool plain = type == CT_FRAME_CATCH || type == CT_FRAME_END || type == CT_FRAME_ERROR ||
		     (type == CT_FRAME_LEAVE && frame->size > 2 &&
		      frame->ptr[2].via.u64 == CT_LEAVE_EXCEPTION);

	msgpack_pack_array(&emitter->pk, frame->size);
	msgpack_pack_object(&emitter->pk, frame->ptr[0]);
	msgpack_pack_uint64(&emitter->pk, dt);
	for (uint32_t i = 2; i < frame->size; i++) {
		const msgpack_object *other =
			twin && i < twin->via.array.size ? &twin->via.array.ptr[i] : NULL;

		if (plain || (number && i == 2))
			msgpack_pack_object(&emitter->pk, frame->ptr[i]);
		else if (type == CT_FRAME_THROW)
			pack_thrown(&emitter->pk, &frame->ptr[i], other, scene);
		else
			pack_other(&emitter->pk, &frame->ptr[i], other, scene);
	}
	emit(emitter);
}

static const struct template *choose(const struct templates *templates, const struct talk *talk)
{
	const struct template *best = NULL;

	for (size_t i = 0; i < templates->count; i++) {
		const struct template *template = &templates->list[i];

		if (template->kind == talk->kind && (!best || template->fails == talk->fails))
			best = template;
	}
	if (!best) {
		fprintf(stderr, "bench-generate: no request of this kind was recorded\n");
		exit(1);
	}
	return best;
}

static void emit_request(struct emitter *emitter, const msgpack_object_array *recorded,
			 uint64_t seq, const struct talk *talk)
{
	begin(emitter, CT_FRAME_REQUEST, 5);
	msgpack_pack_uint64(&emitter->pk, seq);
	msgpack_pack_uint64(&emitter->pk, talk_time(talk));
	msgpack_pack_uint64(&emitter->pk, talk_time(talk) - talk->start_ns + 1);
	msgpack_pack_object(&emitter->pk, recorded->ptr[4]);
	emit(emitter);
}

static char *body_of(const char *output)
{
	const char *end = strstr(output, "\r\n\r\n");

	return strdup(end ? end + 4 : "");
}

size_t templates_request(struct templates *templates, uint64_t seq, const struct talk *talk,
			 msgpack_sbuffer *out, char **ret_response, double *ret_seconds)
{
	const struct template *template = choose(templates, talk);
	size_t variant = seq * 2654435761u % 97 % VARIANTS, size;
	const uint8_t *kept = template->kept[variant];
	char *output = joined(templates, template, CT_FRAME_OUTPUT), *other;
	uint64_t ticks = 0, hz = element(templates, template->first, 4)->via.u64;
	json_t *payload = talk_body(talk);
	char *body = json_dumps(payload, JSON_COMPACT | JSON_REAL_PRECISION(15));
	struct emitter emitter;
	struct scene scene;

	scene_init(&scene, talk, template, json_object_get(payload, "call"), body, seq);
	other = other_text(&scene, output, strlen(output), false, &size);
	other[size] = 0;
	emitter_init(&emitter, out);
	for (size_t i = template->first; i < template->end; i++) {
		const msgpack_object_array *frame = &templates->frames[i].data.via.array;
		unsigned int type = type_of(templates, i);
		uint64_t dt = 0;

		if (!kept[i - template->first])
			continue;
		if (type != CT_FRAME_REQUEST)
			dt = (uint64_t)((double)frame->ptr[1].via.u64 * scene.pace *
					(0.85 + 0.4 * random_unit(&scene.random)));
		ticks += dt;
		switch (type) {
		case CT_FRAME_REQUEST:
			emit_request(&emitter, frame, seq, talk);
			break;
		case CT_FRAME_PARAMS:
			emit_params(&emitter, &frame->ptr[2], talk_time(talk) / 1000000);
			break;
		case CT_FRAME_BODY_END:
			emit_bytes(&emitter, CT_FRAME_BODY, dt / 2, body, strlen(body));
			break;
		case CT_FRAME_OUTPUT_END:
			emit_bytes(&emitter, CT_FRAME_OUTPUT, dt / 2, other, size);
			break;
		case CT_FRAME_BODY:
		case CT_FRAME_OUTPUT:
		case CT_FRAME_PROCESS:
		case CT_FRAME_FUNCTION:
			break;
		default:
			emit_other(
				&emitter, frame,
				template->twin
					? &templates->frames[template->twin + i - template->first]
						   .data
					: NULL,
				dt, &scene);
		}
	}
	*ret_response = body_of(other);
	*ret_seconds = (double)ticks / (double)hz;
	free(output);
	free(other);
	free(body);
	json_decref(payload);
	msgpack_sbuffer_destroy(&emitter.frame);
	return template->kept_calls[variant];
}
