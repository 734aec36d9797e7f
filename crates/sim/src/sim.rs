//! Starting, stopping and waiting for the server.
//!
//! Main types: [`Options`] with [`run`], which serves until told to stop, and
//! [`Sim`], the same beside the caller's own work. Prints nothing: what there is
//! to say is in [`Stats`].

use crate::alarm::Alarm;
use crate::answers::Source;
use crate::config::{Config, ConfigError};
use crate::exchange::Shared;
use crate::serve::Thread;
use crate::stats::Stats;
use crate::truth::{TRUTH_SCHEMA, TruthHead, TruthWriter};
use acidtest_clock::Zero;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What to serve and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How to behave.
    pub config: Config,
    /// Where to write what was really done.
    pub truth: Option<PathBuf>,
    /// Stop when standard input ends, so that a child process never outlives its parent.
    pub until_stdin_closes: bool,
    /// Stops the server from elsewhere.
    pub shutdown: Shutdown,
}

impl Options {
    /// Serves this configuration on a free port of the loopback.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            config,
            truth: None,
            until_stdin_closes: false,
            shutdown: Shutdown::default(),
        }
    }
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
    /// Stops it now: open answers are dropped where they are.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Why the server could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The configuration contradicts itself.
    #[error("the sim's configuration: {0}")]
    Config(#[from] ConfigError),
    /// Someone else listens there.
    #[error("cannot listen on {0}: the port is in use; expected a free port, or 0 for any")]
    PortInUse(SocketAddr),
    /// Any other trouble with the address.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The case file cannot be read.
    #[error("cannot read the case file {}", path.display())]
    CasesUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the case file is no case.
    #[error("{}:{line}: not a case: {reason}", path.display())]
    BadCase {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The case file is empty.
    #[error("the case file {} holds no case", .0.display())]
    NoCases(PathBuf),
    /// The truth file cannot be written.
    #[error("cannot write the truth file {}", path.display())]
    Truth {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread, timer or event queue.
    #[error("cannot start a serving thread")]
    Thread(#[source] io::Error),
    /// A serving thread panicked: a bug of ours.
    #[error("a serving thread panicked")]
    Panicked,
}

/// Serves until stopped; calls `on_ready` once the port is open.
///
/// # Errors
/// The server cannot start, or its truth file can be written no longer.
pub fn run(options: Options, on_ready: impl FnOnce(SocketAddr)) -> Result<Stats, SimError> {
    let sim = Sim::start(options)?;
    on_ready(sim.addr());
    sim.wait()
}

/// A running server. Dropping it stops it.
pub struct Sim {
    addr: SocketAddr,
    shutdown: Shutdown,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    truth: Option<TruthWriter>,
}

impl Sim {
    /// Starts serving; the port is open when this returns.
    ///
    /// # Errors
    /// The configuration, the case file, the truth file or the address is no good.
    pub fn start(options: Options) -> Result<Self, SimError> {
        options.config.check()?;
        let source = Source::open(&options.config)?;
        let listener = listen(options.listen)?;
        let addr =
            listener.local_addr().map_err(|source| SimError::Listen { listen: options.listen, source })?;
        let zero = Zero::start();
        let (lines, truth) = start_truth(&options, &zero)?.unzip();
        let threads = usize::from(options.config.threads);
        let shared = Arc::new(Shared::new(options.config, zero, source, lines));
        let mut sim = Self { addr, shutdown: options.shutdown, shared, threads: Vec::new(), truth };
        sim.start_threads(listener, threads)?;
        if options.until_stdin_closes {
            let shutdown = sim.shutdown.clone();
            spawn("sim-stdin", move || {
                // Whatever is sent is not for us; its end is the message.
                let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
                shutdown.stop();
                Ok(())
            })?;
        }
        Ok(sim)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDRESS:PORT/v1`, as clients want it.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.tally().stats()
    }

    /// Stops it and completes the truth file.
    ///
    /// # Errors
    /// As [`run`].
    pub fn stop(self) -> Result<Stats, SimError> {
        self.shutdown.stop();
        self.wait()
    }

    /// Waits until it is stopped.
    ///
    /// # Errors
    /// As [`run`].
    pub fn wait(mut self) -> Result<Stats, SimError> {
        self.join()?;
        Ok(self.stats())
    }

    fn join(&mut self) -> Result<(), SimError> {
        let mut result = Ok(());
        for thread in self.threads.drain(..) {
            let ended = thread.join().unwrap_or_else(|_| Err(io::Error::other("")));
            if let Err(e) = ended {
                result = Err(match e.kind() {
                    io::ErrorKind::Other => SimError::Panicked,
                    _ => SimError::Thread(e),
                });
            }
        }
        self.shared.truth.lock().expect("all threads ended").take();
        if let Some(writer) = self.truth.take() {
            let truth = writer.finish();
            result = result.and(truth.map_err(|(path, source)| SimError::Truth { path, source }));
        }
        result
    }

    fn start_threads(&mut self, listener: TcpListener, threads: usize) -> Result<(), SimError> {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| mpsc::channel::<(u64, TcpStream)>(1024)).unzip();
        let mut listener = Some((listener, senders));
        for (i, receiver) in receivers.into_iter().enumerate() {
            let (shared, shutdown) = (self.shared.clone(), self.shutdown.clone());
            let accept = listener.take();
            let thread = spawn(&format!("sim-{i}"), move || {
                let _all = StopAll(shutdown.clone());
                serve(&shared, &shutdown, receiver, accept)
            })?;
            self.threads.push(thread);
        }
        Ok(())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shutdown.stop();
        // Errors were for whoever waited; nobody did.
        let _ = self.join();
    }
}

/// Stops the server when a serving thread ends, by a panic too: with one thread less
/// some connections would never be answered.
struct StopAll(Shutdown);

impl Drop for StopAll {
    fn drop(&mut self) {
        self.0.stop();
    }
}

type Accept = (TcpListener, Vec<mpsc::Sender<(u64, TcpStream)>>);

/// One serving thread from start to end; the first one also accepts.
fn serve(
    shared: &Arc<Shared>,
    shutdown: &Shutdown,
    mut connections: mpsc::Receiver<(u64, TcpStream)>,
    accept: Option<Accept>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    let result = tasks.block_on(&runtime, async {
        let alarm = Rc::new(Alarm::new(shared.zero)?);
        let thread = Rc::new(Thread { shared: shared.clone(), alarm: alarm.clone() });
        tokio::task::spawn_local(async move { alarm.drive().await });
        if let Some((listener, senders)) = accept {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::task::spawn_local(accept_all(listener, senders));
        }
        let mut stop = shutdown.0.subscribe();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                Some((number, stream)) = connections.recv() => {
                    let stream = tokio::net::TcpStream::from_std(stream)?;
                    tokio::task::spawn_local(thread.clone().connection(stream, number));
                }
            }
        }
    });
    // What is dropped from here on is not the clients' doing.
    shared.stopping.store(true, Ordering::Relaxed);
    drop(tasks);
    result
}

/// Deals connections out to the threads in turn.
async fn accept_all(listener: tokio::net::TcpListener, to: Vec<mpsc::Sender<(u64, TcpStream)>>) {
    for number in 0u64.. {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                // Out of file descriptors, say: others may close some.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let thread = &to[(number % to.len() as u64) as usize];
        if let Ok(stream) = stream.into_std() {
            // A thread that is a thousand connections behind takes no more.
            let _ = thread.try_send((number, stream));
        }
    }
}

fn listen(listen: SocketAddr) -> Result<TcpListener, SimError> {
    let bad = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => SimError::PortInUse(listen),
        _ => SimError::Listen { listen, source },
    };
    let listener = TcpListener::bind(listen).map_err(bad)?;
    listener.set_nonblocking(true).map_err(bad)?;
    Ok(listener)
}

type Truth = (crate::truth::Lines, TruthWriter);

fn start_truth(options: &Options, zero: &Zero) -> Result<Option<Truth>, SimError> {
    let Some(path) = &options.truth else {
        return Ok(None);
    };
    let head = TruthHead {
        schema: TRUTH_SCHEMA.to_owned(),
        zero_unix_ns: zero.unix_ns(),
        zero_error_ns: zero.error_ns(),
        zero_monotonic_ns: Some(zero.monotonic_ns()).filter(|ns| *ns != 0),
        config: options.config.clone(),
    };
    let shutdown = options.shutdown.clone();
    // A server whose truth is lost is of no use: it stops.
    let started = TruthWriter::start(path, &head, move || shutdown.stop());
    started.map(Some).map_err(|source| SimError::Truth { path: path.clone(), source })
}

fn spawn(
    name: &str,
    work: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> Result<JoinHandle<io::Result<()>>, SimError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(SimError::Thread)
}
