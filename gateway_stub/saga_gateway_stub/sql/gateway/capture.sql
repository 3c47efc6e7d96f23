-- Captures money; a request that is not returned was captured before.
-- Index: ledger_capture_key, in the order of the rows.
INSERT INTO gateway.ledger (idempotency_key, kind, order_id, effect, payment_id, amount, currency)
SELECT n.command_id, 'capture', n.order_id, n.effect, n.payment_id, n.amount, n.currency
FROM unnest(
    CAST(:command_ids AS text[]), CAST(:order_ids AS text[]), CAST(:effects AS text[]),
    CAST(:payment_ids AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[])
) AS n (command_id, order_id, effect, payment_id, amount, currency)
ORDER BY n.order_id, n.effect
ON CONFLICT DO NOTHING
RETURNING idempotency_key AS command_id
