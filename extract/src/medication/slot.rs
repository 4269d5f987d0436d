//! The fields of a medication that a phrase may be for.

use schemas::Medication;

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Strength,
    Dose,
    Form,
    Route,
    Frequency,
    Duration,
    Quantity,
    Refills,
}

impl Slot {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Dose => "dose",
            Self::Form => "form",
            Self::Route => "route",
            Self::Frequency => "frequency",
            Self::Duration => "duration",
            Self::Quantity => "quantity",
            Self::Refills => "refills",
        }
    }

    pub(super) fn is_dangerous(self) -> bool {
        matches!(
            self,
            Self::Strength | Self::Dose | Self::Route | Self::Frequency
        )
    }

    /// Printed with the words that tell it, `for 7 days`, `#30`, and not by its value alone.
    pub(super) fn has_lead(self) -> bool {
        matches!(self, Self::Duration | Self::Quantity | Self::Refills)
    }

    pub(super) fn of(self, medication: &mut Medication) -> &mut Option<String> {
        match self {
            Self::Strength => &mut medication.strength,
            Self::Dose => &mut medication.dose,
            Self::Form => &mut medication.form,
            Self::Route => &mut medication.route,
            Self::Frequency => &mut medication.frequency,
            Self::Duration => &mut medication.duration,
            Self::Quantity => &mut medication.quantity,
            Self::Refills => &mut medication.refills,
        }
    }
}
