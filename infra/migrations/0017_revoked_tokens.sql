-- Single tokens of an identity provider that are good no longer: by the claim `jti`, or by a digest of what is signed
-- where a token has none.
CREATE TABLE revoked_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants,
    token text NOT NULL CHECK (length(token) BETWEEN 1 AND 1000),
    revoked_at timestamptz NOT NULL DEFAULT now(),
    -- The administrator; null where the operator did so.
    revoked_by uuid,
    PRIMARY KEY (tenant_id, token)
);
ALTER TABLE revoked_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON revoked_tokens TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON revoked_tokens TO medbot_api;
