//! The server of the page: one HTML file, a JSON API over a store, and events while runs go on.
//!
//! ```text
//!  Server ── listener, limits, Ctrl-C                          (server.rs)
//!    guard ── who may ask: Host, Origin, token, headers        (guard.rs, token.rs)
//!    ROUTES ─► the router, and the OpenAPI document            (routes.rs, openapi.rs)
//!      one file a resource: about runs run compare events …    (resources/)
//!    App ── reading · writing · derived · page                 (app.rs)
//!      Stores ── the file, opened again when it was replaced   (stores.rs)
//!      Indexed ─ requests of runs, for browsing and votes      (indexed.rs, ticket.rs)
//!      Kept ──── what was computed, within 24 MiB              (kept.rs, derive.rs, packed.rs)
//!      Glances ─ the few numbers of a run, in the background   (glances.rs)
//!      Hub ───── who listens; looks at the store for them      (hub.rs)
//! ```
//!
//! Everything that is shown comes from `readback`, `findings` and `report`; nothing is computed
//! here. Whatever comes over the socket is hostile: bounded, and text only.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod answer;
mod app;
mod derive;
mod glances;
mod guard;
mod hub;
mod indexed;
mod kept;
mod openapi;
mod packed;
mod page;
mod refusal;
mod resources;
mod routes;
mod server;
mod stores;
mod ticket;
mod token;

pub use openapi::document as openapi;
pub use server::{Options, ServeError, Server, Shutdown};
pub use token::{BadToken, Token};
