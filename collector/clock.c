/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include "record.h"

#define MS	1000000ll
#define LATE	(5 * 1000 * MS)		 /* a start so much after the first request is none */
#define EARLY	(2 * 3600ll * 1000 * MS) /* nor one so long before it */
#define SANE_MS 4000000000000ll

/* Host minus provider. */
static bool by_signature(const json_t *inputs, int64_t *ret)
{
	bool found = false;
	json_t *input;
	size_t i;

	json_array_foreach (inputs, i, input) {
		json_int_t sent = get_int(input, "signature_ms");
		int64_t difference = get_int(input, "started_at") - sent * MS;

		if (sent <= 0 || sent > SANE_MS)
			continue;
		if (!found || difference < *ret)
			*ret = difference;
		found = true;
	}
	return found;
}

void clock_estimate(struct call_clock *ret, const struct profile *profile, const json_t *inputs,
		    const json_t *call)
{
	int64_t first = get_int(json_array_get(inputs, 0), "started_at"), shift = 0;
	json_int_t start_ms =
		json_integer_value(profile_lookup(profile, "session", "start_ms", call));
	bool signature = by_signature(inputs, &shift);
	int64_t start = start_ms * MS + shift;

	*ret = (struct call_clock){.start_ns = first, .source = signature ? "signature" : "none"};
	ret->offset_ns = -shift;
	if (start_ms <= 0 || start_ms > SANE_MS)
		return;
	ret->start_ns = start;
	if (start > first + LATE || start < first - EARLY) {
		ret->start_ns = first;
		ret->offset_ns = start_ms * MS - first;
		ret->source = "anchored";
	}
}
