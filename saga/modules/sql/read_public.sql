-- Public events after a position, in position order, up to the horizon, without the handled ones.
-- A time that Python can't represent is returned as the nearest one that it can.
-- Index: event_log_public_idx, where the log is ours.
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target,
    CAST(data AS text) AS data, CAST(metadata AS text) AS metadata,
    greatest(least(recorded_at, '9999-12-30Z'), '0001-01-02Z') AS recorded_at
FROM saga.public_event
WHERE module = :module AND position > :after AND position <= :horizon
  AND NOT (SELECT CAST(CAST(:handled AS text) AS int8multirange)) @> position
ORDER BY position
LIMIT :limit
