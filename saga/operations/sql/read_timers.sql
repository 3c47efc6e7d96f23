-- The deadlines of one instance.
-- Index: timer_pkey.
SELECT
    name, emits, armed_at, due_at, fired_at,
    fired_at IS NULL AND due_at <= now() AS overdue,
    metadata ->> 'causationid' AS caused_by
FROM saga.timer
WHERE process = :process AND process_id = :process_id
ORDER BY due_at, name
