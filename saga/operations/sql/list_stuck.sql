-- Stuck instances, newest first; read_obstacles gives the reasons.
-- Indexes: timer_due_idx, event_log_pkey from where the relay or else the last of those who pull has got,
-- dead_letter_open_idx; instance_open_idx with timer_pkey, and instance_pkey for what all these name, or the two tables
-- as a whole where much is open. Reads all unsettled instances and their timers once: some 1.2 s for 250,000 of them
-- among a million.
WITH suspect AS (
    SELECT i.process_id
    FROM saga.instance AS i
    WHERE i.process = :process AND NOT i.settled AND NOT EXISTS (
        SELECT FROM saga.timer AS t
        WHERE t.process = i.process AND t.process_id = i.process_id
          AND (t.fired_at IS NULL OR t.fired_at > now() - CAST(:grace AS interval))
    )
    UNION
    SELECT t.process_id
    FROM saga.timer AS t
    JOIN saga.instance AS i ON i.process = t.process AND i.process_id = t.process_id AND NOT i.settled
    WHERE t.fired_at IS NULL AND t.due_at < now() - CAST(:grace AS interval) AND t.process = :process
    UNION
    SELECT l.stream_id
    FROM saga.event_log AS l
    WHERE l.module = :module AND l.target IS NOT NULL AND l.recorded_at < now() - CAST(:grace AS interval)
      AND l.position > coalesce((
          SELECT min(greatest(r.watermark, c.watermark, 0))
          FROM unnest(CAST(:collaborators AS text[])) AS t (name)
          LEFT JOIN saga.cursor AS c ON c.consumer = t.name AND c.module = :module
          LEFT JOIN saga.cursor AS r ON r.consumer = 'relay' AND r.module = :module
      ), 0)
      AND NOT EXISTS (
          SELECT FROM saga.cursor AS c
          WHERE c.consumer IN ('relay', l.target) AND c.module = :module AND c.watermark >= l.position
      )
    UNION
    SELECT d.process_id FROM saga.dead_letter AS d
    WHERE d.state = 'open' AND d.process_id IS NOT NULL
      AND (d.consumer = :process OR (d.consumer = 'relay' AND d.module = ANY (CAST(:modules AS text[]))))
)
SELECT i.process_id, i.outcome, i.settled, i.updated_at
FROM suspect AS s
JOIN saga.instance AS i ON i.process = :process AND i.process_id = s.process_id
WHERE CAST(:outcome AS text) IS NULL OR i.outcome = :outcome
ORDER BY i.updated_at DESC
LIMIT :limit
