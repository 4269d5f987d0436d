use std::collections::HashSet;

use schemas::{Confidence, Entity};

use super::{Dates, Deidentifier, Secret};
use crate::probe::entities;

fn secret() -> Secret {
    Secret::new([3; 32])
}

fn after(text: &str, dates: Dates) -> (Deidentifier, String) {
    let mut to = Deidentifier::new(&secret(), "patient 1", dates);
    to.know(&entities(text));
    let done = to.replace(text).text;
    (to, done)
}

const LETTER: &str = "Alder Creek Medical Center\n12 Elm Street, Millrace, OH 44999\nTel. (261) 555-0123  Fax (261) 555-0199\n\
    Prescriber: Pradeep J. Bellweather, MD  NPI 1313310255\nPatient: Priya Whitcombe\tDOB: 15-Jul-1977\n\
    MRN: E236801\nDate: 20-Apr-2023\nHydroxyzine 25 mg tablet\nTake 2 tablets orally every 8 hours for 28 days\n\
    Ms Whitcombe will see Dr. Bellweather on 18-May-2023. Her daughter Ilse Varga may call 261-555-0177.";

#[test]
fn identifiers_go_and_come_back_and_values_stay() {
    let (to, done) = after(LETTER, Dates::Shifted);
    for gone in [
        "Alder Creek",
        "Elm",
        "Millrace",
        "44999",
        "555",
        "Bellweather",
        "Pradeep",
        "1313310255",
        "Priya",
        "Whitcombe",
        "15-Jul-1977",
        "20-Apr-2023",
        "18-May-2023",
        "E236801",
        "Varga",
    ] {
        assert!(!done.contains(gone), "{gone} in {done}");
    }
    for stays in [
        "Hydroxyzine 25 mg tablet\nTake 2 tablets orally every 8 hours for 28 days",
        ", OH [ZIP-449]",
        "[FAX-1]",
    ] {
        assert!(done.contains(stays), "{stays} not in {done}");
    }
    assert_eq!(done.matches("[PATIENT-1]").count(), 2, "{done}");
    assert_eq!(done.matches("[PRESCRIBER-1]").count(), 2, "{done}");
    assert_eq!(done.lines().count(), LETTER.lines().count());
    let back = to.restore(&done);
    for line in [
        "15-Jul-1977",
        "20-Apr-2023",
        "Fax (261) 555-0199",
        "E236801",
    ] {
        assert!(back.contains(line), "{line} not in {back}");
    }
    let said = to.restore("PATIENT-1 sees [PRESCRIBER-1] [1]; [PATIENT-9] is nobody.");
    assert_eq!(
        said,
        "Priya Whitcombe sees Pradeep J. Bellweather [1]; [PATIENT-9] is nobody."
    );
}

#[test]
fn moved_dates_keep_their_distance_and_come_back_in_any_form() {
    let (to, done) = after("Date: 20-Apr-2023\nReview on 18-May-2023.", Dates::Shifted);
    let days: Vec<jiff::civil::Date> = crate::dates::find(&done)
        .iter()
        .map(|date| date.day(to.style, false).unwrap())
        .collect();
    assert_eq!((days[1] - days[0]).get_days(), 28);
    let told = format!("On {} it is due.", days[1].strftime("%B %-d, %Y"));
    assert_eq!(to.restore(&told), "On May 18, 2023 it is due.");
}

#[test]
fn safe_harbor_leaves_the_year_alone() {
    let (_, done) = after(LETTER, Dates::Years);
    assert!(
        done.contains("DOB: 1977") && done.contains("Date: 2023"),
        "{done}"
    );
    let old = "DOB: 01/02/1931\nDate: 03/04/2024\nThis 93 year old man takes 95 mg for 90 days.";
    let (_, done) = after(old, Dates::Years);
    assert!(!done.contains("1931"), "{done}");
    assert!(
        done.ends_with("This [OVER-EIGHTY-NINE-1] year old man takes 95 mg for 90 days."),
        "{done}"
    );
}

#[test]
fn each_of_the_kinds_that_rules_know() {
    let mut to = Deidentifier::new(&secret(), "d", Dates::Shifted);
    for (text, want) in [
        ("call 01632 960070 today", "call [PHONE-1] today"),
        ("Tel: +44 1632 960071", "Tel: [PHONE-2]"),
        ("SSN 229-63-5341", "SSN [SSN-1]"),
        ("write to a.b@mail.example.org.", "write to [EMAIL-1]."),
        ("see https://example.org/p?id=3 now", "see [URL-1] now"),
        ("from 192.168.10.4", "from [IP-1]"),
        ("MRN# 00-3381", "MRN# [MRN-1]"),
        ("Policy no. WHC46575144", "Policy no. [MEMBER-1]"),
        ("Account: 0450-65390", "Account: [ACCOUNT-1]"),
        (
            "Pacemaker serial no. PJN449120S",
            "Pacemaker serial no. [DEVICE-1]",
        ),
        ("VIN 1HGCM82633A004352", "VIN [VEHICLE-1]"),
        ("plate: KX 4411", "plate: [VEHICLE-2]"),
        (
            "64 Mill Lane, Bury, ZN6 8HH",
            "[ADDRESS-1], [TOWN-1], [POSTCODE-1]",
        ),
        ("Bury is in the north", "[TOWN-1] is in the north"),
        ("Eastport, VT 05901", "[TOWN-2], VT [ZIP-059]"),
        ("Basin, WY 82101", "[TOWN-3], WY [ZIP-000-2]"),
        ("since June 2021", "since [DATE-1]"),
        (
            "Date 04h0/2026, then 01101/23",
            "Date [DATE-2], then [DATE-3]",
        ),
        (
            "258 Brad Tunnel, Hemlow, NV 89101",
            "[ADDRESS-2], [TOWN-4], NV [ZIP-891]",
        ),
        (
            "ADDRESS (No., Street)\n3438 Jackson Crossing\n4. NAME",
            "ADDRESS (No., Street)\n[ADDRESS-3]\n4. NAME",
        ),
        ("specimen 7734412", "specimen [ID-1]"),
        ("Sample M.9059389.K", "Sample [ID-2]"),
        ("Keystone Biochemistry", "[ORGANISATION-1]"),
    ] {
        let want = want.replace("[ZIP-059]", "[ZIP-000]");
        assert_eq!(to.replace(text).text, want, "{text}");
    }
}

#[test]
fn what_a_clinician_acts_on_is_untouched() {
    for text in [
        "Penicillin G 1200000 units IM once",
        "BP 120/80 on 1/2 tablet of amlodipine 5-10 mg",
        "Methotrexate 10 mg once a week; Vitamin K1 2MG; insulin 5-10-5 units",
        "TSH 1.55 mIU/L 0.40 to 4.50, Vitamin B12 558 pg/mL, CA 19-9 37 U/mL",
        "NDC 00093005801, SNOMED CT 271649006",
        "Hydrocodone/APAP 5/325 mg q4-6h prn, max 8/day",
        "Platelets 298 10^9/L 150 to 400; viral load 1500000 copies/mL",
        "ICD-10 S72.001A, J18.9; CPT 99213",
        "Type 2 diabetes; Parkinson disease; Addison disease",
        "Chest CT, 12 Lead ECG, 2 View CT",
        "SpO2 95% on 2 L; weight 92 kg; 90 days; HR 101",
        "Take 2 tablets orally every 8 hours for 28 days, refill x 4",
        "Call for fever over 101 F, or 98.6 F for 92 hours",
        "Titrate 5-10-20 mg",
    ] {
        let mut to = Deidentifier::new(&secret(), "d", Dates::Shifted);
        to.know(&entities(text));
        assert_eq!(to.replace(text).text, text);
        let mut knows_nothing = Deidentifier::new(&secret(), "d", Dates::Shifted);
        assert_eq!(knows_nothing.replace(text).text, text);
    }
}

#[test]
fn a_name_that_is_also_a_drug_or_a_unit_leaves_the_drug() {
    let text = "Patient: Allegra Day\nAllegra 180 mg once a day\nAllegra Day was seen.";
    let (_, done) = after(text, Dates::Shifted);
    assert!(done.contains("180 mg once a day"), "{done}");
    assert!(done.ends_with("[PATIENT-1] was seen."), "{done}");
}

#[test]
fn rows_of_a_table_name_nobody() {
    let all = entities(LETTER);
    let mut to = Deidentifier::new(&secret(), "p", Dates::Shifted);
    to.know(&all);
    let rows: Vec<Entity> = all.iter().map(|entity| to.entity(entity)).collect();
    let json = serde_json::to_string(&rows).unwrap();
    for gone in [
        "Whitcombe",
        "Bellweather",
        "1313310255",
        "Alder",
        "2023-04-20",
    ] {
        assert!(!json.contains(gone), "{gone} in {json}");
    }
    assert!(
        json.contains("\"25 mg\"") && json.contains("Hydroxyzine"),
        "{json}"
    );
    let kinds: HashSet<_> = rows
        .iter()
        .map(|row| std::mem::discriminant(&row.fact))
        .collect();
    assert!(kinds.len() > 4, "the letter has all kinds");
    let unread = Entity {
        text: "Quuxley".into(),
        confidence: Confidence::new(0.5),
        ..all
            .iter()
            .find(|entity| super::people::is_patient(entity))
            .unwrap()
            .clone()
    };
    assert!(!to.entity(&unread).text.contains("Quuxley"));
}

#[test]
fn questions_hide_who_no_document_names() {
    let (mut to, _) = after(LETTER, Dates::Shifted);
    let says = |word: &str| word == "hydroxyzine";
    let question = "Does whitcombe take Hydroxyzine like Kowalski since 20-Apr-2023?";
    let asked = to.question(question, &says).text;
    assert!(
        asked.starts_with("Does [PATIENT-1] take Hydroxyzine like [PERSON-"),
        "{asked}"
    );
    assert!(!asked.contains("20-Apr"), "{asked}");
    assert_eq!(
        to.restore(&asked),
        question.replace("whitcombe", "Priya Whitcombe")
    );
}
