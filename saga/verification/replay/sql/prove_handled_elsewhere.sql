-- The handled positions of a log in another database: all up to ``begin``, and those in the inbox or in a dead letter. A
-- dead letter of a conflicting message does not prove that its position was handled.
-- Indexes: inbox_position_key, dead_letter_consumer_fingerprint_key.
SELECT CAST(
    int8multirange(int8range(1, CAST(:begin AS bigint) + 1))
    + coalesce(range_agg(int8range(k.position, k.position + 1)), '{}')
    AS text
) AS handled
FROM (
    SELECT position FROM saga.inbox WHERE consumer = :consumer AND module = :module AND position IS NOT NULL
    UNION
    SELECT position FROM saga.dead_letter
    WHERE consumer = :consumer AND module = :module AND position IS NOT NULL AND kind <> 'conflict'
) AS k
WHERE k.position <= coalesce(CAST(:last_position AS bigint), k.position)
