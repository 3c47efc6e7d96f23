-- The commands that a collaborator has about an order.
-- Index: command_order_id_idx.
SELECT command_id, type, CAST(body AS text) AS body FROM {schema}.command WHERE order_id = :process_id
