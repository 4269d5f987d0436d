//! Finding a page's text lines once for all recognisers: the union of independent detectors.

pub mod db;
pub mod rect;
