-- Counts money that moved twice for one payment or one request, and orders whose fulfilment started or stopped twice.
SELECT
    (
        SELECT count(*) FROM (
            SELECT FROM gateway.ledger GROUP BY kind, order_id, payment_id HAVING count(*) > 1
        ) AS twice
    ) + (
        SELECT count(*) FROM (
            SELECT FROM gateway.ledger WHERE kind = 'capture' GROUP BY order_id HAVING count(*) > 1
        ) AS twice
    ) + (SELECT count(*) FROM fulfilment.fulfilment WHERE starts > 1 OR stops > 1)
