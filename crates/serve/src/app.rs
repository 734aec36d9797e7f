//! What handlers share, and the ways to come by data.
//!
//! Main type: [`App`]. [`App::reading`] for a short question, [`App::writing`] for a change,
//! [`App::derived`](crate::derive) for what takes long and is asked again.

use crate::derive::Flights;
use crate::glances::Glances;
use crate::hub::Hub;
use crate::kept::Kept;
use crate::page::Bundle;
use crate::refusal::Refusal;
use crate::stores::Stores;
use crate::ticket::Seal;
use crate::token::Token;
use acidtest_record::RunId;
use acidtest_store::{RunMark, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Short questions at a time.
const SHORT: usize = 2;
/// Long computations at a time: each holds a whole run in memory.
const LONG: usize = 1;
/// Longest name of a run that is looked up.
const LONGEST_RUN: usize = 64;

/// The state of the server; clones are the same.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

/// What is in it.
pub(crate) struct Inner {
    pub(crate) about: AboutServer,
    pub(crate) bundle: Bundle,
    pub(crate) stores: Stores,
    pub(crate) kept: Kept,
    pub(crate) flights: Flights,
    pub(crate) glances: Glances,
    pub(crate) hub: Hub,
    pub(crate) short: Arc<Semaphore>,
    pub(crate) long: Arc<Semaphore>,
    pub(crate) writes: Arc<Semaphore>,
}

/// What is known of the server from its start.
pub(crate) struct AboutServer {
    /// New with each start.
    pub(crate) started: String,
    /// Path of the store as the user wrote it.
    pub(crate) store: String,
    pub(crate) address: SocketAddr,
    pub(crate) token: Token,
    /// Names beyond loopback under which it may be called.
    pub(crate) hosts: Vec<String>,
    /// What blind votes are sealed with.
    pub(crate) seal: Seal,
    /// Gives memory that is free back to the system.
    pub(crate) give_back: fn(),
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub(crate) fn new(about: AboutServer, stores: Stores) -> Self {
        Self(Arc::new(Inner {
            about,
            bundle: Bundle::new(acidtest_report::PAGE),
            stores,
            kept: Kept::default(),
            flights: Flights::default(),
            glances: Glances::default(),
            hub: Hub::default(),
            short: Arc::new(Semaphore::new(SHORT)),
            long: Arc::new(Semaphore::new(LONG)),
            writes: Arc::new(Semaphore::new(1)),
        }))
    }

    /// Asks the store something short, on a thread that may wait.
    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = self.clone();
        self.on_a_thread(&self.short, move || {
            let answer = app.stores.read(ask);
            if app.stores.was_replaced() {
                app.kept.clear();
            }
            answer
        })
        .await
    }

    /// Changes the store. Only who showed the token comes so far: the guard sees to that.
    pub(crate) async fn writing<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = self.clone();
        let done = self.on_a_thread(&self.writes, move || app.stores.write(change)).await;
        self.hub.look();
        done
    }

    /// The run that a person means, with how far it has come.
    pub(crate) async fn run(&self, wanted: &str) -> Result<RunMark, Refusal> {
        if wanted.len() > LONGEST_RUN {
            return Err(Refusal::unknown("a run's id has at most 16 digits"));
        }
        let wanted = wanted.to_owned();
        self.reading(move |store| {
            let run: RunId = store.resolve(&wanted)?;
            Ok(store.mark(run)?)
        })
        .await
    }

    /// Runs something that waits, when there is room for it. It goes on when who asked goes away.
    pub(crate) async fn on_a_thread<T: Send + 'static>(
        &self,
        room: &Arc<Semaphore>,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let permit = room.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.unwrap_or_else(|_| {
            Err(Refusal::fault("the server has a fault: the answer broke off")
                .hint("please report it with what the terminal says"))
        })
    }
}
