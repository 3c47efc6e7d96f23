-- Takes the next :count positions of the module, and with them its row lock until the transaction ends.
-- Index: module_pkey.
INSERT INTO saga.module AS m (name, last_position, last_public_position)
VALUES (:module, CAST(:count AS bigint), coalesce(CAST(:last_public AS bigint), 0))
ON CONFLICT (name) DO UPDATE SET
    last_position = m.last_position + excluded.last_position,
    last_public_position = coalesce(m.last_position + CAST(:last_public AS bigint), m.last_public_position)
RETURNING last_position
