//! Whom to call. Numbers of countries, and a text that names the common ones where no country is set.

/// Numbers of a country, by ISO 3166-1 alpha-2: emergency; a line for people in despair, where one is known.
const NUMBERS: &[(&str, &str, Option<&str>)] = &[
    ("US", "911", Some("988")),
    ("CA", "911", Some("988")),
    ("MX", "911", None),
    ("GB", "999", Some("116 123 (Samaritans)")),
    ("IE", "112 or 999", Some("116 123 (Samaritans)")),
    ("AU", "000", Some("13 11 14 (Lifeline)")),
    ("NZ", "111", Some("1737")),
    ("IN", "112", Some("14416 (Tele-MANAS)")),
    ("ZA", "112 or 10177", None),
    ("JP", "119", None),
    ("CN", "120", None),
    ("BR", "192", Some("188 (CVV)")),
    ("CH", "144", Some("143")),
    ("DE", "112", Some("0800 111 0 111 (TelefonSeelsorge)")),
    ("AT", "144", Some("142 (TelefonSeelsorge)")),
    ("FR", "15 or 112", Some("3114")),
    ("ES", "112", Some("024")),
    ("IT", "112", None),
    ("NL", "112", Some("113")),
    ("BE", "112", Some("1813")),
    ("PL", "112", None),
    ("SE", "112", None),
    ("DK", "112", None),
    ("FI", "112", None),
    ("NO", "113", None),
    ("PT", "112", None),
];

/// The country whose numbers are given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Country(Option<&'static (&'static str, &'static str, Option<&'static str>)>);

impl std::str::FromStr for Country {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        let found = NUMBERS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(code));
        found.map(|found| Self(Some(found))).ok_or_else(|| {
            let known: Vec<&str> = NUMBERS.iter().map(|(code, ..)| *code).collect();
            format!(
                "the emergency numbers of `{code}` are not known; known are {}",
                known.join(", ")
            )
        })
    }
}

impl Country {
    /// Whom to call, in a clause.
    #[must_use]
    pub fn emergency(self) -> String {
        match self.0 {
            Some((_, number, _)) => format!("call {number} now"),
            None => "call your emergency number now (112 in Europe and many other countries, 911 in the United \
                     States and Canada, 999 in the United Kingdom)"
                .into(),
        }
    }

    /// A line for people in despair.
    #[must_use]
    pub fn despair(self) -> String {
        match self.0 {
            Some((_, _, Some(line))) => format!("You can also reach {line} at any hour."),
            _ => "A crisis line of your country, or someone you trust, can be with you until then."
                .into(),
        }
    }
}
