-- Counts orders that are fulfilled and not paid, or paid and not fulfilled.
SELECT count(*)
FROM saga.instance AS i
LEFT JOIN fulfilment.fulfilment AS f ON f.order_id = i.process_id
WHERE coalesce(f.state, 'none') <> CASE i.outcome
    WHEN 'paid' THEN 'started'
    WHEN 'refunded' THEN 'stopped'
    ELSE 'none'
END
