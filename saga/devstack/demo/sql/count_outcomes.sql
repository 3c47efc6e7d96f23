-- Counts the orders of the shop by outcome, and by the inputs that they got.
SELECT i.outcome, count(*) AS orders,
    count(*) FILTER (WHERE i.state -> 'parts' ->> 'payment' = 'paid') AS paid,
    count(*) FILTER (WHERE i.state -> 'parts' ->> 'deadline' = 'elapsed') AS timed_out,
    count(*) FILTER (WHERE i.state -> 'parts' ->> 'cancellation' = 'cancelled') AS cancelled
FROM saga.instance AS i
WHERE i.process_id LIKE 'shop-%'
GROUP BY i.outcome
ORDER BY i.outcome
