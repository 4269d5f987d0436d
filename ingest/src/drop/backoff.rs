//! How long to wait after failures: twice as long each time, up to a quarter of a minute, with a
//! random part so that many clients do not come back together.

use std::time::Duration;

use uuid::Uuid;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// The wait after so many failures, counted from 1.
pub(super) fn backoff(failures: u32) -> Duration {
    let whole = FIRST
        .saturating_mul(1 << failures.saturating_sub(1).min(8))
        .min(LONGEST);
    // Random bits are the only use of the id.
    let dice = f64::from(Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    whole.mul_f64(0.5 + dice / 2.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::backoff;

    #[test]
    fn waits_grow_to_a_bound() {
        for (failures, longest) in [
            (0, 500),
            (1, 500),
            (3, 2000),
            (6, 15_000),
            (u32::MAX, 15_000),
        ] {
            let longest = Duration::from_millis(longest);
            let wait = backoff(failures);
            assert!(
                (longest / 2..=longest).contains(&wait),
                "{failures}: {wait:?}"
            );
        }
    }
}
