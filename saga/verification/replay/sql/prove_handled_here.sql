-- The positions of a log in this database that were handled, or have no event for the consumer: all but the public events
-- after ``begin`` that the consumer consumes and that are neither in the inbox nor in a dead letter.
-- Indexes: event_log_public_idx, inbox_position_key, dead_letter_consumer_fingerprint_key.
SELECT CAST(
    int8multirange(int8range(1, CAST(:last_position AS bigint) + 1))
    - coalesce(range_agg(int8range(l.position, l.position + 1)), '{}')
    AS text
) AS handled
FROM saga.event_log AS l
WHERE l.module = :module AND l.visibility = 'public' AND l.type = ANY (CAST(:types AS text[]))
  AND l.position > CAST(:begin AS bigint)
  AND NOT EXISTS (
    SELECT FROM saga.inbox AS i
    WHERE i.consumer = :consumer AND i.module = l.module AND i.position = l.position AND i.message_id = l.event_id
  )
  AND NOT EXISTS (
    SELECT FROM saga.dead_letter AS d
    WHERE d.consumer = :consumer AND d.module = l.module AND d.position = l.position AND d.message_id = l.event_id
  )
