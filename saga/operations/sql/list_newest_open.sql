-- Unsettled instances, newest first.
-- Index: instance_open_idx; reads all that are unsettled, some 0.1 s for a hundred thousand.
SELECT process_id, outcome, settled, updated_at
FROM saga.instance
WHERE process = :process AND NOT settled AND outcome = :outcome
ORDER BY updated_at DESC
LIMIT :limit
