//! The stages that look at bytes and pixels: decode, prepare, detect and recognise.

pub mod adaptive;
pub mod archive;
mod artefact;
pub mod decode;
pub mod detect;
pub mod document;
pub mod encoder;
pub mod engine;
pub mod page;
pub mod prepare;
pub mod sandbox;
pub mod shell;
pub mod stage;
pub mod upright;
