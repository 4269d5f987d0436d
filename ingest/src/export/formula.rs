//! Spreadsheets run what looks like a formula, and a scanned document can say anything. A cell that
//! would be run gets an apostrophe in front, which spreadsheets show as text; numbers are left alone.

use std::borrow::Cow;

/// The cell as it may stand in a CSV file.
pub(crate) fn guarded(cell: &str) -> Cow<'_, str> {
    // Wide forms count as the narrow ones where the system's language is East Asian.
    let begins = |c: char| "=+-@\t\r\n＝＋－＠".contains(c);
    if cell.starts_with(begins) && !is_number(cell) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

/// A sign, digits, and between digits one decimal point or comma.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    let (whole, decimals) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    [whole, decimals]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn formulas_are_text_and_numbers_stay() {
        for cell in [
            "=1+1",
            "=HYPERLINK(\"http://x\",\"y\")",
            "+1 555 0100",
            "+1+cmd|' /C calc'!A0",
            "-2+3",
            "-",
            "- 1 tablet",
            "-1.5 mg",
            "-1.5.2",
            "-.5",
            "-1e5",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
        ] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        for cell in [
            "", "-1.5", "+3", "-20", "-1,5", "1+1", "Digoxin", "'=1", " =1", "a=b",
        ] {
            assert_eq!(guarded(cell), cell);
        }
    }
}
