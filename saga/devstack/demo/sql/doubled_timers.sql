-- Counts deadlines for which the scheduler's log has more than one event, without the events that the demo appended.
SELECT count(*) FROM (
    SELECT FROM saga.event_log
    WHERE module = 'scheduler' AND NOT metadata ? 'demo'
    GROUP BY stream_id, type
    HAVING count(*) > 1
) AS twice
