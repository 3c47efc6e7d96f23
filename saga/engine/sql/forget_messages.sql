-- Takes parked messages out of the inbox again, so that a redrive is not mistaken for a duplicate.
-- Index: inbox_message_key.
DELETE FROM saga.inbox AS i
USING unnest(CAST(:sources AS text[]), CAST(:message_ids AS text[])) AS m (source, message_id)
WHERE i.consumer = :consumer AND i.source = m.source AND i.message_id = m.message_id AND i.position IS NULL
