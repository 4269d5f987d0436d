//! Forms and reports of vendors in several countries: tables turned by date, marks before values, labels behind what
//! they label. Written for this test.

mod support;

use support::check;

#[test]
fn a_row_for_each_date_with_units_and_ranges_in_rows_of_their_own() {
    check(
        "LABORATORY REPORT\nCollected\tSodium\tPotassium\tAlbumin\nUnits\tmmol/L\tmmol/L\tg/L\n\
         2026/02/17\t131 L\t5.6 H\t29 L\n2026/02/20\t138\t4.4\t36\nReference\t136-145\t3.5-5.1\t35-52\n",
        &[
            r#"{"type":"lab","name":"Sodium","value":"131","unit":"mmol/L","range":"136-145","flag":"L","date":"2026-02-17","needs_review":false}"#,
            r#"{"type":"lab","name":"Potassium","value":"4.4","unit":"mmol/L","range":"3.5-5.1","date":"2026-02-20"}"#,
            r#"{"type":"lab","name":"Albumin","value":"29","unit":"g/L","flag":"L","date":"2026-02-17"}"#,
        ],
        &[
            r#"{"type":"lab","name":"Potassium","value":"4.4","flag":"H"}"#,
            r#"{"type":"lab","value":"136-145"}"#,
        ],
    );
}

#[test]
fn arrows_before_values_and_spaces_between_thousands() {
    check(
        "PATHOLOGY REPORT\nTest\tResult\tPrevious\tUnits\tReference\nPhosphate\t▼ 0.72\t(0.80) mmol/L\t0.75 - 1.50\n\
         TSH\t▲6.9\t(5.1) mIU/L\t0.40 - 4.00\nUrate\t0.31\t(0.33) mmol/L\t0.14 - 0.35\nBeta-hCG\t68 400\tIU/L\n",
        &[
            r#"{"type":"lab","name":"Phosphate","value":"0.72","unit":"mmol/L","range":"0.75 - 1.50","flag":"L"}"#,
            r#"{"type":"lab","name":"TSH","value":"6.9","unit":"mIU/L","flag":"H"}"#,
            r#"{"type":"lab","name":"Beta-hCG","value":"68 400","unit":"IU/L","needs_review":true}"#,
        ],
        &[
            r#"{"type":"lab","name":"Urate","flag":"H"}"#,
            r#"{"type":"lab","value":"68"}"#,
        ],
    );
}

#[test]
fn labels_behind_what_they_label_head_no_lists() {
    check(
        "Out-patient claim\nRecurrent acute tonsillitis\tDiagnosis\nDeviated nasal septum\tSecondary diagnosis\n\
         Dr Lucinda Blackwood\tReferring GP\nThe Malvern Clinic\tHospital\nOvernight room and nursing\t540.00\n",
        &[r#"{"type":"diagnosis","text":"Recurrent acute tonsillitis"}"#],
        &[
            r#"{"type":"diagnosis","text":"Referring GP"}"#,
            r#"{"type":"diagnosis","text":"Hospital"}"#,
            r#"{"type":"diagnosis","text":"Overnight room and nursing"}"#,
        ],
    );
}

#[test]
fn what_became_of_a_dose_and_the_next_item_are_no_doses() {
    check(
        "Medicines on discharge\nMedicine and form\tDose\tRoute\tFrequency\tSupply\tNotes\n\
         Rotigotine patch\t4 mg/24 hours\tTD\tOD\t28\tDose increased\nEdoxaban tablets\t60 mg\tPO\tOD\t28\tStarted\n",
        &[r#"{"type":"medication","name":"Rotigotine","frequency":"OD","status":"increased"}"#],
        &[r#"{"type":"medication","name":"Rotigotine","dose":"28 Dose"}"#],
    );
    check(
        "Rx\n6 Tab. Montelukast 10 mg\t0-0-1\tAfter dinner\t10 days\n7 Tab. Pantoprazole 40 mg\t1-0-0\tEmpty stomach\t10 days\n",
        &[r#"{"type":"medication","name":"Montelukast","strength":"10 mg"}"#],
        &[r#"{"type":"medication","name":"Montelukast","dose":"7 Tab"}"#],
    );
    check(
        "R/\nDoxycycline 100 mg caps\none po bd for 7 days\nmitte 14\n",
        &[
            r#"{"type":"medication","name":"Doxycycline","dose":"one","route":"po","frequency":"bd","duration":"7 days"}"#,
        ],
        &[],
    );
}

#[test]
fn what_stands_below_a_heading_of_adverse_reactions_is_not_taken() {
    check(
        "Current Medications\nFolic acid 5 mg 1 tablet daily\nAllergies and Adverse Drug Reactions\nTrimethoprim Urticaria Moderate\nInvestigations 19/02/2026\nTest\tResult\tUnits\nHbA1c\t7.9\t%\n",
        &[
            r#"{"type":"allergy","substance":"Trimethoprim","reaction":"Urticaria"}"#,
            r#"{"type":"lab","name":"HbA1c","value":"7.9"}"#,
        ],
        &[
            r#"{"type":"medication","name":"Trimethoprim"}"#,
            r#"{"type":"allergy","substance":"Adverse Drug Reactions"}"#,
            r#"{"type":"allergy","substance":"HbA1c"}"#,
        ],
    );
}

#[test]
fn identifiers_in_groups_and_cells_of_their_own() {
    check(
        "REFERRAL\nDOB 23/11/1949   Medicare No. 2953 70418 6\nFolder: GR 41107\nAccount\tSB4470128\tAdmitted\t01/02/2026\nMRN 00123456 64 F\n\
         Script 00628815-3\nPrescriber No. 2937416\n",
        &[
            r#"{"type":"id","role":"member_id","value":"2953 70418 6"}"#,
            r#"{"type":"id","role":"mrn","value":"GR 41107"}"#,
            r#"{"type":"id","role":"account","value":"SB4470128"}"#,
            r#"{"type":"id","role":"mrn","value":"00123456"}"#,
            r#"{"type":"id","role":"rx_number","value":"00628815-3"}"#,
            r#"{"type":"id","role":"license","value":"2937416"}"#,
        ],
        &[r#"{"type":"id","value":"00123456 64"}"#],
    );
}

#[test]
fn headings_of_the_parts_of_a_form() {
    check(
        "SECTION C - PROVIDER\nRendering: Cordelia Winter, MD\nSECTION D – DIAGNOSES\n1. Moderate persistent asthma, uncomplicated J45.40\n\
         2. Allergic rhinitis due to pollen J30.1\nSECTION E – SERVICES\n03/04/2026\t99204\tNew patient visit\t310.00\n",
        &[
            r#"{"type":"diagnosis","text":"Moderate persistent asthma, uncomplicated","code":"J45.40"}"#,
            r#"{"type":"diagnosis","code":"J30.1"}"#,
        ],
        &[r#"{"type":"diagnosis","text":"New patient visit"}"#],
    );
}

#[test]
fn who_refers_is_no_patient() {
    check(
        "Patient\tNomvula Dlamini-Brook\tEpisode\tDP-7740216\nReferring Dr Dr Pieter Swanevelder\tFile\tH-60913\n",
        &[
            r#"{"type":"person","role":"patient","name":"Nomvula Dlamini-Brook"}"#,
            r#"{"type":"person","role":"referring","name":"Pieter Swanevelder"}"#,
        ],
        &[r#"{"type":"person","role":"patient","name":"Pieter Swanevelder"}"#],
    );
    check(
        "Surname, forename\tO'HALLORAN, Fionnuala\tBoard No.\tLD0472268\nAttg: Rutherford, Simeon J MD\n",
        &[
            r#"{"type":"person","role":"patient","name":"O'HALLORAN, Fionnuala"}"#,
            r#"{"type":"person","role":"attending"}"#,
        ],
        &[],
    );
}

#[test]
fn labels_of_pharmacies_print_the_sig_first() {
    check(
        "BAY STREET PHARMACY #0418\nRx 6604417-02                        Dr. N. OKELLO-REYES\n\
         MARGARET A DELANEY                    Filled 03/09/2024\n81 Old Mill Ln\n\n\
         TAKE ONE TABLET BY MOUTH TWICE\nA DAY FOR BLOOD SUGAR\n\n\
         METFORMIN HCL 500 MG TAB          QTY: 180\n   Generic for GLUCOPHAGE          REFILLS: 3\n",
        &[
            r#"{"type":"person","role":"patient","name":"MARGARET A DELANEY"}"#,
            r#"{"type":"medication","name":"METFORMIN HCL","strength":"500 MG","dose":"ONE TABLET","route":"BY MOUTH","frequency":"TWICE A DAY"}"#,
        ],
        &[r#"{"type":"medication","name":"GLUCOPHAGE"}"#],
    );
}

#[test]
fn requests_for_refills_have_columns() {
    check(
        "REFILL REQUEST\n #   Medication                     Last fill        Qty    Directions       Repeats\n\
         1   Ramipril 10 mg capsule         24 Jul 2023      90     1 cap po daily   2\n\
         2   Rosuvastatin 20 mg tablet      24 Jul 2023      30     1 tab po qhs     0\n",
        &[
            r#"{"type":"medication","name":"Ramipril","quantity":"90","refills":"2","frequency":"daily"}"#,
            r#"{"type":"medication","name":"Rosuvastatin","quantity":"30","refills":"0","frequency":"qhs"}"#,
        ],
        &[],
    );
}

#[test]
fn what_a_mother_reports_and_who_is_seen_next() {
    check(
        "DISCHARGE SUMMARY\nMom reports hives with amoxicillin last year.\nMedications\n\
         SAME      metoprolol succinate 50 mg PO daily\nSee Dr. Lucinda Marsh on 02/15/2025.\n",
        &[
            r#"{"type":"allergy","substance":"amoxicillin","reaction":"hives"}"#,
            r#"{"type":"medication","name":"metoprolol succinate","status":"continued"}"#,
            r#"{"type":"person","role":"follow_up_provider","name":"Lucinda Marsh"}"#,
        ],
        &[],
    );
}

#[test]
fn doctors_and_patients_beside_other_data() {
    check(
        "LABORATORY REPORT\nPaciente/Patient: Quintana Beltre, Nydia     Record 31-0098-4\n\
         DOB 12/24/1962           Drawn 04/30/2024 05:55     Dr. Heriberto Sanz\n\nTest   Result   Units\nSodium   140   mmol/L\n",
        &[
            r#"{"type":"person","role":"patient","name":"Quintana Beltre, Nydia"}"#,
            r#"{"type":"person","role":"ordering","name":"Heriberto Sanz"}"#,
        ],
        &[],
    );
}

#[test]
fn what_british_prescriptions_let_be_supplied_is_no_dose() {
    check(
        "Repeat prescription\nRamipril 5mg capsules\n28 capsule - take ONE each morning\n\n\
         Clenil Modulite 100micrograms/dose inhaler     1 x 200 dose\n      INHALE TWO PUFFS TWICE A DAY\n",
        &[
            r#"{"type":"medication","name":"Ramipril","quantity":"28 capsule","dose":"ONE","frequency":"each morning"}"#,
            r#"{"type":"medication","name":"Clenil Modulite","quantity":"1 x 200 dose","dose":"TWO PUFFS","frequency":"TWICE A DAY"}"#,
        ],
        &[],
    );
}

#[test]
fn an_amount_behind_a_name_that_no_list_knows_is_not_the_drug_before() {
    check(
        "Clinic letter\nPropranolol 40 mg bd, which he took for the tremor, can be discontinued. He should\n\
         carry on with Zorvapress 10 mg daily.\n",
        &[],
        &[r#"{"type":"medication","name":"Propranolol","strength":"40 mg","dose":"10 mg"}"#],
    );
}

#[test]
fn dates_of_values_that_a_page_leaves_open_stay_open() {
    let entities = support::read(
        "Cumulative report\nTest\t02 Dec 2025\t13 Jan 2026\t10 Feb 2026\t02 Mar 2026 Units\tReference\n\
         Sodium\t137\t138\t136\t133 L mmol/L\t135 - 145\nFerritin\t311\t287 ug/L\t20 - 450\n",
    );
    let of = |name: &str, dated: bool| {
        let mut found = entities.iter().filter_map(|entity| match &entity.fact {
            schemas::Fact::Lab(lab) if lab.name.as_deref() == Some(name) => {
                Some(lab.date.is_some() == dated && (dated || entity.needs_review))
            }
            _ => None,
        });
        found.next() == Some(true) && found.all(|fits| fits)
    };
    assert!(of("Sodium", true) && of("Ferritin", false), "{entities:#?}");
}
