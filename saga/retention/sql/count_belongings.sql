-- Counts the rows that would be removed with some instances.
-- Indexes: event_log_module_stream_id_stream_version_key, timer_pkey.
SELECT
    count(*) AS entries,
    count(*) FILTER (WHERE type IN ('InputTaken', 'InputIgnored')) AS messages,
    (
        SELECT count(*) FROM saga.timer WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
    ) AS timers
FROM saga.event_log
WHERE module = :module AND stream_id = ANY (CAST(:process_ids AS text[]))
