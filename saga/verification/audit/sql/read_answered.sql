-- Which positions of a module some instances have answered.
-- Index: event_log_module_stream_id_stream_version_key.
SELECT stream_id, CAST(metadata ->> 'position' AS bigint) AS position
FROM saga.event_log
WHERE module = :own AND stream_id = ANY (CAST(:process_ids AS text[])) AND type IN ('InputTaken', 'InputIgnored')
  AND metadata ->> 'module' = :module
  AND CAST(metadata ->> 'position' AS bigint) = ANY (CAST(:positions AS bigint[]))
