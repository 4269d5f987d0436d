-- What a FHIR server is still to be told: a row a document, due again whenever its content changes.
CREATE TABLE fhir_deliveries (
    document_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- Grows with every change of the content: an attempt counts for the content that it took.
    version integer NOT NULL DEFAULT 1,
    attempt integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
    last_error text,
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX fhir_deliveries_due ON fhir_deliveries (run_at) WHERE state = 'waiting';

ALTER TABLE fhir_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON fhir_deliveries TO medbot_api
    USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant());
CREATE POLICY of_all ON fhir_deliveries TO medbot_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON fhir_deliveries TO medbot_api, medbot_worker;
