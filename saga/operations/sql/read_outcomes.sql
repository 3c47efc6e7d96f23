-- The outcomes of some instances, with everything that is recorded of them in the log of their process.
-- Indexes: instance_pkey, event_log_module_stream_id_stream_version_key.
SELECT
    i.process_id, i.outcome, i.settled, l.type, l.target, CAST(l.data AS text) AS data, l.metadata ->> 'id' AS message_id
FROM saga.instance AS i
JOIN saga.event_log AS l ON l.module = :module AND l.stream_id = i.process_id
WHERE i.process = :process AND i.process_id = ANY (CAST(:process_ids AS text[]))
ORDER BY i.process_id, l.stream_version
