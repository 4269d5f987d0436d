//! Charts and tables whose headings tell what the cells are, and facts of notes that no other test has, written for
//! this test.

mod support;

use support::check;

#[test]
fn a_heading_tells_what_a_bare_count_is() {
    check(
        "MEDICATION CHART\nResident: Ada Quill   DOB: 02/11/1931\n\
         Medicine         Strength    Form     Dose     Route   Frequency\n\
         Ramipril         5mg         capsule  1        PO      mane\n\
         Warfarin         1mg         tablet   3        PO      nocte\n\
         Timolol          0.25%       drops    1 drop   BE      bd\n",
        &[
            r#"{"type":"medication","name":"Ramipril","strength":"5mg","form":"capsule","dose":"1","route":"PO","frequency":"mane"}"#,
            r#"{"type":"medication","name":"Warfarin","strength":"1mg","dose":"3","frequency":"nocte"}"#,
            r#"{"type":"medication","name":"Timolol","strength":"0.25%","dose":"1 drop","route":"BE","frequency":"bd"}"#,
        ],
        &[],
    );
}

#[test]
fn a_concentration_is_whole_and_a_rate_is_the_dose() {
    check(
        "Bed 3  infusions\nInfusion          Concentration          Rate\n\
         Noradrenaline     4 mg in 50 ml          5 ml/hr\n\
         Propofol          2% (1000 mg in 50 ml)  9 ml/hr\n\
         Actrapid          50 units in 50 ml      2 ml/hr\n",
        &[
            r#"{"type":"medication","name":"Noradrenaline","strength":"4 mg in 50 ml","dose":"5 ml/hr"}"#,
            r#"{"type":"medication","name":"Propofol","strength":"2%","dose":"9 ml/hr"}"#,
            r#"{"type":"medication","name":"Actrapid","strength":"50 units in 50 ml","dose":"2 ml/hr"}"#,
        ],
        &[r#"{"type":"medication","name":"Propofol","dose":"1000 mg"}"#],
    );
}

#[test]
fn an_amount_in_a_column_of_doses_is_told_once() {
    check(
        "Drug             Dose      Route     Frequency\nApixaban         5 mg      PO        BD\n",
        &[
            r#"{"type":"medication","name":"Apixaban","strength":"5 mg","route":"PO","frequency":"BD"}"#,
        ],
        &[r#"{"type":"medication","name":"Apixaban","dose":"5 mg"}"#],
    );
}

#[test]
fn vaccines_are_named_by_their_column() {
    check(
        "IMMUNISATION RECORD\nVaccine           Date given    Batch       Site\n\
         MenQuux           03/04/2024    AB12        LT\n\
         DTaP #1           03/04/2024    U7712AA     RT\n\
         Next due at 1 year\n",
        &[
            r#"{"type":"medication","name":"MenQuux"}"#,
            r#"{"type":"medication","name":"DTaP"}"#,
        ],
        &[
            r#"{"type":"medication","name":"DTaP","quantity":"1"}"#,
            r#"{"type":"medication","name":"Next due at 1 year"}"#,
        ],
    );
}

#[test]
fn as_needed_before_how_often() {
    check(
        "Recovery: morphine 2 mg IV PRN every 5 min, max 10 mg\n",
        &[
            r#"{"type":"medication","name":"morphine","strength":"2 mg","frequency":"PRN every 5 min","prn":true}"#,
        ],
        &[],
    );
}

#[test]
fn what_numbers_beside_names_count() {
    check(
        "Vitamin A 200 000 IU given PO. Mebendazole 500 mg stat.\nDalteparin 5000 IU s.c. once daily\n",
        &[
            r#"{"type":"medication","name":"Vitamin A","strength":"200 000 IU"}"#,
            r#"{"type":"medication","name":"Mebendazole","strength":"500 mg","frequency":"stat"}"#,
            r#"{"type":"medication","name":"Dalteparin","dose":"5000 IU"}"#,
        ],
        &[r#"{"type":"medication","name":"Mebendazole","route":"PO."}"#],
    );
    check(
        "Under 2% lidocaine, 2 carpules. Amoxicillin 2 g PO 1 hr before the visit.\n#19 extracted\n",
        &[r#"{"type":"medication","name":"Amoxicillin","strength":"2 g"}"#],
        &[
            r#"{"type":"medication","name":"lidocaine","dose":"2"}"#,
            r#"{"type":"medication","name":"Amoxicillin","quantity":"19"}"#,
        ],
    );
    check(
        "10 x 1ml  Levomepromazine 25mg/ml injection\nInject 6.25 mg under the skin every 6 hours\n",
        &[
            r#"{"type":"medication","name":"Levomepromazine","strength":"25mg/ml","dose":"6.25 mg","frequency":"every 6 hours"}"#,
        ],
        &[],
    );
}

#[test]
fn numbers_that_are_no_results() {
    check(
        "Prenatal labs\nHgb (28 wk)        10.6 g/dL      L\nHgb (36 wk)        11.4 g/dL\nPlatelets          210 K/uL\n",
        &[
            r#"{"type":"lab","name":"Hgb","value":"10.6","unit":"g/dL","flag":"L"}"#,
            r#"{"type":"lab","name":"Hgb","value":"11.4"}"#,
        ],
        &[r#"{"type":"lab","value":"28"}"#],
    );
    check(
        "Anticoagulation clinic. Target INR 2.5 (2.0 - 3.0). INR 3.1 (04/05/2025).\nGlucose 201-250      2 units\nGlucose 251-300      3 units\n",
        &[r#"{"type":"lab","name":"INR","value":"3.1"}"#],
        &[
            r#"{"type":"lab","name":"INR","value":"2.5"}"#,
            r#"{"type":"lab","name":"Glucose"}"#,
        ],
    );
}

#[test]
fn days_on_which_something_is_to_be_done() {
    check(
        "Eye clinic letter of 12 May 2025\nReview 15/12/2025 in clinic with Miss Philippa Gant\nNext call 17/06/2025\n\
         Staples out with GP 23/05/2025\nRamipril 5 mg od, restart 18/05/2025\n",
        &[
            r#"{"type":"date","role":"follow_up","iso":"2025-12-15"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2025-06-17"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2025-05-23"}"#,
            r#"{"type":"date","role":"other","iso":"2025-05-18"}"#,
            r#"{"type":"person","role":"follow_up_provider","name":"Philippa Gant"}"#,
        ],
        &[],
    );
}

#[test]
fn titles_and_headings_around_names() {
    check(
        "COPD SELF-MANAGEMENT PLAN\nThis plan belongs to: Bernard Oyston   DOB 29/06/1955\n",
        &[r#"{"type":"person","role":"patient","name":"Bernard Oyston"}"#],
        &[
            r#"{"type":"person","name":"COPD SELF-MANAGEMENT"}"#,
            r#"{"type":"person","role":"recipient"}"#,
        ],
    );
    check(
        "Dear Mr Hollingberry\nRe: Ms Saoirse Templeton, d.o.b. 19/05/1990\nShe was seen by the hygienist.\nYours sincerely\n",
        &[
            r#"{"type":"person","role":"recipient","name":"Hollingberry"}"#,
            r#"{"type":"person","role":"patient","name":"Saoirse Templeton"}"#,
        ],
        &[],
    );
}

#[test]
fn two_conditions_in_one_breath() {
    check(
        "Diagnosis: adhesive capsulitis, background of hypothyroidism and type 2 diabetes\n",
        &[
            r#"{"type":"diagnosis","text":"hypothyroidism"}"#,
            r#"{"type":"diagnosis","text":"type 2 diabetes"}"#,
        ],
        &[],
    );
}

#[test]
fn amounts_of_other_things_are_no_doses() {
    check(
        "Given in the department: aspirin 324 mg PO, GI cocktail 30 mL PO, ketorolac 15 mg IV\n",
        &[
            r#"{"type":"medication","name":"aspirin","strength":"324 mg","route":"PO"}"#,
            r#"{"type":"medication","name":"ketorolac","strength":"15 mg","route":"IV"}"#,
        ],
        &[r#"{"type":"medication","name":"aspirin","dose":"30 mL"}"#],
    );
    check(
        "FLUIDS\n0.9% 1000 ml KCl 20 mmol over 8 hours\n",
        &[r#"{"type":"medication","name":"KCl","strength":"20 mmol"}"#],
        &[
            r#"{"type":"medication","name":"KCl","strength":"0.9%"}"#,
            r#"{"type":"medication","name":"KCl","dose":"1000 ml"}"#,
        ],
    );
    check(
        "My list\nbisoprolol 3.75mg (one and a half 2.5mg tablets) in the morning\nEvorel 50 patches   apply ONE twice weekly\n",
        &[
            r#"{"type":"medication","name":"bisoprolol","strength":"3.75mg","frequency":"in the morning"}"#,
            r#"{"type":"medication","name":"Evorel","frequency":"twice weekly","needs_review":true}"#,
        ],
        &[r#"{"type":"medication","name":"bisoprolol","dose":"2.5mg"}"#],
    );
}

#[test]
fn a_result_between_results_is_no_drug() {
    check(
        "Results from 11/10/2025: Sodium 139, Potassium 4.0, Creatinine 0.82, Glucose 108 (H)\n",
        &[
            r#"{"type":"lab","name":"Potassium","value":"4.0"}"#,
            r#"{"type":"lab","name":"Creatinine","value":"0.82"}"#,
        ],
        &[],
    );
}

#[test]
fn stop_taking_is_no_taking() {
    check(
        "Your medicines\nhydrochlorothiazide 12.5 mg capsule - STOP TAKING\n",
        &[r#"{"type":"medication","name":"hydrochlorothiazide","status":"stopped"}"#],
        &[],
    );
}

#[test]
fn what_is_given_for_a_condition_is_no_name_of_one() {
    check(
        "Assessment:\n1. HTN: home amlodipine 10 mg; lisinopril held for AKI\n2. Community-acquired pneumonia\n",
        &[r#"{"type":"diagnosis","text":"Community-acquired pneumonia"}"#],
        &[r#"{"type":"diagnosis","text":"lisinopril held for AKI"}"#],
    );
}

#[test]
fn forenames_beside_surnames() {
    check(
        "Surname GRANGER-OYELARAN   Forename(s) Lucia Mae   DOB 03/06/1971\nSalamol 100micrograms/dose inhaler   TWO puffs when required   1 x 200 dose\n",
        &[r#"{"type":"person","role":"patient","name":"Lucia Mae GRANGER-OYELARAN"}"#],
        &[r#"{"type":"medication","name":"Salamol","duration":"200 dose"}"#],
    );
}

#[test]
fn weeks_are_no_results_and_no_counts() {
    check(
        "Plan: spironolactone reduced to 12.5 mg OD. Recheck K+ 1 week and INR 2 weeks.\n",
        &[r#"{"type":"medication","name":"spironolactone","strength":"12.5 mg"}"#],
        &[r#"{"type":"lab"}"#],
    );
    check(
        "Treatment\nTrastuzumab 600 mg s/c 3 weekly, total 18 doses\nMethotrexate 2.5 mg tablets 6 weekly\nDenosumab 60 mg SC 6-monthly\n",
        &[
            r#"{"type":"medication","name":"Trastuzumab","strength":"600 mg","frequency":"3 weekly","frequency_norm":"every 3 weeks","needs_review":false}"#,
            r#"{"type":"medication","name":"Methotrexate","strength":"2.5 mg","needs_review":true}"#,
            r#"{"type":"medication","name":"Denosumab","strength":"60 mg","frequency":"6-monthly","frequency_norm":"every 6 months"}"#,
        ],
        &[r#"{"type":"medication","name":"Trastuzumab","dose":"3"}"#],
    );
}

#[test]
fn what_is_to_stop_later_is_not_stopped() {
    check(
        "Current treatment: propranolol MR 80 mg once daily (to stop in 2 weeks)\n",
        &[r#"{"type":"medication","name":"propranolol MR","frequency":"once daily"}"#],
        &[r#"{"type":"medication","name":"propranolol MR","status":"stopped"}"#],
    );
}

#[test]
fn a_number_of_another_column_is_no_dose() {
    check(
        "Drug            Dose            Route     Day      Frequency\nTrastuzumab     600 mg          SC        1        3 weekly\n",
        &[
            r#"{"type":"medication","name":"Trastuzumab","strength":"600 mg","route":"SC","frequency":"3 weekly","needs_review":false}"#,
        ],
        &[r#"{"type":"medication","name":"Trastuzumab","dose":"1"}"#],
    );
}

#[test]
fn parts_of_a_chart_have_headings() {
    check(
        "DRUG CHART\nREGULAR\nDrug: Omeprazole    Dose: 20 mg    Route: PO    Freq: OM\n\
         Drug: Enoxaparin    Dose: 40 mg    Route: SC    Freq: 18:00   Sign: Dr Bright\nPRN\n\
         Drug: Cyclizine     Dose: 50 mg    Route: IV    Freq: 8 hourly\n",
        &[
            r#"{"type":"medication","name":"Omeprazole","dose":"20 mg","route":"PO","frequency":"OM"}"#,
            r#"{"type":"medication","name":"Enoxaparin","dose":"40 mg","route":"SC","frequency":"18:00"}"#,
            r#"{"type":"medication","name":"Cyclizine","frequency":"8 hourly"}"#,
        ],
        &[r#"{"type":"medication","name":"Enoxaparin","prn":true}"#],
    );
    check(
        "ORDERS for Mrs. Estelle Van Houten   (MRN 77-2103)\nParacetamol 1 g PO\nPRN\n",
        &[
            r#"{"type":"medication","name":"Paracetamol","prn":true}"#,
            r#"{"type":"person","role":"patient","name":"Estelle Van Houten"}"#,
        ],
        &[],
    );
}

#[test]
fn how_often_at_most_stands_behind_as_needed() {
    check(
        "Discharge prescription\nOramorph 2.5 mg PRN up to 2 hourly\nSumatriptan 50 mg at onset, may repeat x1 after 2 h\n",
        &[
            r#"{"type":"medication","name":"Oramorph","strength":"2.5 mg","frequency":"PRN up to 2 hourly","prn":true}"#,
        ],
        &[r#"{"type":"medication","name":"Sumatriptan","refills":"1"}"#],
    );
}
