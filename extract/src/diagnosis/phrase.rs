//! Where the name of a condition begins and ends in running text: with the adjectives before it and its stage or
//! place behind it. What stands around the name of a listed one is [`super::remarks`].

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::Span;

/// Adjectives that are part of a name, in any case.
const ADJECTIVES: &[&str] = &[
    "acute",
    "chronic",
    "severe",
    "mild",
    "moderate",
    "persistent",
    "intermittent",
    "uncontrolled",
    "poorly",
    "well",
    "controlled",
    "recurrent",
    "essential",
    "primary",
    "secondary",
    "left",
    "right",
    "bilateral",
    "paroxysmal",
    "permanent",
    "stable",
    "unstable",
    "generalized",
    "generalised",
    "major",
    "seasonal",
    "advanced",
    "refractory",
    "longstanding",
    "rheumatoid",
    "gestational",
    "metastatic",
];
/// Words in small letters that end a name to its left.
const NO_PART: &[&str] = &[
    "the",
    "this",
    "that",
    "these",
    "those",
    "with",
    "and",
    "for",
    "from",
    "his",
    "her",
    "their",
    "its",
    "our",
    "your",
    "not",
    "nor",
    "without",
    "any",
    "some",
    "all",
    "both",
    "has",
    "have",
    "had",
    "having",
    "was",
    "are",
    "were",
    "been",
    "being",
    "does",
    "did",
    "may",
    "might",
    "could",
    "would",
    "should",
    "will",
    "can",
    "cannot",
    "possible",
    "possibly",
    "probable",
    "probably",
    "likely",
    "suspected",
    "suspect",
    "suspects",
    "presumed",
    "query",
    "known",
    "new",
    "newly",
    "recent",
    "recently",
    "past",
    "previous",
    "previously",
    "prior",
    "former",
    "old",
    "underlying",
    "current",
    "currently",
    "active",
    "also",
    "further",
    "other",
    "additional",
    "significant",
    "multiple",
    "several",
    "two",
    "three",
    "first",
    "second",
    "include",
    "includes",
    "show",
    "shows",
    "reveals",
    "confirms",
    "suggests",
    "demonstrates",
    "develops",
    "confirm",
    "reveal",
    "suggest",
    "demonstrate",
    "develop",
    "sustained",
    "out",
    "rule",
    "exclude",
    "denies",
    "reports",
    "describes",
    "complains",
    "presents",
    "diagnosis",
    "because",
    "due",
    "than",
    "then",
    "when",
    "which",
    "who",
    "whose",
    "where",
    "while",
    "but",
    "only",
    "just",
    "there",
    "she",
    "they",
    "you",
    "patient",
    "patients",
    "woman",
    "man",
    "lady",
    "gentleman",
    "male",
    "female",
    "year-old",
    "boy",
    "girl",
    "history",
    "evidence",
    "signs",
    "symptoms",
    "features",
    "feature",
    "episode",
    "episodes",
    "attack",
    "attacks",
    "exacerbation",
    "family",
    "mother",
    "father",
    "brother",
    "sister",
    "son",
    "daughter",
    "risk",
    "management",
    "treatment",
    "therapy",
    "evaluation",
    "review",
    "follow-up",
    "admission",
    "found",
    "very",
    "quite",
    "years",
    "months",
    "weeks",
    "into",
    "onto",
    "over",
    "under",
    "after",
    "before",
    "since",
    "during",
    "his",
    "dear",
    "against",
    "about",
    "for",
    "per",
    "via",
    "suffers",
    "takes",
    "needs",
    "remains",
    "sees",
    "gets",
    "no",
    "more",
    "less",
    "usual",
    "same",
    "such",
    "said",
    "called",
    "small",
    "large",
    "tiny",
    "bulky",
];
/// Words that end like verbs and are part of names.
const PARTICIPLES: &[&str] = &[
    "acquired",
    "sided",
    "induced",
    "associated",
    "related",
    "localised",
    "localized",
    "disseminated",
    "mixed",
    "decompensated",
    "complicated",
    "displaced",
    "undisplaced",
    "impacted",
    "ruptured",
    "perforated",
    "dilated",
    "infected",
    "strangulated",
    "impaired",
    "ankylosing",
    "sclerosing",
    "necrotising",
    "necrotizing",
    "relapsing",
    "remitting",
];
/// Second names of germs.
const SPECIES: &[&str] = &[
    "coli",
    "aureus",
    "epidermidis",
    "pneumoniae",
    "pyogenes",
    "faecalis",
    "faecium",
    "difficile",
    "influenzae",
    "aeruginosa",
    "mirabilis",
    "albicans",
    "jirovecii",
    "tuberculosis",
    "pylori",
    "jejuni",
];
/// Words before a name that still are part of it.
const MOST: usize = 4;

/// With the adjectives before it and `, stage 3` behind it.
pub(super) fn widen(text: &str, line: &Span, span: &Span) -> Span {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:,? (?:stage|grade) (?:G?\d[ab]?|[ivx]+)\b(?: A[1-3]\b)?| type (?:1|2|i|ii)\b| of (?:the )?(?:left|right) (?:(?:upper|lower|middle) )?\w+| (?:at|of|in) the (?:lumbar |thoracic |cervical |left |right )?(?:spine|hips?|knees?|neck of femur)\b| of (?:the |his |her )?(?:\w+ )?(?:colon|breast|lung|prostate|kidney|liver|skin|stomach|pancreas|rectum|ovary|cervix|bladder|thyroid|knees?|hips?|hands?|foot|feet|ankle|wrist|shoulder|elbow|spine|femur|tibia|radius)\b| without complications?| with acute exacerbation| with(?:out)? aura\b| with (?:a )?(?:rapid|slow|fast|controlled) ventricular (?:response|rate)\b| of (?:CKD|chronic kidney disease|chronic disease|pregnancy|prematurity)\b| with (?:reduced|preserved|mildly reduced) ejection fraction\b)").expect("a valid expression")
    });
    static RANGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:mild|moderate)(?:-| )to(?:-| )(?:moderate|severe)\s$")
            .expect("a valid expression")
    });
    static STAGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:stage|grade)\s(?:[IVX]{1,3}|[0-4])[a-d]?\s$")
            .expect("a valid expression")
    });
    static ACUTE_ON: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bacute[- ]on[- ]$").expect("a valid expression"));
    static KIDNEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^ G?[1-5][ab]?(?: A[1-3])?\b").expect("a valid expression"));
    let mut start = span.start;
    for _ in 0..MOST {
        let before = &text[line.start..start];
        let Some(rest) = before.strip_suffix(' ') else {
            break;
        };
        let word = &rest[rest.rfind([' ', '\t']).map_or(0, |at| at + 1)..];
        // `E. coli pyelonephritis`.
        let germ = word.len() == 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.ends_with('.')
            && text[start..].starts_with(|c: char| c.is_ascii_lowercase());
        // `Escherichia coli pyelonephritis`.
        let species = SPECIES.contains(&word);
        if !is_part(word) && !germ {
            break;
        }
        start -= word.len() + 1;
        if species && let Some(rest) = text[line.start..start].strip_suffix(' ') {
            let genus = &rest[rest.rfind([' ', '\t']).map_or(0, |at| at + 1)..];
            if genus.starts_with(|c: char| c.is_ascii_uppercase()) {
                start -= genus.len() + 1;
            }
            break;
        }
    }
    // `acute on chronic kidney injury`.
    let lead = &text[line.start..start];
    let acute = ACUTE_ON
        .find(lead)
        .filter(|_| text[start..].starts_with("chronic") || text[start..].starts_with("Chronic"));
    start = acute.map_or(start, |found| line.start + found.start());
    // `Stage IIB carcinoma`; what follows `grade 2 neuropathy` is the grade of something else.
    let lead = &text[line.start..start];
    let staged = STAGED.find(lead);
    let graded = staged.is_some();
    let stage = staged.filter(|found| found.as_str().to_lowercase().starts_with("stage"));
    start = stage.map_or(start, |found| line.start + found.start());
    // `moderate to severe osteoarthritis`.
    let range =
        RANGE.find(&text[line.start..start + text[start..].find(' ').map_or(0, |at| at + 1)]);
    start = range.map_or(start, |found| line.start + found.start());
    let end = AFTER
        .find(&text[span.end..line.end.max(span.end)])
        .filter(|found| !graded || !found.as_str().starts_with(','))
        .map_or(span.end, |m| span.end + m.end());
    // `CKD 3b`: only the kidney's stages stand without the word.
    let kidney = text[span.clone()].to_lowercase();
    let staged = KIDNEY
        .find(&text[end..line.end.max(end)])
        .filter(|_| kidney.ends_with("ckd") || kidney.ends_with("kidney disease"));
    start..staged.map_or(end, |stage| end + stage.end())
}

fn is_part(word: &str) -> bool {
    let plain = word.to_lowercase();
    if ADJECTIVES.contains(&plain.as_str()) {
        return true;
    }
    if matches!(plain.as_str(), "given" | "today" | "because") {
        return false;
    }
    let letters = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let last = word.rsplit('-').next().unwrap_or(word);
    let verb = (last.ends_with("ed") || last.ends_with("ing")) && !PARTICIPLES.contains(&last);
    letters && word.len() > 2 && !verb && !NO_PART.contains(&word)
}

/// `CKD G4 A3`, `heart failure NYHA II`: a condition and its stage.
pub(super) fn is_staged(name: &str, is_condition: impl Fn(&str) -> bool) -> bool {
    static STAGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^(.+?),?\s(?:G?[1-5][ab]?|(?i:stage|grade|type|class|nyha)\s\S+)(?:\sA[1-3])?$",
        )
        .expect("a valid expression")
    });
    STAGE
        .captures(name)
        .is_some_and(|found| is_condition(&found[1]))
}

#[cfg(test)]
mod tests {
    use super::widen;

    #[test]
    fn names_have_their_adjectives() {
        for (text, name, want) in [
            (
                "She has mild left sided ulcerative colitis.",
                "ulcerative colitis",
                "mild left sided ulcerative colitis",
            ),
            (
                "a rash in keeping with chronic plaque psoriasis",
                "psoriasis",
                "chronic plaque psoriasis",
            ),
            ("He denies asthma", "asthma", "asthma"),
            ("who was treated for pneumonia", "pneumonia", "pneumonia"),
            (
                "carcinoma of the left breast resected",
                "carcinoma",
                "carcinoma of the left breast",
            ),
            ("Recurrent migraine", "migraine", "Recurrent migraine"),
            ("with CKD 3b and gout", "CKD", "CKD 3b"),
            ("with asthma 3 times", "asthma", "asthma"),
            (
                "Acute on chronic kidney injury",
                "kidney injury",
                "Acute on chronic kidney injury",
            ),
        ] {
            let at = text.find(name).unwrap();
            let found = widen(text, &(0..text.len()), &(at..at + name.len()));
            assert_eq!(&text[found], want);
        }
    }
}
