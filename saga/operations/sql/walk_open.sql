-- Unsettled instances, those that began last first, before one of them.
-- Index: instance_open_idx.
SELECT
    i.process_id, i.outcome, i.settled, i.updated_at, i.created_at, CAST(i.state -> 'parts' AS text) AS states
FROM saga.instance AS i
WHERE i.process = :process AND NOT i.settled
  AND i.created_at <= coalesce(CAST(:created_at AS timestamptz), 'infinity')
  AND (
    CAST(:created_at AS timestamptz) IS NULL
    OR (i.created_at, i.process_id) < (CAST(:created_at AS timestamptz), :process_id)
  )
ORDER BY i.created_at DESC, i.process_id DESC
LIMIT :looked
