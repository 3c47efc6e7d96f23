-- The open dead letters of a group that group_dead_letters gave, newest first, before one of them.
-- Index: dead_letter_open_idx.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, first_seen_at, last_seen_at,
    CAST(EXTRACT(epoch FROM now() - first_seen_at) AS double precision) AS age_seconds
FROM (
    SELECT * FROM saga.dead_letter
    WHERE state = 'open' AND (CAST(:since AS timestamptz) IS NULL OR last_seen_at >= :since)
    LIMIT :most
) AS d
WHERE dead_letter_id < :before AND md5(concat_ws(
    chr(31), consumer, kind, type, regexp_replace(reason, '''[^'']*''|"[^"]*"|[0-9]+', '*', 'g')
)) = :key
ORDER BY dead_letter_id DESC
LIMIT :limit
