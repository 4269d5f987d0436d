-- Identifiers, names and dates of birth of patients no longer stand in the clear: an HMAC finds them, and the
-- identifier lies sealed beside it. What an earlier program wrote, or still writes, is sealed by `medbot` as it
-- runs; an HMAC begins with `#`, which nothing in the clear does.

-- The keys of these HMACs, sealed by the master key: random ones, so that they outlast it.
CREATE TABLE lookup_keys (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    sealed bytea NOT NULL
);
ALTER TABLE lookup_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON lookup_keys TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
CREATE POLICY of_all ON lookup_keys TO medbot_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lookup_keys TO medbot_api, medbot_worker;

-- Null until it is sealed; then `value` is the HMAC of kind, issuer and identifier.
ALTER TABLE patients ADD sealed bytea;
CREATE INDEX patients_in_the_clear ON patients (id) WHERE sealed IS NULL;

-- `name_key` is the HMAC of the name and the date of birth, and `born` is empty.
CREATE INDEX sightings_in_the_clear ON patient_sightings (document_id)
    WHERE born IS NOT NULL OR left(name_key, 1) <> '#';
