-- Instances that are not there, never were or were pruned, and that open dead letters name, newest first.
-- Indexes: dead_letter_open_idx; instance_pkey and instance_tombstone_pkey for what it names.
SELECT d.process_id, t.outcome, count(*) AS open_dead_letters, max(d.last_seen_at) AS updated_at
FROM saga.dead_letter AS d
LEFT JOIN saga.instance_tombstone AS t ON t.process = :process AND t.process_id = d.process_id
WHERE d.state = 'open' AND d.process_id IS NOT NULL
  AND (d.consumer = :process OR (d.consumer = 'relay' AND d.module = ANY (CAST(:modules AS text[]))))
  AND (CAST(:outcome AS text) IS NULL OR t.outcome = :outcome)
  AND NOT EXISTS (SELECT FROM saga.instance AS i WHERE i.process = :process AND i.process_id = d.process_id)
GROUP BY d.process_id, t.outcome
ORDER BY max(d.last_seen_at) DESC
LIMIT :limit
