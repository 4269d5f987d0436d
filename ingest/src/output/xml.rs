//! Text of a document inside XML.

/// Text of an XML element or attribute; characters that XML 1.0 forbids are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for ch in text.chars() {
        match ch {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_in_a_document_stays_text() {
        assert_eq!(
            escaped("<b>\u{1}5 & \"6\""),
            "&lt;b&gt;5 &amp; &quot;6&quot;"
        );
    }
}
