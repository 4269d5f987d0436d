//! How far a patient's dates move, and ids that stand for others: both from a secret that stays at the site.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{ToSpan as _, civil::Date};
use sha2::Sha256;
use uuid::{Builder, Uuid};

/// A tenant's secret. Without it neither a shift nor a pseudonym can be computed.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// Dates move by so many weeks: weekdays stay, also where they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weeks(i64);

/// At most, either way; never none.
const MOST: u64 = 52;

impl Secret {
    /// From a key that serves nothing else.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    pub(crate) fn weeks(&self, about: &str) -> Weeks {
        let mac = self.mac(b"medbot/dates/1", about.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&mac[..8]);
        let step = (u64::from_be_bytes(first) % (2 * MOST)) as i64 - MOST as i64;
        Weeks(if step < 0 { step } else { step + 1 })
    }

    /// HMAC-SHA256 (RFC 2104), the purpose before a NUL.
    fn mac(&self, purpose: &[u8], what: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose);
        mac.update(&[0]);
        mac.update(what);
        mac.finalize().into_bytes().into()
    }
}

/// An id that stands for another: the same for the same, and nobody without the secret finds the way back.
#[must_use]
pub fn pseudonym(secret: &Secret, id: Uuid) -> Uuid {
    let mac = secret.mac(b"medbot/pseudonym/1", id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mac[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

impl Weeks {
    pub(crate) fn moved(self, day: Date) -> Option<Date> {
        day.checked_add(self.0.weeks()).ok()
    }

    /// As seconds, for times of day.
    pub(crate) fn seconds(self) -> i64 {
        self.0 * 7 * 24 * 60 * 60
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::{MOST, Secret};

    #[test]
    fn a_shift_is_whole_weeks_never_none_and_of_the_patient_and_the_secret() {
        let secret = Secret::new([7; 32]);
        let mut seen = HashSet::new();
        for patient in 0..4000 {
            let about = patient.to_string();
            let weeks = secret.weeks(&about);
            assert_eq!(weeks, secret.weeks(&about));
            assert!(weeks.0 != 0 && weeks.0.unsigned_abs() <= MOST, "{weeks:?}");
            let (a, b) = (date(2024, 2, 27), date(2024, 3, 2));
            let (c, d) = (weeks.moved(a).unwrap(), weeks.moved(b).unwrap());
            assert_eq!(a.weekday(), c.weekday());
            assert_eq!((b - a).get_days(), (d - c).get_days());
            seen.insert(weeks.0);
        }
        assert_eq!(seen.len() as u64, 2 * MOST, "every shift comes up");
        let other = Secret::new([8; 32]);
        let differs = (0..100).filter(|n| {
            let about = n.to_string();
            secret.weeks(&about) != other.weeks(&about)
        });
        assert!(differs.count() > 90);
    }
}
