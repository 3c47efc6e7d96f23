-- Locks and loads payment requests in the order of their ids.
-- Index: command_pkey.
SELECT command_id, order_id, effect, CAST(body AS text) AS body, CAST(metadata AS text) AS metadata
FROM gateway.command
WHERE command_id = ANY (CAST(:command_ids AS text[]))
ORDER BY command_id
FOR UPDATE
