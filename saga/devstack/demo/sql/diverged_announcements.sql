-- Counts orders whose last announcement is not their outcome, whose announcements do not count up from 1 without a gap, or
-- that announced something although they never changed.
-- Index: event_log_module_stream_id_stream_version_key.
WITH said AS (
    SELECT
        l.stream_id AS process_id, count(*) AS times, max(CAST(l.data ->> 'revision' AS bigint)) AS greatest,
        count(DISTINCT CAST(l.data ->> 'revision' AS bigint)) AS revisions,
        (array_agg(l.data ->> 'outcome' ORDER BY CAST(l.data ->> 'revision' AS bigint) DESC))[1] AS outcome
    FROM saga.event_log AS l
    WHERE l.module = 'order-process' AND l.visibility = 'public'
    GROUP BY l.stream_id
)
SELECT count(*)
FROM saga.instance AS i FULL JOIN said AS s ON s.process_id = i.process_id
WHERE i.process_id IS NULL
   OR i.outcome <> coalesce(s.outcome, 'awaiting_payment')
   OR (s.times IS NOT NULL AND (s.times <> s.greatest OR s.times <> s.revisions))
