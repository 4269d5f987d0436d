//! The service as its users meet it: the real binary, a real PostgreSQL, real pages. Needs what
//! `infra/test` sets up. Each test has a server of its own and they take turns, since each opens all
//! models.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "service/accounting.rs"]
mod accounting;
#[path = "service/auditing.rs"]
mod auditing;
#[path = "service/canary.rs"]
mod canary;
#[path = "../../infra/tests/tls/certificates.rs"]
mod certificates;
#[path = "service/echo.rs"]
mod echo;
#[path = "service/server.rs"]
mod server;

#[path = "service/backups.rs"]
mod backups;
#[path = "service/counting.rs"]
mod counting;
#[path = "service/fhir_server.rs"]
mod fhir_server;
#[path = "service/hostile.rs"]
mod hostile;
#[path = "service/listening.rs"]
mod listening;
#[path = "service/matrix.rs"]
mod matrix;
#[path = "service/observing.rs"]
mod observing;
#[path = "service/openapi.rs"]
mod openapi;
#[path = "service/orphans.rs"]
mod orphans;
#[path = "service/outages.rs"]
mod outages;
#[path = "service/provider.rs"]
mod provider;
#[path = "service/rebinding.rs"]
mod rebinding;
#[path = "service/refusals.rs"]
mod refusals;
#[path = "service/refusing.rs"]
mod refusing;
#[path = "service/restart.rs"]
mod restart;
#[path = "service/results.rs"]
mod results;
#[path = "service/retrying.rs"]
mod retrying;
#[path = "service/rolling.rs"]
mod rolling;
#[path = "service/signing_in.rs"]
mod signing_in;
#[path = "service/spooling.rs"]
mod spooling;
#[path = "service/tls.rs"]
mod tls;
#[path = "service/tokens.rs"]
mod tokens;
#[path = "service/tryout.rs"]
mod tryout;
#[path = "service/webhooks.rs"]
mod webhooks;
