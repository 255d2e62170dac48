/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <errno.h>

#include "record.h"

void tally_deinit(struct tally *tally)
{
	quantile_deinit(&tally->durations);
	*tally = (struct tally){0};
}

int tally_add(struct tally *tally, const struct store_fact *fact)
{
	if (!tally->count || fact->started_at < tally->first_at)
		tally->first_at = fact->started_at;
	if (fact->started_at > tally->last_at)
		tally->last_at = fact->started_at;
	tally->count++;
	tally->by_status[fact->status]++;
	if (fact->status == STORE_PENDING)
		return 0;
	tally->db_query_count += fact->db_query_count;
	tally->db_query_us += (double)fact->db_query_us;
	tally->external_api_calls += fact->external_api_calls;
	tally->external_api_us += (double)fact->external_api_us;
	/* Nothing takes no time: its worker died, and nobody knows when. */
	if (!fact->duration_us)
		return 0;
	tally->duration_us += (double)fact->duration_us;
	tally->measured_db_us += (double)fact->db_query_us;
	tally->measured_external_us += (double)fact->external_api_us;
	return quantile_add(&tally->durations, fact->duration_us);
}

int tally_merge(struct tally *tally, const struct tally *from)
{
	if (!from->count)
		return 0;
	if (!tally->count || from->first_at < tally->first_at)
		tally->first_at = from->first_at;
	if (from->last_at > tally->last_at)
		tally->last_at = from->last_at;
	tally->count += from->count;
	for (size_t i = 0; i <= STORE_TIMEOUT; i++)
		tally->by_status[i] += from->by_status[i];
	tally->duration_us += from->duration_us;
	tally->db_query_count += from->db_query_count;
	tally->external_api_calls += from->external_api_calls;
	tally->db_query_us += from->db_query_us;
	tally->external_api_us += from->external_api_us;
	tally->measured_db_us += from->measured_db_us;
	tally->measured_external_us += from->measured_external_us;
	return quantile_merge(&tally->durations, &from->durations);
}

uint64_t tally_finished(const struct tally *tally)
{
	return tally->count - tally->by_status[STORE_PENDING];
}

uint64_t tally_failed(const struct tally *tally)
{
	return tally->by_status[STORE_ERROR] + tally->by_status[STORE_TIMEOUT];
}

/* A figure that could not be put is remembered in `r`. */
static void put(json_t *object, const char *name, json_t *value, int *r)
{
	if (json_object_set_new(object, name, value) < 0)
		*r = -ENOMEM;
}

static void put_count(json_t *object, const char *name, uint64_t count, int *r)
{
	put(object, name, json_integer((json_int_t)count), r);
}

static void put_ms(json_t *object, const char *name, double us, bool known, int *r)
{
	put(object, name, known ? json_real((double)(uint64_t)(us + 0.5) / 1000) : json_null(), r);
}

static void put_share(json_t *object, const char *name, double part, double whole, int *r)
{
	put(object, name, whole > 0 ? record_real(part / whole) : json_null(), r);
}

static void put_at(json_t *object, const char *name, uint64_t at, bool known, int *r)
{
	put(object, name, known ? json_integer((json_int_t)at) : json_null(), r);
}

static void put_counts(const struct tally *tally, json_t *object, int *r)
{
	put_count(object, "call_count", tally->count, r);
	put_count(object, "success_count", tally->by_status[STORE_SUCCESS], r);
	put_count(object, "error_count", tally->by_status[STORE_ERROR], r);
	put_count(object, "timeout_count", tally->by_status[STORE_TIMEOUT], r);
	put_count(object, "pending_count", tally->by_status[STORE_PENDING], r);
	put_share(object, "error_rate", (double)tally_failed(tally), (double)tally_finished(tally),
		  r);
}

static void put_percentile(struct tally *tally, json_t *object, const char *name,
			   unsigned int percent, int *r)
{
	uint64_t us;
	int failed = quantile_get(&tally->durations, percent, &us);

	if (failed)
		*r = failed;
	else
		put_ms(object, name, (double)us, tally->durations.count, r);
}

static void put_durations(struct tally *tally, json_t *object, int *r)
{
	const struct quantile *durations = &tally->durations;
	bool known = durations->count;

	put_ms(object, "total_duration_ms", tally->duration_us, true, r);
	put_ms(object, "avg_duration_ms", known ? tally->duration_us / (double)durations->count : 0,
	       known, r);
	put_ms(object, "min_duration_ms", (double)durations->min, known, r);
	put_percentile(tally, object, "p50_duration_ms", 50, r);
	put_percentile(tally, object, "p95_duration_ms", 95, r);
	put_percentile(tally, object, "p99_duration_ms", 99, r);
	put_ms(object, "max_duration_ms", (double)durations->max, known, r);
	put(object, "percentiles", json_string(quantile_is_exact(durations) ? "exact" : "sketch"),
	    r);
}

static void put_work(const struct tally *tally, json_t *object, int *r)
{
	put_count(object, "db_query_count", tally->db_query_count, r);
	put_ms(object, "db_query_time_ms", tally->db_query_us, true, r);
	put_share(object, "db_time_share", tally->measured_db_us, tally->duration_us, r);
	put_count(object, "external_api_calls", tally->external_api_calls, r);
	put_ms(object, "external_api_time_ms", tally->external_api_us, true, r);
	put_share(object, "external_time_share", tally->measured_external_us, tally->duration_us,
		  r);
}

int tally_describe(struct tally *tally, json_t *object)
{
	int r = 0;

	put_counts(tally, object, &r);
	put_durations(tally, object, &r);
	put_work(tally, object, &r);
	put_at(object, "first_seen_at", tally->first_at, tally->count, &r);
	put_at(object, "last_seen_at", tally->last_at, tally->count, &r);
	return r;
}
