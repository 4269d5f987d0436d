//! Ids of what the service keeps, each a type of its own so that none stands in another's place.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A clinic: the owner of every row and object.
    TenantId,
    /// Bytes that were uploaded.
    DocumentId,
    /// One run of one document.
    JobId,
    /// One execution of one stage of a job.
    TaskId,
    /// Documents that were uploaded together.
    BatchId,
    /// A fact of a document, as the service addresses it.
    EntityId,
    /// Where a clinic wants to be told what happened.
    WebhookId,
    /// A conversation.
    ChatId,
}

impl TenantId {
    /// The tenant of a service that has only one.
    pub const DEFAULT: Self = Self(Uuid::from_u128(1));
    /// Whose the knowledge is that medbot ships: every tenant reads it.
    pub const SHIPPED: Self = Self(Uuid::nil());
}
