-- Of these instances: how many are settled, and how many of the messages whose ids begin like this were answered.
-- Indexes: instance_pkey, event_log_module_stream_id_stream_version_key.
SELECT
    (
        SELECT count(*) FROM saga.instance
        WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[])) AND settled
    ) AS settled,
    (
        SELECT count(*) FROM saga.event_log
        WHERE module = :module AND stream_id = ANY (CAST(:process_ids AS text[])) AND target IS NULL
          AND starts_with(metadata ->> 'id', :message_ids_begin)
    ) AS answered
