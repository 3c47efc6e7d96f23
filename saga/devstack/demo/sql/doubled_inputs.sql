-- Counts messages that moved an order twice.
SELECT count(*) FROM (
    SELECT FROM saga.event_log
    WHERE module = 'order-process' AND type = 'InputTaken'
    GROUP BY stream_id, metadata ->> 'source', metadata ->> 'id'
    HAVING count(*) > 1
) AS twice
