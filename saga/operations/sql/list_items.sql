-- The answers of an operation, in the order of their texts, after one of them.
-- Index: operation_item_pkey.
SELECT item, process, process_id, answer, at FROM saga.operation_item
WHERE operation_id = :operation_id AND item > :after
ORDER BY item
LIMIT :limit
