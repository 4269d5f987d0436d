-- Emergency access: whose role does not let them read documents may read them for a while, with a reason.
CREATE TABLE emergency_accesses (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- The caller: a key with its sessions, or a person of an identity provider.
    caller_id uuid NOT NULL,
    role text NOT NULL,
    reason text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    -- When an administrator ended it, and who.
    ended_at timestamptz,
    ended_by uuid
);
CREATE INDEX emergency_accesses_of_caller ON emergency_accesses (tenant_id, caller_id, ends_at);

ALTER TABLE emergency_accesses ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON emergency_accesses TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON emergency_accesses TO medbot_api;
