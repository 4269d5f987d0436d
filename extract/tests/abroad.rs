//! Habits of clinics of several countries, each read out of the fewest words that show it.

mod support;

use support::check;

#[test]
fn results_and_what_only_looks_like_one() {
    check(
        "Dear Colleague\nHer ESR on 01/07/2025 was 92 mm/hr and CRP 118 mg/L.\n",
        &[
            r#"{"type":"lab","name":"ESR","value":"92","unit":"mm/hr"}"#,
            r#"{"type":"lab","name":"CRP","value":"118","unit":"mg/L"}"#,
        ],
        &[],
    );
    check(
        "Bloods: K 3.4 (L), Mg 1.6 (L), iCa 1.14 mmol/L\nDipstick: blood ++, protein +\n",
        &[
            r#"{"type":"lab","name":"Mg","value":"1.6","flag":"L"}"#,
            r#"{"type":"lab","name":"iCa","value":"1.14","unit":"mmol/L"}"#,
            r#"{"type":"lab","name":"blood","value":"++"}"#,
        ],
        &[r#"{"type":"lab","name":"K","unit":"Mg"}"#],
    );
    check(
        "Dialysate: K 2.0, Ca 2.5; time 4 hr\nFiO2 40 %\n",
        &[],
        &[
            r#"{"type":"lab","name":"K"}"#,
            r#"{"type":"lab","name":"Ca"}"#,
            r#"{"type":"lab","name":"FiO2"}"#,
        ],
    );
    check(
        "Hepatitis B surface antigen and QuantiFERON were negative.\n",
        &[
            r#"{"type":"lab","name":"Hepatitis B surface antigen","value":"negative"}"#,
            r#"{"type":"lab","name":"QuantiFERON","value":"negative"}"#,
        ],
        &[r#"{"type":"diagnosis","text":"Hepatitis B"}"#],
    );
    check(
        "Pre-dialysis bloods\n  Hb 106 g/L | ferritin 512 ug/L | K 5.6 mmol/L\n",
        &[
            r#"{"type":"lab","name":"ferritin","value":"512","unit":"ug/L"}"#,
            r#"{"type":"lab","name":"K","value":"5.6","unit":"mmol/L"}"#,
        ],
        &[],
    );
}

#[test]
fn tables_of_results() {
    check(
        "Date          CRP (mg/L)    WCC (10^9/L)\n02 Feb 2025   212 H         18.4 H\n05 Feb 2025   71 H          9.8\n",
        &[
            r#"{"type":"lab","name":"CRP","value":"212","unit":"mg/L","flag":"H","date":"2025-02-02"}"#,
            r#"{"type":"lab","name":"WCC","value":"9.8","unit":"10^9/L","date":"2025-02-05"}"#,
        ],
        &[r#"{"type":"lab","name":"WCC","value":"10"}"#],
    );
    check(
        "              Result    Unit       Norm\nLeucocytes    11.9 +    10*3/uL    4.0 - 10.0\nFerritin      9 -       ug/L       15 - 150\nT. Bilirubin  38        umol/L     < 21\n",
        &[
            r#"{"type":"lab","name":"Leucocytes","value":"11.9","flag":"H"}"#,
            r#"{"type":"lab","name":"Ferritin","value":"9","flag":"L"}"#,
            r#"{"type":"lab","name":"T. Bilirubin","value":"38"}"#,
        ],
        &[],
    );
}

#[test]
fn drugs_and_their_neighbours() {
    check(
        "Rx\nTab. Norflox TZ   1-0-1   x 3 days\nNitrofurantoin 100mg caps i bd x 5/7\n",
        &[
            r#"{"type":"medication","name":"Norflox TZ","frequency":"1-0-1"}"#,
            r#"{"type":"medication","name":"Nitrofurantoin","dose":"i","frequency":"bd"}"#,
        ],
        &[],
    );
    check(
        "Regular\nDexamethasone 4 mg PO mane\nPRN\nOxycodone 2.5 mg PO 4 hourly\n",
        &[r#"{"type":"medication","name":"Dexamethasone","frequency":"mane"}"#],
        &[],
    );
    check(
        "Insulin: NovoRapid 1 unit per 10 g carbohydrate with meals\n",
        &[r#"{"type":"medication","name":"NovoRapid","dose":"1 unit","needs_review":true}"#],
        &[r#"{"type":"medication","name":"NovoRapid","strength":"10 g"}"#],
    );
    check(
        "Fluid                   Volume    Additive\nSodium chloride 0.9%    1000 ml   Potassium chloride 20 mmol\n",
        &[r#"{"type":"medication","name":"Potassium chloride","strength":"20 mmol"}"#],
        &[r#"{"type":"medication","name":"Potassium chloride","strength":"0.9%"}"#],
    );
    check(
        "Medicines given today: levothyroxine 75 micrograms, clopidogrel 75 mg 08:00\nOther medicines: Fultium-D3 800 units once a day\n",
        &[
            r#"{"type":"medication","name":"Fultium-D3","strength":"800 units","frequency":"once a day"}"#,
        ],
        &[r#"{"type":"medication","name":"clopidogrel","dose":"800 units"}"#],
    );
    check(
        "Her bone density is low. I suggest denosumab 60 mg s.c. every 6 months.\nEpoetin alfa 8,000 units IV each treatment\n",
        &[
            r#"{"type":"medication","name":"denosumab","strength":"60 mg","frequency":"every 6 months"}"#,
            r#"{"type":"medication","name":"Epoetin alfa","frequency":"each treatment"}"#,
        ],
        &[],
    );
}

#[test]
fn a_column_for_each_time_of_the_day() {
    check(
        "Active ingredient     Strength    Form     Morning  Noon  Evening  Night\nRamipril              5 mg        Tab      1        0     1        0\n",
        &[r#"{"type":"medication","name":"Ramipril","strength":"5 mg","frequency":"1-0-1-0"}"#],
        &[],
    );
    // Nothing tells what stands in a cell that is missing.
    check(
        "Active ingredient     Strength    Form     Morning  Noon  Evening  Night\nRamipril              5 mg        Tab      1                 1\n",
        &[r#"{"type":"medication","name":"Ramipril","strength":"5 mg"}"#],
        &[r#"{"type":"medication","name":"Ramipril","frequency":"1-1"}"#],
    );
}

#[test]
fn allergies_in_tables_and_in_words() {
    check(
        "ALLERGIES AND INTOLERANCES      Reviewed 02/11/2025\nAllergen        Type    Reaction      Severity    Onset\nPenicillin G    Drug    Anaphylaxis   Severe      1989\nPeanut          Food    Hives         Mild        2018\n",
        &[
            r#"{"type":"allergy","substance":"Penicillin G","reaction":"Anaphylaxis"}"#,
            r#"{"type":"allergy","substance":"Peanut","reaction":"Hives"}"#,
        ],
        &[r#"{"type":"medication","name":"Penicillin G"}"#],
    );
    check(
        "Alerts: ADR - Codeine (hallucinations)\nShe could not tolerate alendronate (oesophagitis) and is not to take sulfasalazine as it caused hepatitis.\n",
        &[
            r#"{"type":"allergy","substance":"Codeine","reaction":"hallucinations"}"#,
            r#"{"type":"allergy","substance":"alendronate","reaction":"oesophagitis"}"#,
            r#"{"type":"allergy","substance":"sulfasalazine","reaction":"hepatitis"}"#,
        ],
        &[],
    );
    check(
        "Sensitivities: Trimethoprim R, Nitrofurantoin R, Cefalexin S\n",
        &[],
        &[
            r#"{"type":"allergy","substance":"Trimethoprim R"}"#,
            r#"{"type":"allergy","substance":"Cefalexin S"}"#,
        ],
    );
    check(
        "She has a label of penicillin allergy. Testing was negative. She is not allergic to penicillin.\n",
        &[r#"{"type":"allergy","substance":"penicillin","assertion":"absent"}"#],
        &[r#"{"type":"allergy","substance":"penicillin","assertion":"present"}"#],
    );
}

#[test]
fn diagnoses_of_lists_forms_and_sentences() {
    check(
        "Medical history:  Hypertension Y   Angina N\n",
        &[
            r#"{"type":"diagnosis","text":"Hypertension","assertion":"historical"}"#,
            r#"{"type":"diagnosis","text":"Angina","assertion":"absent"}"#,
        ],
        &[],
    );
    check(
        "Diagnosis\n  Primary: Acute calculous cholecystitis      ICD 10 code: K80.0\n",
        &[r#"{"type":"diagnosis","code":"K80.0"}"#],
        &[r#"{"type":"diagnosis","text":"K80.0"}"#],
    );
    check(
        "Past history\n   2009   Asthma\n   2021   Generalised anxiety disorder\n",
        &[r#"{"type":"diagnosis","text":"Asthma"}"#],
        &[r#"{"type":"diagnosis","text":"2009   Asthma"}"#],
    );
    check(
        "Provider No 234512KX\nThank you for referring this physiotherapist, who lives with her family and works full time, with psoriatic arthritis.\nPrevious Hashimoto's thyroiditis in sister.\n",
        &[
            r#"{"type":"diagnosis","text":"psoriatic arthritis","assertion":"present"}"#,
            r#"{"type":"diagnosis","text":"Hashimoto's thyroiditis","assertion":"family"}"#,
        ],
        &[],
    );
    check(
        "Known conditions: osteoporosis, previous TIA\n",
        &[],
        &[r#"{"type":"diagnosis","code":"TIA"}"#],
    );
    check(
        "Assessment:\n1. Parkinson's disease, Hoehn and Yahr stage 2\nRTC 3 months\nAnneliese Hartmann, PA-C\n",
        &[r#"{"type":"diagnosis","text":"Parkinson's disease"}"#],
        &[r#"{"type":"diagnosis","text":"RTC 3 months"}"#],
    );
}

#[test]
fn days_and_their_order() {
    check(
        "CLIA 05D2088117\nDATE OF BIRTH: 03/08/1973   DATE COLLECTED: 06/09/2025\nSodium 141 135-146 mmol/L\nPotassium 4.6 3.5-5.3 mmol/L\n",
        &[
            r#"{"type":"date","role":"dob","iso":"1973-03-08"}"#,
            r#"{"type":"date","role":"collected","iso":"2025-06-09"}"#,
        ],
        &[],
    );
    check(
        "Rx for: Aurelio Kowalchuk   DOB 1957-NOV-03\nCandesartan 16 mg po od\n",
        &[r#"{"type":"date","role":"dob","iso":"1957-11-03"}"#],
        &[],
    );
    check(
        "EXAM: CT HEAD\nDATE OF EXAM: 11/02/2025\nCOMPARISON: CT head 03/18/2024\n",
        &[r#"{"type":"date","role":"other","iso":"2024-03-18"}"#],
        &[],
    );
}

#[test]
fn people_of_columns_and_houses() {
    check(
        "Rx#        Filled       Drug                  Prescriber\n7740012    09/02/2025   Lisinopril 20 mg tab  Dr. Upton\n",
        &[r#"{"type":"person","name":"Upton","role":"prescriber"}"#],
        &[],
    );
    check(
        "To: Dr. Salvatore Minghetti          From: Oak Street Pharmacy\nPatient: Smt. Kamala Venkatesan\n",
        &[r#"{"type":"person","name":"Kamala Venkatesan","role":"patient"}"#],
        &[r#"{"type":"person","name":"Oak Street"}"#],
    );
}

#[test]
fn what_stands_in_columns_of_times() {
    check(
        "ADR: Nil known\nMedicine        Dose     Route   Frequency     Times            Indication\nPantoprazole    40 mg    oral    mane          0800             GORD\nMeropenem       1 g      IV      8-hourly      0600 1400 2200   CAP\n",
        &[
            r#"{"type":"medication","name":"Pantoprazole","strength":"40 mg","frequency":"mane"}"#,
            r#"{"type":"diagnosis","text":"GORD","assertion":"present"}"#,
        ],
        &[
            r#"{"type":"medication","name":"Pantoprazole","dose":"0800 G"}"#,
            r#"{"type":"medication","name":"Meropenem","dose":"2200 CAP"}"#,
        ],
    );
}

#[test]
fn dashes_brackets_and_small_words_before_results() {
    check(
        "INVESTIGATIONS:\nHb - 13.1 gm%, Creatinine - 1.0 mg/dl\n",
        &[
            r#"{"type":"lab","name":"Hb","value":"13.1"}"#,
            r#"{"type":"lab","name":"Creatinine","value":"1.0","unit":"mg/dl"}"#,
        ],
        &[],
    );
    check(
        "Labs 06/11/2025: Cr 2.8 (2.5 in March), eGFR 18\n",
        &[r#"{"type":"lab","name":"Cr","value":"2.8"}"#],
        &[],
    );
    check(
        "Dear Miss Banerjee\nHer haemoglobin has fallen to 94 g/L with a ferritin of 7. She is allergic to erythromycin, which gives her a rash.\n",
        &[
            r#"{"type":"lab","name":"ferritin","value":"7"}"#,
            r#"{"type":"allergy","substance":"erythromycin","reaction":"rash"}"#,
        ],
        &[],
    );
}

#[test]
fn who_is_seen_next_and_names_that_are_words() {
    check(
        "DISCHARGE SUMMARY\nNAME: WARD, Kathryn\nFOLLOW-UP: Cardiology, Dr. Nuria Valcourt, 19 Mar 2025 at 10:30.\n",
        &[
            r#"{"type":"person","name":"WARD, Kathryn","role":"patient"}"#,
            r#"{"type":"person","name":"Nuria Valcourt","role":"follow_up_provider"}"#,
        ],
        &[],
    );
}

#[test]
fn amounts_before_a_name_end_nothing() {
    check(
        "0.9%    1000 ml   Potassium chloride 20 mmol\n",
        &[r#"{"type":"medication","name":"Potassium chloride"}"#],
        &[],
    );
}
