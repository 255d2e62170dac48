/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void buffer_deinit(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER_INIT;
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t want, capacity = buffer->capacity ? buffer->capacity : 256;
	uint8_t *data;

	if (__builtin_add_overflow(buffer->size, more, &want) || want > SIZE_MAX / 2)
		return -ENOMEM;
	if (want <= buffer->capacity)
		return 0;
	while (capacity < want)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int buffer_add(struct buffer *buffer, const void *data, size_t size)
{
	int r = buffer_reserve(buffer, size);

	if (r < 0)
		return r;
	if (size)
		memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return 0;
}

int buffer_add_text(struct buffer *buffer, const char *text)
{
	return buffer_add(buffer, text, strlen(text));
}

void buffer_consume(struct buffer *buffer, size_t n)
{
	memmove(buffer->data, buffer->data + n, buffer->size - n);
	buffer->size -= n;
}

char *buffer_steal_text(struct buffer *buffer)
{
	char *text;

	if (buffer_add(buffer, "", 1) < 0)
		return NULL;
	text = (char *)buffer->data;
	*buffer = BUFFER_INIT;
	return text;
}

int array_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t n = *capacity ? *capacity * 2 : 64;
	void *list;

	if (count < *capacity)
		return 0;
	memcpy(&list, array, sizeof(list));
	list = reallocarray(list, n, size);
	if (!list)
		return -ENOMEM;
	memcpy(array, &list, sizeof(list));
	*capacity = n;
	return 0;
}
