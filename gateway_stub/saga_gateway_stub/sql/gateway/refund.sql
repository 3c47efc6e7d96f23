-- Refunds payments; one that is not returned was refunded before.
-- Index: ledger_refund_key, ledger_payment_key, in the order of the rows.
INSERT INTO gateway.ledger (idempotency_key, kind, order_id, effect, payment_id, amount, currency, external)
SELECT n.command_id, 'refund', n.order_id, n.effect, n.payment_id, n.amount, n.currency, n.external
FROM unnest(
    CAST(:command_ids AS text[]), CAST(:order_ids AS text[]), CAST(:effects AS text[]),
    CAST(:payment_ids AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[]),
    CAST(:externals AS boolean[])
) AS n (command_id, order_id, effect, payment_id, amount, currency, external)
ORDER BY n.payment_id, n.order_id
ON CONFLICT DO NOTHING
RETURNING idempotency_key AS command_id
