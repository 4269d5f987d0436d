//! What words look like: dates, codes, units, the shorthand of prescriptions, and known words break
//! the tie where engines differ. Only readings that stand in the slots are combined, so that text that
//! no engine read is never output; numbers get nothing, since `10` and `1.0` are both good numbers and
//! only one of them is the dose.

use std::collections::HashSet;

use crate::parties::Decision;

/// A reading that is this much less likely than the best, in log-odds, is out of question.
const REACH: f32 = 5.0;
/// Doubtful slots of a word that are tried in all combinations, and readings of each.
const SLOTS: usize = 5;
const READINGS: usize = 3;
/// What a form is worth, in log-odds.
const STRICT: f32 = 3.0;
const LOOSE: f32 = 1.5;
/// What a slash that makes a date or a blood pressure is worth besides, where the best reading is an upright stroke: a print that
/// makes one engine take slashes for `1` deceives it at each of them.
const SLASH: f32 = 2.0;
const UPRIGHT: &str = "17lI|";

/// Units as they are printed, letters in lower case.
const UNITS: &str = "mg mcg g kg lb lbs ml l mg/dl g/dl g/l mg/l ng/ml pg/ml ug/ml ug/dl ug/l ng/dl mmol/l umol/l nmol/l pmol/l \
     meq/l u/l iu/l iu/ml uiu/ml miu/l mu/l miu/ml k/ul m/ul fl pg mm/hr mm/h ml/min ml/min/1.73m2 mmhg bpm copies/ml mg/ml \
     mcg/ml mcg/dl units unit cells/ul mg/g /hpf /lpf /min /day 10*3/ul 10*6/ul x10e3/ul x10e6/ul 10^9/l 10^12/l mosm/kg mmol/mol";
/// Shorthand of prescriptions, points left out.
const SHORTHAND: &str = "po pr sl im iv sc prn bid tid qid qd qhs qam qpm qod hs ac pc od os ou ad stat tab tabs cap caps susp \
     sig disp rf qty daw npo inh neb gtt supp daily nightly weekly monthly bedtime";
/// Words of forms, letters and reports.
const COMMON: &str = include_str!("words.txt");
/// Words of English; lines that begin with `#` say whose list it is.
const ENGLISH: &str = include_str!("english.txt");
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Words that are expected, in lower case.
#[derive(Clone, Debug, Default)]
pub struct Words(HashSet<String>);

impl Words {
    /// Common words of medical documents and of English, and these.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let english = ENGLISH.lines().filter(|line| !line.starts_with('#'));
        let words = words
            .into_iter()
            .chain(COMMON.split_whitespace())
            .chain(english.flat_map(str::split_whitespace));
        Self(words.map(str::to_lowercase).collect())
    }

    /// Is this one of them, of letters alone, at least so many?
    pub(crate) fn has_word(&self, word: &str, least: usize) -> bool {
        let core = core(word);
        core.chars().count() >= least
            && core.chars().all(char::is_alphabetic)
            && self.0.contains(&core.to_lowercase())
    }

    /// Is this a date?
    pub(crate) fn is_date(&self, word: &str) -> bool {
        is_date(&core(word).to_lowercase())
    }

    /// Is this a unit?
    pub(crate) fn is_unit(&self, word: &str) -> bool {
        listed(UNITS, &core(word).to_lowercase())
    }

    /// Is this shorthand of a prescription, of two letters or more?
    pub(crate) fn is_shorthand(&self, word: &str) -> bool {
        word.len() >= 2 && listed(SHORTHAND, &core(word).to_lowercase().replace('.', ""))
    }

    /// Is this one of them, letters and digits alike, or a unit or shorthand?
    pub(crate) fn has_term(&self, word: &str) -> bool {
        let term = core(word).to_lowercase();
        let is_known = term.chars().count() > 2 && self.0.contains(&term);
        is_known || self.is_unit(word) || self.is_shorthand(word)
    }

    /// What the look of a word is worth, in log-odds; 0 when it looks like nothing known.
    pub(crate) fn worth(&self, word: &str) -> f32 {
        let core = core(word);
        let lower = core.to_lowercase();
        let shorthand = lower.replace('.', "");
        let is_formed = is_date(&lower) || is_interval(&shorthand) || is_pressure(core);
        if is_formed || listed(UNITS, &lower) {
            return STRICT;
        }
        if is_icd(core) || listed(SHORTHAND, &shorthand) {
            return LOOSE;
        }
        let letters = lower.chars().count();
        if letters > 2 && self.0.contains(&lower) {
            return LOOSE + 0.25 * letters.min(8) as f32;
        }
        0.0
    }
}

/// The word without what encloses and ends it.
fn core(word: &str) -> &str {
    word.trim_start_matches(['(', '[', '"', '\''])
        .trim_end_matches([')', ']', '.', ',', ';', ':', '"', '\''])
}

fn listed(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_whitespace().any(|listed| listed == word)
}

/// `9/19/2024`, `19.09.24`, `2024-09-19`, `08-oct-1951`, `27nov25`.
fn is_date(word: &str) -> bool {
    let separator = word.chars().find(|c| matches!(c, '/' | '-' | '.'));
    let parts: Vec<&str> = match separator {
        Some(separator) => word.split(separator).collect(),
        None => by_month(word),
    };
    let [a, b, c] = parts[..] else { return false };
    let number = |part: &str, widths: &[usize]| {
        let digits = widths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let day = |part| number(part, &[1, 2]).filter(|day| (1..=31).contains(day));
    let year = |part| number(part, &[4]).filter(|year| (1880..=2199).contains(year));
    let short = |part| number(part, &[2]).or_else(|| year(part));
    if let (Some(_), Some(month), Some(_)) = (year(a), day(b), day(c)) {
        return month <= 12;
    }
    let (Some(first), Some(_)) = (day(a), short(c)) else {
        return false;
    };
    match day(b) {
        Some(second) => first <= 12 || second <= 12,
        None => MONTHS.contains(&b),
    }
}

/// `27nov25` in its three parts.
fn by_month(word: &str) -> Vec<&str> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    match word.get(digits..digits + 3) {
        Some(month) => vec![&word[..digits], month, &word[digits + 3..]],
        None => Vec::new(),
    }
}

/// A code of ICD-10: a letter, a digit, a digit or letter, and up to four characters after a point.
fn is_icd(word: &str) -> bool {
    let bytes = word.as_bytes();
    let head = bytes.len() >= 3
        && bytes[0].is_ascii_uppercase()
        && bytes[0] != b'U'
        && bytes[1].is_ascii_digit()
        && (bytes[2].is_ascii_digit() || matches!(bytes[2], b'A' | b'B'));
    head && match bytes.get(3) {
        None => true,
        Some(b'.') => {
            (5..=8).contains(&bytes.len())
                && bytes[4..]
                    .iter()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        }
        Some(_) => false,
    }
}

/// `137/72`: a systolic over a lower diastolic blood pressure in mmHg, as people have them.
fn is_pressure(word: &str) -> bool {
    let Some((systolic, diastolic)) = word.split_once('/') else {
        return false;
    };
    let number = |part: &str| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| digits)
    };
    match (number(systolic), number(diastolic)) {
        (Some(high), Some(low)) => (70..=260).contains(&high) && (30..high).contains(&low),
        _ => false,
    }
}

/// `q6h`, `q12h`, `q4-6h`.
fn is_interval(word: &str) -> bool {
    word.strip_prefix('q')
        .and_then(|rest| rest.strip_suffix('h'))
        .is_some_and(|hours| {
            !hours.is_empty()
                && hours
                    .split('-')
                    .all(|n| n.parse::<u8>().is_ok_and(|n| (1..=72).contains(&n)))
        })
}

/// Lets the look of a word decide its doubtful slots. Returns whether the word looks like something
/// known.
pub(crate) fn settle(decisions: &mut [Decision], words: &Words) -> bool {
    let mut doubtful: Vec<usize> = (0..decisions.len())
        .filter(|&i| alternatives(&decisions[i]).len() > 1)
        .collect();
    doubtful.sort_by(|a, b| decisions[*a].posterior.total_cmp(&decisions[*b].posterior));
    doubtful.truncate(SLOTS);
    let choices: Vec<Vec<(Option<char>, f32)>> = doubtful
        .iter()
        .map(|&i| alternatives(&decisions[i]))
        .collect();
    let mut best: Option<(f32, f32, Vec<usize>)> = None;
    let mut pick = vec![0; doubtful.len()];
    loop {
        let text: String = (0..decisions.len())
            .filter_map(|i| match doubtful.iter().position(|&d| d == i) {
                Some(n) => choices[n][pick[n]].0,
                None => decisions[i].winner,
            })
            .collect();
        let mut worth = words.worth(&text);
        if worth >= STRICT {
            let slashes = pick
                .iter()
                .zip(&choices)
                .filter(|(p, slot)| slot[**p].0 == Some('/') && is_upright(slot[0].0));
            worth += SLASH * slashes.count() as f32;
        }
        let weight: f32 = pick.iter().zip(&choices).map(|(&p, c)| c[p].1).sum();
        if best
            .as_ref()
            .is_none_or(|(most, ..)| weight + worth > *most)
        {
            best = Some((weight + worth, worth, pick.clone()));
        }
        // The next combination.
        let Some(next) = (0..pick.len()).find(|&n| pick[n] + 1 < choices[n].len()) else {
            break;
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
    let Some((_, worth, pick)) = best else {
        return false;
    };
    for ((i, choices), p) in doubtful.into_iter().zip(choices).zip(pick) {
        let (choice, weight) = choices[p];
        let weight = weight + worth;
        let others = choices.iter().filter(|(c, _)| *c != choice);
        let all: f32 = others.map(|(_, w)| (w - weight).exp()).sum::<f32>() + (-weight).exp();
        decisions[i].winner = choice;
        decisions[i].posterior = 1.0 / (1.0 + all);
    }
    worth > 0.0
}

fn is_upright(choice: Option<char>) -> bool {
    choice.is_some_and(|ch| UPRIGHT.contains(ch))
}

/// The readings of a slot that are in question, the best first.
fn alternatives(decision: &Decision) -> Vec<(Option<char>, f32)> {
    let mut readings: Vec<(Option<char>, f32)> = decision
        .weights
        .iter()
        .filter(|(choice, _)| **choice != Some(' '))
        .map(|(choice, weight)| (*choice, *weight))
        .collect();
    readings.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let most = readings.first().map_or(0.0, |first| first.1);
    let upright = readings.first().is_some_and(|first| is_upright(first.0));
    let reach = |choice: Option<char>| match choice {
        Some('/') if upright => REACH + SLASH,
        _ => REACH,
    };
    readings.retain(|(choice, weight)| *weight > most - reach(*choice));
    readings.truncate(READINGS);
    readings
}

#[cfg(test)]
mod tests {
    use super::{Words, is_date, is_icd, is_interval, is_pressure};

    #[test]
    fn forms_are_told_from_what_looks_like_them() {
        for (word, date, icd, interval) in [
            ("9/19/2024", true, false, false),
            ("09/1912024", false, false, false),
            ("2024-09-19", true, false, false),
            ("08-oct-1951", true, false, false),
            ("31/31/2024", false, false, false),
            ("13/01/23", true, false, false),
            ("555-0114", false, false, false),
            ("1.2.3", false, false, false),
            ("N17.9", false, true, false),
            ("I10", false, true, false),
            ("110", false, false, false),
            ("N1?.9", false, false, false),
            ("q6h", false, false, true),
            ("q4-6h", false, false, true),
            ("qgh", false, false, false),
        ] {
            let found = (is_date(word), is_icd(word), is_interval(word));
            assert_eq!(found, (date, icd, interval), "{word}");
        }
    }

    #[test]
    fn pressures_are_told_from_other_fractions() {
        for (word, pressure) in [
            ("137/72", true),
            ("98/54", true),
            ("72/137", false),
            ("20/40", false),
            ("137172", false),
            ("12/08", false),
            ("+137/72", false),
            ("137/72/5", false),
        ] {
            assert_eq!(is_pressure(word), pressure, "{word}");
        }
    }

    #[test]
    fn numbers_are_worth_nothing_and_units_much() {
        let words = Words::new(["Tablet"]);
        for (word, worth) in [
            ("10", false),
            ("1.0", false),
            ("mcg", true),
            ("meg", false),
            ("tablet,", true),
            ("uIU/mL", true),
        ] {
            assert_eq!(words.worth(word) > 0.0, worth, "{word}");
        }
    }
}
