//! The database: where it comes from and what is asked of it.

pub mod private;
