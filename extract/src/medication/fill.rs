//! Phrases become the fields of a medication: the first of each kind counts, a second dose or frequency
//! is part of a taper and goes to the instructions. Normal forms are set beside what is printed.

use schemas::Medication;

use super::{
    Mention, amounts, elsewhere, former,
    meaning::{
        comes_later, dose_verb, has_exception, is_dose_unit, is_in_units, is_share, is_told_anew,
        is_vitamin,
    },
    slot::Slot,
};
use crate::{
    context::Context,
    draft::Draft,
    layout::Span,
    sig::{self, Part, repair::Read},
};

/// Sets the fields from the phrases behind a mention.
pub(super) fn fill(
    context: &Context,
    medication: &mut Medication,
    draft: &mut Draft,
    found: &[Read],
    mention: &Mention,
) {
    let text = context.layout.text;
    let former = former::former(text, found, draft);
    let mut filling = Filling {
        text,
        found,
        mention,
        former: &former,
        medication,
        draft,
        instructions: Vec::new(),
        step: None,
        frequency_said: None,
        route_said: None,
        route_of_form: false,
    };
    for n in 0..found.len() {
        if former[n] || elsewhere::is_elsewhere(text, found, n) {
            continue;
        }
        let Some(slot) = filling.slot(n) else {
            continue;
        };
        if slot.of(filling.medication).is_some() {
            filling.again(n);
        } else {
            filling.set(n, slot);
        }
    }
    filling.finish();
}

/// A medication while its phrases are gone through in reading order.
struct Filling<'a> {
    text: &'a str,
    found: &'a [Read],
    mention: &'a Mention,
    /// Phrases that tell what was taken before.
    former: &'a [bool],
    medication: &'a mut Medication,
    draft: &'a mut Draft,
    instructions: Vec<String>,
    /// A later step of a taper, or a second dose of the day, up to its frequency.
    step: Option<Span>,
    /// Misread words as they must have been.
    frequency_said: Option<String>,
    route_said: Option<String>,
    /// `nasal spray` tells the route only if nothing else does.
    route_of_form: bool,
}

impl Filling<'_> {
    fn value(&self, n: usize) -> String {
        joined(&self.text[self.found[n].found.value.clone()])
    }

    /// Between the name and the n-th phrase.
    fn lead(&self, n: usize) -> &str {
        let start = self.found[n].found.span.start;
        &self.text[self.mention.name.end.min(start)..start]
    }

    /// The field that the n-th phrase is for; none when it was dealt with or tells nothing.
    fn slot(&mut self, n: usize) -> Option<Slot> {
        let value = self.value(n);
        match self.found[n].found.part {
            Part::Strength => self.strength(n, &value),
            Part::Dose => self.dose(n, &value),
            Part::Form => {
                let late = self.medication.dose.is_some() || self.medication.frequency.is_some();
                (!late).then_some(Slot::Form)
            }
            Part::Route => {
                self.route(n);
                Some(Slot::Route)
            }
            Part::Frequency => Some(Slot::Frequency),
            Part::Duration => Some(Slot::Duration),
            Part::Quantity => Some(Slot::Quantity),
            Part::Refills => Some(Slot::Refills),
            Part::Prn => {
                self.as_needed(n, value);
                None
            }
            Part::Instructions => self.instruction(n, value),
        }
    }

    /// An amount with a unit is the product's strength or what is taken of it.
    fn strength(&mut self, n: usize, value: &str) -> Option<Slot> {
        let (text, span) = (self.text, &self.found[n].found.span);
        // `1% ointment, 30 g`: the tube.
        if self.medication.strength.as_deref().is_some_and(is_share) && amounts::is_tube(value) {
            return Some(Slot::Quantity);
        }
        // `200 mg tds (load, reduce to 200 mg bd)`: what comes later is no dose of now.
        if self.medication.strength.is_some() && comes_later(self.lead(n)) {
            self.draft.doubt("the amount changes later");
            self.next_step(span.clone());
            return None;
        }
        let verb = dose_verb(text, span, self.mention.name.end);
        let vitamin = is_vitamin(&text[self.mention.name.clone()]) && is_in_units(value);
        let taken = self.medication.strength.is_some()
            || verb
            || is_dose_unit(value) && !self.before_form(n) && !vitamin;
        if !taken {
            return Some(Slot::Strength);
        }
        let repeated =
            self.medication.strength.as_deref() == Some(value) || text[..span.start].ends_with('(');
        if self.medication.dose.is_some() && repeated {
            return None;
        }
        let again = verb && is_told_anew(self.lead(n));
        if (!verb || again) && amounts::are_rivals(text, self.found, n, self.former) {
            self.draft.doubt("two amounts stand with the drug");
        }
        Some(Slot::Dose)
    }

    /// Behind dose and frequency it is what was dispensed; before them it may be `2` misread.
    fn dose(&mut self, n: usize, value: &str) -> Option<Slot> {
        let often = self.medication.frequency.is_some();
        let told = self.medication.dose.is_some() && often;
        if often && amounts::is_supply(value) || told && amounts::is_pack(value) {
            return Some(Slot::Quantity);
        }
        if comes_later(self.lead(n)) {
            self.draft.doubt("the amount changes later");
            return None;
        }
        Some(Slot::Dose)
    }

    fn route(&mut self, n: usize) {
        if std::mem::take(&mut self.route_of_form) {
            self.medication.route = None;
            self.draft.pieces.retain(|piece| piece.field != "route");
        } else if self.medication.route.is_none() {
            // `Ipratropium neb   3 mL   INH`: what stands right behind the name is the product's form.
            let item = &self.found[n].found;
            let beside = item.span.start <= self.mention.name.end + 1
                && self.text[item.span.clone()]
                    .to_lowercase()
                    .starts_with("neb");
            // `0.5 mg neb: 1 vial inhaled`: so it is where another route is told.
            let nebulised = self.text[item.span.clone()]
                .to_lowercase()
                .starts_with("neb")
                && later(self.found, n, Part::Route);
            self.route_of_form = beside || nebulised || self.before_form(n);
        }
    }

    fn as_needed(&mut self, n: usize, value: String) {
        // `inject once and repeat after 5 minutes if needed`: only the second time is.
        let clause = self.lead(n).rsplit([',', ';', '.', '\n']).next();
        if clause.is_some_and(|clause| clause.to_lowercase().contains("repeat")) {
            return;
        }
        self.medication.prn = Some(true);
        if self.medication.frequency.is_none() {
            self.medication.frequency = Some(value);
            let span = self.found[n].found.value.clone();
            self.draft.add("frequency", span, true);
        }
    }

    fn instruction(&mut self, n: usize, value: String) -> Option<Slot> {
        // Insulin that goes with meals goes with each of them.
        if value.eq_ignore_ascii_case("with meals")
            && !later(self.found, n, Part::Frequency)
            && self.medication.frequency.is_none()
        {
            return Some(Slot::Frequency);
        }
        let span = self.found[n].found.value.clone();
        self.draft.add("instructions", span, false);
        self.instructions.push(value);
        None
    }

    /// Does a form follow at once?
    fn before_form(&self, n: usize) -> bool {
        let end = self.found[n].found.span.end;
        self.found
            .get(n + 1)
            .is_some_and(|next| next.found.part == Part::Form && next.found.span.start <= end + 1)
    }

    /// A phrase for a field that is told already.
    fn again(&mut self, n: usize) {
        let item = &self.found[n].found;
        // `Evorel 50 patches   apply ONE`: the first tells of the product.
        let beside = self.found.iter().any(|first| {
            first.found.part == Part::Dose
                && first.found.span.start >= self.mention.name.end
                && first.found.span.start <= self.mention.name.end + 1
        });
        if item.part == Part::Dose && beside && self.medication.strength.is_none() {
            self.draft.doubt("two amounts stand with the drug");
        }
        match (item.part, &mut self.step) {
            (Part::Frequency, Some(step))
                if !self.text[step.end..item.span.start].contains('\n') =>
            {
                step.end = item.span.end;
            }
            (Part::Dose | Part::Strength | Part::Frequency, _) => {
                self.next_step(item.span.clone());
            }
            _ => {}
        }
    }

    fn set(&mut self, n: usize, slot: Slot) {
        let value = self.value(n);
        let Read {
            found: item,
            corrected,
        } = &self.found[n];
        // `28 tablets` supplied are 28.
        let value = match slot {
            Slot::Quantity if item.part == Part::Dose => {
                value.split(' ').next().unwrap_or_default().to_owned()
            }
            _ => value,
        };
        *slot.of(self.medication) = Some(value);
        if matches!(item.part, Part::Strength | Part::Dose) {
            for reason in amounts::left_open(self.text, self.found, n) {
                self.draft.doubt(reason);
            }
        }
        // `6 weekly`: once in six weeks, or six at once each week; what is injected is not counted.
        let injected = self.medication.route.as_deref().and_then(sig::route_norm);
        let injected = matches!(
            injected,
            Some("subcutaneous" | "intramuscular" | "intravenous")
        );
        if item.part == Part::Frequency && !injected && may_count(&self.text[item.value.clone()]) {
            self.draft
                .doubt("it may be how often or how many at once each time");
        }
        if item.part == Part::Frequency && has_exception(&self.text[item.span.end..]) {
            self.draft.doubt("an exception follows the frequency");
        }
        if corrected.is_some() {
            self.draft
                .doubt(format!("a word of the {} is misread", slot.name()));
        }
        match item.part {
            Part::Frequency => self.frequency_said.clone_from(corrected),
            Part::Route => self.route_said.clone_from(corrected),
            _ => {}
        }
        let printed = if slot.has_lead() {
            item.span.clone()
        } else {
            item.value.clone()
        };
        self.draft.add(slot.name(), printed, slot.is_dangerous());
    }

    /// The last step stands among the instructions as printed, and the next begins.
    fn next_step(&mut self, span: Span) {
        let last = self.step.replace(span);
        self.keep(last);
    }

    fn keep(&mut self, step: Option<Span>) {
        if let Some(step) = step {
            self.instructions.push(joined(&self.text[step.clone()]));
            self.draft.add("instructions", step, false);
        }
    }

    fn finish(mut self) {
        let last = self.step.take();
        self.keep(last);
        let medication = self.medication;
        if let Some(frequency) = &medication.frequency {
            let norm = sig::frequency_norm(self.frequency_said.as_ref().unwrap_or(frequency));
            if norm.ends_with("as needed") {
                medication.prn = Some(true);
            }
            medication.frequency_norm = Some(norm);
        }
        medication.route_norm = self
            .route_said
            .as_deref()
            .or(medication.route.as_deref())
            .and_then(sig::route_norm)
            .map(Into::into);
        if !self.instructions.is_empty() {
            medication.instructions = Some(self.instructions.join("; "));
        }
    }
}

/// A number, a space and `weekly` or `monthly`.
fn may_count(frequency: &str) -> bool {
    let (number, every) = frequency.trim().split_once(' ').unwrap_or_default();
    !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && (every.to_lowercase().starts_with("weekly")
            || every.to_lowercase().starts_with("monthly"))
}

/// With single spaces.
fn joined(printed: &str) -> String {
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Does such a phrase come behind the n-th?
fn later(found: &[Read], n: usize, part: Part) -> bool {
    found[n + 1..].iter().any(|read| read.found.part == part)
}
