-- Deadlines that have not fired, those that are due first first, after one of them.
-- Index: timer_due_idx.
SELECT process, process_id, name, emits, armed_at, due_at, due_at <= now() AS overdue
FROM saga.timer
WHERE fired_at IS NULL
  AND due_at >= coalesce(CAST(:due_at AS timestamptz), '-infinity')
  AND (
    CAST(:due_at AS timestamptz) IS NULL
    OR (due_at, process, process_id, name) > (CAST(:due_at AS timestamptz), :process, :process_id, :name)
  )
ORDER BY due_at, process, process_id, name
LIMIT :limit
