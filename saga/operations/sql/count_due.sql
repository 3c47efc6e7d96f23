-- Deadlines that have not fired, each number up to so many: all, overdue, due within a minute, due within an hour.
-- Index: timer_due_idx.
SELECT
    (SELECT count(*) FROM (SELECT FROM saga.timer WHERE fired_at IS NULL LIMIT :most) AS t) AS armed,
    (
        SELECT count(*) FROM (SELECT FROM saga.timer WHERE fired_at IS NULL AND due_at <= now() LIMIT :most) AS t
    ) AS overdue,
    (
        SELECT count(*) FROM (
            SELECT FROM saga.timer
            WHERE fired_at IS NULL AND due_at > now() AND due_at <= now() + interval '1 minute'
            LIMIT :most
        ) AS t
    ) AS in_a_minute,
    (
        SELECT count(*) FROM (
            SELECT FROM saga.timer
            WHERE fired_at IS NULL AND due_at > now() AND due_at <= now() + interval '1 hour'
            LIMIT :most
        ) AS t
    ) AS in_an_hour,
    (
        SELECT CAST(EXTRACT(epoch FROM now() - due_at) AS double precision)
        FROM saga.timer
        WHERE fired_at IS NULL AND due_at <= now()
        ORDER BY due_at
        LIMIT 1
    ) AS oldest_overdue_seconds
