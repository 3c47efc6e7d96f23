-- The possible reasons why instances are stuck.
-- Indexes: timer_pkey, event_log_module_stream_id_stream_version_key, dead_letter_open_idx.
SELECT
    i.process_id,
    timers.next_due_at,
    CASE WHEN timers.next_due_at <= now() THEN now() - timers.next_due_at END AS overdue_for,
    now() - timers.last_fired_at AS fired_for,
    commands.waiting AS commands_waiting,
    now() - commands.oldest_at AS commands_waiting_for,
    letters.open_dead_letters
FROM unnest(CAST(:process_ids AS text[])) AS i (process_id)
CROSS JOIN LATERAL (
    SELECT min(t.due_at) FILTER (WHERE t.fired_at IS NULL) AS next_due_at, max(t.fired_at) AS last_fired_at
    FROM saga.timer AS t
    WHERE t.process = :process AND t.process_id = i.process_id
) AS timers
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(l.recorded_at) AS oldest_at
    FROM saga.event_log AS l
    WHERE l.module = :module AND l.stream_id = i.process_id AND l.target IS NOT NULL
      AND l.position > coalesce(
          (SELECT max(c.watermark) FROM saga.cursor AS c WHERE c.consumer IN ('relay', l.target) AND c.module = :module),
          0
      )
) AS commands
CROSS JOIN LATERAL (
    SELECT count(*) AS open_dead_letters
    FROM saga.dead_letter AS d
    WHERE d.state = 'open' AND d.process_id = i.process_id
      AND (d.consumer = :process OR (d.consumer = 'relay' AND d.module = ANY (CAST(:modules AS text[]))))
) AS letters
