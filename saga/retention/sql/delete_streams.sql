-- Deletes the entries of pruned instances; returns how many there were, and the position of the last one.
-- Index: event_log_module_stream_id_stream_version_key.
WITH gone AS (
    DELETE FROM saga.event_log
    WHERE module = :module AND stream_id = ANY (CAST(:process_ids AS text[]))
    RETURNING position
)
SELECT count(*) AS entries, coalesce(max(position), 0) AS last_position FROM gone
