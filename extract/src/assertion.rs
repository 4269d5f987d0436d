//! What the text claims about a mention: negated, possible, of a relative, past or planned. Cue words
//! before and after it in its sentence, with terms that end a cue's reach, after `NegEx` (Chapman et al.
//! 2001) and `ConText` (Harkema et al. 2009). It sees one sentence and the section, not the discourse.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Assertion;

use crate::{
    layout::{Layout, Span},
    sections::SectionKind,
};

fn cues(pattern: &str) -> Regex {
    Regex::new(&format!(r"(?i)\b(?:{pattern})\b")).expect("a cue pattern is a valid expression")
}

static NEGATED: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"no|not|denies|denied|without|never|negative for|no evidence of|no signs? of|no history of|absence of|free of|ruled out for|declines?|no known|does not have|did not have|is not|was not|rules out|no longer has|non|nil|none of|nothing to suggest|never had|not known to have|unlikely to be",
    )
});
static WITHOUT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bwithout\b[^,;]*[,;]").expect("a valid expression"));
static NEGATED_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"(?:was|is|were|has been|have been)? ?(?:ruled out|excluded|denied|negative|absent|not (?:seen|found|present|detected|confirmed)|(?:thought |felt |considered )?(?:to be )?unlikely)|: ?(?:none|no|nil|negative)",
    )
});
static POSSIBLE: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"possible|possibly|probable|probably|likely|suspected|suspicion (?:of|for)|suspicious for|may have|might have|could be|rule out|r/o|query|questionable|concern(?:ed)? (?:for|about)|differential|versus|vs|consider|presumed|suggestive of|suspicious of|(?:I|we) suspect|t/c|to consider|wonder (?:if|whether)|ddx|to exclude|in case of|work-?up for|investigated for|awaiting|cannot exclude|evaluate for|evaluation for|appears to have",
    )
});
/// Said behind the mention, and stronger than what sounds like a denial.
static POSSIBLE_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s?(?:(?:has |is |was |could )?(?:cannot|can ?not|could not|not|never)(?: yet)?(?: been)?(?: be)?(?: entirely| completely| fully)? (?:excluded|ruled out)|(?:is|was|remains|are) (?:suspected|possible|likely|probable|a possibility|queried|in the differential|being considered)|suspect\b|\?)")
        .expect("a valid expression")
});
static QUERY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\?\s*$").expect("a valid expression"));
static FAMILY: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"mother|father|brother|sister|son|daughter|aunt|uncle|cousin|grandmother|grandfather|grandparents?|parents?|siblings?|family history|family hx|maternal|paternal|relatives?|twin|fh of|fhx",
    )
});
/// `Hashimoto's thyroiditis in sister`.
static FAMILY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s(?:in|affecting) (?:(?:his|her|their|the|a|an|one|both|two|several) )?(?:maternal |paternal |older |younger |elder )?(?:mother|father|brothers?|sisters?|sons?|daughters?|aunts?|uncles?|cousins?|grandmother|grandfather|grandparents?|parents?|siblings?|twin|relatives?)\b")
        .expect("a valid expression")
});
static HISTORICAL: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"history of|hx of|hx|h/o|past|previous|previously|prior|status post|s/p|former|formerly|remote|in childhood|as a child|pmh|known history of|years ago|resolved|old",
    )
});
static PLANNED: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"will (?:start|begin|commence|take|receive|be started)|plan(?:ned|s)? (?:to|for)|to start|to begin|scheduled for|consider starting|to commence|starting (?:tomorrow|next|from)|if .{1,40} (?:start|begin|give|add|increase|restart|reduce|stop|switch)|recommend starting|to be started|start tomorrow",
    )
});
/// What somebody does not believe, whatever verbs follow.
static DISBELIEVED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:(?:do|does|did)(?: not|n['’]t) (?:think|believe|feel|suspect)|no (?:features?|suggestion|suspicion) (?:of|that))\b.{0,50}$")
        .expect("a valid expression")
});
/// Words that end what a cue before them says.
static BARRIER: LazyLock<Regex> = LazyLock::new(|| {
    cues(
        r"but|however|although|though|except|apart from|which|who|because|since|presents? with|presented with|admitted|is being|due to|secondary to|other than|aside from|has|had|was (?:started|given|treated|diagnosed)|continue[sd]?|takes?|taking|remains?",
    )
});

/// A line that begins with its own label goes on from nothing.
static LABELLED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\W*\p{Lu}[\p{L} /]{2,30}:\s").expect("a valid expression"));
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:hosp(?:ital)?|unit|ref|nhs|mrn?|ur|bed|reg|patient|file|case|folder|clinic|tel|phone|account|policy)\.? no\b\.?|\bno\.?\s*:\s*[A-Z]{0,4}[0-9]|\bNo\.?\s[A-Z]{0,4}[0-9]{4,}")
        .expect("a valid expression")
});
static AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:years?|yrs?|months?|weeks?|days?)[- ]old\b").expect("a valid expression")
});
static PAST_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s?\(?(?:(?:was |were )?(?:removed|excised|resected)\b|as a child|in childhood|many years ago|in (?:the past|19\d\d|20\d\d))")
        .expect("a valid expression")
});

/// Somebody's relative is spoken of, and not only quoted: `mother reports that he has asthma`.
fn names_relative(text: &str) -> bool {
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s+(?:also )?(?:reports?|reported|says|said|states|stated|thinks|feels|is worried|was worried|is concerned|was concerned|noticed|notes|noted|brought|accompanied|describes|described|confirms)\b")
            .expect("a valid expression")
    });
    FAMILY
        .find_iter(text)
        .any(|found| !QUOTED.is_match(&text[found.end()..]))
}

/// The claim about a mention in running text.
pub(crate) fn of(layout: &Layout, mention: &Span, section: Option<SectionKind>) -> Assertion {
    if section == Some(SectionKind::FamilyHistory) {
        return Assertion::Family;
    }
    let sentence = layout.sentence(mention.start);
    let mut before = &layout.text[sentence.start.min(mention.start)..mention.start];
    let line_start = layout.lines[layout.line_at(mention.start)].span.start;
    let is_list = section.is_some_and(|kind| {
        matches!(
            kind,
            SectionKind::Diagnoses | SectionKind::History | SectionKind::Medications
        )
    });
    let line = layout.line_at(mention.start);
    let fresh = layout.text[line_start..mention.start]
        .split_whitespace()
        .count()
        <= 1
        && (line == 0 || layout.lines[line - 1].span.len() < 60);
    let labelled = LABELLED.is_match(&layout.text[line_start..mention.start]);
    // A line that is much longer than the one above goes on from nothing.
    let lines = &layout.lines;
    let (above, own) = (
        lines[line.saturating_sub(1)].span.len(),
        lines[line].span.len(),
    );
    let cells = lines[line]
        .cells
        .len()
        .max(lines[line.saturating_sub(1)].cells.len());
    let wrapped = line > 0 && above * 10 >= own * 6 && cells < 3;
    if (is_list || fresh || labelled || !wrapped) && line_start > sentence.start {
        before = &layout.text[line_start..mention.start];
    }
    let above = layout.lines[layout.line_at(mention.start).saturating_sub(1)]
        .span
        .start;
    let family = &layout.text[sentence.start.max(above).min(mention.start)..mention.start];
    let family = if is_list || fresh || labelled {
        before
    } else {
        family
    };
    // `type 2 diabetes without complications, anaemia`: in a list it is said of its own item alone.
    let own = if is_list {
        WITHOUT.replace_all(before, " ")
    } else {
        before.into()
    };
    // `hosp no 2201` denies nothing.
    let numbered = NUMBERED.replace_all(&own, " ");
    let mut before: &str = &numbered;
    let disbelieved = DISBELIEVED.is_match(before);
    if let Some(barrier) = BARRIER.find_iter(before).last() {
        before = &before[barrier.end()..];
    }
    let after_end = sentence.end.max(mention.end);
    let after = &layout.text[mention.end..after_end];
    let after = after
        .find([',', ';', '\n'])
        .map_or(after, |cut| &after[..cut]);
    if FAMILY_AFTER.is_match(&layout.text[mention.end..after_end]) {
        return Assertion::Family;
    }
    // An item of a list may be the whole sentence.
    if names_relative(family) || is_list && names_relative(&layout.text[mention.clone()]) {
        return Assertion::Family;
    }
    if POSSIBLE_AFTER.is_match(&layout.text[mention.end..after_end]) {
        return Assertion::Possible;
    }
    if disbelieved
        || NEGATED.is_match(before)
        || NEGATED_AFTER.find(after).is_some_and(|m| m.start() < 12)
    {
        return Assertion::Absent;
    }
    if PLANNED.is_match(before) {
        return Assertion::Planned;
    }
    if POSSIBLE.is_match(before)
        || QUERY.is_match(&layout.text[..mention.start])
        || after.trim_start().starts_with('?')
    {
        return Assertion::Possible;
    }
    // `a 58-year-old with`: an age is no history.
    let before = AGE.replace_all(before, " ");
    if HISTORICAL.is_match(&before)
        || PAST_AFTER.is_match(after)
        || section == Some(SectionKind::History)
    {
        return Assertion::Historical;
    }
    Assertion::Present
}

#[cfg(test)]
mod tests {
    use schemas::Assertion;

    use super::of;
    use crate::{layout::Layout, sections::SectionKind};

    #[test]
    fn claims_in_sentences() {
        for (text, mention, want) in [
            (
                "She denies chest pain or asthma.",
                "asthma",
                Assertion::Absent,
            ),
            ("No evidence of pneumonia.", "pneumonia", Assertion::Absent),
            ("Pneumonia was ruled out.", "Pneumonia", Assertion::Absent),
            ("No fever but has asthma.", "asthma", Assertion::Present),
            ("Possible pneumonia.", "pneumonia", Assertion::Possible),
            ("? pneumonia", "pneumonia", Assertion::Possible),
            ("Mother had diabetes.", "diabetes", Assertion::Family),
            (
                "History of stroke in 2001.",
                "stroke",
                Assertion::Historical,
            ),
            (
                "We plan to start metformin.",
                "metformin",
                Assertion::Planned,
            ),
            ("She has asthma.", "asthma", Assertion::Present),
            (
                "A 58-year-old male with asthma.",
                "asthma",
                Assertion::Present,
            ),
            (
                "Mother reports that he has asthma.",
                "asthma",
                Assertion::Present,
            ),
            (
                "Endometriosis cannot be excluded.",
                "Endometriosis",
                Assertion::Possible,
            ),
            (
                "Pyelonephritis was thought unlikely.",
                "Pyelonephritis",
                Assertion::Absent,
            ),
            (
                "There was nothing to suggest asthma.",
                "asthma",
                Assertion::Absent,
            ),
            (
                "She had a melanoma removed in 2015.",
                "melanoma",
                Assertion::Historical,
            ),
            (
                "I do not think that he has asthma.",
                "asthma",
                Assertion::Absent,
            ),
        ] {
            let layout = Layout::new(text);
            let at = text.find(mention).unwrap();
            assert_eq!(of(&layout, &(at..at + mention.len()), None), want, "{text}");
        }
    }

    #[test]
    fn what_an_item_is_without_is_said_of_it_alone() {
        let text = "type 2 diabetes without complications, anaemia";
        let layout = Layout::new(text);
        let at = |word: &str| {
            let start = text.find(word).expect("a word of the text");
            start..start + word.len()
        };
        let listed = Some(SectionKind::Diagnoses);
        for (word, section, want) in [
            ("anaemia", listed, Assertion::Present),
            ("complications", listed, Assertion::Absent),
            ("anaemia", None, Assertion::Absent),
        ] {
            assert_eq!(of(&layout, &at(word), section), want, "{word} {section:?}");
        }
    }
}
