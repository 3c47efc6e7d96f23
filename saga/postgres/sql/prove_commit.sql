-- Writes the proof of a transaction into the slot of its connection, and locks the slot until the transaction ends. As
-- the first statement of its transaction it also turns synchronous_commit on: the proof must be on the disk before
-- another client can see it, whatever the defaults of database and role are.
-- Index: commit_proof_pkey.
INSERT INTO saga.commit_proof (slot, token) VALUES (:slot, :token)
ON CONFLICT (slot) DO UPDATE SET token = excluded.token, written_at = excluded.written_at
RETURNING set_config(
    'synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
    true
)
