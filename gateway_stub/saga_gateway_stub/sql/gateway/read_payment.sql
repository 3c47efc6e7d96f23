-- A captured payment by its id.
-- Index: ledger_payment_key.
SELECT payment_id, order_id, amount, currency
FROM gateway.ledger
WHERE kind = 'capture' AND NOT external AND payment_id = :payment_id
