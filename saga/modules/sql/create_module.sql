-- Creates a module with its first event; one that another transaction is creating makes this wait.
-- Index: module_pkey.
INSERT INTO saga.module (name) VALUES (:module) ON CONFLICT DO NOTHING
