-- Instances whose id begins with a text, those that are there and those that were pruned: looks at the first ids from
-- the text on, in the order of the index.
-- Indexes: instance_pkey, instance_tombstone_pkey.
SELECT near.process_id, near.outcome, near.settled, near.pruned, near.updated_at
FROM (
    (
        SELECT i.process_id, i.outcome, i.settled, false AS pruned, i.updated_at
        FROM saga.instance AS i
        WHERE i.process = :process AND i.process_id >= :text
        ORDER BY i.process_id
        LIMIT :looked
    )
    UNION ALL
    (
        SELECT t.process_id, t.outcome, true, true, t.settled_at
        FROM saga.instance_tombstone AS t
        WHERE t.process = :process AND t.process_id >= :text
        ORDER BY t.process_id
        LIMIT :looked
    )
) AS near
WHERE starts_with(near.process_id, :text)
ORDER BY near.process_id
LIMIT :limit
