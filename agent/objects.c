/* SPDX-License-Identifier: MIT */
/* Objects, as they lie in memory. */

#include "objects.h"

#include "encode.h"
#include "functions.h"
#include "text.h"
#include "worker.h"

#define MAX_PATH      512
#define MAX_SENSITIVE 8

static const struct zclass *root_of(const struct zclass *ce)
{
	while (ce->parent)
		ce = ce->parent;
	return ce;
}

bool object_is_throwable(const struct zobj *obj)
{
	const struct zclass *root = root_of(obj->ce);

	return root == *zend.exception_class || root == *zend.error_class;
}

static bool class_is_app(const struct zclass *ce)
{
	return ce->type == ZCLASS_USER &&
	       fn_file_is_app(ZAT(ce, zend.at->class_file, struct zstr *));
}

static bool class_is_foreign(const struct zclass *ce)
{
	return ce->type == ZCLASS_USER && !class_is_app(ce);
}

bool object_is_foreign(const struct zobj *obj)
{
	return class_is_foreign(obj->ce);
}

static bool is_lazy(const struct zobj *obj)
{
	return obj->extra_flags & zend.at->object_lazy;
}

static uint8_t *put_class_name(uint8_t *p, const struct zclass *ce)
{
	return value_put_name(p, ce->name->val, strlen(ce->name->val), MAX_NAME);
}

/* At least `least` digits. */
static char *add_number(char *to, int64_t v, unsigned least)
{
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
	char digits[20];
	unsigned n = 0;

	for (; rest || n < least; rest /= 10)
		digits[n++] = (char)('0' + rest % 10);
	if (v < 0)
		*to++ = '-';
	while (n)
		*to++ = digits[--n];
	return to;
}

/* Of a long path the end, which tells more. */
static uint8_t *put_place(uint8_t *p, const char *path, size_t n, uint32_t line)
{
	char text[MAX_PATH + 16], *to = text;
	size_t cut = n > MAX_PATH ? n - MAX_PATH : 0;

	memcpy(to, path + cut, n - cut);
	to += n - cut;
	*to++ = ':';
	to = add_number(to, line, 1);
	return value_put_name(p, text, (size_t)(to - text), sizeof(text));
}

/* An anonymous class's name goes on behind a NUL: "/path/file.php:17$0". */
static uint8_t *put_anonymous(uint8_t *p, const struct zclass *ce, uint16_t *n)
{
	size_t visible = strnlen(ce->name->val, ce->name->len);
	const struct zstr *file;

	if (visible == ce->name->len || ce->type != ZCLASS_USER)
		return p;
	file = ZAT(ce, zend.at->class_file, struct zstr *);
	p = put_text(p, "@file");
	++*n;
	return put_place(p, file->val, file->len,
			 ZAT(ce, zend.at->class_file + sizeof(void *), uint32_t));
}

static uint8_t *put_class_and_id(uint8_t *p, const struct zobj *obj)
{
	p = put_text(p, CT_KEY_CLASS);
	p = put_class_name(p, obj->ce);
	p = put_text(p, "@id");
	return put_uint(p, obj->handle);
}

/* Class::name, as long as a name may be each. `class` may be NULL. */
static uint8_t *put_joined(uint8_t *p, const char *class, const char *name, size_t n)
{
	char text[2 * MAX_NAME + 2];
	size_t at = 0;

	if (class) {
		at = strnlen(class, MAX_NAME);
		memcpy(text, class, at);
		memcpy(text + at, "::", 2);
		at += 2;
	}
	n = n < MAX_NAME ? n : MAX_NAME;
	memcpy(text + at, name, n);
	return value_put_name(p, text, at + n, sizeof(text));
}

static uint8_t *put_enum(uint8_t *p, const struct zobj *obj)
{
	const struct zval *name = &obj->slots[0];
	bool backed = obj->ce->n_slots > 1;

	p = put_nested(p, true, backed ? 2 : 1);
	p = put_text(p, CT_KEY_ENUM);
	if (name->type == Z_STRING)
		p = put_joined(p, obj->ce->name->val, name->str->val, name->str->len);
	else
		p = put_class_name(p, obj->ce);
	if (backed) {
		p = put_text(p, "value");
		p = value_put(p, &obj->slots[1], worker.settings.max_depth);
	}
	return p;
}

/* A callable that has a name of its own goes by that: strlen(...), $this->book(...). */
static uint8_t *put_closure(uint8_t *p, struct zobj *obj)
{
	struct zval self = {.obj = obj, .type_info = Z_OBJECT};
	const struct zfunc *f = zend.closure_function(obj);
	const struct zval *bound = zend.closure_this(&self);
	bool internal = f->type == ZFUNC_INTERNAL, named = internal || f->flags & ZFN_FAKE_CLOSURE;
	bool has_this = bound && bound->type == Z_OBJECT, scoped = !has_this && !named && f->scope;

	p = put_nested(p, true, 1 + (named && !internal) + has_this + scoped);
	p = put_text(p, CT_KEY_CLOSURE);
	if (named && f->name) {
		p = put_joined(p, f->scope ? f->scope->name->val : NULL, f->name->val,
			       f->name->len);
		if (!internal)
			p = put_text(p, "file");
	}
	if (!internal)
		p = put_place(p, zend_file(f)->val, zend_file(f)->len, zend_line(f));
	else if (!f->name)
		*p++ = 0xc0;
	if (has_this) {
		p = put_text(p, "this");
		p = put_nested(p, true, 2);
		p = put_class_and_id(p, bound->obj);
	} else if (scoped) {
		p = put_text(p, "scope");
		p = put_class_name(p, f->scope);
	}
	return p;
}

/* Properties are in order of declaration, ancestors first. Those of a framework's base class are
 * many and mostly settings: of these only arrays that hold something are shown (an Eloquent model's
 * attributes). */
static uint32_t foreign_slots(const struct zclass *ce)
{
	for (ce = ce->parent; ce; ce = ce->parent)
		if (class_is_foreign(ce))
			return (uint32_t)ce->n_slots;
	return 0;
}

/* Promoted parameters of constructors that are #[\SensitiveParameter]: so are the properties of
 * their names. PHP itself does not hand the attribute on. */
struct sensitive {
	const struct zstr *names[MAX_SENSITIVE];
	unsigned n;
};

static void find_sensitive(const struct zclass *ce, struct sensitive *ret)
{
	ret->n = 0;
	for (; ce && ce->type == ZCLASS_USER; ce = ce->parent) {
		const struct zfunc *f =
			ZAT(ce, zend.at->class_destructor - sizeof(void *), struct zfunc *);

		if (!f || !f->attributes || f->type == ZFUNC_INTERNAL)
			continue;
		for (uint32_t i = 0; i < f->n_args && ret->n < MAX_SENSITIVE; i++)
			if (zend.parameter_attribute(f->attributes, "sensitiveparameter", 18, i))
				ret->names[ret->n++] = f->args[i].name;
	}
}

struct property {
	const char *name; /* without the class of a private one */
	size_t n;
	const char *class; /* of a private one, else NULL */
};

static struct property property_of(const struct zprop *prop)
{
	const struct zstr *name = prop->name;
	const char *end = name->val + name->len, *at;

	/* "\0Class\0name", "\0*\0name"; in an anonymous class's name there is a NUL as well. */
	at = name->len && !name->val[0] ? memrchr(name->val, 0, name->len) : NULL;
	if (!at || at == name->val)
		return (struct property){name->val, name->len, NULL};
	at++;
	return (struct property){at, (size_t)(end - at),
				 name->val[1] == '*' ? NULL : name->val + 1};
}

static bool is_secret(const struct zprop *prop, const struct property *property,
		      const struct sensitive *sensitive)
{
	for (unsigned i = 0; i < sensitive->n; i++)
		if (sensitive->names[i]->len == property->n &&
		    !memcmp(sensitive->names[i]->val, property->name, property->n))
			return true;
	if (prop->attributes && zend.parameter_attribute(prop->attributes, "sensitiveparameter", 18,
							 UINT32_MAX /* its own */))
		return true;
	return text_names_secret(property->name, property->n);
}

/* An ancestor's private property, and one of the same name: that of a descendant, or a dynamic one.
 */
static bool is_hidden_by_another(const struct zobj *obj, struct zprop *const *props, uint32_t i,
				 const struct property *property)
{
	uint32_t n = (uint32_t)obj->ce->n_slots;

	if (!property->class || !strcmp(property->class, obj->ce->name->val))
		return false;
	for (uint32_t j = i + 1; j < n && j <= i + MAX_PLACES; j++) {
		struct property other;

		if (!props[j])
			continue;
		other = property_of(props[j]);
		if (other.n == property->n && !memcmp(other.name, property->name, other.n))
			return true;
	}
	return obj->properties && zend.hash_find(obj->properties, property->name, property->n);
}

static uint8_t *put_slot(uint8_t *p, const struct zobj *obj, struct zprop *const *props, uint32_t i,
			 const struct sensitive *sensitive, unsigned depth)
{
	struct property property = property_of(props[i]);

	p = put_joined(p, is_hidden_by_another(obj, props, i, &property) ? property.class : NULL,
		       property.name, property.n);
	return value_put_member(p, is_secret(props[i], &property, sensitive), &obj->slots[i],
				depth);
}

static uint8_t *put_more(uint8_t *p, uint32_t count, struct shown *shown)
{
	shown->n++;
	shown->cut = true;
	p = put_text(p, CT_KEY_CUT);
	return value_put_cut(p, encode_spent(p) ? "bytes" : "array", count);
}

uint8_t *object_put_slots(uint8_t *p, const struct zobj *obj, uint32_t first, unsigned depth,
			  struct shown *shown)
{
	struct zprop *const *props = ZAT(obj->ce, zend.at->class_props, struct zprop **);
	uint32_t slots = (uint32_t)obj->ce->n_slots, foreign = foreign_slots(obj->ce);
	struct sensitive sensitive;

	if (!props || first >= slots || is_lazy(obj))
		return p;
	find_sensitive(obj->ce, &sensitive);
	for (uint32_t i = first; i < slots; i++) {
		const struct zval *v = zval_deref(&obj->slots[i]);

		if (!props[i] || v->type == Z_UNDEF)
			continue;
		if (i < foreign && (v->type != Z_ARRAY || !v->arr->count))
			continue;
		if (shown->n >= worker.settings.max_elements || encode_spent(p))
			return put_more(p, slots, shown);
		p = put_slot(p, obj, props, i, &sensitive, depth + 1);
		shown->n++;
	}
	return p;
}

/* Declared ones are there as well, indirectly. */
static uint8_t *put_dynamic(uint8_t *p, const struct zarr *arr, unsigned depth, struct shown *shown)
{
	uint32_t most = worker.settings.max_elements + MAX_PLACES;

	if (zarr_is_packed(arr))
		return p;
	for (uint32_t i = 0; i < arr->used; i++) {
		const struct zbucket *b = &arr->buckets[i];
		bool secret = false;

		if (i < most && (b->val.type == Z_UNDEF || b->val.type == Z_INDIRECT))
			continue;
		if (i >= most || shown->n >= worker.settings.max_elements || encode_spent(p))
			return put_more(p, arr->count, shown);
		if (b->key)
			p = value_put_key(p, b->key, &secret);
		else
			p = put_int(p, (int64_t)b->h);
		p = value_put_member(p, secret, &b->val, depth + 1);
		shown->n++;
	}
	return p;
}

static uint8_t *put_properties(uint8_t *p, struct zobj *obj, unsigned depth, uint16_t *n)
{
	struct shown shown = {0};

	if (is_lazy(obj)) {
		++*n;
		p = put_text(p, "@lazy");
		*p = 0xc3;
		return p + 1;
	}
	if (encode_is_open(obj, depth) || depth >= worker.settings.max_depth) {
		++*n;
		p = put_text(p, CT_KEY_CUT);
		return put_text(p, depth >= worker.settings.max_depth ? "depth" : "recursion");
	}
	encode.open[depth] = obj;
	p = object_put_slots(p, obj, 0, depth, &shown);
	if (obj->properties && !shown.cut)
		p = put_dynamic(p, obj->properties, depth, &shown);
	*n += shown.n;
	return p;
}

static bool is_date(const struct zobj *obj)
{
	const struct zclass *root = root_of(obj->ce);

	return root->type != ZCLASS_USER && zend.date_class && zend.date_immutable_class &&
	       (root == zend.date_class() || root == zend.date_immutable_class());
}

/* "2026-03-04 16:15:00 CET", in its own zone, as it was set; of the microseconds only if there are.
 */
static uint8_t *put_date(uint8_t *p, const struct zobj *obj, uint16_t *n)
{
	const struct zdate *date = ((const struct zdate *const *)obj)[-1];
	char text[7 * 24 + 24], *to = text;
	size_t zone;

	if (!date)
		return p;
	to = add_number(to, date->year, 4);
	*to++ = '-';
	to = add_number(to, date->month, 2);
	*to++ = '-';
	to = add_number(to, date->day, 2);
	*to++ = ' ';
	to = add_number(to, date->hour, 2);
	*to++ = ':';
	to = add_number(to, date->minute, 2);
	*to++ = ':';
	to = add_number(to, date->second, 2);
	if (date->us) {
		*to++ = '.';
		to = add_number(to, date->us, 6);
	}
	if (date->zone) {
		*to++ = ' ';
		zone = strnlen(date->zone, 16);
		memcpy(to, date->zone, zone);
		to += zone;
	}
	++*n;
	p = put_text(p, "@time");
	return value_put_name(p, text, (size_t)(to - text), sizeof(text));
}

uint8_t *object_put(uint8_t *p, struct zobj *obj, unsigned depth)
{
	const struct zclass *ce = obj->ce;
	uint8_t *head = p;
	uint16_t n = 2;

	if (ce->flags & zend.at->class_enum)
		return put_enum(p, obj);
	if (ce == *zend.closure_class)
		return put_closure(p, obj);
	p = put_class_and_id(p + 3, obj);
	p = put_anonymous(p, ce, &n);
	if (is_date(obj))
		p = put_date(p, obj, &n);
	if (object_is_throwable(obj)) {
		p = put_text(p, "message");
		p = value_put(p, &obj->slots[0], worker.settings.max_depth);
		n++;
	} else if (ce == *zend.standard_class || class_is_app(ce)) {
		p = put_properties(p, obj, depth, &n);
	}
	put_tagged(head, 0xde, n, 2);
	return p;
}
