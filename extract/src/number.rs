//! Numbers as they are printed on both sides of the Channel: a comma before three digits groups them, one
//! before one or two is the decimal point. Limit: `1,234` is read as the first, in any country.

/// The value of `1,842`, `12,8` or `0.5`; none where anything else stands there.
pub(crate) fn read(printed: &str) -> Option<f64> {
    let printed = printed.trim();
    let plain = if has_decimal_comma(printed) {
        printed.replace(',', ".")
    } else {
        printed.replace(',', "")
    };
    plain.parse().ok()
}

/// `12,8`, `0,45`.
pub(crate) fn has_decimal_comma(printed: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    printed.split_once(',').is_some_and(|(whole, decimals)| {
        digits(whole.trim_start_matches(['-', '+'])) && digits(decimals) && decimals.len() <= 2
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn commas_group_or_divide() {
        for (printed, want) in [
            ("12,8", Some(12.8)),
            ("0,45", Some(0.45)),
            ("1,842", Some(1842.0)),
            ("1,25,000", Some(125_000.0)),
            ("14.2", Some(14.2)),
            ("-2,0", Some(-2.0)),
            ("12,8,1", Some(1281.0)),
            ("4O", None),
        ] {
            assert_eq!(read(printed), want, "{printed}");
        }
    }
}
