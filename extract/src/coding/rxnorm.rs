//! Rows of `RXNCONSO.RRF`, the table of names in `RxNorm`'s release format: 18 fields, each ended by `|`.

use super::{Packer, RXNORM};

const FIELDS: usize = 18;

/// A line is not one of `RXNCONSO.RRF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRxnconso {
    /// Fields that it has.
    pub fields: usize,
}

impl std::fmt::Display for NotRxnconso {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a row of RXNCONSO.RRF has {FIELDS} fields ended by |, and this one has {}",
            self.fields
        )
    }
}

impl std::error::Error for NotRxnconso {}

/// Adds a row if it is an English name of `RxNorm`'s own that is in force: of an ingredient, a brand, a
/// clinical or branded drug or pack. Says whether it did.
///
/// # Errors
/// [`NotRxnconso`].
pub fn add_rxnorm(packer: &mut Packer, row: &str) -> Result<bool, NotRxnconso> {
    let fields: Vec<&str> = row.split('|').collect();
    // The last field is ended too.
    if fields.len() != FIELDS + 1 {
        return Err(NotRxnconso {
            fields: fields.len() - 1,
        });
    }
    let [code, language, source, kind, name, suppressed] =
        [0, 1, 11, 12, 14, 16].map(|n| fields[n]);
    if language != "ENG" || source != "RXNORM" || suppressed != "N" {
        return Ok(false);
    }
    let rank = match kind {
        "IN" | "MIN" => 0,
        "PIN" | "BN" => 1,
        "SCD" | "SBD" | "GPCK" | "BPCK" => 2,
        "PSN" | "SY" | "TMSY" => 3,
        _ => return Ok(false),
    };
    packer.add(name, RXNORM, code, name, rank);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{NotRxnconso, add_rxnorm};
    use crate::coding::{Packer, Vocabulary};

    #[test]
    fn own_names_in_force() {
        let mut packer = Packer::default();
        for (row, taken) in [
            (
                "1|ENG||||||A1||1||RXNORM|SY|1|examplin hydrate||N|4096|",
                true,
            ),
            ("1|ENG||||||A2||1||RXNORM|IN|1|examplin||N|4096|", true),
            ("2|ENG||||||A3||2||RXNORM|BN|2|Examplor||N|4096|", true),
            (
                "3|ENG||||||A4||3||RXNORM|SCD|3|examplin 5 MG Oral Tablet||O||",
                false,
            ),
            ("4|ENG||||||A5||4||MTHSPL|SU|4|EXAMPLIN||N||", false),
            ("5|SPA||||||A6||5||RXNORM|IN|5|ejemplina||N||", false),
        ] {
            assert_eq!(add_rxnorm(&mut packer, row), Ok(taken), "{row}");
        }
        let rxnorm = Vocabulary::read(packer.pack().unwrap()).unwrap();
        assert_eq!(rxnorm.len(), 3);
        let synonym = &rxnorm.codes("Examplin Hydrate")[0];
        assert_eq!((&*synonym.code, &*synonym.display), ("1", "examplin"));
        let wrong = add_rxnorm(&mut Packer::default(), "a|b|c");
        assert_eq!(wrong, Err(NotRxnconso { fields: 2 }));
    }
}
