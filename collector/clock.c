/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include <string.h>

#include "record.h"

#define MS	1000000ll
#define LATE	(5 * 1000 * MS)		 /* a start so much after the first request is none */
#define EARLY	(2 * 3600ll * 1000 * MS) /* nor one so long before it */
#define SANE_MS 4000000000000ll

#define SPREAD (15 * 1000 * MS) /* no network or queue holds requests up so differently */

/* Host minus provider, as this request has it. */
static bool difference_of(const json_t *input, int64_t *ret)
{
	json_int_t sent = get_int(input, "signature_ms");

	if (sent <= 0 || sent > SANE_MS)
		return false;
	*ret = get_int(input, "started_at") - sent * MS;
	return true;
}

/* The least is the clocks', the rest the way here. */
static bool by_signature(const json_t *inputs, int64_t *ret_least, int64_t *ret_most)
{
	bool found = false;
	int64_t difference;
	json_t *input;
	size_t i;

	json_array_foreach (inputs, i, input) {
		if (!difference_of(input, &difference))
			continue;
		if (!found || difference < *ret_least)
			*ret_least = difference;
		if (!found || difference > *ret_most)
			*ret_most = difference;
		found = true;
	}
	return found;
}

int64_t clock_place(const struct call_clock *clock, const json_t *input, int64_t at_ns)
{
	int64_t place = at_ns - clock->start_ns, difference;

	if (clock->replayed && difference_of(input, &difference))
		place -= clock->offset_ns + difference;
	return place;
}

/* What the provider says of how long the call was, or the transcript. */
static int64_t length_of(const struct derivation *d)
{
	if (d->clock.length_ns)
		return d->clock.length_ns;
	return d->transcript->count ? d->transcript->entries[d->transcript->count - 1].end_ns : 0;
}

static bool tells_end(const struct profile *profile, const json_t *input)
{
	return profile_event(profile, "event_status", input);
}

bool clock_is_end(const struct derivation *d, const json_t *input)
{
	return tells_end(d->profile, input);
}

bool clock_said(const struct derivation *d, const json_t *input, int64_t *ret)
{
	const char *name = json_string_value(profile_event(d->profile, "event_time", input));
	json_int_t ms =
		name ? json_integer_value(profile_lookup(d->profile, "session", name, d->call)) : 0;

	if (ms <= 0 || ms > SANE_MS)
		return false;
	*ret = ms * MS - d->clock.offset_ns - d->clock.start_ns;
	return true;
}

int64_t clock_place_in(const struct derivation *d, const json_t *input, int64_t at_ns)
{
	const struct binding *binding = transcript_binding(d->transcript, input);
	int64_t place = clock_place(&d->clock, input, at_ns), length;

	if (binding)
		return binding->at_ns + at_ns - get_int(input, "started_at");
	length = clock_is_end(d, input) ? length_of(d) : INT64_MIN;
	if (place >= length)
		return place;
	return d->clock.anchored ? length + place : length;
}

/* Nobody can tell of the end before it. */
static bool ended_early(const struct profile *profile, const json_t *inputs, int64_t end_ns)
{
	json_t *input;
	size_t i;

	json_array_foreach (inputs, i, input)
		if (tells_end(profile, input) && get_int(input, "started_at") < end_ns - LATE)
			return true;
	return false;
}

void clock_estimate(struct call_clock *ret, const struct profile *profile, const json_t *inputs,
		    const json_t *call)
{
	int64_t first = get_int(json_array_get(inputs, 0), "started_at"), shift = 0, most = 0;
	json_int_t start_ms =
		json_integer_value(profile_lookup(profile, "session", "start_ms", call));
	bool signature = by_signature(inputs, &shift, &most);
	json_int_t end_ms = json_integer_value(profile_lookup(profile, "session", "end_ms", call));
	int64_t start = start_ms * MS + shift;

	*ret = (struct call_clock){.start_ns = first, .source = signature ? "signature" : "none"};
	ret->offset_ns = -shift;
	if (start_ms > 0 && end_ms > start_ms && end_ms < SANE_MS)
		ret->length_ns = (end_ms - start_ms) * MS;
	if (start_ms <= 0 || start_ms > SANE_MS)
		return;
	ret->start_ns = start;
	if (signature && most - shift > SPREAD) {
		ret->replayed = true;
		ret->source = "replayed";
		return;
	}
	if (start > first + LATE || start < first - EARLY ||
	    (ret->length_ns && ended_early(profile, inputs, start + ret->length_ns))) {
		ret->start_ns = first;
		ret->offset_ns = start_ms * MS - first;
		ret->source = "anchored";
		ret->anchored = true;
	}
}
