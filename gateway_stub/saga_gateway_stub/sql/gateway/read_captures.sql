-- The captures for requests, with the metadata of their answers.
-- Index: ledger_idempotency_key_key, command_pkey.
SELECT
    l.idempotency_key AS command_id, l.order_id, l.payment_id, l.amount, l.currency, l.at,
    CAST(c.metadata AS text) AS metadata
FROM gateway.ledger AS l
JOIN gateway.command AS c ON c.command_id = l.idempotency_key
WHERE l.kind = 'capture' AND l.idempotency_key = ANY (CAST(:command_ids AS text[]))
