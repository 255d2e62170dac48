/* SPDX-License-Identifier: MIT */
/*
 * What moved between the versions of the engine: offsets and flags, one column a version.
 *
 * From the headers of php-src's branch PHP-8.0 and of the distributions' 8.1.2, 8.2.36, 8.3.6,
 * 8.4.27 and 8.5.4: NTS, 64 bit. A module API number stands for an ABI, so that every release that
 * has the number has the offsets; zend_find() looks at the engine before it believes that.
 */

#include "zend.h"

/* clang-format off */
#define LAYOUTS(V)                                                                    \
	/*                       8.0        8.1        8.2        8.3        8.4        8.5 */ \
	V(api,              20200930,  20210902,  20220829,  20230831,  20240924,  20250925) \
	V(packed_zvals,        false,     false,      true,      true,      true,      true) \
	V(errors_name_cstr,     true,     false,     false,     false,     false,     false) \
	V(jit_by_buffer,         true,      true,      true,      true,     false,     false) \
	V(eg_error_reporting,    424,       424,       424,       424,       424,       424) \
	V(eg_classes,            440,       440,       440,       440,       440,       464) \
	V(eg_frame,              488,       488,       488,       488,       488,       512) \
	V(eg_exception,          864,       864,       864,       864,       936,       960) \
	V(fn_temporaries,         64,        64,        56,        64,        72,        72) \
	V(fn_last_var,            60,        60,        76,        72,        92,        92) \
	V(fn_n_opcodes,           68,        68,        80,        76,        96,        96) \
	V(fn_opcodes,             72,        72,        88,        80,       104,       104) \
	V(fn_vars,               104,       104,       112,       104,       128,       128) \
	V(fn_file,               144,       144,       152,       144,       168,       168) \
	V(fn_line,               152,       152,       160,       152,       176,       176) \
	V(fn_reserved,           184,       192,       200,       192,       208,       208) \
	V(fn_handler,             56,        56,        72,        72,        88,        88) \
	V(class_functions,        64,        64,        64,        64,        64,        64) \
	V(class_props,           232,       248,       248,       248,       248,       248) \
	V(class_destructor,      248,       264,       264,       264,       264,       264) \
	V(class_file,            440,       472,       480,       488,       504,       504) \
	V(class_enum,              0,  1u << 28,  1u << 28,  1u << 28,  1u << 28,  1u << 28) \
	V(object_lazy,             0,         0,         0,         0,  3u << 30,  3u << 30) \
	V(fiber_stack,             0,        24,        32,        32,        32,        32) \
	V(type_complex,    0x00a00000, 0x01400000, 0x01400000, 0x01400000, 0x01400000, 0x01400000) \
	V(type_mask,       0x000fffff, 0x0003ffff, 0x0003ffff, 0x0003ffff, 0x0003ffff, 0x0003ffff) \
	V(sg_script,              40,        40,        40,        40,        40,        40) \
	V(sg_argc,               140,       140,       140,       140,       140,       140) \
	V(sg_argv,               144,       144,       144,       144,       144,       144)

#define PHP80(field, a, b, c, d, e, f) .field = a,
#define PHP81(field, a, b, c, d, e, f) .field = b,
#define PHP82(field, a, b, c, d, e, f) .field = c,
#define PHP83(field, a, b, c, d, e, f) .field = d,
#define PHP84(field, a, b, c, d, e, f) .field = e,
#define PHP85(field, a, b, c, d, e, f) .field = f,
/* clang-format on */

static const struct zend_layout layouts[] = {
	{LAYOUTS(PHP80)}, {LAYOUTS(PHP81)}, {LAYOUTS(PHP82)},
	{LAYOUTS(PHP83)}, {LAYOUTS(PHP84)}, {LAYOUTS(PHP85)},
};

const struct zend_layout *zend_layout_of(uint32_t api)
{
	for (unsigned i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].api == api)
			return &layouts[i];
	return NULL;
}
