-- How often messages came again, by the key under which the inbox knows each: its position, else its source and id.
-- Indexes: inbox_position_key, inbox_message_key.
WITH message AS (
    SELECT module, position, source, message_id, number
    FROM unnest(
        CAST(:modules AS text[]), CAST(:positions AS bigint[]), CAST(:sources AS text[]), CAST(:message_ids AS text[])
    ) WITH ORDINALITY AS m (module, position, source, message_id, number)
)
SELECT m.number, i.repeats
FROM message AS m
JOIN saga.inbox AS i ON i.consumer = :consumer AND i.module = m.module AND i.position = m.position
WHERE i.position IS NOT NULL
UNION ALL
SELECT m.number, i.repeats
FROM message AS m
JOIN saga.inbox AS i ON i.consumer = :consumer AND i.source = m.source AND i.message_id = m.message_id
WHERE i.position IS NULL AND m.position IS NULL
