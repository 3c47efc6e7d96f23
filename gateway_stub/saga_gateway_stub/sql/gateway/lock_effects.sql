-- Locks effects, in the same order as hold_effects, and returns the command that holds for each.
-- Index: effect_pkey.
SELECT e.command_id
FROM gateway.effect AS e
JOIN unnest(CAST(:order_ids AS text[]), CAST(:effects AS text[])) AS n (order_id, effect)
    ON n.order_id = e.order_id AND n.effect = e.effect
ORDER BY e.order_id, e.effect
FOR UPDATE OF e
