//! Printed units in UCUM (the Unified Code for Units of Measure), whatever case, micro sign or power the
//! page has: `MG/DL`, `µg/dl`, `x10^9/L`, `K/uL`.

use std::borrow::Cow;

/// The UCUM code of a printed unit, or nothing for one that is not known.
pub(crate) fn ucum(printed: &str) -> Option<Cow<'static, str>> {
    let text: String = printed
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            'µ' | 'μ' => 'u',
            '×' => 'x',
            '²' => '2',
            '³' => '3',
            c => c.to_ascii_lowercase(),
        })
        .collect();
    if let Some(whole) = whole(&text) {
        return Some(whole.into());
    }
    let (over, under) = text.split_once('/')?;
    let feu = ["feu", "(feu)"]
        .iter()
        .find_map(|end| under.strip_suffix(end));
    let under = denominator(feu.unwrap_or(under))?;
    let over = match power(over) {
        Some(power) => power,
        None => numerator(over)?,
    };
    let mark = if feu.is_some() { "{FEU}" } else { "" };
    Some(format!("{over}/{under}{mark}").into())
}

/// Units that are more than a quotient of two.
fn whole(text: &str) -> Option<&'static str> {
    Some(match text {
        "%" => "%",
        "fl" => "fL",
        "pg" => "pg",
        "g" | "gm" | "gram" | "grams" => "g",
        "mg" => "mg",
        "mcg" | "ug" => "ug",
        "ng" => "ng",
        "kg" | "kgs" => "kg",
        "lb" | "lbs" | "pounds" => "[lb_av]",
        "ml" | "mls" | "cc" => "mL",
        "l" => "L",
        "meq" => "meq",
        "mmol" => "mmol",
        "cm" | "cms" => "cm",
        "m" => "m",
        "in" | "inch" | "inches" => "[in_i]",
        "ft" => "[ft_i]",
        "s" | "sec" | "secs" | "seconds" => "s",
        "mm/hr" | "mm/h" | "mm/1hr" | "mm/hour" | "mm/1sthr" | "mm/1sthour" | "mm1sthr" => "mm/h",
        // Of the old style, in a hundred millilitres.
        "g%" | "gm%" | "gms%" => "g/dL",
        "mg%" => "mg/dL",
        "mmhg" => "mm[Hg]",
        "kpa" => "kPa",
        "°c" | "c" | "degreesc" => "Cel",
        "°f" | "f" | "degreesf" => "[degF]",
        "bpm" | "/min" | "beats/min" | "beats/minute" | "beatsperminute" | "breaths/min"
        | "breaths/minute" | "breathsperminute" | "rpm" => "/min",
        "kg/m2" | "kg/m^2" => "kg/m2",
        "ml/min/1.73m2" | "ml/min/1.73" | "ml/min/1.73m^2" | "ml/min/1.73sqm"
        | "ml/min/{1.73_m2}" => "mL/min/{1.73_m2}",
        "ml/min" => "mL/min",
        "/hpf" => "/[HPF]",
        "/lpf" => "/[LPF]",
        "/100wbc" | "/100wbcs" | "per100wbc" => "/100{WBCs}",
        "ratio" => "{ratio}",
        _ => return None,
    })
}

/// Counts: `x10^3`, `10*9`, `10e12`, `k`, `thou`.
fn power(over: &str) -> Option<&'static str> {
    let over = over.trim_start_matches('x');
    if matches!(over, "10°" | "10º") {
        // A raised 9 that was taken for the sign of degrees.
        return Some("10*9");
    }
    let digits: String = over
        .chars()
        .filter(|c| !matches!(c, '^' | '*' | 'e' | '~' | '°' | '\'' | '’' | '`' | '"'))
        .collect();
    Some(match digits.as_str() {
        "103" | "k" | "thou" | "thous" | "thousand" | "1000" => "10*3",
        // Before a volume a bare M counts millions.
        "lakh" | "lakhs" | "lac" | "lacs" | "105" => "10*5",
        "106" | "mil" | "mill" | "million" | "m" => "10*6",
        "109" => "10*9",
        "1012" => "10*12",
        _ => return None,
    })
}

fn numerator(over: &str) -> Option<&'static str> {
    Some(match over {
        "kg" => "kg",
        "g" | "gm" | "gms" => "g",
        "mg" | "mgs" => "mg",
        "ug" | "mcg" | "microgram" | "micrograms" => "ug",
        "ng" => "ng",
        "pg" => "pg",
        "mol" => "mol",
        // A reader's one for the l.
        "mmol" | "millimol" | "millimoles" | "mmo1" | "mmoi" | "mmo|" => "mmol",
        "umol" | "micromol" | "micromoles" | "umo1" | "umoi" | "umo|" => "umol",
        "nmol" => "nmol",
        "pmol" => "pmol",
        "meq" => "meq",
        "mosm" | "mosmol" => "mosm",
        "u" | "units" | "unit" => "U",
        "iu" => "[iU]",
        "miu" | "mu" => "m[iU]",
        "uiu" | "uu" | "mciu" => "u[iU]",
        "kiu" | "ku" => "k[iU]",
        "ukat" => "ukat",
        "cells" | "cell" => "{cells}",
        "copies" => "{copies}",
        "l" => "L",
        "ml" => "mL",
        "" => "",
        _ => return None,
    })
}

fn denominator(under: &str) -> Option<&'static str> {
    Some(match under {
        "l" | "ltr" | "litre" | "liter" => "L",
        "dl" => "dL",
        "ml" => "mL",
        "ul" | "mcl" | "cumm" | "cu.mm" | "cmm" | "c.mm" | "mm3" | "mm^3" => "uL",
        "kg" => "kg",
        "g" | "gm" | "gcreat" | "gcr" => "g",
        "mg" => "mg",
        "mmol" => "mmol",
        "mol" => "mol",
        "24h" | "24hr" | "24hrs" | "24hours" => "(24.h)",
        "h" | "hr" => "h",
        "min" => "min",
        "hpf" => "[HPF]",
        "lpf" => "[LPF]",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::ucum;

    #[test]
    fn printed_units() {
        for (printed, want) in [
            ("mg/dL", "mg/dL"),
            ("MG/DL", "mg/dL"),
            ("µg/dl", "ug/dL"),
            ("mcg/mL FEU", "ug/mL{FEU}"),
            ("x10^9/L", "10*9/L"),
            ("×10°/L", "10*9/L"),
            ("10^9/L", "10*9/L"),
            ("x10E3/uL", "10*3/uL"),
            ("10~9/L", "10*9/L"),
            ("x 10 9/L", "10*9/L"),
            ("10°12/L", "10*12/L"),
            ("lakhs/cu.mm", "10*5/uL"),
            ("gm%", "g/dL"),
            ("mm/1st hr", "mm/h"),
            ("umo1/L", "umol/L"),
            ("um ol/L", "umol/L"),
            ("K/uL", "10*3/uL"),
            ("M/uL", "10*6/uL"),
            ("mmol/L", "mmol/L"),
            ("uIU/mL", "u[iU]/mL"),
            ("mL/min/1.73 m²", "mL/min/{1.73_m2}"),
            ("/HPF", "/[HPF]"),
            ("cells/µL", "{cells}/uL"),
            ("mm Hg", "mm[Hg]"),
            ("° F", "[degF]"),
            ("mosm/kg", "mosm/kg"),
        ] {
            assert_eq!(ucum(printed).as_deref(), Some(want), "{printed}");
        }
        for printed in ["rng/dL", "tablets", "mg/dI", "/", ""] {
            assert_eq!(ucum(printed), None, "{printed}");
        }
    }
}
