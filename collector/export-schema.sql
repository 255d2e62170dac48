-- SPDX-License-Identifier: MIT
-- What is made once all rows are in: sorted, an index is built in a fraction of the time.

CREATE UNIQUE INDEX retell_call_sessions_id ON retell_call_sessions (id);
CREATE INDEX retell_call_sessions_call_id ON retell_call_sessions (call_id);
CREATE INDEX retell_call_sessions_started_at ON retell_call_sessions (started_at);
CREATE INDEX retell_call_sessions_call_status ON retell_call_sessions (call_status, started_at);
CREATE INDEX retell_call_sessions_company_id ON retell_call_sessions (company_id, started_at);
CREATE INDEX retell_call_sessions_customer_id ON retell_call_sessions (customer_id, started_at);
CREATE INDEX retell_call_sessions_with_errors ON retell_call_sessions (started_at) WHERE error_count > 0;

-- Events of one moment come in the order of their sequence.
CREATE UNIQUE INDEX retell_call_events_id ON retell_call_events (id);
CREATE INDEX retell_call_events_call ON retell_call_events (call_session_id, occurred_at, event_sequence);
CREATE INDEX retell_call_events_occurred_at ON retell_call_events (occurred_at);
CREATE INDEX retell_call_events_event_type ON retell_call_events (event_type, occurred_at);
CREATE INDEX retell_call_events_correlation_id ON retell_call_events (correlation_id)
	WHERE correlation_id IS NOT NULL;

CREATE UNIQUE INDEX retell_function_traces_id ON retell_function_traces (id);
CREATE INDEX retell_function_traces_call ON retell_function_traces (call_session_id, execution_sequence);
CREATE INDEX retell_function_traces_event_id ON retell_function_traces (event_id);
CREATE INDEX retell_function_traces_started_at ON retell_function_traces (started_at);
CREATE INDEX retell_function_traces_function_name ON retell_function_traces (function_name, started_at);
CREATE INDEX retell_function_traces_status ON retell_function_traces (status, started_at);
CREATE INDEX retell_function_traces_duration_ms ON retell_function_traces (duration_ms);
CREATE INDEX retell_function_traces_correlation_id ON retell_function_traces (correlation_id)
	WHERE correlation_id IS NOT NULL;

CREATE UNIQUE INDEX retell_transcript_segments_id ON retell_transcript_segments (id);
CREATE INDEX retell_transcript_segments_call ON retell_transcript_segments (call_session_id, segment_sequence);
CREATE INDEX retell_transcript_segments_event_id ON retell_transcript_segments (event_id);
CREATE INDEX retell_transcript_segments_function ON retell_transcript_segments (related_function_trace_id)
	WHERE related_function_trace_id IS NOT NULL;

CREATE UNIQUE INDEX retell_error_log_id ON retell_error_log (id);
CREATE INDEX retell_error_log_call ON retell_error_log (call_session_id, occurred_at);
CREATE INDEX retell_error_log_event_id ON retell_error_log (event_id);
CREATE INDEX retell_error_log_function_trace_id ON retell_error_log (function_trace_id);
CREATE INDEX retell_error_log_occurred_at ON retell_error_log (occurred_at);
CREATE INDEX retell_error_log_severity ON retell_error_log (severity, occurred_at);
CREATE INDEX retell_error_log_error_code ON retell_error_log (error_code, occurred_at);
CREATE INDEX retell_error_log_error_type ON retell_error_log (error_type, occurred_at);
CREATE INDEX retell_error_log_affected_function ON retell_error_log (affected_function, occurred_at);
CREATE INDEX retell_error_log_resolved ON retell_error_log (resolved, occurred_at);
CREATE INDEX retell_error_log_booking_failed ON retell_error_log (booking_failed, occurred_at);
CREATE INDEX retell_error_log_call_terminated ON retell_error_log (call_terminated, occurred_at);

-- The text is in the segments' table only; it is found by search_rowid.
CREATE VIRTUAL TABLE retell_transcript_search USING fts5 (
	text, role UNINDEXED, call_session_id UNINDEXED,
	content = 'retell_transcript_segments', content_rowid = 'search_rowid',
	tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO retell_transcript_search (retell_transcript_search) VALUES ('rebuild');

-- By rank: alphabetically "low" would beat "critical".
CREATE VIEW retell_call_debug_view AS
SELECT
	s.id AS session_id,
	s.call_id,
	s.started_at,
	s.call_status,
	s.function_call_count,
	s.error_count,
	s.avg_response_time_ms,
	(SELECT count(*) FROM retell_function_traces f WHERE f.call_session_id = s.id) AS traced_functions,
	(SELECT count(*) FROM retell_error_log e WHERE e.call_session_id = s.id) AS logged_errors,
	(SELECT max(f.duration_ms) FROM retell_function_traces f WHERE f.call_session_id = s.id) AS slowest_function_ms,
	CASE (SELECT max(CASE e.severity WHEN 'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 END)
		FROM retell_error_log e WHERE e.call_session_id = s.id)
		WHEN 4 THEN 'critical' WHEN 3 THEN 'high' WHEN 2 THEN 'medium' WHEN 1 THEN 'low'
	END AS highest_error_severity
FROM retell_call_sessions s;

PRAGMA analysis_limit = 1000;
ANALYZE;
