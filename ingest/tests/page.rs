//! The page as its users meet it: Debian's Chromium, the real binary, real documents. Needs what
//! `infra/test` sets up. What is done in the browser stands in `ui/tests/page.mjs`; its pictures lie in
//! the target folder afterwards.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "service/server.rs"]
#[expect(dead_code, reason = "the service's tests use the rest")]
mod server;

#[path = "service/provider.rs"]
#[expect(dead_code, reason = "the service's tests use the rest")]
mod provider;

#[path = "page/built.rs"]
mod built;
#[path = "page/long_document.rs"]
mod long_document;
#[path = "page/organisation.rs"]
mod organisation;
#[path = "page/sessions.rs"]
mod sessions;
#[path = "page/tasks.rs"]
mod tasks;
