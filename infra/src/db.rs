//! PostgreSQL: the truth about documents, jobs, tasks and entities.
//!
//! Every query is checked against the migrations when it is compiled. The API's sessions run as
//! `medbot_api`, for which row-level security shows only the tenant that the transaction names;
//! workers' sessions run as `medbot_worker`. Nothing outside this folder writes SQL.

mod audit;
mod backlog;
mod chats;
mod claim;
mod connect;
mod data_keys;
mod dead_letters;
mod documents;
mod dump;
mod entities;
mod error;
mod fhir_deliveries;
mod idempotency;
mod intake;
mod jobs;
mod keys;
mod knowledge;
mod listen;
mod load;
mod outbox;
mod passages;
mod patients;
pub mod private;
mod queues;
mod reviews;
mod rewrap;
mod sessions;
mod settle;
mod sign_ins;
mod sweep;
mod table_queue;
mod uploads;
mod webhooks;

pub use backlog::{Backlog, ReviewGap};
pub use chats::{Chat, ChatTurn, TokenCounts};
pub use claim::{Claimed, Reader, StageInputs};
pub use connect::{Db, DbSettings};
pub use data_keys::WrappedKeys;
pub use dead_letters::DeadLetter;
pub use documents::{DocumentRow, ErasedRows};
pub use dump::{Sequence, Snapshot, Table};
pub use entities::{EntityFilter, EntityRow, IndexedEntity};
pub use error::{DbError, DbErrorKind};
pub use fhir_deliveries::DueDocument;
pub use idempotency::{HeldKey, Recall};
pub use intake::{Accepted, Upload};
pub use jobs::{Batch, BatchReject, Cancelled, Job, StageProgress};
pub use keys::{ApiKey, Caller, NewKey, Role};
pub use knowledge::Card;
pub use listen::{Change, Changes};
pub use load::{Contents, LoadError, Loading};
pub use passages::PassageRow;
pub use patients::Patient;
pub use queues::{AtWork, QueueDepth};
pub use reviews::{Decision, Review, ReviewedFact};
pub use rewrap::{CHAT, Rewrapped};
pub use sessions::{Holder, Session, SessionLife};
pub use settle::{Attempts, Findings, Settled};
pub use sweep::Swept;
pub use table_queue::TableQueue;
pub use webhooks::{DueDelivery, Webhook};
