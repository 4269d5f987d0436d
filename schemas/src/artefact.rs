//! What the stages read and write, and the one place that says where each lies in the store.
//!
//! The tenant comes first, then the document, then the job: a prefix is all that an erase or an
//! access rule needs. A job has fixed input and settings, so its keys are deterministic and a task
//! that runs twice writes equal plaintext to the same key.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DocumentId, Engine, JobId, TenantId};

/// Where one artefact lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArtefactKey {
    /// Whose.
    pub tenant: TenantId,
    /// Of which document.
    pub document: DocumentId,
    /// What.
    pub artefact: Artefact,
}

/// Kinds of artefact. Pages count from 0, passes from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Artefact {
    /// The bytes as uploaded.
    Original,
    /// A page's raster as PNG: what every box refers to.
    Raster(JobId, u32),
    /// Resolution and visible text layer of a page.
    Decoded(JobId, u32),
    /// The upright page in the variants that engines read.
    Prepared(JobId, u32),
    /// The lines of the upright page.
    Detected(JobId, u32),
    /// What one engine read.
    Reading(JobId, u32, Engine, u8),
    /// The page after the vote.
    Fused(JobId, u32, u8),
    /// The document result.
    Result(JobId),
}

impl Artefact {
    /// The type of its plaintext.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Raster(..) => "image/png",
            Self::Original | Self::Prepared(..) => "application/octet-stream",
            Self::Decoded(..)
            | Self::Detected(..)
            | Self::Reading(..)
            | Self::Fused(..)
            | Self::Result(..) => "application/json",
        }
    }

    /// What lies under that name in a document's folder.
    fn parse(name: &str) -> Option<Self> {
        let Some((job, name)) = name.split_once('/') else {
            return (name == "original").then_some(Self::Original);
        };
        let job = job.parse().ok()?;
        let Some((page, name)) = name.split_once('/') else {
            return (name == "result.json").then_some(Self::Result(job));
        };
        let page = page.parse().ok()?;
        Some(match name {
            "raster.png" => Self::Raster(job, page),
            "decoded.json" => Self::Decoded(job, page),
            "prepared" => Self::Prepared(job, page),
            "detected.json" => Self::Detected(job, page),
            name => {
                let name = name.strip_suffix(".json")?;
                if let Some(pass) = name.strip_prefix("fused-") {
                    Self::Fused(job, page, pass.parse().ok()?)
                } else {
                    let (engine, pass) = name.strip_prefix("reading-")?.rsplit_once('-')?;
                    Self::Reading(job, page, engine.parse().ok()?, pass.parse().ok()?)
                }
            }
        })
    }

    /// Is it of no use once the job has its result?
    #[must_use]
    pub fn is_intermediate(self) -> bool {
        !matches!(self, Self::Original | Self::Raster(..) | Self::Result(..))
    }
}

impl ArtefactKey {
    /// The beginning that all keys of a document share; ends in `/`.
    #[must_use]
    pub fn prefix(tenant: TenantId, document: DocumentId) -> String {
        format!("{tenant}/{document}/")
    }

    /// The key that is written like this; none when no artefact is.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.splitn(3, '/');
        let key = Self {
            tenant: parts.next()?.parse().ok()?,
            document: parts.next()?.parse().ok()?,
            artefact: Artefact::parse(parts.next()?)?,
        };
        // Numbers and ids have more than one spelling; a key has one.
        (key.to_string() == path).then_some(key)
    }
}

impl fmt::Display for ArtefactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::prefix(self.tenant, self.document))?;
        match self.artefact {
            Artefact::Original => f.write_str("original"),
            Artefact::Raster(job, page) => write!(f, "{job}/{page}/raster.png"),
            Artefact::Decoded(job, page) => write!(f, "{job}/{page}/decoded.json"),
            Artefact::Prepared(job, page) => write!(f, "{job}/{page}/prepared"),
            Artefact::Detected(job, page) => write!(f, "{job}/{page}/detected.json"),
            Artefact::Reading(job, page, engine, pass) => {
                write!(f, "{job}/{page}/reading-{engine}-{pass}.json")
            }
            Artefact::Fused(job, page, pass) => write!(f, "{job}/{page}/fused-{pass}.json"),
            Artefact::Result(job) => write!(f, "{job}/result.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Artefact, ArtefactKey};
    use crate::{DocumentId, Engine, JobId, TenantId};
    use uuid::Uuid;

    #[test]
    fn no_two_artefacts_share_a_path_and_all_begin_with_the_tenant() {
        let (tenant, document) = (TenantId::DEFAULT, DocumentId(Uuid::from_u128(2)));
        let job = JobId(Uuid::from_u128(3));
        let mut artefacts = vec![Artefact::Original, Artefact::Result(job)];
        for page in [0, 1, 10] {
            artefacts.extend([
                Artefact::Raster(job, page),
                Artefact::Decoded(job, page),
                Artefact::Prepared(job, page),
                Artefact::Detected(job, page),
            ]);
            for pass in [1, 2] {
                artefacts.push(Artefact::Fused(job, page, pass));
                artefacts.extend(Engine::ALL.map(|e| Artefact::Reading(job, page, e, pass)));
            }
        }
        let paths: BTreeSet<String> = artefacts
            .iter()
            .map(|&artefact| {
                let key = ArtefactKey {
                    tenant,
                    document,
                    artefact,
                };
                let path = key.to_string();
                assert_eq!(ArtefactKey::parse(&path), Some(key), "{path}");
                path
            })
            .collect();
        assert_eq!(paths.len(), artefacts.len());
        assert!(
            paths
                .iter()
                .all(|p| p.starts_with(&ArtefactKey::prefix(tenant, document)))
        );
        let prefix = ArtefactKey::prefix(tenant, document);
        for other in [
            "original/",
            "Original",
            &format!("{job}"),
            &format!("{job}/0"),
            &format!("{job}/00/raster.png"),
            &format!("{job}/0/fused-1"),
            &format!("{job}/0/reading-nobody-1.json"),
        ] {
            assert_eq!(
                ArtefactKey::parse(&format!("{prefix}{other}")),
                None,
                "{other}"
            );
        }
        assert_eq!(ArtefactKey::parse("original"), None);
    }
}
