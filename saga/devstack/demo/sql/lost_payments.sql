-- Money that the gateway captured for an order that has not heard of it.
SELECT count(*)
FROM gateway.ledger AS g
WHERE g.kind = 'capture' AND NOT EXISTS (
    SELECT FROM saga.instance AS i
    WHERE i.process = 'order' AND i.process_id = g.order_id AND i.state -> 'registers' -> 'payments' ? g.payment_id
)
