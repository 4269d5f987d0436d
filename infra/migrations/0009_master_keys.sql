-- Keys of the audit log that were derived from master keys whose place another took, sealed by the one that is
-- there now: what was written under them can still be proven.
CREATE TABLE audit_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- The master key that it was derived from.
    master text NOT NULL,
    sealed bytea NOT NULL,
    -- The last line that may stand under it.
    until_seq bigint NOT NULL,
    PRIMARY KEY (tenant_id, master)
);

ALTER TABLE audit_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON audit_keys TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_keys TO medbot_api;
