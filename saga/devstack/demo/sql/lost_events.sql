-- Counts public events of the modules that the order process consumes, without an answer in its own log.
SELECT count(*)
FROM saga.event_log AS l
WHERE l.visibility = 'public' AND l.module <> 'order-process' AND NOT EXISTS (
    SELECT FROM saga.event_log AS a
    WHERE a.module = 'order-process' AND a.stream_id = l.stream_id AND a.type IN ('InputTaken', 'InputIgnored')
      AND a.metadata ->> 'module' = l.module AND CAST(a.metadata ->> 'position' AS bigint) = l.position
)
