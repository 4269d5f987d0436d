-- Who did what: a chain of events a tenant. Nothing takes a line out or changes one, the owner of the table
-- included; and who gets past that cannot make the chain fit again without the master key.
CREATE TABLE audit_events (
    tenant_id uuid NOT NULL REFERENCES tenants,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    -- As it was hashed, byte for byte.
    event text NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_events_at ON audit_events (tenant_id, at);

CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE FUNCTION medbot_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION medbot_append_only();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION medbot_append_only();

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON audit_events TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
CREATE POLICY of_tenant ON audit_heads TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT ON audit_events TO medbot_api;
GRANT SELECT, INSERT, UPDATE ON audit_heads TO medbot_api;
