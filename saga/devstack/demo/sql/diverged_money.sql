-- Counts orders for which the gateway does not hold the money that the outcome requires: one payment if paid, else none.
WITH received AS (
    SELECT i.process_id, i.outcome, count(p.key) AS payments, coalesce(sum(CAST(p.value ->> 'amount' AS bigint)), 0) AS came
    FROM saga.instance AS i
    LEFT JOIN LATERAL jsonb_each(i.state -> 'registers' -> 'payments') AS p ON true
    GROUP BY i.process, i.process_id
), returned AS (
    SELECT order_id, count(*) AS refunds, sum(amount) AS went
    FROM gateway.ledger WHERE kind = 'refund' GROUP BY order_id
)
SELECT count(*)
FROM received AS h LEFT JOIN returned AS r ON r.order_id = h.process_id
WHERE CASE h.outcome
    WHEN 'paid' THEN h.payments - coalesce(r.refunds, 0) <> 1
    ELSE h.came <> coalesce(r.went, 0) OR (h.outcome <> 'refunded' AND h.payments > 0)
END
