//! The shape of a person's name: `Sean McMillan`, `ROBERTS, Elizabeth K.`, with titles and degrees
//! stripped. Words that forms and letterheads print are no part of a name.

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::{Span, trim_by};

static TITLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\((?i:mrs?|ms|miss|prof|capt|col|maj|retd)\.?\)\s*|(?i:prof\.? dr\.? med|pcp|gp|staff nurse|senior carer|carer|charge nurse|smt|shri|mstr|a/prof(?:essor)?|assoc(?:iate|\.)? prof(?:essor)?|dr|doctor|mr|mrs|ms|miss|mx|mnr|mev|mej|pt|clinical pharmacist|pharmacist|prof|professor|sir|dame|rev|master|baby|herr|frau|nurse|sister|midwife|sh|s/n|sn|ph|dra)\b\.?\s*)").expect("a valid expression")
});
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\p{Lu}[\p{L}'’\-]+ (?:[DSds]/[Oo]|[Aa]/[LlPp]) \p{Lu}[\p{L}'’\-]+(?: \p{Lu}[\p{L}'’\-]+)?|(?:(?i:st)\. )?(?:\p{Lu}[\p{L}'’\-]+|\p{Lu}[\p{Lu}'’\-]+(?: \p{Lu}[\p{Lu}'’\-]+){1,2}),\s?\p{Lu}[\p{L}'’\-]*\.?(?: \p{Lu}[\p{L}'’\-]*\.?){0,2}|\p{Lu}[\p{L}'’\-]*\.?(?: (?:(?:de|van|von|der|den|la|le|da|dos|del|bin|binti|binte|bte|ibn|al|el|di|du|st\.?) ){0,2}(?:\p{Lu}\.\p{Lu}[\p{L}'’\-]+|\p{Lu}[\p{L}'’\-]*\.?)){0,4})",
    )
    .expect("a valid expression")
});
/// What follows a name without being one.
const DEGREES: &[&str] = &[
    "md", "do", "phd", "np", "pa", "rn", "dds", "dmd", "dpm", "od", "pharmd", "mbbs", "mbchb",
    "frcp", "mrcp", "frcs", "mrcs", "facp", "facc", "faad", "dnp", "aprn", "fnp", "arnp", "crnp",
    "msn", "bsn", "mph", "ms", "ma", "mba", "dabr", "bcba", "lcsw", "lpn", "rph", "cnm", "facs",
    "frcpath", "mrcgp", "msc", "bsc", "mt", "ascp", "esq", "dc", "psyd", "lmft", "cnp", "agnp",
    "mbbch", "bm", "bs", "frca", "fcap", "rrt", "dvm", "bch", "fnpbc", "pac", "fnpc", "pt", "dpt",
    "arrt", "fracgp", "fracp", "fracs", "franzcp", "frcgp", "frcpsych", "mrcpsych", "frcophth",
    "mrcophth", "frcem", "mrcem", "frcr", "frcog", "mrcog", "frcpch", "mrcpch", "ficm", "frcpi",
    "mrcpi", "dch", "dnb", "mch", "mmed", "fcp", "facog", "faap", "faan", "faaos", "facep", "facr",
    "pmhnp", "acnp", "agacnp", "whnp", "crna", "lmhc", "lcpc", "otr", "rdn", "cdces", "rdcs",
    "rvt", "cns", "anp", "acp", "spr", "rgn", "hca", "fcps", "bds", "mds", "mpharm", "bpharm",
    "rt", "rmt", "mls", "mlt", "rdms", "cpht", "lvn", "cma", "frcpc", "frcsc", "ccfp", "rco",
    "fwacs", "fwacp", "aimls", "fpsp", "fpcp", "fpogs", "fpcr", "dpps", "cde", "bcps", "mrpharms",
    "dm", "boptom", "pgy",
];
const NOT_NAMES: &[&str] = &[
    "lic",
    "xray",
    "chest",
    "abdomen",
    "pelvis",
    "spine",
    "view",
    "scan",
    "nric",
    "nzmc",
    "mcr",
    "mmc",
    "kmpdc",
    "hpcsa",
    "uhid",
    "ppsn",
    "reply",
    "slip",
    "box",
    "reception",
    "clinician",
    "committee",
    "uniform",
    "inc",
    "ltd",
    "llc",
    "pty",
    "assessment",
    "management",
    "selfmanagement",
    "surname",
    "forename",
    "forenames",
    "advice",
    "line",
    "helpline",
    "hcpc",
    "nhi",
    "gmc",
    "nmc",
    "imc",
    "gdc",
    "gphc",
    "ahpra",
    "outpatients",
    "surgeon",
    "surgical",
    "urological",
    "registrar",
    "specialist",
    "officer",
    "supervising",
    "profile",
    "medication",
    "medications",
    "unit",
    "inpatients",
    "sheet",
    "request",
    "authorization",
    "authorisation",
    "urgent",
    "care",
    "note",
    "notes",
    "summary",
    "record",
    "chart",
    "letter",
    "statement",
    "certificate",
    "cumulative",
    "outpatient",
    "inpatient",
    "name",
    "date",
    "birth",
    "dob",
    "patient",
    "physician",
    "provider",
    "signature",
    "number",
    "address",
    "phone",
    "source",
    "other",
    "insured",
    "insurance",
    "hospital",
    "clinic",
    "medical",
    "center",
    "centre",
    "health",
    "laboratory",
    "laboratories",
    "pathology",
    "diagnostics",
    "sex",
    "gender",
    "male",
    "female",
    "age",
    "mrn",
    "npi",
    "the",
    "this",
    "report",
    "form",
    "city",
    "state",
    "zip",
    "telephone",
    "fax",
    "self",
    "same",
    "none",
    "unknown",
    "dear",
    "re",
    "history",
    "diagnosis",
    "department",
    "road",
    "avenue",
    "suite",
    "drive",
    "services",
    "service",
    "associates",
    "institute",
    "pharmacy",
    "specimen",
    "serum",
    "collected",
    "received",
    "reported",
    "ordering",
    "referring",
    "attending",
    "practice",
    "care",
    "plan",
    "group",
    "please",
    "follow",
    "up",
    "summary",
    "discharge",
    "admission",
    "cardiology",
    "neurology",
    "surgery",
    "gastroenterology",
    "dermatology",
    "orthopaedic",
    "orthopedic",
    "endocrinology",
    "oncology",
    "radiology",
    "urology",
    "rheumatology",
    "ophthalmology",
    "psychiatry",
    "pediatrics",
    "practitioner",
    "general",
    "consultant",
    "supplier",
    "sincerely",
    "regards",
    "thank",
    "you",
    "your",
    "our",
    "and",
    "or",
    "for",
    "of",
    "to",
    "in",
    "on",
    "no",
    "yes",
    "id",
    "license",
    "information",
    "details",
    "electronically",
    "signed",
    "by",
    "facility",
    "location",
    "family",
    "internal",
    "medicine",
    "emergency",
    "unit",
    "team",
    "room",
    "refills",
    "refill",
    "rx",
    "prescription",
    "primary",
    "confidential",
    "insurer",
    "relationship",
    "policy",
    "account",
    "member",
    "claim",
    "daily",
    "tablet",
    "tablets",
    "status",
    "final",
    "printed",
    "print",
    "first",
    "last",
    "middle",
    "initial",
    "mouth",
    "take",
    "test",
    "result",
    "results",
    "units",
    "range",
    "flag",
    "reference",
    "yours",
    "kind",
    "faithfully",
    "director",
    "written",
    "directions",
    "prescriber",
    "payer",
    "payor",
    "employer",
    "occupation",
    "nhs",
    "gp",
    "he",
    "she",
    "they",
    "was",
    "is",
    "i",
    "we",
    "it",
    "mailing",
    "total",
    "blood",
    "whole",
    "urine",
    "lab",
    "labs",
    "partners",
    "accession",
    "taken",
    "drawn",
    "sample",
    "requested",
    "born",
    "exam",
    "visit",
    "spr",
    "registrar",
    "locum",
    "intern",
    "resident",
    "fellow",
    "midwife",
    "hca",
];

/// The name at the start of a stretch of text, without titles and degrees.
pub(crate) fn at_start(text: &str, within: &Span) -> Option<Span> {
    let mut start = within.start;
    let skip = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ':' | '-' | '.' | '_' | '|' | '/' | '(' | '\u{2013}' | '\u{2014}'
            )
    };
    start = trim_by(text, start..within.end, skip).start;
    while let Some(title) = TITLE.find(&text[start..within.end]) {
        if title.is_empty() {
            break;
        }
        start += title.end();
    }
    let rest = &text[start..within.end];
    let rest = rest.find(['\t', '\n']).map_or(rest, |cut| &rest[..cut]);
    let rest = rest.find("  ").map_or(rest, |cut| &rest[..cut]);
    let rest = before_degree(rest);
    let found = NAME.find(rest)?;
    let end = strip(rest, before_ward(rest, found.end()));
    let name = trim_by(text, start..start + end, |c| {
        c.is_whitespace() || c == ',' || c == '-'
    });
    let name = keep_initial_dot(text, name);
    let words: Vec<&str> = text[name.clone()]
        .split([' ', ','])
        .filter(|w| !w.is_empty())
        .collect();
    let long = words
        .iter()
        .filter(|w| w.trim_end_matches('.').chars().count() > 1)
        .count();
    (words.len() >= 2 && words.len() <= 6 && long >= 1 && !has_digit(&text[name.clone()]))
        .then_some(name)
}

/// `Anneliese Hartmann, PA-C`: a name with a degree behind a comma stands somewhere in it.
pub(crate) fn holds_degree(text: &str) -> bool {
    text.match_indices(',').any(|(at, _)| has_degree(text, at))
}

/// Is this word, in small letters, one that forms and letterheads print, or a degree?
pub(crate) fn is_no_name(word: &str) -> bool {
    NOT_NAMES.contains(&word) || DEGREES.contains(&word)
}

/// One family name after a title, `Dr. Reed`.
pub(crate) fn titled(text: &str, within: &Span) -> Option<Span> {
    static ONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:dr|doctor|prof|professor)\b\.?\s*(\p{Lu}[\p{L}'’\-]+)")
            .expect("a valid expression")
    });
    if let Some(name) = at_start(text, within) {
        return Some(name);
    }
    let found = ONE.captures(&text[within.clone()])?.get(1)?;
    let word = found.as_str().to_lowercase();
    // `Dr. Whitcomb's office`.
    let bare = found
        .as_str()
        .trim_end_matches(|c| c == 's' || c == '\'' || c == '’');
    let owned = found.as_str()[bare.len()..].starts_with(['\'', '’']);
    let end = found.start() + if owned { bare.len() } else { found.len() };
    (!NOT_NAMES.contains(&word.as_str())).then(|| within.start + found.start()..within.start + end)
}

fn before_degree(rest: &str) -> &str {
    rest.char_indices()
        .filter(|(_, c)| matches!(c, ',' | ' '))
        .find(|(i, _)| has_degree(rest, *i))
        .map_or(rest, |(i, _)| &rest[..i])
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

fn keep_initial_dot(text: &str, name: Span) -> Span {
    let part = &text[name.clone()];
    let last = part.split(' ').next_back().unwrap_or_default();
    if part.ends_with('.') && last.chars().count() > 2 {
        return name.start..name.end - 1;
    }
    name
}

/// `Sr Achterberg, AMU`: a ward in capitals behind the comma is no first name.
fn before_ward(rest: &str, end: usize) -> usize {
    static WARD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\p{Lu}\p{Ll}[\p{L}'’\-]+(, \p{Lu}{3,})$").expect("a valid expression")
    });
    WARD.captures(&rest[..end])
        .and_then(|found| found.get(1))
        .map_or(end, |ward| ward.start())
}

/// Where degrees, or words that are no names, begin.
fn strip(rest: &str, end: usize) -> usize {
    let mut at = 0;
    for (n, word) in rest[..end].split_inclusive([' ', ',']).enumerate() {
        let bare: String = word
            .chars()
            .filter(|c| c.is_alphabetic())
            .collect::<String>()
            .to_lowercase();
        // `RAJAN D/O MUTHU`: a daughter is no osteopath.
        let degree = n >= 1
            && !word.contains('/')
            && DEGREES.contains(&bare.as_str())
            && bare.len() >= 2
            && word
                .chars()
                .filter(|c| c.is_alphabetic())
                .filter(|c| c.is_uppercase())
                .count()
                >= 1
            && (word.contains('.')
                || word
                    .chars()
                    .filter(|c| c.is_alphabetic())
                    .all(char::is_uppercase)
                || bare == "phd"
                || bare.len() > 3)
            && !surname_only(rest, at, &bare);
        if degree || NOT_NAMES.contains(&bare.as_str()) {
            return at;
        }
        at += word.len();
    }
    end
}

/// `MA, Jun`: a family name that looks like a degree, before its comma.
fn surname_only(rest: &str, at: usize, bare: &str) -> bool {
    at == 0 && rest.get(bare.len()..).unwrap_or_default().starts_with(',')
}

/// Does a degree follow this name?
pub(crate) fn has_degree(text: &str, end: usize) -> bool {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[,\s]{1,3}(?:M\.D\b|MD\b|D\.O\.?(?:[\s,;]|$)|DO\b|MBBS|MBChB|NP\b|PA-?C?\b|DNP|APRN|FNP|DPM|DDS|FRCP|MRCP|FRCS|FRCGP|MRCGP|FRACGP|FRACP|FRACS|FRANZCP|FRCOphth|FRCEM|FRCR|FRCOG|MRCOG|FRCPCH|MRCPCH|FRCPsych|MRCPsych|FACOG|FAAP|FACEP|BDS|M\.B|FACP|FRCPC|FRCSC|CCFP|FWACS|FWACP|FPCP|FPSP|FPOGS|FPCR|Ph\.?D)").expect("a valid expression")
    });
    AFTER.is_match(&text[end..])
}

#[cfg(test)]
mod tests {
    use super::at_start;

    #[test]
    fn names() {
        for (text, want) in [
            ("Bryan Stevenson, MD", Some("Bryan Stevenson")),
            ("Joshua Munoz, M.D. - License XR1", Some("Joshua Munoz")),
            ("Dr. Emily Carter, MD, FAAD", Some("Emily Carter")),
            ("ROBERTS, Elizabeth", Some("ROBERTS, Elizabeth")),
            ("Heather K. Petersen", Some("Heather K. Petersen")),
            ("DR EVAN JACKSON", Some("EVAN JACKSON")),
            ("Alexis Griffin, MD, PhD", Some("Alexis Griffin")),
            ("Sean Mcmillan MRN: 3", Some("Sean Mcmillan")),
            ("John van der Berg", Some("John van der Berg")),
            ("Doe, Jane Patient ID: JG1", Some("Doe, Jane")),
            ("James Finch, PA-C", Some("James Finch")),
            ("Mary O'Neil on May 3", Some("Mary O'Neil")),
            ("DR. (MRS.) LALITA BHONSLE", Some("LALITA BHONSLE")),
            (
                "Dr Siti Aminah binti Kassim",
                Some("Siti Aminah binti Kassim"),
            ),
            ("PARVATHI D/O RAMAN   WARD 3", Some("PARVATHI D/O RAMAN")),
            ("Achterberg, AMU", None),
            ("was admitted", None),
            ("OTHER SOURCE", None),
            ("04/26/2010", None),
        ] {
            let got = at_start(text, &(0..text.len())).map(|s| &text[s]);
            assert_eq!(got, want, "{text}");
        }
    }
}
