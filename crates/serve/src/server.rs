//! The listener, the connections and their limits, and how it all ends.
//!
//! Main types: [`Options`], [`Server`], [`Shutdown`]. One thread serves; what waits for the store or
//! computes has threads of its own. Must not know a route.

use crate::app::{AboutServer, App};
use crate::guard::{Arrived, guard};
use crate::stores::Stores;
use crate::ticket::Seal;
use crate::token::Token;
use crate::{glances, hub, routes};
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

/// Connections at a time; the system holds some more back.
const MOST_CONNECTIONS: usize = 128;
/// Time for the head of a request, from the connection's start or the answer before.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// Bytes of a head.
const MOST_HEAD: usize = 32 << 10;
/// Header lines.
const MOST_HEADERS: usize = 64;
/// Threads for what waits.
const THREADS: usize = 6;
/// How long answers may take to end when the server does.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// How to serve.
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The store.
    pub store: PathBuf,
    /// The store as the user named it.
    pub store_words: String,
    /// Whether the store may be made later.
    pub is_awaited: bool,
    /// What writes need.
    pub token: Token,
    /// Names beyond loopback under which the server may be called.
    pub hosts: Vec<String>,
    /// Gives free memory back to the system; called after large computations.
    pub give_back: fn(),
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("cannot listen on {0}: the port is in use")]
    PortInUse(SocketAddr),
    /// Any other trouble with the address.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The system gives no thread or timer.
    #[error("the server cannot start")]
    Start(#[source] io::Error),
}

/// Stops a server; clones stop the same one.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Shutdown {
    /// Stops it: open answers have a moment to end, streams end at once.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    async fn stopped(&self) {
        let mut is_stopped = self.0.subscribe();
        // An error means that nobody can stop it any more, which cannot be: we hold a sender.
        let _ = is_stopped.wait_for(|stopped| *stopped).await;
    }
}

/// A server that holds its port and does not answer yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// It is taken already, or may not be had.
    pub fn bind(options: Options) -> Result<Self, ServeError> {
        let listen = options.listen;
        let trouble = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse(listen),
            _ => ServeError::Listen { listen, source },
        };
        let listener = TcpListener::bind(listen).map_err(trouble)?;
        listener.set_nonblocking(true).map_err(trouble)?;
        let address = listener.local_addr().map_err(trouble)?;
        let about = AboutServer {
            started: started(),
            store: options.store_words,
            address,
            token: options.token,
            hosts: options.hosts,
            seal: Seal::new().map_err(|e| ServeError::Start(io::Error::other(e)))?,
            give_back: options.give_back,
        };
        let app = App::new(about, Stores::new(options.store, options.is_awaited));
        Ok(Self { listener, address, app })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn run(self, shutdown: &Shutdown) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(THREADS)
            .thread_keep_alive(Duration::from_secs(2))
            .build()
            .map_err(ServeError::Start)?;
        let done = runtime.block_on(self.serve(shutdown));
        // A computation that is still going on is of no use to anybody.
        runtime.shutdown_background();
        done
    }

    async fn serve(self, shutdown: &Shutdown) -> Result<(), ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)?;
        let app = self.app;
        tokio::spawn(hub::watch(app.clone()));
        tokio::spawn(glances::make(app.clone()));
        let layer = axum::middleware::from_fn_with_state(app.clone(), guard);
        let service = TowerToHyperService::new(routes::router(app.clone()).layer(layer));
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let accepted = async {
                let permit = room.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = shutdown.stopped() => break,
                accepted = accepted => accepted,
            };
            let Ok((stream, _)) = accepted else {
                // Out of files, or the peer is gone already: the next one may fare better.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (service, shutdown) = (service.clone(), shutdown.clone());
            tokio::spawn(async move {
                one(stream, service, shutdown).await;
                drop(permit);
            });
        }
        app.hub.close();
        let all = room.acquire_many(MOST_CONNECTIONS as u32);
        let _ = tokio::time::timeout(LAST_WAIT, all).await;
        Ok(())
    }
}

/// One connection, to its end.
async fn one(stream: TcpStream, service: TowerToHyperService<axum::Router>, shutdown: Shutdown) {
    let Ok(arrived) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arrived(arrived.ip()));
        service.call(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_buf_size(MOST_HEAD)
        .max_headers(MOST_HEADERS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), answer));
    tokio::select! {
        // A peer that goes away or speaks no HTTP is its own affair.
        _ = connection.as_mut() => return,
        () = shutdown.stopped() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A name for this start that no other start has.
fn started() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string()
}
