/* SPDX-License-Identifier: MIT */
/*
 * What agent/zend.h believes of the engine, against the real headers. There is nothing to run: it
 * compiles or it does not. The layouts are read from agent/layouts.c's own table.
 */

#include "main/php.h"

#include "main/SAPI.h"
#include "zend_attributes.h"
#include "zend_exceptions.h"
#include "zend_extensions.h"
#include "zend_observer.h"
#include "zend_vm_opcodes.h"
#if PHP_VERSION_ID >= 80100
#include "zend_fibers.h"
#endif

#include "ext/date/php_date.h"

#include "../../agent/zend.h"

#define SAME(theirs, field, ours, our_field)                                        \
	_Static_assert(offsetof(theirs, field) == offsetof(struct ours, our_field), \
		       #theirs "." #field)
#define EQUAL(theirs, ours) _Static_assert((theirs) == (ours), #theirs)

SAME(zend_string, h, zstr, hash);
SAME(zend_string, len, zstr, len);
SAME(zend_string, val, zstr, val);
EQUAL(IS_STR_PERMANENT, ZSTR_PERMANENT);
EQUAL(sizeof(zval), sizeof(struct zval));
SAME(zval, u1, zval, type_info);
SAME(zval, u2, zval, u2);
EQUAL(IS_UNDEF, Z_UNDEF);
EQUAL(IS_NULL, Z_NULL);
EQUAL(IS_FALSE, Z_FALSE);
EQUAL(IS_TRUE, Z_TRUE);
EQUAL(IS_LONG, Z_LONG);
EQUAL(IS_DOUBLE, Z_DOUBLE);
EQUAL(IS_STRING, Z_STRING);
EQUAL(IS_ARRAY, Z_ARRAY);
EQUAL(IS_OBJECT, Z_OBJECT);
EQUAL(IS_RESOURCE, Z_RESOURCE);
EQUAL(IS_REFERENCE, Z_REFERENCE);
EQUAL(IS_INDIRECT, Z_INDIRECT);
EQUAL(IS_OBJECT_EX, Z_OBJECT_COUNTED);
EQUAL(IS_RESOURCE_EX, Z_RESOURCE_COUNTED);
SAME(zend_reference, val, zref, val);
SAME(zend_resource, handle, zres, handle);
EQUAL(sizeof(Bucket), sizeof(struct zbucket));
SAME(Bucket, h, zbucket, h);
SAME(Bucket, key, zbucket, key);
SAME(zend_array, u, zarr, flags);
SAME(zend_array, arData, zarr, buckets);
SAME(zend_array, nNumUsed, zarr, used);
SAME(zend_array, nNumOfElements, zarr, count);
EQUAL(HASH_FLAG_PACKED, ZARR_PACKED);
SAME(zend_object, handle, zobj, handle);
SAME(zend_object, ce, zobj, ce);
SAME(zend_object, properties, zobj, properties);
SAME(zend_object, properties_table, zobj, slots);
SAME(zend_class_entry, name, zclass, name);
SAME(zend_class_entry, parent, zclass, parent);
SAME(zend_class_entry, ce_flags, zclass, flags);
SAME(zend_class_entry, default_properties_count, zclass, n_slots);
EQUAL(ZEND_USER_CLASS, ZCLASS_USER);
EQUAL(offsetof(php_date_obj, std), sizeof(void *));
SAME(timelib_time, y, zdate, year);
SAME(timelib_time, us, zdate, us);
SAME(timelib_time, tz_abbr, zdate, zone);
SAME(zend_property_info, name, zprop, name);
SAME(zend_property_info, attributes, zprop, attributes);
/* agent/objects.c: beside those that the layout has. */
EQUAL(offsetof(zend_class_entry, constructor) + sizeof(void *),
      offsetof(zend_class_entry, destructor));
EQUAL(offsetof(zend_class_entry, info.user.line_start),
      offsetof(zend_class_entry, info.user.filename) + sizeof(void *));
EQUAL(ZEND_ACC_TRAIT, ZCLASS_TRAIT);
EQUAL(ZEND_ACC_IMMUTABLE, ZCLASS_IMMUTABLE);
EQUAL(sizeof(zend_arg_info), sizeof(struct zarg));
EQUAL(sizeof(zend_internal_arg_info), sizeof(struct zarg));
SAME(zend_arg_info, type.type_mask, zarg, type_mask);
EQUAL(MAY_BE_NULL | MAY_BE_FALSE | MAY_BE_TRUE | MAY_BE_LONG | MAY_BE_DOUBLE | MAY_BE_STRING |
	      (1 << IS_VOID),
      ZTYPE_SCALAR);
SAME(zend_op_array, fn_flags, zfunc, flags);
SAME(zend_op_array, function_name, zfunc, name);
SAME(zend_op_array, scope, zfunc, scope);
SAME(zend_op_array, num_args, zfunc, n_args);
SAME(zend_op_array, arg_info, zfunc, args);
SAME(zend_op_array, attributes, zfunc, attributes);
EQUAL(ZEND_INTERNAL_FUNCTION, ZFUNC_INTERNAL);
EQUAL(ZEND_ACC_PUBLIC, ZFN_PUBLIC);
EQUAL(ZEND_ACC_STATIC, ZFN_STATIC);
EQUAL(ZEND_ACC_RETURN_REFERENCE, ZFN_BY_REFERENCE);
EQUAL(ZEND_ACC_HAS_RETURN_TYPE, ZFN_HAS_RETURN_TYPE);
EQUAL(ZEND_ACC_VARIADIC, ZFN_VARIADIC);
EQUAL(ZEND_ACC_CALL_VIA_TRAMPOLINE, ZFN_TRAMPOLINE);
EQUAL(ZEND_ACC_CLOSURE, ZFN_CLOSURE);
EQUAL(ZEND_ACC_FAKE_CLOSURE, ZFN_FAKE_CLOSURE);
EQUAL(ZEND_ACC_GENERATOR, ZFN_GENERATOR);
SAME(zend_op, op1, zop, op1);
SAME(zend_op, lineno, zop, lineno);
SAME(zend_op, opcode, zop, opcode);
EQUAL(ZEND_CATCH, ZOP_CATCH);
EQUAL(ZEND_HANDLE_EXCEPTION, ZOP_HANDLE_EXCEPTION);
EQUAL(sizeof(zend_op), sizeof(struct zop));
EQUAL(sizeof(zend_try_catch_element), sizeof(struct ztry));
SAME(zend_try_catch_element, finally_op, ztry, finally_op);
SAME(zend_try_catch_element, finally_end, ztry, finally_end);
EQUAL(offsetof(zend_op_array, filename) - offsetof(zend_op_array, last_try_catch), ZFN_TRIES_BACK);
EQUAL(offsetof(zend_op_array, filename) - offsetof(zend_op_array, try_catch_array),
      ZFN_TRIES_AT_BACK);
EQUAL(ZEND_DISCARD_EXCEPTION, ZOP_DISCARD_EXCEPTION);
EQUAL(ZEND_USER_OPCODE_DISPATCH, ZOP_DISPATCH);
SAME(zend_execute_data, opline, zframe, opline);
SAME(zend_execute_data, return_value, zframe, return_value);
SAME(zend_execute_data, func, zframe, func);
SAME(zend_execute_data, This, zframe, This);
SAME(zend_execute_data, prev_execute_data, zframe, prev);
SAME(zend_execute_data, run_time_cache, zframe, run_time_cache);
SAME(zend_execute_data, extra_named_params, zframe, extra_named);
EQUAL(ZEND_CALL_FRAME_SLOT, ZFRAME_SLOTS);
EQUAL(ZEND_CALL_CODE, ZCALL_CODE);
EQUAL(ZEND_CALL_GENERATOR, ZCALL_GENERATOR);
EQUAL(ZEND_CALL_HAS_EXTRA_NAMED_PARAMS, ZCALL_EXTRA_NAMED);
SAME(zend_observer_fcall_handlers, end, zend_observers, end);
EQUAL(sizeof(zend_extension), sizeof(struct zend_extension));
SAME(zend_extension, startup, zend_extension, startup);
SAME(zend_extension, op_array_handler, zend_extension, op_array_handler);
SAME(zend_extension, resource_number, zend_extension, resource_number);
EQUAL(ZEND_EXTENSIONS_HAVE_OP_ARRAY_HANDLER, ZEND_HAVE_OP_ARRAY_HANDLER);
#if PHP_VERSION_ID >= 80100
EQUAL(offsetof(zend_fiber_context, handle), 0);
#endif
EQUAL(offsetof(zend_compiler_globals, function_table), ZCG_FUNCTIONS);
EQUAL(offsetof(zend_compiler_globals, class_table), ZCG_CLASSES);
EQUAL(offsetof(sapi_module_struct, name), 0);
EQUAL(offsetof(zend_module_entry, zend_api), 4);
EQUAL(offsetof(zend_module_entry, zend_debug), 8);
EQUAL(offsetof(zend_module_entry, zts), 9);
EQUAL(offsetof(zend_module_entry, name), ZEND_MODULE_NAME);
/* agent/doubt.c: what an internal class has where others have their line. */
EQUAL(offsetof(zend_class_entry, info.internal.module),
      offsetof(zend_class_entry, info.user.filename) + sizeof(void *));

static int failed;

static void check(const char *what, unsigned long ours, unsigned long theirs)
{
	if (ours == theirs)
		return;
	fprintf(stderr, "%s: %lu here, in the layout %lu\n", what, theirs, ours);
	failed = 1;
}

#define AT(field, theirs, member) check(#theirs "." #member, at->field, offsetof(theirs, member))
#define IS(field, theirs)	  check(#theirs, at->field, theirs)

static void check_fibers(const struct zend_layout *at)
{
#if PHP_VERSION_ID >= 80100
	AT(fiber_stack, zend_fiber_context, stack);
	IS(class_enum, ZEND_ACC_ENUM);
#else
	IS(fiber_stack, 0);
	IS(class_enum, 0);
#endif
}

static void check_lazy_objects(const struct zend_layout *at)
{
#if PHP_VERSION_ID >= 80400
	IS(object_lazy, IS_OBJ_LAZY_UNINITIALIZED | IS_OBJ_LAZY_PROXY);
	check("zend_object.extra_flags", offsetof(struct zobj, extra_flags),
	      offsetof(zend_object, extra_flags));
#else
	IS(object_lazy, 0);
#endif
}

int main(void)
{
	const struct zend_layout *at = zend_layout_of(ZEND_MODULE_API_NO);

	if (!at) {
		fprintf(stderr, "no layout for Zend API %d\n", ZEND_MODULE_API_NO);
		return 1;
	}
	IS(packed_zvals, PHP_VERSION_ID >= 80200);
	IS(errors_name_cstr, PHP_VERSION_ID < 80100);
	AT(eg_exception, zend_executor_globals, exception);
	AT(eg_frame, zend_executor_globals, current_execute_data);
	AT(eg_error_reporting, zend_executor_globals, error_reporting);
	AT(eg_classes, zend_executor_globals, class_table);
	AT(fn_file, zend_op_array, filename);
	AT(fn_line, zend_op_array, line_start);
	AT(fn_last_var, zend_op_array, last_var);
	AT(fn_temporaries, zend_op_array, T);
	AT(fn_n_opcodes, zend_op_array, last);
	AT(fn_opcodes, zend_op_array, opcodes);
	AT(fn_vars, zend_op_array, vars);
	AT(fn_reserved, zend_op_array, reserved);
	AT(fn_handler, zend_internal_function, handler);
	AT(class_functions, zend_class_entry, function_table);
	AT(class_props, zend_class_entry, properties_info_table);
	AT(class_destructor, zend_class_entry, destructor);
	AT(class_file, zend_class_entry, info.user.filename);
	IS(type_complex, _ZEND_TYPE_NAME_BIT | _ZEND_TYPE_LIST_BIT);
	IS(type_mask, _ZEND_TYPE_MAY_BE_MASK);
	AT(sg_script, sapi_globals_struct, request_info.path_translated);
	AT(sg_argc, sapi_globals_struct, request_info.argc);
	AT(sg_argv, sapi_globals_struct, request_info.argv);
	check_fibers(at);
	check_lazy_objects(at);
	return failed;
}
