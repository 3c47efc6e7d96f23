-- Leaves the proof of a transaction in the slot of its connection, and holds the slot until the transaction ends. It is
-- the first statement of its transaction, so it also sees to the end: the proof must be on the disk before anybody can
-- see it, whatever database and role have set.
-- Index: commit_proof_pkey.
INSERT INTO saga.commit_proof (slot, token) VALUES (:slot, :token)
ON CONFLICT (slot) DO UPDATE SET token = excluded.token, written_at = excluded.written_at
RETURNING set_config(
    'synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
    true
)
