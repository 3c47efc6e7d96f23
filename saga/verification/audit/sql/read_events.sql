-- The public events of a module that a cursor covers, after a position, in position order.
-- Index: event_log_public_idx.
SELECT
    position, stream_id, event_id, type, CAST(data AS text) AS data, CAST(metadata -> 'erased' AS text) AS erased
FROM saga.event_log
WHERE module = :module AND visibility = 'public' AND position > :after AND position <= :upto AND (
    position <= :watermark OR (SELECT CAST(CAST(:handled AS text) AS int8multirange)) @> position
)
ORDER BY position
LIMIT :limit
