/* SPDX-License-Identifier: MIT */
#include "pairing.h"

#include <errno.h>

#include "cleanup.h"
#include "present.h"
#include "record.h"
#include "sort.h"

#define CERTAIN 0.05

enum { A, B };

void pairing_deinit(struct pairing *pairing)
{
	for (int side = A; side <= B; side++) {
		tally_deinit(&pairing->tallies[side]);
		sample_deinit(&pairing->samples[side]);
	}
}

int pairing_add(struct pairing *pairing, int side, const struct store_fact *fact)
{
	int r = tally_add(&pairing->tallies[side], fact);

	if (r || fact->status == STORE_PENDING || !fact->duration_us)
		return r;
	return sample_add(&pairing->samples[side], fact->duration_us);
}

static void judge_errors(struct pairing *pairing)
{
	const struct tally *a = &pairing->tallies[A], *b = &pairing->tallies[B];
	struct finding *errors = &pairing->errors;

	errors->enough = enough_to_tell(tally_finished(a), tally_finished(b));
	if (errors->enough)
		errors->p = errors->adjusted = fisher_test(tally_failed(a), tally_finished(a),
							   tally_failed(b), tally_finished(b));
}

static int judge_durations(struct pairing *pairing)
{
	struct sample *a = &pairing->samples[A], *b = &pairing->samples[B];
	struct finding *durations = &pairing->durations;
	int r;

	durations->enough = enough_to_tell(a->count, b->count);
	if (!a->count || !b->count)
		return 0;
	r = sort_u64(a->values, a->count);
	if (!r)
		r = sort_u64(b->values, b->count);
	if (!r)
		r = rank_test(a->values, a->count, b->values, b->count, &pairing->ranks);
	if (!r)
		r = shift_estimate(a->values, a->count, b->values, b->count, &pairing->shift);
	durations->p = durations->adjusted = pairing->ranks.p;
	return r;
}

int pairing_judge(struct pairing *pairing)
{
	judge_errors(pairing);
	return judge_durations(pairing);
}

static json_t *number(bool known, double value)
{
	return known ? record_real(value) : json_null();
}

/* Microseconds as milliseconds. */
static json_t *ms(bool known, double us)
{
	return number(known, us / 1000);
}

static const char *verdict_of(const struct finding *finding)
{
	if (!finding->enough)
		return "too few calls to tell";
	return finding->adjusted < CERTAIN ? "real" : "may be chance";
}

/* What any test ends with; takes `rest`. */
static json_t *conclude(const struct finding *finding, const char *test, json_t *rest)
{
	_cleanup_(json_decrefp) json_t *end = json_pack(
		"{s:s, s:o, s:o, s:s}", "test", test, "p_value",
		number(finding->enough, finding->p), "adjusted_p_value",
		number(finding->enough, finding->adjusted), "verdict", verdict_of(finding));
	_cleanup_(json_decrefp) json_t *whole = rest;

	if (!end || !whole || json_object_update(whole, end) < 0)
		return NULL;
	return steal(&whole);
}

static json_t *describe_rate(const struct tally *tally)
{
	uint64_t n = tally_finished(tally), failed = tally_failed(tally);
	struct interval interval = n ? wilson_interval(failed, n) : (struct interval){0};

	return json_pack("{s:I, s:I, s:o, s:o, s:o}", "failed_count", (json_int_t)failed,
			 "finished_count", (json_int_t)n, "error_rate",
			 number(n, (double)failed / (double)n), "error_rate_ci95_low",
			 number(n, interval.low), "error_rate_ci95_high", number(n, interval.high));
}

static json_t *describe_errors(const struct pairing *pairing)
{
	const struct tally *a = &pairing->tallies[A], *b = &pairing->tallies[B];
	uint64_t n_a = tally_finished(a), n_b = tally_finished(b);
	struct interval interval = {0};
	bool known = n_a && n_b;
	double rate = 0;

	if (known) {
		rate = (double)tally_failed(b) / (double)n_b -
		       (double)tally_failed(a) / (double)n_a;
		interval = difference_interval(tally_failed(a), n_a, tally_failed(b), n_b);
	}
	return conclude(&pairing->errors, "Fisher's exact test, two-sided",
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "a", describe_rate(a), "b",
				  describe_rate(b), "error_rate_difference", number(known, rate),
				  "error_rate_difference_ci95_low", number(known, interval.low),
				  "error_rate_difference_ci95_high", number(known, interval.high)));
}

static json_t *describe_durations(const struct pairing *pairing)
{
	const struct sample *a = &pairing->samples[A], *b = &pairing->samples[B];
	const struct shift *shift = &pairing->shift;
	const struct rank_test *ranks = &pairing->ranks;
	bool known = a->count && b->count, sampled = a->seen > a->count || b->seen > b->count;
	double pairs = (double)a->count * (double)b->count;

	return conclude(
		&pairing->durations, "Mann-Whitney U test, two-sided",
		json_pack("{s:{s:I}, s:{s:I}, s:b, s:o, s:o, s:o, s:o, s:s}", "a", "measured_count",
			  (json_int_t)a->count, "b", "measured_count", (json_int_t)b->count,
			  "sampled", sampled, "shift_ms", ms(known, shift->estimate),
			  "shift_ci95_low_ms", ms(shift->has_interval, shift->interval.low),
			  "shift_ci95_high_ms", ms(shift->has_interval, shift->interval.high),
			  "b_slower_share", number(known, ranks->u / pairs), "method",
			  ranks->exact ? "exact" : "normal approximation"));
}

static int describe_side(struct tally *tally, json_t *object, const char *name)
{
	_cleanup_(json_decrefp) json_t *figures = json_object(), *shown = NULL;
	json_t *own = json_object_get(object, name);
	int r = figures ? tally_describe(tally, figures) : -ENOMEM;

	if (r)
		return r;
	shown = present_record(figures);
	if (!shown || (own && json_object_update_missing(shown, own) < 0))
		return -ENOMEM;
	return json_object_set(object, name, shown) < 0 ? -ENOMEM : 0;
}

int pairing_describe(struct pairing *pairing, json_t *object)
{
	int r = describe_side(&pairing->tallies[A], object, "a");

	if (!r)
		r = describe_side(&pairing->tallies[B], object, "b");
	if (r)
		return r;
	if (json_object_set_new(object, "error_rate", describe_errors(pairing)) < 0 ||
	    json_object_set_new(object, "duration", describe_durations(pairing)) < 0)
		return -ENOMEM;
	return 0;
}
