-- Creates a module, for its first event; waits if another transaction is creating it.
-- Index: module_pkey.
INSERT INTO saga.module (name) VALUES (:module) ON CONFLICT DO NOTHING
