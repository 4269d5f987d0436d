//! Where a drug's name ends: a form behind it is no part of it, its salt and a device of its brand are.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    layout::{Layout, Span},
    sig::{self, Part},
};

/// `Eye Drops`: the vocabularies list forms as products too.
pub(super) fn is_form(context: &Context, name: &Span) -> bool {
    let found = sig::scan(context.layout.text, name.clone(), &[]);
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return false;
    };
    // `nasal spray` says where to and in which form.
    let parts = |found: &sig::Found| matches!(found.part, Part::Form | Part::Route);
    let formed = found.iter().any(|found| found.part == Part::Form);
    found.iter().all(parts) && formed && (first.span.start..last.span.end) == *name
}

/// `fentanyl patch` without its form, where the rest is a drug too.
pub(super) fn without_form(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let form = sig::scan(text, name.clone(), &[])
        .pop()
        .filter(|found| found.part == Part::Form && found.span.end == name.end)
        .filter(|found| !is_device(&text[found.span.clone()]));
    let rest = form.map_or(name.end, |form| form.span.start);
    let short = crate::layout::trim(text, name.start..rest);
    if short.len() < name.len() && context.lexicon.is_drug(&text[short.clone()]) {
        return short;
    }
    name
}

/// `Perindopril` with its `arginine`.
pub(super) fn with_salt(layout: &Layout, name: Span) -> Span {
    static SALT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^ (?:arginine|erbumine|medoxomil|cilexetil|etexilate|axetil|proxetil|pivoxil|disoproxil|alafenamide|besilate|besylate|maleate|mesilate|mesylate|tartrate|bitartrate|succinate|fumarate|propionate|dipropionate|furoate|valerate|xinafoate|hydrochloride|hcl|hydrobromide|sulfate|sulphate|bisulfate|mononitrate|dinitrate|sodium|decanoate|palmitate|trometamol|hemihydrate|monohydrate|trihydrate)\b")
            .expect("a valid expression")
    });
    let salt = SALT.find(&layout.text[name.end..]);
    name.start..name.end + salt.map_or(0, |salt| salt.end())
}

/// Such names of devices are part of the brand's.
fn is_device(form: &str) -> bool {
    const DEVICES: [&str; 8] = [
        "evohaler",
        "accuhaler",
        "turbohaler",
        "respimat",
        "flexpen",
        "solostar",
        "kwikpen",
        "diskus",
    ];
    DEVICES.contains(&form.to_lowercase().as_str())
}
