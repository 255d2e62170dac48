/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "form.h"
#include "lenient.h"
#include "value.h"

#define JSON_BYTES_MAX (16u << 20)

void exchange_deinit(struct exchange *exchange)
{
	json_decref(exchange->method);
	json_decref(exchange->path);
	json_decref(exchange->query);
	json_decref(exchange->headers);
	json_decref(exchange->body);
	json_decref(exchange->response);
	json_decref(exchange->arguments);
	*exchange = (struct exchange){0};
}

static json_t *json_parse(const void *data, size_t size)
{
	return size <= JSON_BYTES_MAX ? lenient_parse(data, size) : NULL;
}

static const char *param(const struct request *request, const char *name)
{
	const char *text = json_string_value(json_object_get(request->params, name));

	return text ? text : "";
}

static int read_target(struct exchange *exchange, const struct request *request)
{
	const char *uri = param(request, "REQUEST_URI"), *query = param(request, "QUERY_STRING");
	size_t path;

	if (!*uri)
		uri = param(request, "SCRIPT_NAME");
	path = strcspn(uri, "?");
	if (!*query && uri[path])
		query = uri + path + 1;
	exchange->method = json_string(param(request, "REQUEST_METHOD"));
	exchange->path = json_stringn(uri, path);
	exchange->query = form_parse(query, strlen(query));
	return exchange->method && exchange->path && exchange->query ? 0 : -ENOMEM;
}

static void set_header(json_t *headers, const char *name, json_t *value)
{
	char lower[128];
	size_t n = 0;

	for (; name[n] && n < sizeof(lower) - 1; n++)
		lower[n] = name[n] == '_' ? '-' : (char)tolower((unsigned char)name[n]);
	lower[n] = 0;
	json_object_set(headers, lower, value);
}

static int read_headers(struct exchange *exchange, const struct request *request)
{
	const char *name;
	json_t *value;

	exchange->headers = json_object();
	if (!exchange->headers)
		return -ENOMEM;
	json_object_foreach (request->params, name, value) {
		if (!json_is_string(value))
			continue;
		if (strncmp(name, "HTTP_", 5) == 0)
			set_header(exchange->headers, name + 5, value);
		else if (strcmp(name, "CONTENT_TYPE") == 0 && *json_string_value(value))
			set_header(exchange->headers, name, value);
	}
	return 0;
}

static void read_body(struct exchange *exchange, const struct request *request)
{
	const struct buffer *body = &request->body;
	const char *type = json_string_value(json_object_get(exchange->headers, "content-type"));
	bool whole = request->body_complete && body->size == request->body_total;

	if (!body->size)
		return;
	if (whole && type && strcasestr(type, "x-www-form-urlencoded"))
		exchange->body = form_parse((const char *)body->data, body->size);
	else
		exchange->body = json_parse(body->data, body->size);
	exchange->body_valid = exchange->body != NULL;
}

/* The end of the CGI headers: behind the empty line; `size` when there is none. */
static size_t header_end(const char *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (data[i] != '\n')
			continue;
		if (data[i + 1] == '\n')
			return i + 2;
		if (i + 2 < size && data[i + 1] == '\r' && data[i + 2] == '\n')
			return i + 3;
	}
	return size;
}

static int cgi_status(const char *data, size_t size)
{
	size_t line = 0;

	while (line + 11 <= size) {
		if (strncasecmp(data + line, "Status:", 7) == 0)
			return atoi(data + line + 7);
		while (line < size && data[line] != '\n')
			line++;
		line++;
	}
	return 200;
}

static int read_response(struct exchange *exchange, const struct request *request)
{
	_cleanup_(buffer_deinit) struct buffer text = BUFFER_INIT;
	size_t body;

	if (!request->output.size)
		return 0;
	/* A NUL behind it, for atoi(). */
	if (buffer_add(&text, request->output.data, request->output.size) < 0 ||
	    buffer_add(&text, "", 1) < 0)
		return -ENOMEM;
	body = header_end((char *)text.data, text.size - 1);
	exchange->status = cgi_status((char *)text.data, body);
	if (exchange->status < 100 || exchange->status > 999)
		exchange->status = 0;
	if (body >= text.size - 1)
		return 0;
	/* What was cut is no JSON any more. */
	exchange->response = json_parse(text.data + body, text.size - 1 - body);
	exchange->response_json = exchange->response != NULL;
	if (!exchange->response)
		exchange->response = value_text(text.data + body, text.size - 1 - body);
	return 0;
}

/* What may have come over HTTP as well is not looked at. */
static int read_run(struct exchange *exchange, const json_t *run)
{
	const json_t *argv = json_object_get(run, "argv"), *argument;
	const char *script = json_string_value(json_array_get(argv, 0));
	size_t i;

	exchange->method = json_string("CLI");
	exchange->path = json_string(script ? script : "");
	exchange->query = json_object();
	exchange->headers = json_object();
	exchange->arguments = json_array();
	json_array_foreach (argv, i, argument)
		if (i)
			json_array_append(exchange->arguments, (json_t *)argument);
	return exchange->method && exchange->path && exchange->query && exchange->headers &&
			       exchange->arguments
		       ? 0
		       : -ENOMEM;
}

int exchange_read(struct exchange *ret, const struct request *request)
{
	_cleanup_(exchange_deinit) struct exchange exchange = {0};

	if (request->run) {
		if (read_run(&exchange, request->run) < 0)
			return -ENOMEM;
	} else if (read_target(&exchange, request) < 0 || read_headers(&exchange, request) < 0 ||
		   read_response(&exchange, request) < 0) {
		return -ENOMEM;
	} else {
		read_body(&exchange, request);
	}
	*ret = exchange;
	exchange = (struct exchange){0};
	return 0;
}
