-- Takes parked messages out of the inbox again, so that a redrive is not mistaken for a duplicate.
-- Index: inbox_position_key.
DELETE FROM saga.inbox AS i
USING unnest(CAST(:modules AS text[]), CAST(:positions AS bigint[])) AS m (module, position)
WHERE i.consumer = :consumer AND i.module = m.module AND i.position = m.position AND i.position IS NOT NULL
