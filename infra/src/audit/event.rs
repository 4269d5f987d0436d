//! What a line of the log says. Ids, routes and kinds: never a name or a text of a document.

use std::net::IpAddr;

use chrono::{DateTime, SubsecRound as _, Utc};
use schemas::TenantId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The id of the key that was presented.
    pub id: Uuid,
    /// In which role.
    pub role: String,
    /// Their role alone would not have let them: an emergency access did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
}

/// To what a list or a search was narrowed, and how much was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Only of this document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Uuid>,
    /// Only of this patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Uuid>,
    /// Rows of the answer; of one that streams they are known at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How often, where one line stands for several refusals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

impl Extent {
    /// Of everything, and so many rows.
    #[must_use]
    pub fn rows(rows: usize) -> Self {
        Self {
            rows: Some(rows as u64),
            ..Self::default()
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Who; nobody when who asked is not known.
    pub actor: Option<Actor>,
    /// What, such as `document.read`.
    pub action: String,
    /// To what: the path of the request, which holds ids alone.
    pub object: String,
    /// The HTTP status that it ended with.
    pub outcome: u16,
    /// From where.
    pub address: Option<IpAddr>,
    /// How much of it.
    #[serde(flatten)]
    pub extent: Extent,
}

impl Occurrence {
    /// What the service does by itself, asked by nobody at this moment.
    #[must_use]
    pub fn of_service(action: &str, object: String, outcome: u16) -> Self {
        Self {
            at: Utc::now().trunc_subsecs(6),
            actor: Some(Actor {
                id: Uuid::nil(),
                role: "service".into(),
                emergency: false,
            }),
            action: action.into(),
            object,
            outcome,
            address: None,
            extent: Extent::default(),
        }
    }
}

/// An occurrence at its place in the chain of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whose log.
    pub tenant: TenantId,
    /// Its number there, from 1 without a gap.
    pub seq: i64,
    /// The master key whose chain this is.
    pub key: String,
    /// What happened.
    #[serde(flatten)]
    pub what: Occurrence,
}
