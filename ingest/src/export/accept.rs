//! Which format a client wants (RFC 9110, 12.5.1).

/// A form of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// All, in the order in which we prefer them where the client does not care.
    pub const ALL: [Self; 4] = [Self::Json, Self::Ndjson, Self::Csv, Self::Parquet];

    /// The media type without parameters.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The best of an `Accept` header; none when it allows none of ours. An empty header allows all.
    ///
    /// Of each format the most specific range counts. Among formats that are wanted equally, one that
    /// was named comes before one that a wildcard lets in.
    #[must_use]
    pub fn from_accept(header: &str) -> Option<Self> {
        if header.trim().is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<Range> = header.split(',').filter_map(Range::read).collect();
        let wanted = Self::ALL.into_iter().filter_map(|format| {
            let fits = ranges.iter().filter_map(|range| {
                let specificity = range.fits(format)?;
                Some((specificity, range.quality))
            });
            let (specificity, quality) = fits.max_by_key(|(specificity, _)| *specificity)?;
            (quality > 0).then_some((quality, specificity, format))
        });
        // Of equals `max_by_key` takes the last, and the first is preferred.
        let best = wanted
            .rev()
            .max_by_key(|&(quality, specificity, _)| (quality, specificity));
        best.map(|(.., format)| format)
    }
}

/// One element of the header; the quality counts in thousandths.
struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(element: &'a str) -> Option<Self> {
        let mut parts = element.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = match quality {
            None => 1000,
            Some((_, value)) => {
                let value: f32 = value.trim().parse().ok()?;
                (0.0..=1.0)
                    .contains(&value)
                    .then(|| (value * 1000.0).round() as u16)?
            }
        };
        Some(Self { main, sub, quality })
    }

    /// How specific it is where it holds: 2 exact, 1 of a family, 0 of everything.
    fn fits(&self, format: Format) -> Option<u8> {
        let (main, sub) = format.media_type().split_once('/')?;
        match (self.main, self.sub) {
            ("*", "*") => Some(0),
            (m, "*") if m.eq_ignore_ascii_case(main) => Some(1),
            (m, s) if m.eq_ignore_ascii_case(main) && s.eq_ignore_ascii_case(sub) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_client_chooses() {
        use Format::{Csv, Json, Ndjson, Parquet};
        for (header, format) in [
            ("", Some(Json)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("text/*", Some(Csv)),
            ("application/json", Some(Json)),
            ("application/x-ndjson", Some(Ndjson)),
            ("text/csv; charset=utf-8; header=present", Some(Csv)),
            ("application/vnd.apache.parquet", Some(Parquet)),
            ("TEXT/CSV", Some(Csv)),
            ("text/csv, */*", Some(Csv)),
            ("*/*, text/csv", Some(Csv)),
            ("text/csv;q=0.5, application/json;q=0.9", Some(Json)),
            ("application/json;q=0.5, text/csv;q=0.501", Some(Csv)),
            (
                "text/csv; Q=0.1 , application/x-ndjson ; q = 0.2",
                Some(Ndjson),
            ),
            ("application/json;q=0, */*", Some(Ndjson)),
            ("application/*;q=0, */*;q=0.1", Some(Csv)),
            ("*/*;q=0", None),
            ("application/json;q=0", None),
            ("application/fhir+json", None),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            ("json", None),
            ("text/csv;q=2, application/x-ndjson", Some(Ndjson)),
            ("text/csv;q=high, application/x-ndjson", Some(Ndjson)),
        ] {
            assert_eq!(Format::from_accept(header), format, "{header:?}");
        }
    }
}
