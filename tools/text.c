/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cleanup.h"

#define REPLACEMENT 0xfffd
#define ELLIPSIS    "…"

void text_init_locale(void)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
}

void text_deinit(struct text *text)
{
	free(text->data);
	free(text->lines);
	*text = (struct text){0};
}

int text_error(const struct text *text)
{
	return text->failed ? -ENOMEM : 0;
}

static void add_bytes(struct text *text, const char *data, size_t size)
{
	if (text->failed || !size)
		return;
	if (text->capacity - text->size < size) {
		size_t capacity = text->capacity ? text->capacity : 256;
		char *grown;

		while (capacity - text->size < size)
			capacity *= 2;
		grown = realloc(text->data, capacity);
		if (!grown) {
			text->failed = true;
			return;
		}
		text->data = grown;
		text->capacity = capacity;
	}
	memcpy(text->data + text->size, data, size);
	text->size += size;
}

/* One character: its size in bytes. What is not UTF-8 is one byte long. */
static size_t decode(const char *s, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *p = (const uint8_t *)s;
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 0;
	uint32_t c = n == 1 ? *p : *p & (0x7fu >> n);

	*ret = REPLACEMENT;
	if (!n)
		return 1;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c >= least[n] && c <= 0x10ffff && (c & 0xfffff800) != 0xd800)
		*ret = c;
	return n;
}

static size_t encode(uint32_t c, char ret[4])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Invisible, and turns what follows around or hides it. Joiners (U+200C, U+200D) belong to scripts
 * and stay. */
static bool deceives(uint32_t c)
{
	return c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

static uint32_t harmless(uint32_t c)
{
	if (c == '\n' || c == '\r')
		return 0x21b5; /* ↵ */
	if (c == '\t')
		return ' ';
	if (c < 0x20)
		return 0x2400 + c; /* ␀ … ␛ … */
	if (c == 0x7f)
		return 0x2421;
	if (c < 0xa0 && c >= 0x80)
		return REPLACEMENT;
	return deceives(c) || wcwidth((wchar_t)c) < 0 ? REPLACEMENT : c;
}

/* One character as it is shown: its bytes in the source, what to write, how wide that is. */
struct glyph {
	size_t source;
	char bytes[4];
	size_t size;
	int width;
};

static struct glyph glyph_at(const char *s)
{
	struct glyph glyph;
	uint32_t c;

	glyph.source = decode(s, &c);
	c = harmless(c);
	glyph.size = encode(c, glyph.bytes);
	glyph.width = wcwidth((wchar_t)c);
	if (glyph.width < 0)
		glyph.width = 1;
	return glyph;
}

static void add_glyph(struct text *text, const struct glyph *glyph)
{
	add_bytes(text, glyph->bytes, glyph->size);
	text->column += glyph->width;
}

/* Adds whole characters while they fit: the bytes taken. */
static size_t add_while_fits(struct text *text, const char *s, size_t size, int width)
{
	size_t i = 0;

	while (i < size) {
		struct glyph glyph = glyph_at(s + i);

		if (glyph.width > width)
			break;
		add_glyph(text, &glyph);
		width -= glyph.width;
		i += glyph.source;
	}
	return i;
}

/* The width of up to `size` bytes; counting ends above `limit`. */
static int measure(const char *s, size_t size, int limit)
{
	int width = 0;

	for (size_t i = 0; i < size && width <= limit;) {
		struct glyph glyph = glyph_at(s + i);

		width += glyph.width;
		i += glyph.source;
	}
	return width;
}

int text_width(const char *s)
{
	return measure(s, strlen(s), INT_MAX / 2);
}

void text_style(struct text *text, enum style style)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m", [BOLD] = "\033[1m",   [DIM] = "\033[2m",
		[RED] = "\033[31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
		[BLUE] = "\033[34m", [CYAN] = "\033[36m",
	};

	if (!text->color || (style == PLAIN && !text->styled))
		return;
	add_bytes(text, codes[style], strlen(codes[style]));
	text->styled = style != PLAIN;
}

void text_add(struct text *text, const char *s)
{
	add_while_fits(text, s, strlen(s), INT_MAX / 2);
}

void text_add_cut(struct text *text, const char *s, int width)
{
	size_t size = strlen(s);

	if (width <= 0)
		return;
	if (measure(s, size, width) <= width) {
		add_while_fits(text, s, size, width);
		return;
	}
	add_while_fits(text, s, size, width - 1);
	text_add(text, ELLIPSIS);
}

void text_add_tail(struct text *text, const char *s, int width)
{
	int surplus = text_width(s) - width;

	if (width <= 0)
		return;
	if (surplus > 0) {
		surplus++; /* for the ellipsis */
		while (*s && surplus > 0) {
			struct glyph glyph = glyph_at(s);

			surplus -= glyph.width;
			s += glyph.source;
		}
		text_add(text, ELLIPSIS);
	}
	text_add(text, s);
}

void text_addf(struct text *text, const char *format, ...)
{
	_cleanup_(freep) char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	if (n < 0) {
		s = NULL;
		text->failed = true;
		return;
	}
	text_add(text, s);
}

void text_pad(struct text *text, int column)
{
	for (; text->column < column; text->column++)
		add_bytes(text, " ", 1);
}

static bool add_text_line(struct text *text)
{
	struct text_line *lines = text->lines;

	if (text->line_count == text->line_capacity) {
		text->line_capacity = text->line_capacity ? text->line_capacity * 2 : 16;
		lines = reallocarray(lines, text->line_capacity, sizeof(*lines));
		if (!lines)
			return false;
		text->lines = lines;
	}
	lines[text->line_count++] =
		(struct text_line){text->line_start, text->size - text->line_start, text->column};
	return true;
}

void text_newline(struct text *text)
{
	text_style(text, PLAIN);
	/* No blanks at the end of a line: they would only show in somebody's diff. */
	while (text->size > text->line_start && text->data[text->size - 1] == ' ') {
		text->size--;
		text->column--;
	}
	if (text->failed || !add_text_line(text)) {
		text->failed = true;
		return;
	}
	add_bytes(text, "\n", 1);
	text->line_start = text->size;
	text->column = 0;
}

/* How much of `s` goes into one line of `width`: up to a blank if there is one, else as much as
 * fits. */
static size_t line_break(const char *s, int width)
{
	size_t i = 0, blank = 0;
	int used = 0;

	while (s[i] && s[i] != '\n') {
		struct glyph glyph = glyph_at(s + i);

		if (s[i] == ' ')
			blank = i;
		if (used + glyph.width > width && used)
			return s[i] == ' ' || !blank ? i : blank;
		used += glyph.width;
		i += glyph.source;
	}
	return i;
}

void text_add_wrapped(struct text *text, const char *s, int end, int max)
{
	int start = text->column, width = end - start > 8 ? end - start : 8;

	for (int line = 1; *s; line++) {
		size_t n = line_break(s, width);

		if (line == max && s[n + strspn(s + n, " \n")]) {
			text_add_cut(text, s, width);
			return;
		}
		add_while_fits(text, s, n, width);
		s += n;
		while (*s == ' ' || *s == '\n')
			s++;
		if (!*s)
			return;
		text_newline(text);
		text_pad(text, start);
	}
}

void text_add_line(struct text *text, const struct text *from, size_t line, int width)
{
	const struct text_line *source = &from->lines[line];
	const char *s = from->data + source->start, *end = s + source->size;
	int room = source->width > width ? width - 1 : width;

	while (s < end) {
		/* What was added is harmless: the only escapes are those of styles, which end in
		 * "m". */
		const char *style = memchr(s, '\033', (size_t)(end - s));
		size_t n = (size_t)((style ? style : end) - s);
		size_t taken = add_while_fits(text, s, n, room);

		room -= measure(s, taken, INT_MAX / 2);
		if (taken < n) {
			if (width > 0)
				text_add(text, ELLIPSIS);
			break;
		}
		if (!style)
			break;
		s = (const char *)memchr(style, 'm', (size_t)(end - style)) + 1;
		add_bytes(text, style, (size_t)(s - style));
		text->styled = true;
	}
	text_style(text, PLAIN);
}

void text_write(const struct text *text, FILE *file)
{
	fwrite(text->data ? text->data : "", 1, text->line_start, file);
}
