//! How much of the text speaks of a mention: in running text its sentence, in a list the lines below
//! it as long as they speak the language of prescriptions; and the phrases right before the name.

use std::sync::LazyLock;

use regex::Regex;

use super::Mention;
use crate::{
    context::Context,
    labels::Target,
    layout::Span,
    sections::{SectionKind, item_mark},
    sig::{
        Found, Part,
        repair::{self, Read},
    },
};

/// The end of the text that may speak of a mention, where no clause begins that tells of another drug, which no list
/// knows: `hold lisinopril 20 mg, give sodium polystyrene 15 g`.
pub(super) fn block_end(context: &Context, mention: &Mention, next: Option<usize>) -> usize {
    static CLAUSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;]\s+(?:and\s+|then\s+)?(?:give|gave|given|add(?:ed)?|start(?:ed)?|begin|began|commenced?|replete with|switch(?:ed)? to|load(?:ed)? with)\s+(?:on\s+|with\s+)?(\p{L}{4,})")
            .expect("a valid expression")
    });
    const OF_A_SIG: [&str; 14] = [
        "with", "from", "half", "three", "four", "five", "taking", "today", "tomorrow", "slowly",
        "tonight", "after", "before", "once",
    ];
    let end = whole_end(context, mention, next);
    let end = end_of_aside(context, &mention.name).map_or(end, |close| end.min(close));
    let end = other_thing(context, mention.name.end..end.max(mention.name.end)).unwrap_or(end);
    let text = &context.layout.text[mention.name.end..end.max(mention.name.end)];
    let other = CLAUSE.captures_iter(text).find(|clause| {
        let word = clause[1].to_lowercase();
        !OF_A_SIG.contains(&&*word) && !crate::sig::counts(&word)
    });
    other
        .and_then(|clause| clause.get(0))
        .map_or(end, |clause| mention.name.end + clause.start())
}

/// `Aminophylline 5 mg/kg (omitted, on theophylline), then 500 mg`: of a drug that is told of in brackets nothing behind
/// them speaks.
fn end_of_aside(context: &Context, name: &Span) -> Option<usize> {
    let layout = &context.layout;
    let line = &layout.lines[layout.line_at(name.start)].span;
    let before = &layout.text[line.start..name.start];
    let open = before
        .rfind('(')
        .filter(|open| !before[*open..].contains(')'))?;
    let told = before[open + 1..].contains(char::is_alphabetic);
    let close = layout.text[name.end..line.end].find(')')?;
    told.then_some(name.end + close)
}

/// Where `, GI cocktail 30 mL` begins behind an amount of the drug: something else, with an amount of its own.
fn other_thing(context: &Context, within: Span) -> Option<usize> {
    static THING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[0-9][^,;\n]*?([,;]\s+)((?:\p{L}[\p{L}-]+ ){1,3})[0-9][0-9.,]*\s?(?:mg|mcg|micrograms?|g|ml|mL|units?)\b")
            .expect("a valid expression")
    });
    static OF_A_SIG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:take|taking|taken|takes|give|given|inject|apply|use|drink|dissolve|mix|then|and|or|for|up|to|by|with|in|as|of|at|on|from|per|about|not|no|now|but|plus|every|each|dose|doses|dosage|total|max|maximum|minimum|exceed|reduce[ds]?|reducing|increase[ds]?|increasing|titrate[ds]?|decrease[ds]?|loading|load|initial|initially|maintenance|target|usual|usually|currently|previously|was|is|will|be|may|can|if|until|after|before|followed|once|twice|half|extra|additional|another|dispense|supply|quantity|qty|strength|size|volume|bottle|tube|pack|box|alternating|weight|level|trough|(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?s?|mornings?|evenings?|nights?|noon|midday|lunch(?:time)?|breakfast|dinner|tea(?:time)?|supper|bed(?:time)?|mane|nocte|am|pm|days?|weeks?|months?|first|second|third|last|next|other|odd|even|rest)$")
            .expect("a valid expression")
    });
    let text = &context.layout.text[within.clone()];
    THING.captures_iter(text).find_map(|found| {
        let (gap, words) = (found.get(1)?, found.get(2)?);
        let own = words.as_str().split_whitespace().any(|word| {
            let lower = word.to_lowercase();
            OF_A_SIG.is_match(word) || crate::sig::counts(&lower) || crate::sig::is_form(&lower)
        });
        let of_a_sig = || {
            let parts = crate::sig::scan(words.as_str(), 0..words.len(), &[]);
            !parts.is_empty()
        };
        (!own && !of_a_sig()).then(|| within.start + gap.start())
    })
}

fn whole_end(context: &Context, mention: &Mention, next: Option<usize>) -> usize {
    let layout = &context.layout;
    let limit = next.unwrap_or(layout.text.len());
    let first = layout.line_at(mention.name.start);
    let mut last = first;
    let prose = is_prose(context, first, mention);
    if prose {
        static TITLED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\n\s*\p{Lu}[\p{L}/-]*(?: [\p{L}/-]+){0,3}:\s").expect("a valid expression")
        });
        let sentence = layout.sentence(mention.name.start);
        let end = sentence.end.max(mention.name.end).min(limit);
        let titled = TITLED.find(&layout.text[mention.name.end..end.max(mention.name.end)]);
        return titled.map_or(end, |found| mention.name.end + found.start());
    }
    while let Some(below) = layout.below(last) {
        if layout.lines[below].span.start >= limit || below > first + 9 {
            break;
        }
        if !speaks_of_sig(context, last, below) {
            break;
        }
        last = below;
    }
    layout.lines[last].span.end.min(limit)
}

/// Running text: the name stands late in a long line, or the line runs on from the one above.
fn is_prose(context: &Context, line: usize, mention: &Mention) -> bool {
    let layout = &context.layout;
    let span = &layout.lines[line].span;
    let before = &layout.text[span.start..mention.name.start];
    let before = &before[item_mark(before).min(before.len())..];
    let words = before.split_whitespace().count();
    let section = context.section(mention.name.start);
    let listed = section == Some(SectionKind::Medications) && words <= 3;
    let lower = before.starts_with(|c: char| c.is_ascii_lowercase());
    !listed && (words > 4 || lower && words > 1)
}

/// Does another line say `REGULAR`, `ONCE ONLY` or the like and nothing else? Then the chart is in such parts, and a
/// lone `PRN` heads one of them.
fn is_in_parts(layout: &crate::layout::Layout) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:regular|once only|stat(?: doses?)?|variable dose|anticipatory|antimicrobials?|scheduled|routine)(?: (?:medic\w+|drugs|doses|prescriptions))?\s*:?$")
            .expect("a valid expression")
    });
    layout
        .lines
        .iter()
        .any(|line| PART.is_match(layout.get(&line.span)))
}

fn speaks_of_sig(context: &Context, last: usize, line: usize) -> bool {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:sig(?:na)?|directions?|dir|instructions?|duration|qty|quantity|disp(?:ense)?|refills?|rf|take|apply|inhale|inject|use|give|chew|insert|instil+|place|dissolve|swallow|dosage|dose|route|frequency|how often|strength|form|days'? supply|supply|mitte|repeats?|daw|#|reason|label|usage|for|administer|mix|drink|swish|instill|to be taken|then|max(?:imum)?)\b\s*[:.#]?|^#|^s:\s").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.line(line);
    if item_mark(text) > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    // `PRN: oxycodone`, and `As required` further to the left than the drugs below it, are headings.
    static WHEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:p\.?r\.?n\.?|(?:as|when|if) (?:required|needed)|regular|stat|once only|anticipatory)(?: (?:medic\w+|drugs|doses))?\s*(:|$)")
            .expect("a valid expression")
    });
    let outdented = || layout.indent(line) < layout.indent(last);
    if WHEN
        .captures(text)
        .is_some_and(|found| !found[1].is_empty() || outdented() || is_in_parts(layout))
    {
        return false;
    }
    let heading = context.labels_on(line).any(|(_, label)| {
        label.at_start
            && (label.colon || label.alone)
            && !matches!(
                label.target,
                Target::Stop | Target::Section(SectionKind::Instructions)
            )
    });
    let date_label = context
        .dates
        .iter()
        .any(|d| layout.line_at(d.span.start) == line);
    if heading || date_label || text.starts_with("***") {
        return false;
    }
    let span = layout.lines[line].span.clone();
    // With the break before it, behind which a bare count may stand: `One at night`.
    let broken = layout.text[..span.start].ends_with('\n');
    let found: Vec<Found> =
        repair::scan(layout.text, span.start - usize::from(broken)..span.end, &[])
            .into_iter()
            .map(|read| read.found)
            .collect();
    let covered: usize = found.iter().map(|f| f.span.len()).sum();
    if LEAD.is_match(text) && (covered > 0 || text.len() < 80) {
        return true;
    }
    let starts = found
        .first()
        .is_some_and(|f| f.span.start <= span.start + 2);
    let above = layout.line(last).trim_end();
    let open = !above.ends_with('.')
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    (starts && covered * 3 >= span.len()) || (open && covered > 0)
}

/// Does a word that says how often stand in a stretch and in none of its phrases?
pub(super) fn leaves_frequency(text: &str, within: Span, found: &[Read]) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:every|hourly|daily|twice|thrice|times (?:a|per)|nightly|alternate)\b")
            .expect("a valid expression")
    });
    WORD.find_iter(&text[within.clone()]).any(|word| {
        let at = within.start + word.start();
        !found.iter().any(|read| read.found.span.contains(&at))
    })
}

/// Does an amount stand right before a time of day, in a stretch and in none of its phrases? `one in the morning and
/// two at night`.
pub(super) fn leaves_amount(text: &str, within: Span, found: &[Read]) -> bool {
    static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b([1-9]\d?(?:\.\d+)?|half|one|two|three|four|five|six)\s*(?:tab(?:let)?s?|cap(?:sule)?s?|puffs?|drops?|units?|sachets?|ml)?\s+(?:in the|at|with|before|after|every|each)\s+(?:the\s+|your\s+)?(?:mornings?|noon|lunch\w*|midday|evenings?|nights?|bed\w*|breakfast|dinner|supper|tea\w*|mid-?morning)\b")
            .expect("a valid expression")
    });
    let stretch = &text[within.clone()];
    AMOUNT
        .captures_iter(stretch)
        .filter_map(|amount| amount.get(1))
        .any(|number| {
            let at = within.start + number.start();
            let hour = stretch[..number.start()]
                .trim_end()
                .to_lowercase()
                .ends_with("at");
            !hour && !found.iter().any(|read| read.found.span.contains(&at))
        })
}

/// `TAKE 1 CAPSULE BY MOUTH THREE TIMES DAILY` above `CEPHALEXIN 500 MG CAPSULE`: labels of pharmacies print the sig
/// first. Nothing, where the drug has one of its own or another drug stands above.
pub(super) fn sig_above(
    context: &Context,
    mention: &Mention,
    names: &[Span],
    found: &[Read],
) -> Vec<Read> {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:take|inhale|apply|inject|instil+|use|give|place|chew|dissolve|insert|swallow|spray)\b")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let own = found
        .iter()
        .any(|read| matches!(read.found.part, Part::Dose | Part::Frequency));
    let Some(above) = layout.above(layout.line_at(mention.name.start)) else {
        return Vec::new();
    };
    let first = layout.above(above).unwrap_or(above);
    let stretch = layout.lines[first].span.start..mention.name.start;
    let others = names.iter().any(|name| stretch.contains(&name.start));
    if own || others || !VERB.is_match(layout.line(above)) {
        return Vec::new();
    }
    repair::scan(layout.text, layout.lines[above].span.clone(), &[])
        .into_iter()
        .filter(|read| {
            matches!(
                read.found.part,
                Part::Dose | Part::Route | Part::Frequency | Part::Duration
            )
        })
        .collect()
}

/// `100ml Lactulose … Take THREE 5ml spoonfuls`: what a bottle holds stands before its name, what is taken behind it.
pub(super) fn tell_supply(text: &str, found: &mut [Read], name: usize) {
    let taken = found
        .iter()
        .any(|read| read.found.part == Part::Dose && read.found.span.start > name);
    let Some(first) = found.first_mut().filter(|read| read.found.span.end <= name) else {
        return;
    };
    // `10 x 1ml Levomepromazine`: so many ampoules.
    let line = text[..first.found.span.start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let before = &text[line..first.found.span.start];
    let pack = before
        .trim_end()
        .strip_suffix(['x', '×'])
        .is_some_and(|count| {
            let count = count.trim();
            !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit())
        });
    if pack && matches!(first.found.part, Part::Strength | Part::Dose) {
        first.found.part = Part::Quantity;
        first.found.span.start = line;
        first.found.value.start = line;
        return;
    }
    let value = text[first.found.value.clone()].to_lowercase();
    let bottle = value.ends_with("ml")
        || value.ends_with('g') && !value.ends_with("mg") && !value.ends_with("mcg");
    if taken
        && (bottle || super::amounts::is_supply(&value))
        && matches!(first.found.part, Part::Strength | Part::Dose)
    {
        first.found.part = Part::Quantity;
    }
}

/// `50 units in 50 ml sodium chloride`, `in 50 ml 50% dextrose`: the volume before the fluid's name is no dose of it.
fn is_in_a_volume(text: &str, item: &Found) -> bool {
    let unit = crate::sig::strength_unit(&text[item.value.clone()]);
    matches!(item.part, Part::Strength | Part::Dose)
        && unit.is_some_and(|unit| matches!(&*unit, "ml" | "mls" | "l" | "cc"))
        && text[..item.span.start]
            .trim_end()
            .to_lowercase()
            .ends_with(" in")
}

/// `oral solution 100ml. Take 2.5ml`, `100ML MIXTURE … Give 7.5 mL`: what a bottle or tube holds stands beside the form,
/// and what is taken of it behind a verb.
pub(super) fn tell_bottle(text: &str, found: &mut [Read], name: usize) {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:take|put|give|apply|instil+|use|inhale|inject|insert|drink|swallow|rinse|gargle|swish)\b",
        )
        .expect("a valid expression")
    });
    const NEAR: usize = 2;
    for n in 0..found.len() {
        let item = &found[n].found;
        let value = text[item.value.clone()].to_lowercase();
        let bottle = crate::sig::strength_unit(&value)
            .is_some_and(|unit| matches!(&*unit, "ml" | "mls" | "g" | "gm"));
        if !bottle
            || value.contains('/')
            || item.span.start < name
            || text[..item.span.start].ends_with('(')
            || !matches!(item.part, Part::Strength | Part::Dose)
        {
            continue;
        }
        let form = |other: &Found| other.part == Part::Form;
        let beside = n > 0
            && form(&found[n - 1].found)
            && item.span.start - found[n - 1].found.span.end.min(item.span.start) <= NEAR
            || found.get(n + 1).is_some_and(|next| {
                form(&next.found) && next.found.span.start <= item.span.end + NEAR
            });
        let taken = found[n + 1..].iter().any(|next| {
            matches!(next.found.part, Part::Strength | Part::Dose)
                && text
                    .get(item.span.end..next.found.value.start)
                    .is_some_and(|lead| VERB.is_match(lead))
        });
        if beside && taken {
            found[n].found.part = Part::Quantity;
        }
    }
}

/// `0.9% 1000 ml KCl 20 mmol`: a share and a volume before a name that has its own amount are of the bag that it is
/// added to.
pub(super) fn without_bag(text: &str, found: &mut Vec<Read>, name: &Span) {
    found.retain(|read| read.found.span.end > name.start || !is_in_a_volume(text, &read.found));
    let own = found.iter().any(|read| {
        let unit = crate::sig::strength_unit(&text[read.found.value.clone()]);
        read.found.part == Part::Strength
            && read.found.span.start >= name.end
            && read.found.span.start <= name.end + 2
            && unit.is_some_and(|unit| matches!(&*unit, "mmol" | "meq" | "mg" | "g" | "units"))
    });
    let share = found.iter().any(|read| {
        read.found.span.end <= name.start && text[read.found.value.clone()].ends_with('%')
    });
    if own && share {
        found.retain(|read| read.found.span.start >= name.end);
    }
}

/// `furosemide drip to PO torsemide`, `aspirin 75 mg, IV furosemide`: a route right before the next name, behind what
/// parts the two.
pub(super) fn is_of_next(text: &str, item: &Found, next: usize) -> bool {
    static PARTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:[,;:.+=>→➔\n•-]|\b(?i:and|to|or|then|with|plus|also))\s*$")
            .expect("a valid expression")
    });
    item.part == Part::Route
        && item.span.end <= next
        && text[item.span.end..next].trim().is_empty()
        && PARTED.is_match(&text[..item.span.start])
}

/// `20 mg of prednisone`, `IV methylprednisolone`: phrases right before the name.
pub(super) fn leading(
    text: &str,
    found: &[Found],
    mention: &Mention,
    behind_drug: bool,
) -> Vec<Found> {
    let mut out = Vec::new();
    let mut at = mention.name.start;
    for item in found.iter().rev() {
        let gap = text[item.span.end..at].trim().to_lowercase();
        // `Cap. Omez`, and no `Mouthwash. Loperamide`.
        const ABBREVIATED: usize = 5;
        let form = item.part == Part::Form && gap == "." && item.span.len() <= ABBREVIATED;
        // The cell before is another drug's in a row that names one there.
        let apart =
            text[item.span.end..at].contains(['\t', '|']) || text[item.span.end..at].contains("  ");
        let fits =
            form || matches!(gap.as_str(), "" | "of" | "of the" | "x") && !(apart && behind_drug);
        let part = matches!(
            item.part,
            Part::Strength | Part::Dose | Part::Route | Part::Duration | Part::Form
        );
        // `Vitamin A given PO. Mebendazole`: the route closes the sentence of the drug before.
        let closes = behind_drug && item.part == Part::Route && {
            let said = text[item.span.clone()].trim_end();
            said.strip_suffix('.')
                .is_some_and(|said| !said.contains('.'))
        };
        if !fits || !part || closes {
            break;
        }
        at = item.span.start;
        out.push(item.clone());
    }
    out.reverse();
    out
}
