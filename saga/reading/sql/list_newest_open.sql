-- Unsettled instances, newest first.
-- Index: instance_open_idx backwards; stops at the limit.
SELECT process_id, outcome, settled, updated_at
FROM saga.instance
WHERE process = :process AND NOT settled AND outcome = :outcome
ORDER BY updated_at DESC
LIMIT :limit
