-- What operators did to an instance or its dead letters, newest first.
-- Indexes: operation_item_instance_idx, operation_pkey.
SELECT o.operation_id AS id, o.actor, o.action, o.reason, i.item, i.answer, i.at
FROM saga.operation_item AS i
JOIN saga.operation AS o ON o.operation_id = i.operation_id
WHERE i.process_id = :process_id AND i.process = :process
ORDER BY i.at DESC
LIMIT :limit
