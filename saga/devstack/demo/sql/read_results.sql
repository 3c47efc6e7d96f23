-- The outcome and effects of every order; an armed deadline and an announcement are no effects.
SELECT i.process_id, i.outcome, coalesce(array_agg(
    CASE
        WHEN c.key LIKE 'refund/%' THEN 'money refunded'
        WHEN c.key = 'payment_request' THEN 'request ' || (c.value ->> 0)
        ELSE c.key || ' ' || (c.value ->> 0)
    END ORDER BY c.key
) FILTER (WHERE c.key NOT IN ('payment_deadline', '/announced')), '{}') AS effects
FROM saga.instance AS i
LEFT JOIN LATERAL jsonb_each(i.state -> 'commanded') AS c ON true
GROUP BY i.process, i.process_id
