-- Open dead letters in groups of those that have one cause: consumer, kind, type, and reason without the values in it.
-- Looks at so many at most; with ``since`` only at those that came or failed again since then.
-- Index: dead_letter_open_idx.
SELECT
    md5(concat_ws(chr(31), d.consumer, d.kind, d.type, d.form)) AS key,
    d.consumer, d.kind, d.type, count(*) AS dead_letters, min(d.reason) AS reason,
    min(d.first_seen_at) AS first_seen_at, max(d.last_seen_at) AS last_seen_at,
    max(d.attempts) AS most_attempts, max(d.dead_letter_id) AS example
FROM (
    SELECT
        consumer, kind, type, reason, first_seen_at, last_seen_at, attempts, dead_letter_id,
        regexp_replace(reason, '''[^'']*''|"[^"]*"|[0-9]+', '*', 'g') AS form
    FROM saga.dead_letter
    WHERE state = 'open' AND (CAST(:since AS timestamptz) IS NULL OR last_seen_at >= :since)
    LIMIT :most
) AS d
GROUP BY d.consumer, d.kind, d.type, d.form
ORDER BY count(*) DESC, max(d.last_seen_at) DESC
LIMIT :limit
