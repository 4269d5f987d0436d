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

#[test]
fn discharges_and_claims_of_other_countries() {
    check(
        "DISCHARGE CARD\nName : Mr. ARJUN MENON        IP No. : IP/24/00817\nD.O.A. : 02.12.2024     D.O.D. : 05.12.2024\n\
         INVESTIGATIONS  :  HIV - NR       HBsAg - NR\nADVICE ON DISCHARGE\n  T. Cefixime 200 mg          1--0--1     5 days\n\
         \x20 T. Aceclofenac + PCM        1--1--1     3 days\nDischarged by: Dr S Pillay\n",
        &[
            r#"{"type":"medication","name":"Cefixime","strength":"200 mg","frequency":"1--0--1","frequency_norm":"twice daily","duration":"5 days"}"#,
            r#"{"type":"medication","name":"Aceclofenac + PCM","frequency":"1--1--1","frequency_norm":"three times daily","needs_review":true}"#,
            r#"{"type":"lab","name":"HIV","value":"NR"}"#,
            r#"{"type":"person","role":"attending","name":"S Pillay"}"#,
        ],
        &[],
    );
    check(
        "INPATIENT DISCHARGE SUMMARY\nPatient Name : ONG SIEW BEE     D.O.B.     29/04/1964\n\
         Visit        : 12/08/2024 to 18/08/2024\n",
        &[
            r#"{"type":"date","role":"admission","iso":"2024-08-12"}"#,
            r#"{"type":"date","role":"discharge","iso":"2024-08-18"}"#,
        ],
        &[r#"{"type":"date","role":"service"}"#],
    );
    check(
        "HEALTH FUND            STATEMENT OF BENEFIT\nMember: Mrs Lorna Whitby      Licence no. 000\nClaimant: Mr Neil Whitby\n\
         Provider         Item     Service date    Charge     Fund\n------------------------------------------------\n\
         Dr T Okimoto     105      08/01/2024       98.00     38.75\n(cardiologist)\nDr T Okimoto     116      15/01/2024       60.00     27.05\n\
         Invoice date  02/02/2024\n19/01/2024   -     Wound check          45.00\n",
        &[
            r#"{"type":"person","role":"insured","name":"Lorna Whitby"}"#,
            r#"{"type":"person","role":"patient","name":"Neil Whitby"}"#,
            r#"{"type":"date","role":"service","iso":"2024-01-08"}"#,
            r#"{"type":"date","role":"service","iso":"2024-01-15"}"#,
            r#"{"type":"date","role":"service","iso":"2024-01-19"}"#,
            r#"{"type":"date","role":"other","iso":"2024-02-02"}"#,
        ],
        &[r#"{"type":"id","value":"000"}"#],
    );
    check(
        "OUT-PATIENT CLAIM FORM\nEnrollee: Ms Hauwa Garba\n Diagnosis                         ICD-10\n   Acute cystitis                  N30.0\n\
         \x20Services      CPT        Tooth     Gross\n   consult     99203                150.00\n Dosage / duration\n",
        &[
            r#"{"type":"person","role":"patient","name":"Hauwa Garba"}"#,
            r#"{"type":"diagnosis","text":"Acute cystitis","code":"N30.0"}"#,
        ],
        &[
            r#"{"type":"diagnosis","text":"Tooth"}"#,
            r#"{"type":"diagnosis","text":"Dosage / duration"}"#,
        ],
    );
    check(
        "Dr. Sorcha Ni Bhriain                                        13 Sept 2023\nThe Square\n\n\
         Re: Eoghan Walsh, DOB 5 Jan 1971\n\nDear Dr. Ni Bhriain,\nHe was seen with gout.\n",
        &[r#"{"type":"person","role":"recipient","name":"Sorcha Ni Bhriain"}"#],
        &[],
    );
}

#[test]
fn forms_of_orders_pads_and_visits() {
    check(
        "PHYSICIAN MEDICATION ORDERS\nOKONJO, AHMED M\nMRN 93608263\tAcct V554284945\n\
         Ordering physician\tPrint name ROLAND M. ESTRADA, MD\tDate signed 07/07/23\nNoted by RN\tPrint name WENDELL RAMSEY\tTime noted 708\n",
        &[
            r#"{"type":"person","role":"patient","name":"OKONJO, AHMED M"}"#,
            r#"{"type":"person","role":"ordering","name":"ROLAND M. ESTRADA"}"#,
            r#"{"type":"person","role":"other","name":"WENDELL RAMSEY"}"#,
        ],
        &[],
    );
    check(
        "Leonard Frost, M.D.\tLic. ME 600444\tDEA FF2945890\nFor Rosalind Tilney\tDate 8/26/25\nRx\nLisinopril 10 mg tabs\nSig: | tab po qd\n",
        &[
            r#"{"type":"person","role":"patient","name":"Rosalind Tilney"}"#,
            r#"{"type":"medication","name":"Lisinopril","dose":"| tab","needs_review":true}"#,
        ],
        &[],
    );
    check(
        "PATIENT\tBAUTISTA, BEATRIZ\tMRN\t21237165\nEXAM DATE 06/13/2025\tREFERRING Leticia Delgado, MD\nEXAM\tCT CHEST\n",
        &[r#"{"type":"person","role":"referring","name":"Leticia Delgado"}"#],
        &[r#"{"type":"person","role":"patient","name":"Leticia Delgado"}"#],
    );
    check(
        "Allergies\nNaproxen (rash), Peanuts (anaphylaxis)\nYour medication list\nStatus\tMedication\tAmount\tHow\tWhen\n\
         NEW\tAtorvastatin 80 mg\t1 tablet\tby mouth\tonce a day\nAppointments\nOct 18, 2024 - Nadine G. Ashby, MD, Primary Care\n",
        &[
            r#"{"type":"allergy","substance":"Peanuts","reaction":"anaphylaxis"}"#,
            r#"{"type":"date","role":"follow_up","iso":"2024-10-18"}"#,
            r#"{"type":"person","role":"follow_up_provider","name":"Nadine G. Ashby"}"#,
        ],
        &[
            r#"{"type":"allergy","substance":"Status"}"#,
            r#"{"type":"allergy","substance":"Your medication list"}"#,
        ],
    );
    check(
        "Diagnoses\nPrimary: Fractured neck of right femur\nSecondary: Lower respiratory tract infection\n",
        &[
            r#"{"type":"diagnosis","text":"Fractured neck of right femur"}"#,
            r#"{"type":"diagnosis","text":"Lower respiratory tract infection"}"#,
        ],
        &[],
    );
    check(
        "Northern Pathology\nABN 10 138 908 463 Ph 1300 924 470\n67 PRINCIPAL DX\nE03.9 Hypothyroidism, unspecified\n",
        &[r#"{"type":"diagnosis","text":"Hypothyroidism, unspecified","code":"E03.9"}"#],
        &[r#"{"type":"lab","name":"Ph"}"#],
    );
    check(
        "Completed by: Dr Margaret Penrose, Foundation Doctor GMC: 3162373 Date: 28 Dec 2023\nFollow-up arranged. Dr. Nadine T. Mellor on 2024-01-20.\n",
        &[
            r#"{"type":"date","role":"signed","iso":"2023-12-28"}"#,
            r#"{"type":"person","role":"follow_up_provider","name":"Nadine T. Mellor"}"#,
        ],
        &[],
    );
}

/// A row of a page's table has a tab for each cell, an empty one too.
#[test]
fn a_reference_is_no_result_where_none_was_read() {
    check(
        "LABORATORY REPORT\nTEST\tRESULT\tUNIT\tREFERENCE\tFLAG\nGlucose\tNeg\t\tNeg\nKetones\t\t\tNeg\nBlood\t2+\t\tNeg\n\
         Troponin T, High Sens\t11\tng/L\t<14\n",
        &[
            r#"{"type":"lab","name":"Glucose","value":"Neg","needs_review":false}"#,
            r#"{"type":"lab","name":"Ketones","value":"Neg","needs_review":true}"#,
            r#"{"type":"lab","name":"Troponin T, High Sens","value":"11","unit":"ng/L","range":"<14"}"#,
        ],
        &[],
    );
}
