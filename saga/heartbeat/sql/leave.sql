-- Removes the rows of a service that ends as it should.
-- Index: service_pkey.
DELETE FROM saga.service WHERE service = :service AND host = :host AND pid = :pid
