-- How many messages are known although their inbox rows were pruned: by a tombstone, or by the cursor.
-- Indexes: inbox_tombstone_pkey, cursor_pkey.
SELECT count(*)
FROM unnest(CAST(:modules AS text[]), CAST(:positions AS bigint[]), CAST(:keys AS bytea[])) AS m (module, position, key)
WHERE EXISTS (
    SELECT FROM saga.inbox_tombstone AS t WHERE t.consumer = :consumer AND t.key = m.key
) OR (NOT CAST(:redriven AS boolean) AND EXISTS (
    SELECT FROM saga.cursor AS c
    WHERE c.consumer = :consumer AND c.module = m.module AND (m.position <= c.watermark OR c.handled @> m.position)
))
