/* SPDX-License-Identifier: MIT */
/*
 * What an input keeps of a payload by its profile, beside the call object itself: values for the
 * session, company and customer, details of an event. Redacted as they stood.
 */
#pragma once

#include "match.h"
#include "redact.h"

/* Into `call`, under "@" and the field's name: whatever profile_lookup() could not find, or not
 * understand, in the call object as it is stored. */
int excerpt_session(json_t *call, const struct match *match, const struct exchange *exchange,
		    struct redact *redact);
/* {"company_id": {source: value}, "customer_id": {…}} with what there was; a new reference. */
json_t *excerpt_ids(const struct match *match, const struct exchange *exchange,
		    struct redact *redact);
/* What an event says beside its name and the call, and by the profile's event_details; null when
 * there are none. A new reference. */
json_t *excerpt_details(const struct match *match, const struct exchange *exchange,
			struct redact *redact);
