-- Refunds a payment; no row is inserted if it was refunded before.
-- Index: ledger_refund_key, ledger_payment_key.
INSERT INTO gateway.ledger (idempotency_key, kind, order_id, effect, payment_id, amount, currency, external)
VALUES (:command_id, 'refund', :order_id, :effect, :payment_id, :amount, :currency, :external)
ON CONFLICT DO NOTHING
