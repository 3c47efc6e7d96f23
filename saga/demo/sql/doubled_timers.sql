-- Deadlines for which the scheduler's log has more than one event.
SELECT count(*) FROM (
    SELECT FROM saga.event_log WHERE module = 'scheduler' GROUP BY stream_id, type HAVING count(*) > 1
) AS twice
