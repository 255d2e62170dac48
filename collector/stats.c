/* SPDX-License-Identifier: MIT */
/*
 * A tally for each group and one for all: 8 bytes for each trace at most, and some hundred for each
 * group; a group of more than QUANTILE_EXACT_MAX traces has its sketch, and no more.
 */
#include "stats.h"

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "groups.h"
#include "present.h"
#include "record.h"
#include "tally.h"

struct stats {
	struct store_txn *txn;
	const struct stats_query *query;
	struct groups groups;
	struct tally *tallies; /* one for each group */
	size_t capacity;
	struct tally total; /* until the end only of what has no group */
	uint64_t ungrouped;
};

static void stats_deinit(struct stats *stats)
{
	for (size_t i = 0; i < stats->groups.count; i++)
		tally_deinit(&stats->tallies[i]);
	free(stats->tallies);
	tally_deinit(&stats->total);
	groups_deinit(&stats->groups);
}

static int reserve(struct stats *stats)
{
	size_t before = stats->capacity;
	int r = array_grow(&stats->tallies, stats->groups.count, &stats->capacity,
			   sizeof(*stats->tallies));

	if (r == 0)
		memset(stats->tallies + before, 0,
		       (stats->capacity - before) * sizeof(*stats->tallies));
	return r;
}

static int group_of(struct stats *stats, const struct store_fact *fact, uint32_t *ret)
{
	switch (stats->query->by) {
	case STATS_BY_BASE:
		return groups_find(&stats->groups, fact->function_name,
				   base_name_size(fact->function_name), ret);
	case STATS_BY_CALL:
		return groups_find(&stats->groups, fact->session.bytes, sizeof(fact->session.bytes),
				   ret);
	case STATS_BY_COMPANY:
		return groups_find(&stats->groups, fact->company_id, strlen(fact->company_id), ret);
	default:
		return groups_find(&stats->groups, fact->function_name, strlen(fact->function_name),
				   ret);
	}
}

static int add_fact(const struct store_fact *fact, void *userdata)
{
	struct stats *stats = userdata;
	uint32_t group;
	int r;

	if (stats->query->company && strcmp(stats->query->company, fact->company_id) != 0)
		return 0;
	/* Room first: a group without its tally would be none. */
	r = reserve(stats);
	if (!r)
		r = group_of(stats, fact, &group);
	if (r == GROUPS_FULL) {
		stats->ungrouped++;
		return tally_add(&stats->total, fact);
	}
	return r ? r : tally_add(&stats->tallies[group], fact);
}

/* A group's place in the order. */
struct place {
	const struct group *group;
	struct tally *tally;
	double rank;
};

static int percentile(struct tally *tally, unsigned int percent, double *ret)
{
	uint64_t us;
	int r = quantile_get(&tally->durations, percent, &us);

	if (!r)
		*ret = (double)us;
	return r;
}

/* -1 stands behind all that are known. */
static double ratio(double part, uint64_t whole)
{
	return whole ? part / (double)whole : -1;
}

static int rank_of(struct tally *tally, enum stats_sort sort, double *ret)
{
	switch (sort) {
	case STATS_SORT_ERRORS:
		*ret = (double)tally_failed(tally);
		return 0;
	case STATS_SORT_ERROR_RATE:
		*ret = ratio((double)tally_failed(tally), tally_finished(tally));
		return 0;
	case STATS_SORT_TOTAL:
		*ret = tally->duration_us;
		return 0;
	case STATS_SORT_AVG:
		*ret = ratio(tally->duration_us, tally->durations.count);
		return 0;
	case STATS_SORT_P50:
		return percentile(tally, 50, ret);
	case STATS_SORT_P95:
		return percentile(tally, 95, ret);
	case STATS_SORT_P99:
		return percentile(tally, 99, ret);
	case STATS_SORT_MAX:
		*ret = (double)tally->durations.max;
		return 0;
	case STATS_SORT_NAME:
		*ret = 0;
		return 0;
	default:
		*ret = (double)tally->count;
		return 0;
	}
}

static int by_rank(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	size_t shorter =
		left->group->size < right->group->size ? left->group->size : right->group->size;
	int r;

	if (left->rank != right->rank)
		return left->rank > right->rank ? -1 : 1;
	r = memcmp(left->group->key, right->group->key, shorter);
	return r ? r : left->group->size < right->group->size ? -1 : 1;
}

static int sort_groups(struct stats *stats, struct place **ret)
{
	_cleanup_(freep) struct place *places = calloc(stats->groups.count + 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < stats->groups.count; i++) {
		int r = rank_of(&stats->tallies[i], stats->query->sort, &places[i].rank);

		if (r)
			return r;
		places[i].group = &stats->groups.list[i];
		places[i].tally = &stats->tallies[i];
	}
	qsort(places, stats->groups.count, sizeof(*places), by_rank);
	*ret = steal(&places);
	return 0;
}

static int name_of_call(struct stats *stats, const struct group *group, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	char text[UUID_TEXT];
	struct uuid id;
	int r;

	memcpy(id.bytes, group->key, sizeof(id.bytes));
	uuid_format(&id, text);
	r = store_get_session(stats->txn, &id, &session);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:o, s:o}", "call_session_id", text, "call_id",
			 get_copy(session, "call_id"), "company_id",
			 get_copy(session, "company_id"));
	return *ret ? 0 : -ENOMEM;
}

/* An object with what names the group. */
static int name_of(struct stats *stats, const struct group *group, json_t **ret)
{
	switch (stats->query->by) {
	case STATS_BY_CALL:
		return name_of_call(stats, group, ret);
	case STATS_BY_COMPANY:
		*ret = json_pack("{s:s?}", "company_id", group->size ? group->key : NULL);
		break;
	case STATS_BY_BASE:
		*ret = json_pack("{s:s}", "base_name", group->key);
		break;
	default:
		*ret = json_pack("{s:s, s:o}", "function_name", group->key, "base_name",
				 base_name(group->key));
	}
	/* It is no UTF-8. */
	return *ret ? 0 : -EBADMSG;
}

static int append(json_t *list, struct stats *stats, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *figures = NULL;
	int r = name_of(stats, place->group, &figures);

	if (!r)
		r = tally_describe(place->tally, figures);
	if (r)
		return r;
	return json_array_append_new(list, present_record(figures)) < 0 ? -ENOMEM : 0;
}

static int list_groups(struct stats *stats, json_t *list)
{
	_cleanup_(freep) struct place *places = NULL;
	size_t limit = stats->query->limit, n = stats->groups.count;
	int r = sort_groups(stats, &places);

	if (limit && limit < n)
		n = limit;
	for (size_t i = 0; !r && i < n; i++)
		r = append(list, stats, &places[i]);
	return r;
}

static int describe_total(struct stats *stats, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *figures = json_object();
	int r = figures ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < stats->groups.count; i++)
		r = tally_merge(&stats->total, &stats->tallies[i]);
	if (!r)
		r = tally_describe(&stats->total, figures);
	if (r)
		return r;
	*ret = present_record(figures);
	return *ret ? 0 : -ENOMEM;
}

int stats_build(struct store_txn *txn, const struct stats_query *query, json_t **ret)
{
	static const char *const by[] = {
		[STATS_BY_FUNCTION] = "function",
		[STATS_BY_BASE] = "base",
		[STATS_BY_CALL] = "call",
		[STATS_BY_COMPANY] = "company",
	};
	_cleanup_(stats_deinit) struct stats stats = {.txn = txn, .query = query};
	_cleanup_(json_decrefp) json_t *groups = json_array(), *total = NULL;
	json_t *document;
	int r = groups ? store_each_fact(txn, &query->filter, add_fact, &stats) : -ENOMEM;

	if (!r)
		r = list_groups(&stats, groups);
	if (!r)
		r = describe_total(&stats, &total);
	if (r)
		return r;
	document = json_pack("{s:s, s:s, s:I, s:I, s:O, s:O}", "by", by[query->by],
			     "percentile_method", "nearest_rank", "group_count",
			     (json_int_t)stats.groups.count, "ungrouped_count",
			     (json_int_t)stats.ungrouped, "total", total, "groups", groups);
	if (!document)
		return -ENOMEM;
	*ret = document;
	return 0;
}
