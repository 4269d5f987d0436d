//! Signatures of Standard Webhooks 1.0.0, symmetric: `v1`, HMAC-SHA256 over `id.timestamp.body`.
//!
//! While a secret is being replaced a message is signed with the old and the new one. Receivers must
//! also refuse a timestamp that is minutes off, and forget no id meanwhile; that is theirs to do.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";

/// Bytes of a new secret; the specification allows 24 to 64.
const NEW_BYTES: usize = 32;

/// A key that we share with one receiver. Its debug form hides it.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a text is no secret. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Another form.
    #[error("a webhook secret is `whsec_` and base64")]
    Form,
    /// Too short to be safe or longer than the specification allows.
    #[error("a webhook secret has 24 to 64 bytes")]
    Length,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// [`SecretError::Random`].
    pub fn random() -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new(vec![0; NEW_BYTES]);
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bytes)
            .map_err(|_| SecretError::Random)?;
        Ok(Self(bytes))
    }

    /// The form in which the receiver gets it and the database seals it.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(PREFIX.to_owned());
        BASE64_STANDARD.encode_string(self.0.as_slice(), &mut text);
        text
    }

    #[expect(
        clippy::expect_used,
        reason = "HMAC takes a key of any length, the type only does not say so"
    )]
    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.0).expect("any length is a key");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Form)?;
        let bytes = BASE64_STANDARD
            .decode(encoded)
            .map_err(|_| SecretError::Form)?;
        let secret = Self(Zeroizing::new(bytes));
        if !(24..=64).contains(&secret.0.len()) {
            return Err(SecretError::Length);
        }
        Ok(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The value of `webhook-signature`: one signature a secret, separated by spaces.
///
/// `id` must not hold a full stop, or one message could pass for another; ours are UUIDs.
#[must_use]
pub fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let each = |secret: &Secret| {
        let mac = secret.mac(id, timestamp, body).finalize().into_bytes();
        format!("v1,{}", BASE64_STANDARD.encode(mac))
    };
    secrets.iter().map(each).collect::<Vec<_>>().join(" ")
}

/// Does one of the signatures in the header come from the secret? Compares in constant time; other
/// versions than `v1` are passed over.
#[must_use]
pub fn verify(secret: &Secret, id: &str, timestamp: i64, body: &[u8], header: &str) -> bool {
    header
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|encoded| BASE64_STANDARD.decode(encoded).ok())
        .any(|mac| secret.mac(id, timestamp, body).verify_slice(&mac).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretError, signatures, verify};
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    // The known answer of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn signs_as_the_specification_does() {
        let secret: Secret = SECRET.parse().unwrap();
        assert_eq!(signatures(&[secret], ID, TIMESTAMP, BODY), SIGNATURE);
    }

    #[test]
    fn either_secret_verifies_while_one_replaces_the_other() {
        let (old, new) = (SECRET.parse().unwrap(), Secret::random().unwrap());
        let header = signatures(&[new.clone(), old], ID, TIMESTAMP, BODY);
        let old: Secret = SECRET.parse().unwrap();
        assert!(header.ends_with(&format!(" {SIGNATURE}")));
        assert!(verify(&old, ID, TIMESTAMP, BODY, &header));
        assert!(verify(&new, ID, TIMESTAMP, BODY, &header));
        let other = Secret::random().unwrap();
        assert!(!verify(&other, ID, TIMESTAMP, BODY, &header));
    }

    #[test]
    fn what_was_changed_does_not_verify() {
        let secret: Secret = SECRET.parse().unwrap();
        let check = |id, timestamp, body, header| verify(&secret, id, timestamp, body, header);
        let other_versions = format!("v1a,AAAA v2,{} {SIGNATURE}", &SIGNATURE[3..]);
        assert!(check(ID, TIMESTAMP, BODY, &other_versions));
        for (case, verified) in [
            ("id", check("msg_other", TIMESTAMP, BODY, SIGNATURE)),
            ("time", check(ID, TIMESTAMP + 1, BODY, SIGNATURE)),
            ("body", check(ID, TIMESTAMP, b"{}", SIGNATURE)),
            ("no signature", check(ID, TIMESTAMP, BODY, "")),
            ("empty signature", check(ID, TIMESTAMP, BODY, "v1,")),
            ("cut", check(ID, TIMESTAMP, BODY, "v1,g0hM9SsE")),
            ("version", check(ID, TIMESTAMP, BODY, &SIGNATURE[3..])),
        ] {
            assert!(!verified, "{case}");
        }
    }

    #[test]
    fn secrets_of_24_to_64_bytes_go_out_and_come_in() {
        let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
        for (text, error) in [
            (of(24), None),
            (of(64), None),
            (of(23), Some(SecretError::Length)),
            (of(65), Some(SecretError::Length)),
            ("whsec_".into(), Some(SecretError::Length)),
            ("whsec_ä".into(), Some(SecretError::Form)),
            (of(24)[6..].to_owned(), Some(SecretError::Form)),
        ] {
            match text.parse::<Secret>() {
                Ok(secret) => assert_eq!((&*secret.expose(), None), (&text, error)),
                Err(found) => assert_eq!(Some(found), error, "{text}"),
            }
        }
        let secret = Secret::random().unwrap();
        assert_eq!(secret.expose().len(), 6 + 44);
        assert_ne!(*secret.expose(), *Secret::random().unwrap().expose());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
