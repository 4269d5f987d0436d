//! The stages that touch bytes and pixels: decoding, preparing, finding lines, recognising.

pub mod decode;
pub mod sandbox;
