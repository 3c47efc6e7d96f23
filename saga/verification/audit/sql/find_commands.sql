-- Which of these commands a process's log has, with their positions.
-- Index: event_log_module_stream_id_stream_version_key.
SELECT event_id, position
FROM saga.event_log
WHERE module = :own AND stream_id = ANY (CAST(:process_ids AS text[])) AND target = :collaborator
  AND event_id = ANY (CAST(:command_ids AS text[]))
