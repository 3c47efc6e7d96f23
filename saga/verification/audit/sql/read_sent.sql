-- Commands for one collaborator after a position, up to another, in position order.
-- Index: event_log_pkey.
SELECT position, stream_id, event_id, type
FROM saga.event_log
WHERE module = :own AND target = :collaborator AND position > :after AND position <= :upto
ORDER BY position
LIMIT :limit
