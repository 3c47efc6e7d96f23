-- Counts captures of the gateway that the order process has not received.
SELECT count(*)
FROM gateway.ledger AS g
WHERE g.kind = 'capture' AND NOT EXISTS (
    SELECT FROM saga.instance AS i
    WHERE i.process = 'order' AND i.process_id = g.order_id AND i.state -> 'registers' -> 'payments' ? g.payment_id
)
