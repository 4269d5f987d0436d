//! Who is who, what happened when and what is not borne, in the headings and sentences of letters and notes, written
//! for this test.

mod support;

use support::check;

#[test]
fn dates_beside_names_and_abbreviations() {
    check(
        "Ward 7, St Aldhelm's Hospital NHS Trust\nAdm 06-Feb-2025 (emergency)     D/C 11-Feb-2025\nRe: Ms Shanelle Whyte, 26/10/1990\n\
         Laparoscopic cholecystectomy 08-Feb-2025\nFollow up: Dr Hart on 13/03/2025\n",
        &[
            r#"{"type":"date","role":"admission","iso":"2025-02-06"}"#,
            r#"{"type":"date","role":"discharge","iso":"2025-02-11"}"#,
            r#"{"type":"date","role":"dob","iso":"1990-10-26"}"#,
            r#"{"type":"date","role":"service","iso":"2025-02-08"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2025-03-13"}"#,
        ],
        &[],
    );
}

#[test]
fn dates_in_the_boxes_of_a_form() {
    check(
        "HEALTH INSURANCE CLAIM FORM\n3. PATIENT'S BIRTH DATE  06 19 1985   SEX M\n",
        &[r#"{"type":"date","role":"dob","iso":"1985-06-19"}"#],
        &[],
    );
}

#[test]
fn people_of_a_letter() {
    check(
        "Renal Unit\nTyped: 05/11/2025\nDr K Oyebanji, Fernhill Practice\nRe: Mrs Jocasta Whitcombe DOB 25/12/1961\n\
         I discussed her with Dr Imelda Fairweather and with her son.\nYours sincerely\nDr Lorcan MacBride, Consultant Nephrologist\n",
        &[
            r#"{"type":"person","role":"recipient","name":"K Oyebanji"}"#,
            r#"{"type":"person","role":"patient","name":"Jocasta Whitcombe"}"#,
            r#"{"type":"person","role":"other","name":"Imelda Fairweather"}"#,
        ],
        &[],
    );
    check(
        "Diabetes team note 22/07/2025\nBertrand Achilles, 14/05/1960\nLantus reduced to 16 units at night.\n",
        &[
            r#"{"type":"person","role":"patient","name":"Bertrand Achilles"}"#,
            r#"{"type":"date","role":"dob","iso":"1960-05-14"}"#,
            r#"{"type":"date","role":"service","iso":"2025-07-22"}"#,
        ],
        &[],
    );
    check(
        "PRIOR AUTHORIZATION REQUEST\nSubscriber: Eugene Castleberry     DOB 08/29/1957\n",
        &[],
        &[r#"{"type":"person","name":"PRIOR AUTHORIZATION REQUEST"}"#],
    );
}

#[test]
fn what_is_not_borne_and_what_is_only_advised_against() {
    check(
        "Clinic note. Penicillin allergy (anaphylaxis 1998). Avoid sulfa - hives. Avoid ibuprofen before surgery. No codeine allergy.\n",
        &[
            r#"{"type":"allergy","substance":"Penicillin","reaction":"anaphylaxis"}"#,
            r#"{"type":"allergy","substance":"sulfa","reaction":"hives"}"#,
        ],
        &[
            r#"{"type":"allergy","substance":"ibuprofen"}"#,
            r#"{"type":"allergy","substance":"codeine","assertion":"present"}"#,
            r#"{"type":"medication","name":"Penicillin"}"#,
        ],
    );
}

#[test]
fn sigs_that_were_cut_short() {
    check(
        "Discharge medications\nTazocin 4.5 g IV 8-hourly for three days\nFolic acid 1 mg tablets, take 1 tablet daily except on methotrexate day\n\
         Levothyroxine 75 microgram PO OM    no change\nColecalciferol 400 units daily\nPerindopril arginine 5 mg mane\nGaviscon Infant 1 sachet with each bottle\n",
        &[
            r#"{"type":"medication","name":"Tazocin","frequency":"8-hourly"}"#,
            r#"{"type":"medication","name":"Folic acid","needs_review":true}"#,
            r#"{"type":"medication","name":"Levothyroxine","frequency":"OM"}"#,
            r#"{"type":"medication","name":"Colecalciferol","strength":"400 units"}"#,
            r#"{"type":"medication","name":"Perindopril arginine","strength":"5 mg"}"#,
            r#"{"type":"medication","name":"Gaviscon Infant","dose":"1 sachet","frequency":"with each bottle"}"#,
        ],
        &[r#"{"type":"medication","frequency":"hourly"}"#],
    );
}

#[test]
fn a_day_is_no_frequency_and_what_was_not_chosen_is_no_drug() {
    check(
        "Summary: Edoxaban 60 mg was commenced rather than rivaroxaban. Valproate level 78 mcg/mL on 24/03/2025.\n",
        &[
            r#"{"type":"medication","name":"Edoxaban","strength":"60 mg"}"#,
            r#"{"type":"lab","name":"Valproate","value":"78","unit":"mcg/mL"}"#,
        ],
        &[
            r#"{"type":"medication","name":"rivaroxaban"}"#,
            r#"{"type":"medication","frequency":"on"}"#,
        ],
    );
}

#[test]
fn diagnoses_with_numbers_and_doubts() {
    check(
        "Diagnoses\n1  CKD G4 A3 due to diabetic nephropathy\n2  Renal anaemia\nImpression: Gastro-oesophageal reflux; possible cow's milk protein allergy\n\
         PMH: osteoarthritis, COPD, hypothyroidism. No diabetes. Never had VTE.\n",
        &[
            r#"{"type":"diagnosis","text":"Renal anaemia"}"#,
            r#"{"type":"diagnosis","text":"cow's milk protein allergy","assertion":"possible"}"#,
            r#"{"type":"diagnosis","text":"hypothyroidism"}"#,
        ],
        &[r#"{"type":"diagnosis","text":"2  Renal anaemia"}"#],
    );
}

#[test]
fn names_of_tests_that_a_reader_garbled() {
    let row = |name: &str, unit: &str| {
        format!("Test\tResult\tUnit\tReference range\n{name}\t138\t{unit}\t120-160\n")
    };
    check(
        &row("Hemogiobin", "g/L"),
        &[r#"{"type":"lab","name":"Hemogiobin","value":"138","needs_review":false}"#],
        &[],
    );
    for (name, unit) in [("Hemogiobin", "pg/mL"), ("Zorbamine", "g/L")] {
        check(
            &row(name, unit),
            &[r#"{"type":"lab","value":"138","needs_review":true}"#],
            &[],
        );
    }
}
