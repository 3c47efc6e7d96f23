-- The state of a locked instance without what was erased; its age stays.
-- Index: instance_pkey.
UPDATE saga.instance SET state = CAST(:state AS jsonb), stream_version = :stream_version
WHERE process = :process AND process_id = :process_id
