-- Takes messages in, once for each key; what is not returned is known already.
-- A key whose first transaction is still open makes this wait, so "not returned" means committed. The order of the
-- rows is the order of the locks, the same in every worker. A position that the cursor covers was handled, even when
-- its row was pruned; a redriven dead letter is taken in nevertheless.
-- Indexes: inbox_position_key, inbox_message_key, cursor_pkey.
INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest)
SELECT :consumer, m.module, m.position, m.source, m.message_id, m.digest
FROM unnest(
    CAST(:modules AS text[]), CAST(:positions AS bigint[]), CAST(:sources AS text[]),
    CAST(:message_ids AS text[]), CAST(:digests AS bytea[])
) AS m (module, position, source, message_id, digest)
WHERE m.position IS NULL OR CAST(:redriven AS boolean) OR NOT EXISTS (
    SELECT FROM saga.cursor AS c
    WHERE c.consumer = :consumer AND c.module = m.module
      AND (m.position <= c.watermark OR c.handled @> m.position)
)
ORDER BY m.module, m.position, m.source, m.message_id
ON CONFLICT DO NOTHING
RETURNING module, position, source, message_id
