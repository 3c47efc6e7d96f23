-- Dead letters about an instance that operators acted on, the newest first.
-- Indexes: operation_item_instance_idx, dead_letter_pkey.
SELECT d.dead_letter_id
FROM (
    SELECT DISTINCT i.item FROM saga.operation_item AS i
    WHERE i.process_id = :process_id AND i.item ~ '^[0-9]{1,18}$'
    LIMIT :limit
) AS i
JOIN saga.dead_letter AS d ON d.dead_letter_id = CAST(i.item AS bigint)
WHERE d.process_id = :process_id
ORDER BY d.dead_letter_id DESC
