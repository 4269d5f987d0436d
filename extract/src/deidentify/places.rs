//! Places smaller than a state: streets, towns, postcodes. A state stays; of a ZIP code its first three digits stay,
//! as 000 where fewer than 20,000 people live in them.

use std::sync::LazyLock;

use regex::Regex;
use schemas::OrgRole as Role;

use super::{By, Found, table::Table};
use crate::layout::Span;

pub(crate) const TOWN: &str = "TOWN";

/// Three-digit ZIP codes with 20,000 people or fewer, by the census of 2000: 45 CFR 164.514(b)(2)(i)(B) as the
/// guidance of the Department of Health and Human Services of November 26, 2012 lists them.
const SPARSE: [&str; 17] = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878",
    "879", "884", "890", "893",
];

pub(crate) fn label(role: Option<Role>) -> &'static str {
    match role {
        Some(Role::Facility) => "FACILITY",
        Some(Role::Laboratory) => "LABORATORY",
        Some(Role::Insurer) => "INSURER",
        Some(Role::Provider) => "PROVIDER",
        Some(Role::Pharmacy) => "PHARMACY",
        None => "ORGANISATION",
    }
}

const STATE: &str = "(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])";
/// The last two letters are never C, I, K, M, O or V: `2MG` and `5ML` are none.
const POSTCODE: &str = "[A-Z]{1,2}[0-9][0-9A-Z]?[ ]?[0-9][ABD-HJLNP-UW-Z]{2}";
const CAPITALISED: &str = r"\p{Lu}[\p{L}'’.\-]*";

static ZIP: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?:\b{STATE}|,[ ]?[A-Za-z]{{2}})[,.]?[ \t]{{1,3}}([0-9]{{5}}(?:-[0-9]{{4}})?)\b|(?i:\bzip(?: ?code)?[: \t]*)([0-9]{{5}}(?:-[0-9]{{4}})?)\b"
    ))
});
static UK_CODE: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"\b{POSTCODE}\b")));
static STREET: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"\b(?:(?:Flat|Apt\.?|Unit|Suite)[ ]?[0-9A-Z]+,?[ \t])?[0-9]{{1,5}}[A-Za-z]?,?[ \t]+(?:[NSEW]\.?[ \t]+)?((?:{CAPITALISED}[ \t]+){{1,4}}?)(Street|STREET|St|ST|Avenue|AVENUE|Ave|AVE|Road|ROAD|Rd|RD|Lane|LANE|Ln|Drive|DRIVE|Dr|DR|Boulevard|BOULEVARD|Blvd|BLVD|Close|CLOSE|Terrace|TERRACE|Way|WAY|Court|COURT|Ct|Place|PLACE|Pl|Square|SQUARE|Sq|Crescent|CRESCENT|Parkway|PARKWAY|Pkwy|Highway|HIGHWAY|Hwy|Circle|CIRCLE|Cir|Row|Gardens|Grove|GROVE|Hill|Mews|Park|Walk|Trail|Plaza|Pike|Turnpike|Quay|Parade|Alley)\b\.?(?:,?[ \t]+(?:Apt|APT|Apartment|Suite|SUITE|Ste|STE|Unit|UNIT|Flat|Floor|Fl|Room|Rm|Bldg|Building)\.?[ \t]*#?[0-9A-Za-z\-]+|,?[ \t]+#[ ]?[0-9A-Za-z\-]+)?"
    ))
});
/// A house number and what follows it, behind or below a label of an address.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\baddress\b(?:[^\n\t:]{0,20}:[ \t]*|[^\n]{0,30}\n[ \t]*)([0-9]{1,6}[A-Za-z]?[ ][A-Za-z][^\n\t|,;]{2,50})",
    )
});
static BOX: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\bP\.?[ ]?O\.?[ ]?Box[ \t]+[0-9A-Z\-]+"));
static LIVES: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:[Ll]ives|[Ll]iving|[Rr]esid(?:es|ent|ing)|[Bb]orn|[Mm]oved|[Tt]ravelled)[ \t]+(?:alone[ \t]+)?(?:in|at|of|to|from)[ \t]+(\p{Lu}\p{Ll}+(?:[ \t]\p{Lu}\p{Ll}+){0,2})",
    )
});
static INSTITUTION: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:\p{Lu}[\p{L}'’.&\-]*[ \t]){1,4}(?:Hospital|HOSPITAL|Infirmary|INFIRMARY|Medical Cent(?:er|re)|MEDICAL CENTER|Health Cent(?:er|re)|Pharmacy|PHARMACY|Nursing Home|Care Home|Hospice|University|College|School|Prison)\b",
    )
});
/// A line that is the name of whoever wrote the page.
static LETTERHEAD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?m)^[ \t\u{c}]*((?:\p{Lu}\p{L}[\p{L}'’.&\-]*[ ]){1,3}(?:Biochemistry|Pathology|Diagnostics|Laborator(?:y|ies)|Clinic|Practice|Group))[ \t]*$",
    )
});
/// A town on its way from a street, or to a state or postcode.
static TOWNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let town = r"(\p{Lu}\p{L}['’.\-\p{L}]+(?:[ ]\p{Lu}[\p{L}'’.\-]+){0,2})";
    vec![
        regex(&format!(
            r"(?:^|[,;:\t\n.]|\d[A-Za-z]?)[ \t]*{town}(?:,?[ \t]+{STATE}|,[ ]?[A-Za-z]{{2}})[,.]?[ \t]+[0-9]{{5}}\b"
        )),
        regex(&format!(
            r"(?:^|[,;:\t\n.])[ \t]*{town},?[ \t\n]+{POSTCODE}\b"
        )),
    ]
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid expression")
}

/// Towns of addresses, to be found wherever they stand.
pub(crate) fn towns(text: &str) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for pattern in TOWNS.iter() {
        for found in pattern.captures_iter(text).filter_map(|f| f.get(1)) {
            let ends_street = STREET
                .find_iter(text)
                .any(|street| street.start() < found.end() && found.start() < street.end());
            if !ends_street {
                out.push(found.range());
            }
        }
    }
    let streets = STREET.find_iter(text).map(|street| street.end());
    out.extend(streets.filter_map(|end| after_street(text, end)));
    out
}

/// `…, Millrace, OH` and `…\nMarsholme` alone on its line.
fn after_street(text: &str, end: usize) -> Option<Span> {
    static TOWN_AFTER: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^,?[ \t]*(?:,|\n)[ \t]*(\p{Lu}\p{L}['’\-\p{L}]+(?:[ ]\p{Lu}[\p{L}'’\-]+){0,2})[ \t]*(?:,|\n|$)",
        )
    });
    let town = TOWN_AFTER.captures(&text[end..])?.get(1)?;
    let word = town.as_str().to_lowercase();
    let heading = word.split(' ').any(crate::names::is_no_name);
    (!heading).then(|| end + town.start()..end + town.end())
}

pub(crate) fn find(text: &str, table: &mut Table) -> Vec<Found> {
    let mut out = Vec::new();
    for found in STREET.captures_iter(text) {
        let (Some(whole), Some(words), Some(kind)) = (found.get(0), found.get(1), found.get(2))
        else {
            continue;
        };
        if is_street(text, words.as_str(), kind.as_str(), whole.end()) {
            out.push(Found::new(whole.range(), "ADDRESS", whole.as_str()));
        }
    }
    for town in towns(text) {
        if let Some(span) = before_town(text, town.start) {
            out.push(Found::new(span.clone(), "ADDRESS", &text[span]));
        }
    }
    for found in LABELLED
        .captures_iter(text)
        .filter_map(|found| found.get(1))
    {
        out.push(Found::new(
            found.range(),
            "ADDRESS",
            found.as_str().trim_end(),
        ));
    }
    for found in BOX.find_iter(text) {
        out.push(Found::new(found.range(), "ADDRESS", found.as_str()));
    }
    for found in ZIP.captures_iter(text) {
        let Some(zip) = found.get(1).or(found.get(2)) else {
            continue;
        };
        let first = &zip.as_str()[..3];
        let first = if SPARSE.contains(&first) {
            "000"
        } else {
            first
        };
        out.push(Found {
            span: zip.range(),
            by: By::Words(table.zip(first, zip.as_str())),
        });
    }
    for found in UK_CODE.find_iter(text) {
        out.push(Found::new(found.range(), "POSTCODE", found.as_str()));
    }
    for found in LIVES.captures_iter(text).filter_map(|found| found.get(1)) {
        out.push(Found::new(found.range(), TOWN, found.as_str()));
    }
    for found in INSTITUTION.find_iter(text) {
        out.push(Found::new(found.range(), "ORGANISATION", found.as_str()));
    }
    for found in LETTERHEAD
        .captures_iter(text)
        .filter_map(|found| found.get(1))
    {
        out.push(Found::new(found.range(), "ORGANISATION", found.as_str()));
    }
    out
}

/// `258 Brad Tunnel, ` before its town: whatever stands between a house number and a town.
fn before_town(text: &str, town: usize) -> Option<Span> {
    static HOUSE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?:^|[\t|;:])[ ]*([0-9]{1,6}[A-Za-z]?[ ][^\t|;:]{2,50}?)[, ]*$"));
    let start = text[..town].rfind(['\n', '\u{c}']).map_or(0, |end| end + 1);
    let house = HOUSE.captures(&text[start..town])?.get(1)?;
    Some(start + house.start()..start + house.end())
}

/// `5 May Dr Smith` and `2 Puffs Way` are no streets.
fn is_street(text: &str, words: &str, kind: &str, end: usize) -> bool {
    static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)\b(?:mg|mcg|ml|tablets?|tabs?|capsules?|caps?|puffs?|units?|drops?|days?|weeks?|months?|years?|hours?|times|view|lead|jan\w*|feb\w*|mar(?:ch)?|apr\w*|may|june?|july?|aug\w*|sept?\w*|oct\w*|nov\w*|dec\w*)\b",
        )
    });
    let before_name = matches!(kind, "Dr" | "DR" | "St" | "ST")
        && text[end..]
            .strip_prefix([' ', '\t'])
            .is_some_and(|rest| rest.starts_with(char::is_uppercase));
    let state_follows = text[end..].trim_start().get(..2).is_some_and(|next| {
        static STATES: LazyLock<Regex> = LazyLock::new(|| regex(&format!("^{STATE}$")));
        STATES.is_match(next)
    });
    !QUANTITY.is_match(words) && (!before_name || state_follows)
}
