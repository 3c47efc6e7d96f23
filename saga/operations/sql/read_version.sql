-- The version that the last migration left.
SELECT version_num FROM saga.schema_version
