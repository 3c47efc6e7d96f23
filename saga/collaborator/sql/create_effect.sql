-- Which command holds for an effect of an instance: the one with the greatest revision so far.
CREATE TABLE IF NOT EXISTS collaborator.effect (
    instance_id text NOT NULL,
    effect text NOT NULL,
    revision integer NOT NULL,
    command_id text NOT NULL
        CONSTRAINT effect_command_id_key UNIQUE
        CONSTRAINT effect_command_id_fkey REFERENCES collaborator.command (command_id),
    CONSTRAINT effect_pkey PRIMARY KEY (instance_id, effect),
    CONSTRAINT effect_revision_check CHECK (revision > 0)
)
