-- Inserts messages, once for each key. Returns the new ones, or null if all are new; the others are known. The insert
-- waits for an open transaction with the same key, so "not new" means committed. The order of the rows is the order of
-- the locks, the same in every worker. A position that the cursor covers was handled, even if its row was pruned; a
-- redriven dead letter is inserted nevertheless. The union with an empty range fetches the handled ranges once: many
-- ranges are stored out of line, and would be fetched for every message. A message without position whose row was
-- pruned has a tombstone.
-- Indexes: inbox_position_key, inbox_message_key, cursor_pkey, inbox_tombstone_pkey.
WITH covered AS MATERIALIZED (
    SELECT module, watermark, handled + '{}' AS handled FROM saga.cursor WHERE consumer = :consumer
), taken AS (
    INSERT INTO saga.inbox (consumer, module, position, source, message_id, digest)
    SELECT :consumer, m.module, m.position, m.source, m.message_id, decode(m.digest, 'hex')
    FROM jsonb_to_recordset(CAST(:messages AS jsonb))
        AS m (module text, position bigint, source text, message_id text, digest text, key text)
    WHERE (
        m.position IS NULL OR CAST(:redriven AS boolean) OR NOT EXISTS (
            SELECT FROM covered AS c
            WHERE c.module = m.module AND (m.position <= c.watermark OR c.handled @> m.position)
        )
    ) AND NOT EXISTS (
        SELECT FROM saga.inbox_tombstone AS t WHERE t.consumer = :consumer AND t.key = decode(m.key, 'hex')
    )
    ORDER BY m.module, m.position, m.source, m.message_id
    ON CONFLICT DO NOTHING
    RETURNING module, position, source, message_id
)
SELECT CASE WHEN (SELECT count(*) FROM taken) < :count THEN (
    SELECT CAST(coalesce(jsonb_agg(jsonb_build_array(module, position, source, message_id)), '[]') AS text) FROM taken
) END AS new
