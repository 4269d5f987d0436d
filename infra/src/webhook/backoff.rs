//! When a failed delivery is tried again. Pure: the clock and the dice are handed in.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The schedule that Standard Webhooks suggests: ten attempts in a little more than three days.
const SCHEDULE: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// A receiver that asks for more than this is asked again after this.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// How long to wait before an attempt, counted from 0; none when there is no such attempt.
///
/// `jitter` in 0..=1 adds up to a tenth, so that what failed together does not come back together.
/// Where the receiver said how long, the longer of the two holds.
#[must_use]
pub fn backoff(attempt: u32, jitter: f64) -> Option<Duration> {
    let delay = *SCHEDULE.get(usize::try_from(attempt).ok()?)?;
    let jitter = if jitter.is_nan() { 0.0 } else { jitter };
    Some(delay.mul_f64(1.0 + 0.1 * jitter.clamp(0.0, 1.0)))
}

/// A `Retry-After` header, seconds or an HTTP date, as a wait of a day at most.
#[must_use]
pub fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    let wait = if header.bytes().all(|b| b.is_ascii_digit()) && !header.is_empty() {
        // More digits than a number holds is longer than the longest wait, too.
        header.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        let date = DateTime::parse_from_rfc2822(header).ok()?;
        (date.to_utc() - now).to_std().unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::{backoff, retry_after};
    use chrono::DateTime;
    use std::time::Duration;

    #[test]
    fn ten_attempts_then_none() {
        let starts: Vec<u64> = (0..10)
            .scan(0, |since, attempt| {
                *since += backoff(attempt, 0.0)?.as_secs();
                Some(*since)
            })
            .collect();
        // The table's second column: time since the start.
        assert_eq!(
            starts,
            [
                0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105
            ]
        );
        assert_eq!(backoff(10, 0.0), None);
        assert_eq!(backoff(u32::MAX, 0.0), None);
    }

    #[test]
    fn jitter_adds_at_most_a_tenth() {
        for (jitter, seconds) in [
            (0.0, 300),
            (0.5, 315),
            (1.0, 330),
            (7.0, 330),
            (-1.0, 300),
            (f64::NAN, 300),
        ] {
            assert_eq!(
                backoff(2, jitter),
                Some(Duration::from_secs(seconds)),
                "{jitter}"
            );
        }
        assert_eq!(
            backoff(0, 1.0),
            Some(Duration::ZERO),
            "the first is at once"
        );
    }

    #[test]
    fn the_receiver_says_how_long() {
        let now = DateTime::from_timestamp(1_445_412_420, 0).unwrap();
        for (header, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("Fri, 21 Oct 2016 07:28:00 GMT", Some(86_400)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                retry_after(header, now),
                seconds.map(Duration::from_secs),
                "{header:?}"
            );
        }
    }
}
