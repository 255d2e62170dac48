/* SPDX-License-Identifier: MIT */
#include "lane.h"

#include <errno.h>
#include <stdlib.h>

#include "buffer.h"

#define OPEN_MAX  (1u << 20)
#define LANES_MAX 100000u

void lanes_deinit(struct lanes *lanes)
{
	for (size_t i = 0; i < lanes->count; i++)
		free(lanes->list[i].open);
	free(lanes->list);
	*lanes = (struct lanes){0};
}

static struct lane *running(const struct lanes *lanes)
{
	return lanes->count ? &lanes->list[lanes->running] : NULL;
}

static int add(struct lanes *lanes, uint32_t fiber)
{
	int r = lanes->count < LANES_MAX ? array_grow(&lanes->list, lanes->count, &lanes->capacity,
						      sizeof(*lanes->list))
					 : -ENOBUFS;

	if (r < 0)
		return r;
	lanes->list[lanes->count] = (struct lane){
		.fiber = fiber,
		.below = lanes_innermost(lanes),
		.below_count = (uint32_t)lanes_depth(lanes),
	};
	lanes->running = lanes->count++;
	return 0;
}

int lanes_switch(struct lanes *lanes, uint32_t fiber)
{
	int r = lanes->count ? 0 : add(lanes, 0);

	if (r < 0)
		return r;
	for (size_t i = 0; i < lanes->count; i++) {
		if (lanes->list[i].fiber == fiber) {
			lanes->running = i;
			return 0;
		}
	}
	return add(lanes, fiber);
}

int lanes_push(struct lanes *lanes, uint32_t id)
{
	int r = lanes->count ? 0 : add(lanes, 0);
	struct lane *lane = running(lanes);

	if (r < 0)
		return r;
	r = lane->count < OPEN_MAX
		    ? array_grow(&lane->open, lane->count, &lane->capacity, sizeof(*lane->open))
		    : -ENOBUFS;
	if (r == 0)
		lane->open[lane->count++] = id;
	return r;
}

static bool pop(struct lane *lane, uint32_t *ret)
{
	if (!lane || !lane->count)
		return false;
	*ret = lane->open[--lane->count];
	return true;
}

bool lanes_pop(struct lanes *lanes, uint32_t *ret)
{
	return pop(running(lanes), ret);
}

bool lanes_pop_any(struct lanes *lanes, uint32_t *ret)
{
	for (size_t i = lanes->count; i > 0; i--)
		if (pop(&lanes->list[i - 1], ret))
			return true;
	return false;
}

uint32_t lanes_innermost(const struct lanes *lanes)
{
	const struct lane *lane = running(lanes);

	if (!lane)
		return 0;
	for (size_t i = lane->count; i > 0; i--)
		if (lane->open[i - 1])
			return lane->open[i - 1];
	return lane->below;
}

size_t lanes_depth(const struct lanes *lanes)
{
	const struct lane *lane = running(lanes);

	return lane ? lane->below_count + lane->count : 0;
}
