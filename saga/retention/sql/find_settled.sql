-- Which of these instances have been settled for long enough and are not needed any more: all their timers have fired,
-- all readers have read all of their entries, no open dead letter is about them or claims the position of one of their
-- messages, and a cursor covers each of these positions. Locks nothing.
-- Indexes: instance_pkey, timer_pkey, dead_letter_open_idx, event_log_module_stream_id_stream_version_key, cursor_pkey.
SELECT i.process_id, i.stream_version
FROM saga.instance AS i
WHERE i.process = :process AND i.process_id = ANY (CAST(:process_ids AS text[]))
  AND i.settled AND i.updated_at < :before
  AND (
    SELECT count(*) FROM saga.timer AS t
    WHERE t.process = i.process AND t.process_id = i.process_id AND t.fired_at IS NULL
) = 0
  AND NOT EXISTS (SELECT FROM saga.dead_letter AS d WHERE d.state = 'open' AND d.process_id = i.process_id)
  AND NOT EXISTS (
    SELECT FROM saga.event_log AS l
    LEFT JOIN saga.cursor AS c ON c.consumer = :process AND c.module = l.metadata ->> 'module'
    WHERE l.module = :module AND l.stream_id = i.process_id AND (
        l.position > :reach OR NOT coalesce(
            CAST(l.metadata ->> 'position' AS bigint) <= c.watermark
            OR c.handled @> CAST(l.metadata ->> 'position' AS bigint),
            l.metadata ->> 'position' IS NULL
        ) OR EXISTS (
            SELECT FROM saga.dead_letter AS d
            WHERE d.state = 'open' AND d.module = l.metadata ->> 'module'
              AND d.position = CAST(l.metadata ->> 'position' AS bigint)
        )
    )
)
ORDER BY i.process_id
