//! The server over real sockets, with real stores.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod browse;
mod client;
mod limits;
mod live;
mod people;
mod place;
mod security;
mod stores;
