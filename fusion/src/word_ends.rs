//! Where words end without a space that won: the forms of dates and ranges tell.

use crate::parties::Decision;

/// What stands in the slots up to the next space, forwards or backwards.
fn run<'a>(decisions: impl Iterator<Item = &'a Decision>) -> String {
    decisions
        .map(|decision| decision.winner)
        .take_while(|winner| *winner != Some(' '))
        .flatten()
        .collect()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Puts in the space before a year that an engine saw and that was voted down, `May 31,2026`.
pub(crate) fn open_years(decisions: &mut [Decision]) {
    for i in 0..decisions.len() {
        let voted_down = decisions[i].winner.is_none() && decisions[i].weights.is_empty();
        if voted_down {
            let before = reversed(&run(decisions[..i].iter().rev()));
            if parts_day_from_year(&before, &run(decisions[i + 1..].iter())) {
                decisions[i].winner = Some(' ');
                decisions[i].posterior = 0.5;
            }
        }
    }
}

/// Does the word from `start` end before slot `end` since a range has a space on the other side of its dash,
/// `2.0- 4.4` or `3.5 -5.1`?
pub(crate) fn is_crowded(start: usize, end: usize, decisions: &[Decision]) -> bool {
    let Some(winner) = decisions.get(end).and_then(|decision| decision.winner) else {
        return false;
    };
    let word = run(decisions[start..end].iter());
    if winner == '-' {
        let next = (end + 1..decisions.len()).find(|&i| decisions[i].winner.is_some());
        let space = next.filter(|&i| decisions[i].winner == Some(' '));
        return space.is_some_and(|i| is_range(&word, &run(decisions[i + 1..].iter())));
    }
    let after_space = start > 0 && decisions[start - 1].winner == Some(' ');
    after_space && word == "-" && {
        let low = reversed(&run(decisions[..start - 1].iter().rev()));
        is_range(&low, &run(decisions[end..].iter()))
    }
}

/// Is this the end of a day before a year, `31,`? No number is grouped so, thus the space that an engine
/// saw between them is one.
fn parts_day_from_year(before: &str, after: &str) -> bool {
    let day = before.strip_suffix(',').unwrap_or_default();
    let year: String = after.chars().take_while(char::is_ascii_digit).collect();
    matches!(day.len(), 1 | 2) && day.bytes().all(|b| b.is_ascii_digit()) && year.len() == 4
}

/// Are these the ends of a range, `3.5` and `5.1`? With a space on one side of its dash there is one on the
/// other.
fn is_range(low: &str, high: &str) -> bool {
    let decimals = |end: &str| {
        let (whole, part) = end.split_once('.')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(whole) && digits(part)).then_some(part.len())
    };
    decimals(low).is_some_and(|low| decimals(high) == Some(low))
}

#[cfg(test)]
mod tests {
    use super::{is_range, parts_day_from_year};

    #[test]
    fn days_stand_apart_from_years_and_ends_of_ranges_alike() {
        for (before, after, apart) in [
            ("31,", "2026", true),
            ("31,", "2026.", true),
            ("1,", "296.00", false),
            ("131,", "2026", false),
            ("A31,", "2026", false),
        ] {
            assert_eq!(
                parts_day_from_year(before, after),
                apart,
                "{before} {after}"
            );
        }
        for (low, high, range) in [
            ("3.5", "5.1", true),
            ("0.40", "4.50", true),
            ("555", "0114", false),
            ("3.5", "51", false),
            ("1.2.3", "4.5", false),
        ] {
            assert_eq!(is_range(low, high), range, "{low} {high}");
        }
    }
}
