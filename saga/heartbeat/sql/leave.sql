-- Takes away what a service that ends well has told of its loops.
-- Index: service_pkey.
DELETE FROM saga.service WHERE service = :service AND host = :host AND pid = :pid
