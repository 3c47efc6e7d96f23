-- Commands for one collaborator after a position, in position order, up to the horizon.
-- A time that Python can't represent is returned as the nearest one that it can.
-- Index: event_log_pkey.
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target,
    CAST(data AS text) AS data, CAST(metadata AS text) AS metadata,
    greatest(least(recorded_at, '9999-12-30Z'), '0001-01-02Z') AS recorded_at
FROM saga.command
WHERE module = :module AND target = :target AND position > :after AND position <= :horizon
ORDER BY position
LIMIT :limit
