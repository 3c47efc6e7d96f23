-- Dead letters, newest first; those that name an instance, are of a type, came last since a moment, or say something
-- anywhere, if that is asked for.
-- Index: dead_letter_pkey backwards; stops at the limit, which may be far away for what is rare.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, first_seen_at, last_seen_at,
    CAST(EXTRACT(epoch FROM now() - first_seen_at) AS double precision) AS age_seconds
FROM saga.dead_letter
WHERE (CAST(:state AS text) IS NULL OR state = :state)
  AND (CAST(:process_id AS text) IS NULL OR process_id = :process_id)
  AND (CAST(:since AS timestamptz) IS NULL OR last_seen_at >= :since)
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (
    CAST(:text AS text) IS NULL
    OR strpos(concat_ws(
        ' ', type, process_id, source, message_id, module || '/' || position, reason, CAST(properties AS text)
    ), :text) > 0
    OR position(convert_to(:text, 'UTF8') IN body) > 0
  )
ORDER BY dead_letter_id DESC
LIMIT :limit
