/* SPDX-License-Identifier: MIT */
/* Meets the engine: finds it, decides whether it is one we know, and knows what moved. */

#include "zend.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct zend zend;

/* The beginning of zend_module_entry; the same in every PHP 8. */
struct module_entry {
	uint16_t size;
	uint32_t api;
	uint8_t debug;
	uint8_t zts;
	const void *ini, *deps;
	const char *name;
	const void *functions, *startup, *shutdown, *activate, *deactivate, *info;
	const char *version;
};

static char why[96];

const char *zend_why(void)
{
	return why;
}

static enum zend_found unknown(const char *reason)
{
	snprintf(why, sizeof(why), "%s", reason);
	return ZEND_UNKNOWN;
}

/* What 8.0 does not offer: it has no fibers, whose end that is. */
static bool never(const struct zobj *exception)
{
	return false;
}

static bool resolve(void)
{
	const struct {
		const char *name;
		void *at;
		void *otherwise;
	} wanted[] = {
		{"executor_globals", &zend.eg},
		{"compiler_globals", &zend.cg},
		{"sapi_globals", &zend.sg},
		{"zend_execute_ex", &zend.execute_ex},
		{"zend_throw_exception_hook", &zend.throw_hook},
		{"zend_post_startup_cb", &zend.post_startup},
		{"zend_ce_closure", &zend.closure_class},
		{"zend_standard_class_def", &zend.standard_class},
		{"zend_ce_exception", &zend.exception_class},
		{"zend_ce_error", &zend.error_class},
		{"zend_observer_fcall_register", &zend.observe_calls},
		{"zend_get_resource_handle", &zend.get_resource_handle},
		{"zend_get_extension", &zend.get_extension},
		{"zend_register_extension", &zend.register_extension},
		{"zend_extension_flags", &zend.extension_flags},
		{"zend_get_compiled_filename", &zend.compiled_file},
		{"zend_set_user_opcode_handler", &zend.set_opcode_handler},
		{"zend_get_user_opcode_handler", &zend.get_opcode_handler},
		{"instanceof_function_slow", &zend.instanceof_slow},
		{"cfg_get_string", &zend.cfg_string},
		{"zend_observer_error_register", &zend.observe_errors},
		{"zend_clear_exception", &zend.clear_exception},
		{"zend_is_unwind_exit", &zend.is_unwind_exit},
		{"zend_is_graceful_exit", &zend.is_graceful_exit, never},
		{"zend_get_closure_method_def", &zend.closure_function},
		{"zend_get_closure_this_ptr", &zend.closure_this},
		{"zend_rsrc_list_get_rsrc_type", &zend.resource_type},
		{"zend_get_parameter_attribute_str", &zend.parameter_attribute},
		{"zend_hash_str_find", &zend.hash_find},
		{"zval_ptr_dtor", &zend.zval_drop},
		{"zend_call_known_function", &zend.call},
	};

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, wanted[i].name);

		if (!symbol)
			symbol = wanted[i].otherwise;
		if (!symbol) {
			snprintf(why, sizeof(why), "php does not export %s", wanted[i].name);
			return false;
		}
		memcpy(wanted[i].at, &symbol, sizeof(symbol));
	}
	return true;
}

/* Not basic_functions_module: Debian's php does not export it. */
static const struct zarr *registry;

static const struct module_entry *find_module(const char *name)
{
	const struct zval *v = NULL;

	if (registry && zend.hash_find)
		v = zend.hash_find(registry, name, strlen(name));
	return v ? v->ptr : NULL;
}

/* What can be done without. */
static void resolve_optional(void)
{
	const struct {
		const char *name;
		void *at;
	} wanted[] = {
		{"zend_observer_fiber_init_register", &zend.observe_fiber_init},
		{"zend_observer_fiber_switch_register", &zend.observe_fibers},
		{"zend_observer_fiber_destroy_register", &zend.observe_fiber_destroy},
		{"php_date_get_date_ce", &zend.date_class},
		{"php_date_get_immutable_ce", &zend.date_immutable_class},
		{"zend_op_array_extension_handles", &zend.handles},
		{"zend_internal_function_extension_handles", &zend.internal_handles},
		{"zend_observer_fcall_op_array_extension", &zend.observer_handle},
		{"zend_observer_fcall_internal_function_extension", &zend.internal_observer_handle},
	};

	for (unsigned i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		void *symbol = dlsym(RTLD_DEFAULT, wanted[i].name);

		memcpy(wanted[i].at, &symbol, sizeof(symbol));
	}
}

/* What every PHP since 5 has, by which one is known that is not ours. */
static const struct module_entry *find_core(void)
{
	void *find = dlsym(RTLD_DEFAULT, "zend_hash_str_find");

	registry = dlsym(RTLD_DEFAULT, "module_registry");
	memcpy(&zend.hash_find, &find, sizeof(find));
	return find_module("core"); /* registered by zend_startup() itself */
}

enum zend_found zend_judge(uint32_t api, bool debug, bool zts)
{
	zend.api = api;
	if (zts)
		return unknown("this PHP is thread-safe (ZTS)");
	if (debug)
		return unknown("this is a debug build of PHP");
	zend.at = zend_layout_of(api);
	if (zend.at)
		return ZEND_FOUND;
	snprintf(why, sizeof(why), "PHP %s with Zend API %u is not one of 8.0 to 8.5",
		 zend_php_version(), api);
	return ZEND_UNKNOWN;
}

enum zend_found zend_find(void)
{
	const struct module_entry *core;
	const char *const *sapi; /* a sapi_module_struct, whose first member is its name */
	enum zend_found found;

	sapi = dlsym(RTLD_DEFAULT, "sapi_module");
	core = find_core();
	if (!sapi || !*sapi || !core)
		return ZEND_NONE;
	zend.sapi = *sapi;
	found = zend_judge(core->api, core->debug, core->zts);
	if (found == ZEND_FOUND && !resolve())
		return ZEND_UNKNOWN;
	resolve_optional();
	return found;
}

/* The engine's own version is in step with PHP's, since 8 to the last number: 4.2.36. */
static const char *version_of_engine(void)
{
	static char text[24];
	const struct module_entry *core = find_module("core");
	int major, minor, patch;

	if (!core || !core->version ||
	    sscanf(core->version, "%d.%d.%d", &major, &minor, &patch) != 3)
		return "unknown";
	if (major < 4)
		snprintf(text, sizeof(text), "%d.%d", major + 4, minor);
	else
		snprintf(text, sizeof(text), "%d.%s", major + 4, strchr(core->version, '.') + 1);
	return text;
}

const char *zend_php_version(void)
{
	const struct module_entry *standard = find_module("standard");

	return standard && standard->version ? standard->version : version_of_engine();
}

uint32_t zend_php_release(void)
{
	unsigned major, minor, patch;

	if (sscanf(zend_php_version(), "%u.%u.%u", &major, &minor, &patch) != 3)
		return 0;
	return major * 10000 + minor * 100 + patch;
}

uint32_t zend_modules(void)
{
	return registry ? registry->count : 0;
}

static void (*on_error)(int, const char *, uint32_t, struct zstr *);

static void error_in_named_file(int type, const char *file, uint32_t line, struct zstr *message)
{
	on_error(type, file, line, message);
}

static void error_in_file(int type, struct zstr *file, uint32_t line, struct zstr *message)
{
	on_error(type, file ? file->val : NULL, line, message);
}

void zend_observe_errors(void (*handler)(int, const char *, uint32_t, struct zstr *))
{
	on_error = handler;
	zend.observe_errors(zend.at->errors_name_cstr ? (void (*)(void))error_in_named_file
						      : (void (*)(void))error_in_file);
}

int zend_command(char ***ret)
{
	*ret = ZAT(zend.sg, zend.at->sg_argv, char **);
	return *ret ? ZAT(zend.sg, zend.at->sg_argc, int) : 0;
}

const char *zend_script(void)
{
	const char *named = *ZAT(zend.sg, zend.at->sg_argv, char **);
	const char *path = ZAT(zend.sg, zend.at->sg_script, const char *);
	const char *base = strrchr(path ? path : "", '/'), *named_base = strrchr(named, '/');

	/* With -r it is the code, behind `--` it is that. */
	if (base && !strcmp(base + 1, named_base ? named_base + 1 : named))
		return named;
	return path ? path : "";
}

/* What the ini files say, or what the version has when they say nothing. */
static const char *configured(const char *name, const char *otherwise)
{
	char *value;

	return zend.cfg_string(name, &value) == 0 && value ? value : otherwise;
}

static bool is_no(const char *value)
{
	return !*value || !strcmp(value, "0") || !strcasecmp(value, "off") ||
	       !strcasecmp(value, "no") || !strcasecmp(value, "false");
}

static const char *configured_jit(void)
{
	return configured("opcache.jit", zend.at->jit_by_buffer ? "tracing" : "disable");
}

bool zend_jit_requested(void)
{
	const char *buffer = zend.at->jit_by_buffer ? "0" : "64M";

	if (!zend.get_extension("Zend OPcache"))
		return false;
	/* Unlike elsewhere, opcache does nothing in php-cli unless it is told to. */
	if (is_no(configured("opcache.enable", "1")) ||
	    (!strcmp(zend.sapi, "cli") && is_no(configured("opcache.enable_cli", "0"))))
		return false;
	if (is_no(configured("opcache.jit_buffer_size", buffer)))
		return false;
	/* Off can be switched on at run time; "disable" cannot. */
	return strcasecmp(configured_jit(), "disable") != 0;
}

/* Of a number like 1254 the third digit is the trigger: 5 traces. */
bool zend_jit_traces(void)
{
	const char *jit = configured_jit();
	size_t n = strlen(jit);

	if (n >= 2 && strspn(jit, "0123456789") == n)
		return jit[n - 2] == '5';
	return strcasecmp(jit, "function") != 0;
}

bool zend_preloads(void)
{
	return *configured("opcache.preload", "");
}

bool zend_handles_differ(void)
{
	if (!zend.handles || !zend.internal_handles || !zend.observer_handle ||
	    !zend.internal_observer_handle)
		return false;
	if (*zend.observer_handle < 0)
		return *zend.handles != *zend.internal_handles;
	return *zend.observer_handle != *zend.internal_observer_handle;
}

const struct zval *zend_arg(const struct zframe *frame, uint32_t i)
{
	const struct zfunc *f = frame->func;
	const struct zval *slots = (const struct zval *)frame + ZFRAME_SLOTS;

	/* What was passed beyond the parameters lies behind the variables and temporaries. */
	if (f->type != ZFUNC_INTERNAL && i >= f->n_args)
		i += (uint32_t)ZAT(f, zend.at->fn_last_var, int) +
		     ZAT(f, zend.at->fn_temporaries, uint32_t) - f->n_args;
	return slots + i;
}
