-- The entries of this database's logs at the positions that messages claim. A log without events has no row, and ends
-- before its first position.
-- Indexes: module_pkey, event_log_public_idx.
SELECT
    c.module, c.position, m.name IS NOT NULL AS is_kept,
    m.last_position, m.pruned_position, l.event_id, l.previous_public_position
FROM unnest(CAST(:modules AS text[]), CAST(:positions AS bigint[])) AS c (module, position)
LEFT JOIN saga.module AS m ON m.name = c.module
LEFT JOIN saga.event_log AS l
    ON l.module = c.module AND l.position = c.position AND l.visibility = 'public'
