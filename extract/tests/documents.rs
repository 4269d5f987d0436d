//! Whole documents in layouts that clinics use, written for this test: what must be read out of each.

use extract::{
    Lexicon, Source, SourceWord,
    coding::{MESH, Packer, Vocabulary},
    extract,
};
use schemas::{Confidence, Engine, Vote};

mod support;

use support::{check, has};

#[test]
fn british_discharge_letter() {
    check(
        "Northfield General Hospital NHS Trust\nDischarge Letter\nPatient: Mr John SMITHSON   DOB: 04/03/1951   NHS No: 943 476 5919\n\
         Consultant: Dr A. Patel\nAdmitted: 12/11/2023   Discharged: 15/11/2023\nGP: Dr Susan Green, Riverside Surgery\n\
         Diagnosis: Community acquired pneumonia\nAllergies: Penicillin - anaphylaxis\nMedications on discharge:\n\
         Amoxicillin 500mg caps 1 tds 7/7\nZopiclone 3.75mg nocte prn\nFollow up: Dr Patel in chest clinic on 20/12/2023\n",
        &[
            r#"{"type":"person","role":"patient","name":"John SMITHSON"}"#,
            r#"{"type":"person","role":"primary_care","name":"Susan Green"}"#,
            r#"{"type":"date","role":"dob","iso":"1951-03-04"}"#,
            r#"{"type":"date","role":"admission","iso":"2023-11-12"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2023-12-20"}"#,
            r#"{"type":"id","role":"nhs_number","value":"943 476 5919","needs_review":false}"#,
            r#"{"type":"medication","name":"Amoxicillin","strength":"500mg","frequency_norm":"three times daily"}"#,
            r#"{"type":"medication","name":"Zopiclone","frequency_norm":"at bedtime as needed","prn":true}"#,
            r#"{"type":"allergy","substance":"Penicillin","reaction":"anaphylaxis"}"#,
            r#"{"type":"diagnosis","text":"Community acquired pneumonia","assertion":"present"}"#,
        ],
        &[r#"{"type":"medication","name":"Penicillin"}"#],
    );
}

#[test]
fn referral_letter_in_prose() {
    check(
        "Blue Lake Family Practice\nMarch 3, 2024\n\nTo: Dr. Helen Ortiz, Cardiology\nRe: Margaret Olsen, DOB 02/14/1949\n\nDear Dr. Ortiz,\n\n\
         Thank you for seeing Mrs. Olsen, a 75-year-old woman with a history of hypertension.\nShe was started on apixaban 5 mg twice daily. \
         Her mother had breast cancer. She is allergic to sulfa (hives) and codeine.\nRecent labs: creatinine 1.2 mg/dL, BNP 450 pg/mL.\n\
         Please evaluate for possible heart failure.\n\nSincerely,\n\nAlan Brooks, MD\n",
        &[
            r#"{"type":"person","role":"recipient","name":"Helen Ortiz"}"#,
            r#"{"type":"person","role":"patient","name":"Margaret Olsen"}"#,
            r#"{"type":"person","role":"referring","name":"Alan Brooks"}"#,
            r#"{"type":"date","role":"letter","iso":"2024-03-03"}"#,
            r#"{"type":"medication","name":"apixaban","strength":"5 mg","frequency":"twice daily"}"#,
            r#"{"type":"diagnosis","text":"breast cancer","assertion":"family"}"#,
            r#"{"type":"diagnosis","text":"hypertension","assertion":"historical"}"#,
            r#"{"type":"diagnosis","text":"heart failure","assertion":"possible"}"#,
            r#"{"type":"allergy","substance":"codeine"}"#,
            r#"{"type":"lab","name":"creatinine","value":"1.2","unit":"mg/dL"}"#,
        ],
        &[r#"{"type":"medication","name":"codeine"}"#],
    );
}

#[test]
fn laboratory_tables_in_other_orders() {
    check(
        "Sunrise Clinical Lab\nTest Reference Range Result Units Flag\nUrea 2.5-7.8 9.1 mmol/L H\nWBC: 7.2 x10^9/L (4.0-11.0)\nALT 0-41 55 U/L High\n",
        &[
            r#"{"type":"lab","name":"Urea","value":"9.1","range":"2.5-7.8","unit":"mmol/L","flag":"H"}"#,
            r#"{"type":"lab","name":"WBC","value":"7.2","range":"4.0-11.0"}"#,
            r#"{"type":"lab","name":"ALT","value":"55","flag":"H"}"#,
        ],
        &[],
    );
    check(
        "Test  01/05/2024  02/09/2024  Units  Reference\nPotassium  3.2 L  4.0  mmol/L  3.5-5.1\n",
        &[
            r#"{"type":"lab","name":"Potassium","value":"3.2","flag":"L","date":"2024-01-05"}"#,
            r#"{"type":"lab","name":"Potassium","value":"4.0","date":"2024-02-09"}"#,
        ],
        &[],
    );
    check(
        "Laboratory report\nTest\nResult\nFlag\nReference\nHGB\n10.8 g/dL\nL\n13.5 - 17.5\n",
        &[
            r#"{"type":"lab","name":"HGB","value":"10.8","unit":"g/dL","flag":"L","range":"13.5 - 17.5"}"#,
        ],
        &[],
    );
}

#[test]
fn prescriptions_and_what_needs_review() {
    check(
        "Rx\nLisinoprll l0 mg tablet take 1 tab po qd #3O RF:2\nDigoxin .125 mg daily\nWarfarin 5.0 mg daily\nNortrizole 250 mg tab 1 tab po bid x 10 days\nAcetaminophen650mg Tablet\nDirections:Take1tablet orally every 6bours as needed\nQty:60Refills:0\n",
        &[
            r#"{"type":"medication","name":"Lisinoprll","strength":"l0 mg","needs_review":true}"#,
            r#"{"type":"medication","name":"Digoxin","strength":".125 mg","needs_review":true}"#,
            r#"{"type":"medication","name":"Warfarin","strength":"5.0 mg","needs_review":true}"#,
            r#"{"type":"medication","name":"Nortrizole","duration":"10 days","needs_review":true}"#,
            r#"{"type":"medication","name":"Acetaminophen","strength":"650mg","dose":"1tablet","quantity":"60","refills":"0"}"#,
        ],
        &[],
    );
}

#[test]
fn a_doubtful_word_reaches_the_reasons() {
    let text = "Apixaban 5 mg twice daily";
    for (confidence, other, review) in [
        (0.99, "5", false),
        (0.5, "5", true),
        (0.99, "2.5", true),
        // No product and no single dose is so large.
        (0.99, "50", false),
        (0.99, "S", false),
    ] {
        let vote = |engine, text: &str| Vote {
            engine,
            text: text.into(),
            confidence: Confidence::new(0.9),
        };
        let votes = [
            vote(Engine::Paddle, "5"),
            vote(Engine::Tesseract, "5"),
            vote(Engine::Easyocr, other),
        ];
        let words = [
            ("p0w0", [0, 8]),
            ("p0w1", [9, 10]),
            ("p0w2", [11, 13]),
            ("p0w3", [14, 19]),
            ("p0w4", [20, 25]),
        ]
        .map(|(id, span)| SourceWord {
            id,
            page: 0,
            span,
            confidence: Confidence::new(if id == "p0w1" { confidence } else { 0.99 }),
            votes: if id == "p0w1" { &votes } else { &[] },
        });
        let read = extract(
            &Source {
                text,
                words: &words,
            },
            &Lexicon::builtin(),
        );
        let medication = &read.entities[0];
        assert_eq!(medication.words.len(), 5, "{confidence} {other}");
        assert_eq!(
            medication.needs_review, review,
            "{confidence} {other}: {:?}",
            medication.reasons
        );
        assert!(medication.confidence.get() <= confidence);
    }
}

#[test]
fn a_table_of_prescriptions_with_wrapped_cells() {
    for (text, quantity, days) in [
        (
            "Medication\tDirections\tQty\tDays\tRefills\nCetirizine 10 mg\tTake 1 tablet by mouth every\t20\t5\t0\ntablet\t6 hours as needed\nThiamine 50 mg\tTake 2 tablets orally daily\t14\t7\t1\n",
            "20",
            "5",
        ),
        (
            "Medication Directions Days Qty Refills\nCetirizine 10 mg Take 1 tablet by mouth every 20 5 0\ntablet 6 hours as needed\nThiamine 50 mg Take 2 tablets orally daily 14 7 1\n",
            "5",
            "20",
        ),
    ] {
        let cetirizine = format!(
            r#"{{"type":"medication","name":"Cetirizine","strength":"10 mg","form":"tablet","dose":"1 tablet","frequency":"every 6 hours as needed","prn":true,"quantity":"{quantity}","duration":"{days}","refills":"0","needs_review":false}}"#
        );
        check(text, &[&cetirizine], &[]);
    }
}

#[test]
fn two_parties_side_by_side() {
    check(
        "ORDER\nPATIENT\tPRESCRIBER\nName:\tAda Winter\tName:\tPaul Ferris, MD\nCetirizine 10 mg\tTablet\nDirections: Take 1 tablet by mouth daily\n",
        &[
            r#"{"type":"person","role":"patient","name":"Ada Winter"}"#,
            r#"{"type":"person","role":"prescriber","name":"Paul Ferris"}"#,
        ],
        &[r#"{"type":"person","role":"patient","name":"Paul Ferris"}"#],
    );
}

#[test]
fn a_list_of_allergies_takes_no_medication() {
    check(
        "Allergies\nSulfa drugs: hives\nHow it went\nThe stay was without any event and the patient was well on each day.\nCetirizine 10 mg tablet: take 1 tablet by mouth daily for 5 days.\n",
        &[
            r#"{"type":"allergy","substance":"Sulfa drugs","reaction":"hives"}"#,
            r#"{"type":"medication","name":"Cetirizine","strength":"10 mg","duration":"5 days"}"#,
        ],
        &[r#"{"type":"allergy","substance":"How it went"}"#],
    );
}

#[test]
fn claims_with_misread_codes_and_charges() {
    check(
        "HEALTH INSURANCE CLAIM FORM\n21. DIAGNOSIS OR NATURE OF ILLNESS OR INJURY\nA. K21,9 Reflux oesophagitis\nB. I10 Hypertension\n24 DATE OF SERVICE\tPLACE\tCPT/HCPCS\tDESCRIPTION\tDX PTR\t$ CHARGES\tUNITS\n03/14/24\t11\t80053\tMetabolic panel\tA\t48 . 50\t1\n",
        &[
            r#"{"type":"diagnosis","text":"Reflux oesophagitis","code":"K21,9","needs_review":true}"#,
            r#"{"type":"diagnosis","text":"Hypertension","code":"I10","needs_review":false}"#,
            r#"{"type":"procedure","code":"80053","charge":"48 . 50","needs_review":true}"#,
        ],
        &[r#"{"type":"diagnosis","text":"PLACE"}"#],
    );
}

#[test]
fn flags_before_names_and_values() {
    let ferritin = r#"{"type":"lab","name":"Ferritin","value":"214","flag":"H","unit":"ng/mL","range":"15 - 200","needs_review":false}"#;
    for text in [
        "Analyte Abn Value Normal range Unit\nFerritin H 214 15 - 200 ng/mL\nAlbumin 4.1 3.5 - 5.0 g/dL\n",
        "Abn Analyte Value Normal range Unit\nH Ferritin 214 15 - 200 ng/mL\nAlbumin 4.1 3.5 - 5.0 g/dL\n",
        "Abn\tAnalyte\tValue\tNormal range\tUnit\nH\tFerritin\t214\t15 - 200\tng/mL\n\tAlbumin\t4.1\t3.5 - 5.0\tg/dL\n",
    ] {
        check(text, &[ferritin], &[]);
    }
}

#[test]
fn a_date_that_may_be_two_days_is_doubtful() {
    for (text, doubtful) in [
        ("Nursing chart\nDate of birth: 03/04/1980\n", true),
        (
            "Nursing chart\nDate of birth: 03/04/1980\nAdmitted: 23/05/2020\n",
            false,
        ),
        ("Nursing chart\nDate of birth: 03/03/1980\n", false),
        ("Springfield, OH 44999\nDate of birth: 03/04/1980\n", false),
    ] {
        let wanted = format!(r#"{{"type":"date","role":"dob","needs_review":{doubtful}}}"#);
        check(text, &[&wanted], &[]);
    }
}

#[test]
fn a_form_that_a_vocabulary_lists_is_no_drug() {
    let mut packer = Packer::default();
    packer.add("Eye Drops", MESH, "D0", "Eye Drops", 0);
    let drugs = Vocabulary::read(packer.pack().expect("it packs")).expect("a vocabulary");
    let lexicon = Lexicon::builtin().with_drugs(drugs);
    let text = "ELECTRONIC PRESCRIPTION\nLatanoprost 0.005%\tEye Drops\n\
                Directions: Instill 1 drop in each eye nightly\n";
    let source = Source { text, words: &[] };
    let entities = extract(&source, &lexicon).entities;
    let wanted = r#"{"type":"medication","name":"Latanoprost","strength":"0.005%","form":"Eye Drops","dose":"1 drop"}"#;
    assert!(has(&entities, wanted), "{entities:#?}");
    let drugs = entities
        .iter()
        .filter(|e| has(&[(*e).clone()], r#"{"type":"medication"}"#));
    assert_eq!(drugs.count(), 1, "{entities:#?}");
}

#[test]
fn a_code_whose_letter_became_a_digit_still_parts_from_its_name() {
    for text in [
        "What we found\nHeart failure (150.9)\n",
        "Diagnoses\n1. 150.9 Heart failure\n",
        "Diagnoses:\n- Heart failure [150.9]\n",
    ] {
        let wanted =
            r#"{"type":"diagnosis","text":"Heart failure","code":"150.9","needs_review":true}"#;
        check(text, &[wanted], &[]);
    }
    check(
        "Charges\nOffice visit (150.90)\n",
        &[],
        &[r#"{"type":"diagnosis"}"#],
    );
}

#[test]
fn iodine_with_a_small_l_is_an_allergy_to_look_at() {
    let wanted = r#"{"type":"allergy","substance":"lodinated contrast","reaction":"wheezing","needs_review":true}"#;
    check("Allergies\nlodinated contrast: wheezing\n", &[wanted], &[]);
}

#[test]
fn titles_are_no_organisations_and_later_letterheads_are() {
    check(
        "Two Rivers Mutual\nMEDICAL CLAIM STATEMENT\nPatient: Ann Lee\n\u{c}Meridian Clinical Laboratory\n\
         366 Linden Street, Fernhollow, OR 97499\nPatient: Ann Lee\n\u{c}Hospital Course\nThe patient did well.\n",
        &[r#"{"type":"org","name":"Meridian Clinical Laboratory"}"#],
        &[
            r#"{"type":"org","name":"MEDICAL CLAIM STATEMENT"}"#,
            r#"{"type":"org","name":"Hospital Course"}"#,
        ],
    );
}

#[test]
fn a_value_belongs_to_the_date_over_it_or_to_none() {
    let table = "Test\t01/02/2024\t15/03/2024\t20/04/2024\tReference\tUnits\n\
                 Sodium\t138\t139\t136\t133-146\tmmol/L\n\
                 Potassium\t4.9\t\t5.1\t3.5-5.3\tmmol/L\n\
                 Creatinine 99 103 59-104 umol/L\n";
    check(
        table,
        &[
            r#"{"type":"lab","name":"Sodium","value":"139","date":"2024-03-15"}"#,
            r#"{"type":"lab","name":"Potassium","value":"5.1","date":"2024-04-20","needs_review":false}"#,
            r#"{"type":"lab","name":"Creatinine","value":"103","needs_review":true}"#,
        ],
        &[
            r#"{"type":"lab","name":"Potassium","value":"5.1","date":"2024-03-15"}"#,
            r#"{"type":"lab","name":"Creatinine","value":"103","needs_review":false}"#,
        ],
    );
}

#[test]
fn a_heading_of_dates_needs_no_word_over_the_names() {
    check(
        "\t14/01/25\t18/03/25\tRef range\tUnits\nUrea\t9.8 H\t7.0\t2.5-7.8\tmmol/L\nSodium\t138\t139\t133-146\tmmol/L\n",
        &[
            r#"{"type":"lab","name":"Urea","value":"9.8","flag":"H","date":"2025-01-14"}"#,
            r#"{"type":"lab","name":"Sodium","value":"139","date":"2025-03-18"}"#,
            r#"{"type":"date","iso":"2025-03-18","role":"collected"}"#,
        ],
        &[r#"{"type":"lab","name":"Urea","value":"7.0","flag":"H"}"#],
    );
}

#[test]
fn a_row_for_each_date_has_a_result_for_each_test() {
    check(
        "Anticoagulation record\nDate\tINR\tDose\tNext test\n12/05/2025\t2.4\t3 mg\t26/05/2025\n26/05/2025\t3.6\tomit\t02/06/2025\n",
        &[
            r#"{"type":"lab","name":"INR","value":"2.4","date":"2025-05-12"}"#,
            r#"{"type":"lab","name":"INR","value":"3.6","date":"2025-05-26"}"#,
            r#"{"type":"date","iso":"2025-06-02","role":"follow_up"}"#,
        ],
        &[],
    );
}

#[test]
fn three_results_below_each_other_need_no_heading() {
    check(
        "Urine dip at the surgery\nNitrite Pos\nProtein +\nKetones Neg\npH 5.5\n",
        &[
            r#"{"type":"lab","name":"Nitrite","value":"Pos"}"#,
            r#"{"type":"lab","name":"Protein","value":"+"}"#,
            r#"{"type":"lab","name":"pH","value":"5.5"}"#,
        ],
        &[],
    );
}

#[test]
fn strengths_of_combinations_and_by_weight() {
    check(
        "Rx\nFostair 100/6 inhaler two puffs twice a day\nPercocet 5/325 1 tab PO q6h prn\nAmoxicillin 25 mg/kg/dose (460 mg) PO every 12 hours\nSalbutamol 4 mg 1/2 tablet daily 28/7\n",
        &[
            r#"{"type":"medication","name":"Fostair","strength":"100/6","form":"inhaler"}"#,
            r#"{"type":"medication","name":"Percocet","strength":"5/325","dose":"1 tab"}"#,
            r#"{"type":"medication","name":"Amoxicillin","strength":"25 mg/kg/dose","dose":"460 mg"}"#,
            r#"{"type":"medication","name":"Salbutamol","strength":"4 mg","dose":"1/2 tablet"}"#,
        ],
        &[],
    );
}

#[test]
fn codes_of_the_ninth_revision_are_sure_where_the_document_says_so() {
    check(
        "Diagnoses (ICD-9-CM):\n1. Hypertension (401.9)\n",
        &[r#"{"type":"diagnosis","text":"Hypertension","code":"401.9","needs_review":false}"#],
        &[],
    );
    check(
        "Diagnoses (ICD-10-CM):\n1. Hypertension (110.0)\n",
        &[r#"{"type":"diagnosis","text":"Hypertension","code":"110.0","needs_review":true}"#],
        &[],
    );
}

#[test]
fn each_field_has_the_confidence_of_its_own_words() {
    let text = "Digoxin 62.5 mcg daily";
    let word = |id, span, confidence| SourceWord {
        id,
        page: 0,
        span,
        confidence: Confidence::new(confidence),
        votes: &[],
    };
    let words = [
        word("p0w0", [0, 7], 1.0),
        word("p0w1", [8, 12], 0.5),
        word("p0w2", [13, 16], 0.9),
        word("p0w3", [17, 22], 0.9),
    ];
    let source = Source {
        text,
        words: &words,
    };
    let found = extract(&source, &Lexicon::builtin()).entities;
    let sure = &found[0].field_confidence;
    assert!(sure["strength"] < sure["frequency"] && sure["frequency"] < sure["name"]);
    assert_eq!(found[0].confidence, sure["strength"]);
}

#[test]
fn allergies_with_labels_of_their_own() {
    check(
        "ALLERGIES\nDrug: Amoxicillin   Reaction: facial swelling   Year: 2018\nFood: Peanut   Reaction: anaphylaxis\nNo known latex allergy.\n",
        &[
            r#"{"type":"allergy","substance":"Amoxicillin","reaction":"facial swelling"}"#,
            r#"{"type":"allergy","substance":"Peanut","reaction":"anaphylaxis"}"#,
            r#"{"type":"allergy","substance":"No known latex allergy","assertion":"absent"}"#,
        ],
        &[],
    );
}

#[test]
fn the_amount_after_a_change_holds() {
    check(
        "Clinic letter. Bisoprolol reduced from 10 mg to 5 mg od. Lisinopril 20 mg daily, now 40 mg daily.\n\
         Lantus 100 unit/mL (3 mL) pen, inject 18 units at night.\nAtorvastatin 20mg tablets   One at night   28 tablets\n\
         Brimonidine 0.2% - 1 drop left eye BID\nParacetamol 1 g qds (max 4 g/24 hours)\n\
         Vancomycin 1250 mg in 250 mL sodium chloride 0.9% every 12 hours\nWarfarin 5 mg alternating with 7.5 mg daily\n",
        &[
            r#"{"type":"medication","name":"Bisoprolol","strength":"5 mg","frequency_norm":"once daily","needs_review":false}"#,
            r#"{"type":"medication","name":"Lisinopril","strength":"40 mg","needs_review":true}"#,
            r#"{"type":"medication","name":"Lantus","strength":"100 unit/mL","dose":"18 units"}"#,
            r#"{"type":"medication","name":"Atorvastatin","dose":"One","frequency":"at night"}"#,
            r#"{"type":"medication","name":"Brimonidine","strength":"0.2%","dose":"1 drop"}"#,
            r#"{"type":"medication","name":"Warfarin","needs_review":true}"#,
            r#"{"type":"medication","name":"Paracetamol","strength":"1 g"}"#,
            r#"{"type":"medication","name":"Vancomycin","strength":"1250 mg"}"#,
        ],
        &[
            r#"{"type":"medication","name":"Paracetamol","dose":"4 g/24 hours"}"#,
            r#"{"type":"medication","name":"Vancomycin","dose":"0.9%"}"#,
        ],
    );
}

#[test]
fn too_many_tablets_to_take_stay_a_dose_to_look_at() {
    check(
        "Rx\nHydroxyzine 25 mg tablets\nTake 20 tablets by mouth every morning\n",
        &[r#"{"type":"medication","name":"Hydroxyzine","dose":"20 tablets","needs_review":true}"#],
        &[],
    );
}

#[test]
fn a_clinic_letter_between_colleagues() {
    check(
        "CARDIOLOGY OUTPATIENT LETTER\nDate dictated: 06 Aug 2025\nDr Owen Farrell\nCc: Dr Lin Zhao (GP)\nDear Owen\nRE: Edith MARSH  DOB: 14/01/1950\n\
         Problems:\n- Atrial fibrillation (CHA2DS2-VASc 3)\n- Rheumatoid arthritis, stable\n\
         It was a pleasure to review Edith on 4 August 2025. She has mild left sided ulcerative colitis. I do not think that she has bronchiectasis.\n\
         HbA1c on 11/07/2025 was 9.1 %. I plan to see her again on 3 February 2026.\nKind regards\nA/Prof Ruth Lacey\n",
        &[
            r#"{"type":"date","iso":"2025-08-04","role":"service"}"#,
            r#"{"type":"date","iso":"2025-07-11","role":"collected"}"#,
            r#"{"type":"date","iso":"2026-02-03","role":"follow_up"}"#,
            r#"{"type":"person","name":"Owen Farrell","role":"recipient"}"#,
            r#"{"type":"person","name":"Lin Zhao","role":"primary_care"}"#,
            r#"{"type":"diagnosis","text":"Atrial fibrillation"}"#,
            r#"{"type":"diagnosis","text":"Rheumatoid arthritis"}"#,
            r#"{"type":"diagnosis","text":"mild left sided ulcerative colitis"}"#,
        ],
        &[r#"{"type":"diagnosis","text":"bronchiectasis","assertion":"present"}"#],
    );
}

#[test]
fn a_note_names_its_author_and_a_list_of_problems_its_dates() {
    check(
        "PROGRESS NOTE\n04/17/2025\nMs. Ada Fenn (born 02/03/1961) attended.\nActive problems:\n03/12/2018   Essential hypertension\n11/21/2023   Polymyalgia rheumatica\n\
         Labs 04/15/2025: ALT 31 U/L\nThe patient suffers from upper airway cough syndrome.\nD/C oxycodone\nFolic acid 5 mg on alternate days\n\
         Return 05/01/2025\nElectronically signed by Priya Rao, MD on 04/17/2025\n",
        &[
            r#"{"type":"date","iso":"2018-03-12","role":"onset"}"#,
            r#"{"type":"date","iso":"2025-04-15","role":"collected"}"#,
            r#"{"type":"date","iso":"2025-05-01","role":"follow_up"}"#,
            r#"{"type":"person","name":"Ada Fenn","role":"patient"}"#,
            r#"{"type":"person","name":"Priya Rao","role":"attending"}"#,
            r#"{"type":"diagnosis","text":"Essential hypertension"}"#,
            r#"{"type":"diagnosis","text":"upper airway cough syndrome","needs_review":true}"#,
            r#"{"type":"medication","name":"oxycodone","status":"stopped"}"#,
            r#"{"type":"medication","name":"Folic acid","frequency_norm":"every other day"}"#,
        ],
        &[],
    );
}

#[test]
fn a_star_that_looks_like_a_degree_is_a_flag() {
    check(
        "LABORATORY REPORT\nTest\tResult\tUnits\tReference\nALT\t62°\tU/L\t<41\nAST\t31\tU/L\t<40\n",
        &[
            r#"{"type":"lab","name":"ALT","value":"62","flag":"Abnormal","needs_review":false}"#,
            r#"{"type":"lab","name":"AST","value":"31","needs_review":false}"#,
        ],
        &[],
    );
}

#[test]
fn a_unit_that_the_test_is_measured_in_is_no_guess() {
    for (unit, review) in [("mmol/L", false), ("g/L", true)] {
        let text = format!("LABORATORY REPORT\nPotassium 4.7 {unit} 3.5-5.1");
        let at = text.find(unit).expect("the text has it");
        let words = [("p0w0", [18, 27], 0.99), ("p0w1", [28, 31], 0.99)]
            .into_iter()
            .chain([("p0w2", [at, at + unit.len()], 0.5)])
            .map(|(id, span, confidence)| SourceWord {
                id,
                page: 0,
                span,
                confidence: Confidence::new(confidence),
                votes: &[],
            })
            .collect::<Vec<_>>();
        let source = Source {
            text: &text,
            words: &words,
        };
        let entities = extract(&source, &Lexicon::builtin()).entities;
        let unsure = entities.iter().any(|entity| {
            let mut reasons = entity.reasons.iter();
            reasons.any(|reason| reason.contains("the unit stands on a word"))
        });
        assert_eq!(unsure, review, "{unit}: {entities:#?}");
    }
}

#[test]
fn an_amount_that_no_field_holds_is_looked_at_and_a_measured_one_is_no_strength() {
    check(
        "Medication:\nFurosemide 40mg tabs - one in the morning and one at lunchtime\nGliclazide 80 mg 1 in the morning and 2 at night\n\
         Omeprazole suspension 2 mg/mL - 3 mL once daily\nAtorvastatin 20 mg - one at night\n\n\
         His alpha-1 antitrypsin was 1.5 g/L when it was last looked at.\n",
        &[
            r#"{"type":"medication","name":"Furosemide","needs_review":true}"#,
            r#"{"type":"medication","name":"Gliclazide","needs_review":true}"#,
            r#"{"type":"medication","name":"Omeprazole","strength":"2 mg/mL","dose":"3 mL"}"#,
            r#"{"type":"medication","name":"Atorvastatin","dose":"one","needs_review":false}"#,
        ],
        &[r#"{"type":"medication","strength":"1.5 g/L"}"#],
    );
}
