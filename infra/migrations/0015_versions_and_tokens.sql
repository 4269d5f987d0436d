-- Which version of an object counts. What a task's attempt writes carries a random version, which the claim writes
-- here; what else lies under the same path is none of its attempts'. Only where the last claim, which `fence` names,
-- was by a program that does so: an earlier one leaves `versioned_fence` behind.
ALTER TABLE tasks
    ADD versions bytea[] NOT NULL DEFAULT '{}',
    ADD versioned_fence bigint;

-- People of an identity provider whose tokens were taken back: those that were made until then are good no longer.
CREATE TABLE token_revocations (
    tenant_id uuid NOT NULL REFERENCES tenants,
    person_id uuid NOT NULL,
    revoked_at timestamptz NOT NULL DEFAULT now(),
    -- The administrator; null where the operator did so.
    revoked_by uuid,
    PRIMARY KEY (tenant_id, person_id)
);
ALTER TABLE token_revocations ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON token_revocations TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON token_revocations TO medbot_api;

-- An erased document leaves nothing behind in the tables that say which documents a row quotes.
CREATE FUNCTION medbot_forget_quotations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I WHERE documents @> ARRAY[$1] AND tenant_id = $2', TG_ARGV[0])
        USING OLD.id, OLD.tenant_id;
    RETURN NULL;
END
$$;
DROP TRIGGER forget_turns ON documents;
DROP TRIGGER forget_answers ON documents;
DROP FUNCTION medbot_forget_turns();
DROP FUNCTION medbot_forget_answers();
CREATE TRIGGER forget_turns AFTER DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION medbot_forget_quotations('chat_turns');
CREATE TRIGGER forget_answers AFTER DELETE ON documents
    FOR EACH ROW EXECUTE FUNCTION medbot_forget_quotations('idempotency_keys');
