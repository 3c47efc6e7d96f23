-- Takes messages in, once for each key. Gives those that are new, or null if all are: what is not among them is known
-- already. A key whose first transaction is still open makes this wait, so "not new" means committed. The order of the
-- rows is the order of the locks, the same in every worker. A position that the cursor covers was handled, even when
-- its row was pruned; a redriven dead letter is taken in nevertheless. The union with nothing fetches the handled ranges
-- once: where they are many they are stored apart, and would be fetched for every message. Of a message without
-- position whose row was pruned there is a tombstone.
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
