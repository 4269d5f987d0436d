//! What notes of wards, labels of shops and reports of laboratories say in other forms than the other tests have,
//! written for this test.

mod support;

use support::check;

#[test]
fn a_status_stays_in_its_own_row_item_and_clause() {
    check(
        "Changes\n• Enalapril 10 mg od → candesartan 8 mg od\n• Trimethoprim - stopped\n",
        &[r#"{"type":"medication","name":"Trimethoprim","status":"stopped"}"#],
        &[r#"{"type":"medication","name":"candesartan","status":"stopped"}"#],
    );
    check(
        "Anastrozole 1 mg PO daily; ribociclib 400 mg PO daily; denosumab discontinued last month.\n",
        &[r#"{"type":"medication","name":"denosumab","status":"stopped"}"#],
        &[r#"{"type":"medication","name":"Anastrozole","status":"stopped"}"#],
    );
    check(
        "Aspirin 75 mg od and clopidogrel 75 mg od were stopped.\n",
        &[
            r#"{"type":"medication","name":"Aspirin","status":"stopped"}"#,
            r#"{"type":"medication","name":"clopidogrel","status":"stopped"}"#,
        ],
        &[],
    );
    check(
        "Meds on d/c: edoxaban 30 mg daily\nDocetaxel 130 mg IV over 60 min\nHold for platelets < 100\nPrednisolone 30 mg od 5 days, stop\n",
        &[],
        &[
            r#"{"type":"medication","name":"edoxaban","status":"stopped"}"#,
            r#"{"type":"medication","name":"Docetaxel","status":"held"}"#,
            r#"{"type":"medication","name":"Prednisolone","status":"stopped"}"#,
        ],
    );
    check(
        "Glipizide 5 mg PO BID     11/02 1800     Hold while fasting\nShe gave up montelukast in June.\n",
        &[
            r#"{"type":"medication","name":"Glipizide","status":"held"}"#,
            r#"{"type":"medication","name":"montelukast","status":"stopped"}"#,
        ],
        &[],
    );
}

#[test]
fn bottles_days_and_columns_are_no_doses() {
    check(
        "Timolol 0.25% eye drops 5ml. Put ONE drop into the LEFT eye TWICE a day.\n",
        &[r#"{"type":"medication","name":"Timolol","dose":"ONE drop","quantity":"5ml"}"#],
        &[],
    );
    check(
        "Lantus 100 units/mL (3 mL) pen, inject 12 units nightly\n",
        &[r#"{"type":"medication","name":"Lantus","dose":"12 units"}"#],
        &[r#"{"type":"medication","name":"Lantus","quantity":"3 mL"}"#],
    );
    check(
        "Lorazepam 0.5 mg prn, 7 days only. Infliximab 5 mg/kg at 0, 2 and 6 wk.\n",
        &[],
        &[
            r#"{"type":"medication","name":"Lorazepam","dose":"7"}"#,
            r#"{"type":"medication","name":"Infliximab","dose":"2"}"#,
        ],
    );
    check(
        "Medicine              Breakfast   Lunch   Tea   Bedtime\nGliclazide 80 mg      2           -       1     -\n",
        &[r#"{"type":"medication","name":"Gliclazide","frequency":"2-0-1-0"}"#],
        &[r#"{"type":"medication","name":"Gliclazide","dose":"1"}"#],
    );
    check(
        "Actrapid 50 units in 50 ml sodium chloride 0.9%.\n",
        &[r#"{"type":"medication","name":"Actrapid","dose":"50 units"}"#],
        &[r#"{"type":"medication","name":"sodium chloride","dose":"50 ml"}"#],
    );
    check(
        "Aminophylline 5 mg/kg loading (omitted, on theophylline), maintenance 500 mg in 500 ml.\n",
        &[],
        &[r#"{"type":"medication","name":"theophylline","strength":"500 mg"}"#],
    );
    check(
        "Discharge medication\nRisperidone 2 bd\nMovicol 1 bd\n",
        &[
            r#"{"type":"medication","name":"Risperidone","needs_review":true}"#,
            r#"{"type":"medication","name":"Movicol","dose":"1","needs_review":false}"#,
        ],
        &[],
    );
}

#[test]
fn frequencies_and_routes_are_whole() {
    check(
        "Paracetamol 120 mg PO/NG 6 hrly prn.\nAlendronic acid 70 mg tabs. Take ONE a week, 30 mins before food.\nSenna 15 mg ON 3/7\n\
         Co-trimoxazole 960 mg Mon/Wed/Fri\nCyclizine 50 mg IV/IM 8 hourly\n",
        &[
            r#"{"type":"medication","name":"Paracetamol","route":"PO/NG","frequency":"6 hrly prn."}"#,
            r#"{"type":"medication","name":"Alendronic acid","frequency":"a week, 30 mins before food"}"#,
            r#"{"type":"medication","name":"Senna","frequency":"ON"}"#,
            r#"{"type":"medication","name":"Co-trimoxazole","frequency":"Mon/Wed/Fri"}"#,
            r#"{"type":"medication","name":"Cyclizine","route":"IV/IM"}"#,
        ],
        &[],
    );
    check(
        "Paracetamol 1 g prn, maximum 4 g a day. Senna seen on 3/7/2025.\n",
        &[r#"{"type":"medication","name":"Paracetamol","frequency":"prn"}"#],
        &[r#"{"type":"medication","name":"Senna","frequency":"on"}"#],
    );
}

#[test]
fn germs_and_allergens_are_no_medication() {
    check(
        "Urine culture: E. coli\nTrimethoprim R, Cefalexin S, Co-amoxiclav I\nSensitive: doxycycline, linezolid.\nStart nitrofurantoin 50 mg qds.\n",
        &[r#"{"type":"medication","name":"nitrofurantoin"}"#],
        &[
            r#"{"type":"medication","name":"Trimethoprim"}"#,
            r#"{"type":"medication","name":"Cefalexin"}"#,
            r#"{"type":"medication","name":"doxycycline"}"#,
        ],
    );
    check(
        "Allergen: morphine   Type: intolerance   Reaction: vomiting   Status: active\nHe had an anaphylactic reaction to cefuroxime.\n",
        &[
            r#"{"type":"allergy","substance":"morphine","reaction":"vomiting"}"#,
            r#"{"type":"allergy","substance":"cefuroxime"}"#,
        ],
        &[
            r#"{"type":"medication","name":"morphine"}"#,
            r#"{"type":"medication","name":"cefuroxime"}"#,
        ],
    );
    check(
        "NKDA except for codeine (N&V)\n",
        &[r#"{"type":"allergy","substance":"codeine","assertion":"present"}"#],
        &[r#"{"type":"allergy","assertion":"absent"}"#],
    );
    check(
        "Allergies: aspirin - wheeze, no latex allergy\n",
        &[
            r#"{"type":"allergy","substance":"aspirin","reaction":"wheeze"}"#,
            r#"{"type":"allergy","substance":"latex","assertion":"absent"}"#,
        ],
        &[],
    );
    check(
        "Ipratropium 500 mcg neb, MgSO4 not required.\n",
        &[r#"{"type":"medication","name":"Ipratropium"}"#],
        &[r#"{"type":"medication","name":"MgSO4"}"#],
    );
}

#[test]
fn several_results_in_a_line() {
    check(
        "Labs: Na 138 | K 5.4 H | Cl-: 101 | Mg 1.4 L\nU&Es: Na 139/K 4.4/Ur 6.1/Cr 77\nCRP 142, U+E normal\n",
        &[
            r#"{"type":"lab","name":"K","value":"5.4","flag":"H"}"#,
            r#"{"type":"lab","name":"Cl","value":"101"}"#,
            r#"{"type":"lab","name":"Mg","value":"1.4","flag":"L"}"#,
            r#"{"type":"lab","name":"Na","value":"139"}"#,
            r#"{"type":"lab","name":"Cr","value":"77"}"#,
        ],
        &[r#"{"type":"lab","name":"CRP","unit":"U"}"#],
    );
    check(
        "Serum iron 4 umol/L (10-30)  TIBC 81 umol/L (45-72)\nHb 72 -> 2 units -> 89\nHold for neutrophils < 1.5\n",
        &[
            r#"{"type":"lab","name":"TIBC","value":"81","range":"45-72"}"#,
            r#"{"type":"lab","name":"Hb","value":"72"}"#,
        ],
        &[
            r#"{"type":"lab","name":"Hb","value":"2"}"#,
            r#"{"type":"lab","name":"neutrophils"}"#,
        ],
    );
}

#[test]
fn stars_bounds_and_days_over_columns() {
    check(
        "Laboratory report\nCholesterol          ( <5.0 mmol/L )       6.1      H\n",
        &[r#"{"type":"lab","name":"Cholesterol","value":"6.1","range":"<5.0","flag":"H"}"#],
        &[],
    );
    check(
        "FULL BLOOD COUNT      17/07/25  10/07/25    Ref\nHb                    109       *98         115-165 g/L\nWBC                   7.7       12.4 H      4.0-11.0 10^9/L\n",
        &[
            r#"{"type":"lab","name":"Hb","value":"98","flag":"Abnormal","date":"2025-07-10"}"#,
            r#"{"type":"lab","name":"WBC","value":"12.4","flag":"H","date":"2025-07-10"}"#,
        ],
        &[
            r#"{"type":"lab","name":"Hb","value":"109","flag":"Abnormal"}"#,
            r#"{"type":"lab","name":"WBC","value":"7.7","flag":"H"}"#,
        ],
    );
    check(
        "Results Nov 2025\n              03/11    05/11    Units\nPotassium     5.9      5.2      mmol/L\nUrea          18.2     14.0     mmol/L\n",
        &[
            r#"{"type":"lab","name":"Potassium","value":"5.2","unit":"mmol/L","date":"05/11"}"#,
            r#"{"type":"lab","name":"Urea","value":"18.2","unit":"mmol/L","date":"03/11"}"#,
        ],
        &[],
    );
    check(
        "Sample taken   24.03.2025   Reported   25.03.2025\nFerritin   6   ug/L   L   13 - 150\n",
        &[r#"{"type":"lab","name":"Ferritin","value":"6","flag":"L"}"#],
        &[r#"{"type":"lab","name":"Ferritin","date":"2025-03-24"}"#],
    );
}

#[test]
fn short_names_need_an_amount() {
    check(
        "Plan: mero 1 g TDS, gent 360 mg stat. MTX 20 mg weekly.\n",
        &[
            r#"{"type":"medication","name":"mero","strength":"1 g","frequency":"TDS"}"#,
            r#"{"type":"medication","name":"gent","strength":"360 mg"}"#,
            r#"{"type":"medication","name":"MTX","strength":"20 mg","frequency":"weekly"}"#,
        ],
        &[],
    );
    check(
        "An old gent with a dex of charm.\n",
        &[],
        &[
            r#"{"type":"medication","name":"gent"}"#,
            r#"{"type":"medication","name":"dex"}"#,
        ],
    );
}

#[test]
fn lists_of_problems_hold_no_dates_and_no_drugs() {
    check(
        "Problem list\n03/2011   Essential hypertension   Active\nDiagnosis: Achilles tendinopathy. Naproxen 500 bd 2/52 with PPI. Consider physio\n",
        &[
            r#"{"type":"diagnosis","text":"Essential hypertension"}"#,
            r#"{"type":"diagnosis","text":"Achilles tendinopathy"}"#,
        ],
        &[
            r#"{"type":"diagnosis","text":"Naproxen 500 bd 2/52 with PPI"}"#,
            r#"{"type":"diagnosis","text":"Consider physio"}"#,
        ],
    );
}
