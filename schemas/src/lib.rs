//! The vocabulary that every other crate speaks: geometry, readings, pages, entities, the document
//! result and the reasons for a refusal. Types only: nothing here reads a file, a clock or a network.
//!
//! The JSON shape of [`Document`] is a public contract (`medbot.document/1`); its JSON Schema is
//! generated from these types into `schemas/document.schema.json` and checked by a test.

mod artefact;
mod confidence;
mod document;
mod engine;
mod entity;
mod geometry;
mod ids;
mod page;
mod passage;
mod plan;
mod problem;
mod reading;
mod repertoire;
mod task;

pub use artefact::{Artefact, ArtefactKey};
pub use confidence::Confidence;
pub use document::{
    Document, DocumentInfo, DocumentKind, EngineInfo, ModelInfo, SCHEMA_ID, Timings, json_schema,
};
pub use engine::Engine;
pub use entity::{
    Allergy, Amount, Assertion, Candidate, Code, Date, DateRole, Diagnosis, Entity, Fact, Id,
    IdRole, Instruction, Lab, Medication, Org, OrgRole, Person, PersonRole, Procedure, Vital,
};
pub use geometry::{BBox, Point, Quad};
pub use ids::{BatchId, ChatId, DocumentId, EntityId, JobId, TaskId, TenantId, WebhookId};
pub use page::{
    Cell, Checkbox, Line, Orientation, Page, PageStatus, ReaderReport, ReaderStatus, Subject,
    Table, Vote, Word,
};
pub use passage::Passage;
pub use plan::{DocumentPlan, End, Known, PASSES, PageCounts, PagePlan, plan_document, plan_page};
pub use problem::{Problem, Reject, RejectKind};
pub use reading::{ReadLine, ReadWord, Reading};
pub use repertoire::{Repertoire, is_east_asian};
pub use task::{JobState, Outcome, Priority, Stage, Step, TaskError, TaskErrorKind};
