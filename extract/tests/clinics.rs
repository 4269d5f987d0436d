//! Facts of clinics, wards and prescriptions of several countries, in forms that the other tests do not have, written
//! for this test.

mod support;

use support::check;

#[test]
fn forms_before_names_and_strengths_without_units() {
    check(
        "Dr. P. K. Bose  MBBS\nMr. Ranjit Sen   52/M        14.02.2025\nAdv.\nT. Concor 2.5  1 OD\nTab. Glycomet GP 2  1 BD before food\n\
         Inj. Zolvexa 2 ml IM stat\nSeretide 250 two puffs bd\nT. Crocin 1 TDS\nR/A 01.03.2025\n",
        &[
            r#"{"type":"medication","name":"Concor","strength":"2.5","frequency":"OD","needs_review":true}"#,
            r#"{"type":"medication","name":"Glycomet GP 2","dose":"1","frequency":"BD before food"}"#,
            r#"{"type":"medication","name":"Zolvexa","dose":"2 ml","needs_review":true}"#,
            r#"{"type":"medication","name":"Seretide","strength":"250","dose":"two puffs","needs_review":true}"#,
            r#"{"type":"person","role":"patient","name":"Ranjit Sen"}"#,
            r#"{"type":"date","role":"prescribed","iso":"2025-02-14"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2025-03-01"}"#,
        ],
        &[r#"{"type":"medication","name":"Crocin","strength":"1"}"#],
    );
}

#[test]
fn columns_of_spaces_are_no_part_of_a_name() {
    check(
        "Medication                      Dose      Route    Frequency\nTamsulosin 0.4 mg cap           1 cap     PO       QHS\n\
         Gabapentin 300 mg cap           1 cap     PO       BID\n",
        &[
            r#"{"type":"medication","name":"Tamsulosin","strength":"0.4 mg","dose":"1 cap","route":"PO","frequency":"QHS"}"#,
            r#"{"type":"medication","name":"Gabapentin","strength":"300 mg","dose":"1 cap","frequency":"BID"}"#,
        ],
        &[],
    );
}

#[test]
fn amounts_of_others_and_of_later_are_no_doses() {
    check(
        "Pulpectomy under lidocaine 2% with epinephrine 1:100,000, 1.8 mL.\n",
        &[r#"{"type":"medication","name":"lidocaine","strength":"2%"}"#],
        &[r#"{"type":"medication","name":"epinephrine","dose":"1.8 mL"}"#],
    );
    check(
        "Ward medication: amiodarone 200 mg tds, reduce to 100 mg od next week\n",
        &[
            r#"{"type":"medication","name":"amiodarone","strength":"200 mg","frequency":"tds","needs_review":true}"#,
        ],
        &[r#"{"type":"medication","name":"amiodarone","dose":"100 mg"}"#],
    );
}

#[test]
fn two_names_of_one_product() {
    check(
        "Discharge medications\nOxycodone MR (Targin) 5/2.5 mg bd\nThyroxine 100 mcg od\n",
        &[
            r#"{"type":"medication","name":"Oxycodone MR","strength":"5/2.5 mg","frequency":"bd"}"#,
            r#"{"type":"medication","name":"Thyroxine","strength":"100 mcg","frequency":"od"}"#,
        ],
        &[r#"{"type":"medication","name":"Targin"}"#],
    );
}

#[test]
fn drugs_that_a_summary_only_names() {
    check(
        "DISCHARGE SUMMARY\nOff noradrenaline since Tuesday and on the heparin infusion. Plan oral step down to co-trimoxazole if sensitive. \
         She does not take naproxen and was advised to avoid ibuprofen.\n",
        &[
            r#"{"type":"medication","name":"noradrenaline"}"#,
            r#"{"type":"medication","name":"heparin"}"#,
            r#"{"type":"medication","name":"co-trimoxazole"}"#,
        ],
        &[r#"{"type":"medication","name":"ibuprofen"}"#],
    );
    check(
        "MICROBIOLOGY REPORT\nSpecimen: urine\nCulture: Escherichia coli\nAmoxicillin   R\nTrimethoprim   S\n",
        &[],
        &[r#"{"type":"medication"}"#],
    );
}

#[test]
fn limits_are_no_results() {
    check(
        "Monitoring: stop and call us if WBC < 3.5, ALT > 100. Bloods 02-Jun-2025: Hb 84, plt 133\n",
        &[
            r#"{"type":"lab","name":"Hb","value":"84"}"#,
            r#"{"type":"lab","name":"plt","value":"133"}"#,
            r#"{"type":"date","role":"collected","iso":"2025-06-02"}"#,
        ],
        &[
            r#"{"type":"lab","value":"3.5"}"#,
            r#"{"type":"lab","value":"100"}"#,
        ],
    );
    check(
        "Results: Troponin < 0.03 ng/mL\n",
        &[],
        &[r#"{"type":"lab","value":"0.03"}"#],
    );
}

#[test]
fn germs_that_no_list_holds() {
    check(
        "Cerebrospinal fluid    Specimen 25-CSF-0419\nEnterovirus PCR   DETECTED\nHSV 1/2 PCR       Not detected\n",
        &[
            r#"{"type":"lab","name":"Enterovirus PCR","value":"DETECTED"}"#,
            r#"{"type":"lab","name":"HSV 1/2 PCR","value":"Not detected"}"#,
        ],
        &[r#"{"type":"lab","name":"PCR"}"#],
    );
    check(
        "LABORATORY REPORT\n S-Ferritin      6 L      13 - 150     ug/L\n",
        &[r#"{"type":"lab","name":"S-Ferritin","value":"6","flag":"L","needs_review":false}"#],
        &[],
    );
}

#[test]
fn who_came_and_went_and_how_old_they_are() {
    check(
        "EMERGENCY DEPARTMENT DISCHARGE LETTER\nAttended: 22-Sep-2025 21:47     Left: 23-Sep-2025 02:15\nSeen by: Dr Tariq Mahmood\n",
        &[
            r#"{"type":"date","role":"admission","iso":"2025-09-22"}"#,
            r#"{"type":"date","role":"discharge","iso":"2025-09-23"}"#,
        ],
        &[],
    );
    check(
        "12-LEAD ECG\nName: Orlando Beckwith      31-Dec-1959 (65 yr)   Male\nRecorded: 18-Nov-2025 10:14\nConfirmed by: Dr. Lisbeth Farquhar\n",
        &[
            r#"{"type":"date","role":"dob","iso":"1959-12-31"}"#,
            r#"{"type":"date","role":"service","iso":"2025-11-18"}"#,
            r#"{"type":"person","role":"authoriser","name":"Lisbeth Farquhar"}"#,
        ],
        &[],
    );
    check(
        "Clinic note, 3 May 2025\nPresent: care co-ordinator Siobhan Treacy; Dr Leopold Varghese, consultant psychiatrist\nMiss Clementine Okonjo FRCOphth\n\
         Reviewed with Dr Ulrich Penney (GP) on the telephone\n",
        &[
            r#"{"type":"person","role":"other","name":"Siobhan Treacy"}"#,
            r#"{"type":"person","role":"attending","name":"Leopold Varghese"}"#,
            r#"{"type":"person","name":"Clementine Okonjo"}"#,
            r#"{"type":"person","role":"primary_care","name":"Ulrich Penney"}"#,
        ],
        &[r#"{"type":"person","name":"Clementine Okonjo FRCOphth"}"#],
    );
    check(
        "EXPLANATION OF BENEFITS\nProvider: Orchard Pediatrics - Samuel Ikande MD\nPatient: Freya Lindqvist\n",
        &[r#"{"type":"person","role":"attending","name":"Samuel Ikande"}"#],
        &[],
    );
}

#[test]
fn diagnoses_below_and_beside_their_heading() {
    check(
        "Diagnosis: Colles' fracture, left\n           Scalp laceration\nBloods: Na 133\n",
        &[
            r#"{"type":"diagnosis","text":"Colles' fracture, left"}"#,
            r#"{"type":"diagnosis","text":"Scalp laceration"}"#,
        ],
        &[],
    );
    check(
        "Diagnosis code J02.0 - Streptococcal pharyngitis\nDiagnosis       D22.5 Melanocytic nevi of trunk\n",
        &[
            r#"{"type":"diagnosis","text":"Streptococcal pharyngitis","code":"J02.0"}"#,
            r#"{"type":"diagnosis","text":"Melanocytic nevi of trunk","code":"D22.5"}"#,
        ],
        &[],
    );
    check(
        "S: feels better\nA: 1. Hyperkalemia\n   2. Metabolic acidosis\nP: repeat bloods\nMed hx: allergic to penicillin (anaphylaxis).\n",
        &[
            r#"{"type":"diagnosis","text":"Hyperkalemia"}"#,
            r#"{"type":"diagnosis","text":"Metabolic acidosis"}"#,
            r#"{"type":"allergy","substance":"penicillin","reaction":"anaphylaxis"}"#,
        ],
        &[r#"{"type":"diagnosis","text":"anaphylaxis"}"#],
    );
    check(
        "Summary: treated for E. coli pyelonephritis. Gastroscopy showed a small hiatus hernia.\n",
        &[
            r#"{"type":"diagnosis","text":"E. coli pyelonephritis"}"#,
            r#"{"type":"diagnosis","text":"hiatus hernia"}"#,
        ],
        &[],
    );
}

#[test]
fn labels_of_pharmacies() {
    check(
        "RX# 55512  Date filled 01/02/2025\nTAKE 1 CAPSULE BY MOUTH THREE TIMES DAILY FOR 10 DAYS\nCEFADROXIL 500 MG CAPSULE   QTY 30\nRefills: 0\n",
        &[
            r#"{"type":"medication","name":"CEFADROXIL","strength":"500 MG","dose":"1 CAPSULE","frequency":"THREE TIMES DAILY"}"#,
        ],
        &[],
    );
    check(
        "100ml Lactulose 3.1-3.7g/5ml oral solution\nTake THREE 5ml spoonfuls TWICE a day\n",
        &[
            r#"{"type":"medication","name":"Lactulose","dose":"THREE 5ml spoonfuls","quantity":"100ml"}"#,
        ],
        &[r#"{"type":"medication","dose":"100ml"}"#],
    );
}

#[test]
fn headings_among_drugs_and_what_belongs_to_the_next() {
    check(
        "Discharge medication\nSyringe pump over 24 hours\n  Oxycodone 30 mg\n  Cyclizine 150 mg\nAs required\n  Midazolam 5 mg SC 2 hourly\n",
        &[r#"{"type":"medication","name":"Midazolam","frequency":"2 hourly"}"#],
        &[r#"{"type":"medication","name":"Cyclizine","frequency":"As required"}"#],
    );
    check(
        "Plan: furosemide drip to PO torsemide 40 mg daily\n",
        &[r#"{"type":"medication","name":"torsemide","route":"PO"}"#],
        &[r#"{"type":"medication","name":"furosemide","route":"PO"}"#],
    );
    check(
        "Medication: lanthanum 750 mg x 2 with meals; Lantus insulin 24 units nocte; Panadol Osteo 665mg 2 tds\n",
        &[
            r#"{"type":"medication","name":"lanthanum","needs_review":true}"#,
            r#"{"type":"medication","name":"Lantus","dose":"24 units"}"#,
            r#"{"type":"medication","name":"Panadol Osteo","strength":"665mg","dose":"2"}"#,
        ],
        &[],
    );
}

#[test]
fn numbers_of_sigs_are_read_whole() {
    check(
        "Medication\nTorasemide 10 mg 1-1/2-0-0\nOmeprazole 40 mg once daily long term\nTab Montek LC 10 mg  0-0-1 x 10 days\n",
        &[
            r#"{"type":"medication","name":"Torasemide","frequency":"1-1/2-0-0"}"#,
            r#"{"type":"medication","name":"Omeprazole","frequency":"once daily"}"#,
            r#"{"type":"medication","name":"Montek LC","frequency":"0-0-1"}"#,
        ],
        &[
            r#"{"type":"medication","frequency":"2-0-0"}"#,
            r#"{"type":"medication","dose":"long"}"#,
            r#"{"type":"lab"}"#,
        ],
    );
}

#[test]
fn results_with_flags_in_brackets_and_bars() {
    check(
        "Bloods: Hb 98 (L) MCV 74 (L) | K 5.9 mmol/L | PO4 1.8 mmol/L\nUrea            12.4  *H    mmol/L     2.5 - 7.8\n",
        &[
            r#"{"type":"lab","name":"Hb","value":"98","flag":"L"}"#,
            r#"{"type":"lab","name":"K","value":"5.9","unit":"mmol/L"}"#,
            r#"{"type":"lab","name":"PO4","value":"1.8"}"#,
            r#"{"type":"lab","name":"Urea","value":"12.4","flag":"H"}"#,
        ],
        &[],
    );
    check(
        "Appearance        clear, colourless\nProtein   0.71  g/L  (0.15 - 0.45)  H\nGlucose   3.2   mmol/L   (2.2 - 3.9)\nRBC   3  x10^6/L\n",
        &[r#"{"type":"lab","name":"Appearance","value":"clear, colourless"}"#],
        &[r#"{"type":"lab","range":"colourless"}"#],
    );
}

#[test]
fn a_number_of_the_hospital_denies_nothing() {
    check(
        "Pt Leocadia Brannigan  54F  hosp no 2201-884  transferred from the unit downstairs\n1 Septic shock, resolved\n2 New onset diabetes\n",
        &[r#"{"type":"diagnosis","text":"Septic shock","assertion":"present"}"#],
        &[],
    );
}

#[test]
fn what_stands_beside_a_drug_is_not_taken_for_its_own() {
    // The next drug of the line, which no list knows, begins with its form.
    check(
        "CLINIC NOTE\nShe takes Tab Losartan 50 mg OD, Tab Zorbamine 5 mg BD and Cap Omeprazole 20 mg OD\n",
        &[
            r#"{"type":"medication","name":"Losartan","strength":"50 mg","frequency":"OD"}"#,
            r#"{"type":"medication","name":"Zorbamine","strength":"5 mg","frequency":"BD","needs_review":true}"#,
        ],
        &[r#"{"type":"medication","name":"Losartan","dose":"5 mg"}"#],
    );
    // Initials of nurses.
    check(
        "MEDICATION CHART\nIpratropium 500 micrograms NEB QDS\t01/02/2026\tHB\t08:00 KT\tPO JM\n12:00 KT\tPO JM\n",
        &[r#"{"type":"medication","name":"Ipratropium","route":"NEB","frequency":"QDS"}"#],
        &[],
    );
    check(
        "MEDICATION CHART\nOndansetron 4 mg 8 hourly PRN\t01/02/2026\tHB\t08:00 KT\tPO JM\n",
        &[r#"{"type":"medication","name":"Ondansetron","strength":"4 mg"}"#],
        &[r#"{"type":"medication","route":"PO"}"#],
    );
    // How long it still goes on.
    check(
        "Medication\nPrednisolone 20 mg OM - 3 more days then stop\n",
        &[r#"{"type":"medication","name":"Prednisolone","strength":"20 mg","frequency":"OM"}"#],
        &[r#"{"type":"medication","dose":"3"}"#],
    );
    // Directions of two labels in one line.
    check(
        "PREDNISOLONE 5 mg TAB   28\nTake ONE capsule at night        Take SIX tablets in the morning\n",
        &[r#"{"type":"medication","name":"PREDNISOLONE","needs_review":true}"#],
        &[],
    );
    check(
        "Stopped: Diltiazem 120 mg. Please recheck potassium on 27.02.2026.\n",
        &[r#"{"type":"medication","name":"Diltiazem","status":"stopped"}"#],
        &[r#"{"type":"medication","name":"potassium"}"#],
    );
}

#[test]
fn brands_in_brackets_shares_of_insulins_and_signs_of_change() {
    check(
        "Medication\nBUDESONIDE 64 MCG NASAL SPRAY (Rhinocort)   1 spray   Twice a day\nSalbutamol 100 mcg inhaler CFC free (Ventolin)  2 puffs when required\n\
         Humulin 70/30 (100 IU/ml)   16 units BD\n(-) Naproxen\n(+) Losartan 50 mg/tab, 1 tab OD\n",
        &[
            r#"{"type":"medication","name":"BUDESONIDE","strength":"64 MCG","dose":"1 spray","frequency":"Twice a day"}"#,
            r#"{"type":"medication","name":"Salbutamol","dose":"2 puffs"}"#,
            r#"{"type":"medication","name":"Humulin 70/30","strength":"100 IU/ml","dose":"16 units","frequency":"BD"}"#,
            r#"{"type":"medication","name":"Naproxen","status":"stopped"}"#,
            r#"{"type":"medication","name":"Losartan","strength":"50 mg","form":"tab","dose":"1 tab","status":"started"}"#,
        ],
        &[
            r#"{"type":"medication","name":"Rhinocort"}"#,
            r#"{"type":"medication","name":"Ventolin"}"#,
        ],
    );
    check(
        "DISCHARGE MEDICATIONS: DILTIAZEM CD 120 MG P.O. DAILY, AND APIXABAN 5 MG P.O. TWICE DAILY.\n",
        &[r#"{"type":"medication","name":"APIXABAN","route":"P.O.","frequency":"TWICE DAILY"}"#],
        &[],
    );
    check(
        "#1 Type 2 diabetes - start dapagliflozin 10 mg po daily\n#2 Hypertension - continue losartan 50 mg po daily\n",
        &[r#"{"type":"medication","name":"dapagliflozin","frequency":"daily"}"#],
        &[r#"{"type":"medication","quantity":"2"}"#],
    );
}
