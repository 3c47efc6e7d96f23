-- Inserts captures to try and answers to give, due after_seconds from now by this database's clock.
-- Index: pending_pkey.
INSERT INTO gateway.pending (command_id, number, step, event_id, due_at)
SELECT
    n.command_id, n.number, CASE WHEN n.event_id IS NULL THEN 'capture' ELSE 'answer' END, n.event_id,
    clock_timestamp() + make_interval(secs => n.after_seconds)
FROM unnest(
    CAST(:command_ids AS text[]), CAST(:numbers AS integer[]), CAST(:event_ids AS text[]),
    CAST(:after_seconds AS double precision[])
) AS n (command_id, number, event_id, after_seconds)
