-- New contents for entries of a log; their places stay.
-- Index: event_log_pkey.
UPDATE saga.event_log AS l SET data = n.data, metadata = n.metadata
FROM jsonb_to_recordset(CAST(:entries AS jsonb)) AS n (position bigint, data jsonb, metadata jsonb)
WHERE l.module = :module AND l.position = n.position
