//! Tokens of the identity provider that are good no longer, though they have not ended. Every process asks the
//! database with each request, so the next one is refused.

pub(super) mod of_person;
pub(super) mod one;
