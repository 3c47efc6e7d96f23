-- What operators did to a dead letter, newest first.
-- Indexes: operation_item_item_idx, operation_pkey.
SELECT o.operation_id AS id, o.actor, o.action, o.reason, i.item, i.answer, i.at
FROM saga.operation_item AS i
JOIN saga.operation AS o ON o.operation_id = i.operation_id AND o.action IN ('redrive', 'edit', 'discard')
WHERE i.item = :item
ORDER BY i.at DESC
LIMIT :limit
