-- Patients of a tenant: one for each identifier and who issued it. A name and a date of birth are no
-- identity; they only let equal ones be shown to a person.
CREATE TABLE patients (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- `nhs_number`, `mrn` or `member_id`.
    kind text NOT NULL,
    -- Who gave the identifier, in lower case: a hospital, an insurer; `nhs`.
    issuer text NOT NULL,
    -- Letters and digits alone, in upper case.
    value text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, kind, issuer, value)
);

-- Whom each document is about, as far as it says.
CREATE TABLE patient_sightings (
    document_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants,
    patient_id uuid,
    -- The words of the name in lower case and in order of the alphabet.
    name_key text,
    born date,
    FOREIGN KEY (tenant_id, document_id) REFERENCES documents (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, patient_id) REFERENCES patients (tenant_id, id)
);
CREATE INDEX sightings_of_patient ON patient_sightings (patient_id);
CREATE INDEX sightings_alike ON patient_sightings (tenant_id, name_key, born);

ALTER TABLE entities ADD FOREIGN KEY (tenant_id, patient_id) REFERENCES patients (tenant_id, id)
    ON DELETE SET NULL (patient_id);
CREATE INDEX entities_of_patient ON entities (patient_id) WHERE patient_id IS NOT NULL;

-- A patient whom no document names any more is forgotten.
CREATE FUNCTION medbot_forget_patient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM patients p WHERE p.id = OLD.patient_id
        AND NOT EXISTS (SELECT FROM patient_sightings s WHERE s.patient_id = OLD.patient_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_patient AFTER DELETE OR UPDATE OF patient_id ON patient_sightings
    FOR EACH ROW EXECUTE FUNCTION medbot_forget_patient();

DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['patients', 'patient_sightings'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
        EXECUTE format(
            'CREATE POLICY of_tenant ON %I TO medbot_api
             USING (tenant_id = medbot_tenant()) WITH CHECK (tenant_id = medbot_tenant())', named);
        EXECUTE format(
            'CREATE POLICY of_all ON %I TO medbot_worker USING (true) WITH CHECK (true)', named);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO medbot_api, medbot_worker', named);
    END LOOP;
END
$$;
