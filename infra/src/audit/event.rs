//! What a line of the log says. Ids, routes and kinds: never a name or a text of a document.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
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
