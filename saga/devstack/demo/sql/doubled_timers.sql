-- Deadlines for which the scheduler's log has more than one event; what the demo itself said there counts as none.
SELECT count(*) FROM (
    SELECT FROM saga.event_log
    WHERE module = 'scheduler' AND NOT metadata ? 'demo'
    GROUP BY stream_id, type
    HAVING count(*) > 1
) AS twice
