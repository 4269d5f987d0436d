//! Laboratory results in tables and sentences whose form differs from the usual one, written for this test.

mod support;

use support::check;

#[test]
fn the_result_comes_before_the_test() {
    check(
        "RESULT     TEST          UNITS      REFERENCE\n3.1 L      Potassium     mmol/L     3.5-5.1\n142        Sodium        mmol/L     136-145\n",
        &[
            r#"{"type":"lab","name":"Potassium","value":"3.1","unit":"mmol/L","range":"3.5-5.1","flag":"L"}"#,
            r#"{"type":"lab","name":"Sodium","value":"142","unit":"mmol/L","needs_review":false}"#,
        ],
        &[r#"{"type":"lab","value":"136-145"}"#],
    );
}

#[test]
fn dates_over_columns_behind_a_label_and_units_before_values() {
    check(
        "Date:         12/01/25    19/02/25\nTime:         08:10       08:25\nSodium        138         139 H       (135-145) mmol/L\n\
         Platelets 10*9/L  (150-400)  121 L  188\nCRP mg/L  (<5)  164 H  88 H\n",
        &[
            r#"{"type":"lab","name":"Sodium","value":"138","date":"2025-01-12","unit":"mmol/L"}"#,
            r#"{"type":"lab","name":"Platelets","value":"121","date":"2025-01-12","unit":"10*9/L","flag":"L"}"#,
            r#"{"type":"lab","name":"CRP","value":"88","date":"2025-02-19","unit":"mg/L","range":"<5","flag":"H"}"#,
        ],
        &[
            r#"{"type":"lab","value":"10"}"#,
            r#"{"type":"lab","value":"<5"}"#,
        ],
    );
}

#[test]
fn powers_and_units_of_other_countries() {
    check(
        "Test             Result     Unit          Ref. range\nPlatelets     L  121   10~9/L   (150 - 400)\nHaemoglobin      12,8       g/dL          12,0 - 16,0\n\
         Platelet count   1.32 (L)   lakhs/cu.mm   1.5 - 4.1\nESR              48 (H)     mm/1st hr     0 - 15\n",
        &[
            r#"{"type":"lab","name":"Platelets","value":"121","unit":"10~9/L","flag":"L","needs_review":false}"#,
            r#"{"type":"lab","name":"Haemoglobin","value":"12,8","unit":"g/dL","range":"12,0 - 16,0","needs_review":true}"#,
            r#"{"type":"lab","name":"Platelet count","value":"1.32","unit":"lakhs/cu.mm","flag":"L"}"#,
            r#"{"type":"lab","name":"ESR","value":"48","unit":"mm/1st hr","flag":"H","needs_review":false}"#,
        ],
        &[],
    );
}

#[test]
fn former_and_later_values_in_sentences() {
    check(
        "Clinic note. BNP 1,842 pg/mL, Cr 1.9 mg/dL (baseline 1.2), K 3.4. CRP 188 -> 74. Cr 1.3 at discharge.\n",
        &[
            r#"{"type":"lab","name":"Cr","value":"1.9"}"#,
            r#"{"type":"lab","name":"Cr","value":"1.2"}"#,
            r#"{"type":"lab","name":"K","value":"3.4"}"#,
            r#"{"type":"lab","name":"CRP","value":"74"}"#,
            r#"{"type":"lab","name":"Cr","value":"1.3"}"#,
        ],
        &[],
    );
}

#[test]
fn results_that_are_words_in_sentences() {
    check(
        "Urine dip: glucose negative, blood 1+, nitrite positive. H. pylori serology negative. MRSA screen: not detected\n",
        &[
            r#"{"type":"lab","name":"glucose","value":"negative"}"#,
            r#"{"type":"lab","name":"blood","value":"1+"}"#,
            r#"{"type":"lab","name":"nitrite","value":"positive"}"#,
            r#"{"type":"lab","name":"H. pylori serology","value":"negative"}"#,
            r#"{"type":"lab","name":"MRSA screen","value":"not detected"}"#,
        ],
        &[],
    );
}

#[test]
fn results_below_a_list_of_drugs() {
    check(
        "Current medication\nCandesartan 16 mg od, furosemide 80 mg mane\nToday: BP 138/74, creatinine 246 umol/L, eGFR 19, bicarbonate 19\n",
        &[
            r#"{"type":"lab","name":"creatinine","value":"246","unit":"umol/L"}"#,
            r#"{"type":"lab","name":"bicarbonate","value":"19"}"#,
            r#"{"type":"medication","name":"Candesartan","strength":"16 mg","frequency":"od"}"#,
        ],
        &[r#"{"type":"lab","value":"16"}"#],
    );
}

#[test]
fn results_over_the_end_of_a_line_and_with_two_moments() {
    check(
        "He came back to the ward after two days of vomiting at home. Potassium\nwas 2.9 on arrival and 4.1 at discharge. We saw his daughter. Since spring his urea\n         has gone from 9.2 mmol/L on 03/04/2024 to 14.8 mmol/L on 21/09/2024. He was transfused two units of\nred cells, 88 g/L afterwards, and we will look again at the sodium and the urea\n         2 weeks from now. Magnesium 0.6 mmol/L (L), calcium 2.2 mmol/L.\n",
        &[
            r#"{"type":"lab","name":"Potassium","value":"2.9"}"#,
            r#"{"type":"lab","name":"Potassium","value":"4.1"}"#,
            r#"{"type":"lab","name":"urea","value":"9.2","unit":"mmol/L","assertion":"historical"}"#,
            r#"{"type":"lab","name":"urea","value":"14.8","unit":"mmol/L"}"#,
            r#"{"type":"lab","name":"Magnesium","value":"0.6","unit":"mmol/L","flag":"L"}"#,
        ],
        &[
            r#"{"type":"lab","value":"88"}"#,
            r#"{"type":"lab","value":"2"}"#,
            r#"{"type":"medication","name":"Magnesium"}"#,
        ],
    );
}

#[test]
fn words_that_say_what_was_seen_and_where() {
    check(
        "LABORATORY REPORT\nUrine ketones          Present (++)      Absent\nCasts            Waxy casts seen       Nil\nHb genotype      SC\n\
         Malaria parasite          Seen (+)\nUrine alb        2+\nTherapeutic INR 2.0 - 3.0 (AF) / 2.5 - 3.5 (valves)\n",
        &[
            r#"{"type":"lab","name":"Urine ketones","value":"Present (++)","range":"Absent"}"#,
            r#"{"type":"lab","name":"Casts","value":"Waxy casts seen","range":"Nil"}"#,
            r#"{"type":"lab","name":"Hb genotype","value":"SC"}"#,
            r#"{"type":"lab","name":"Malaria parasite","value":"Seen (+)"}"#,
            r#"{"type":"lab","name":"Urine alb","value":"2+"}"#,
        ],
        &[r#"{"type":"lab","value":"2.0 - 3.0"}"#],
    );
}

#[test]
fn dashes_between_tabs_below_dates_are_no_range() {
    check(
        "Analyte\tUnits\tRange\t13/01/25\t20/01/25\t27/01/25\nSodium\tmmol/L\t133-146\t138\t-\t141\nPotassium\tmmol/L\t3.5-5.3\t4.4\t4.0\tn/a\n",
        &[
            r#"{"type":"lab","name":"Sodium","value":"138","range":"133-146","date":"2025-01-13"}"#,
            r#"{"type":"lab","name":"Sodium","value":"141","range":"133-146","date":"2025-01-27"}"#,
            r#"{"type":"lab","name":"Potassium","value":"4.4","unit":"mmol/L","date":"2025-01-13"}"#,
            r#"{"type":"lab","name":"Potassium","value":"4.0","unit":"mmol/L","date":"2025-01-20"}"#,
        ],
        &[r#"{"type":"lab","value":"133-146"}"#],
    );
}
