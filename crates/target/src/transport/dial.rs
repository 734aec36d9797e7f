//! Opening connections: name resolution once, addresses in turn, TCP, TLS.
//!
//! Main type: [`Dial`]. Must not keep connections: the pool does.

use crate::address::Address;
use crate::failure::{Failure, chain};
use crate::transport::socket::{Log, Socket, Wire};
use acidtest_clock::Zero;
use acidtest_record::{Cause, Mark, MarkName, Ns, Stage};
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// Opens connections to one host.
pub(crate) struct Dial {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    zero: Zero,
    /// Resolved once and kept for the run, so that every attempt asks the same machines.
    addresses: OnceCell<RefCell<Vec<SocketAddr>>>,
    turn: Cell<usize>,
}

impl Dial {
    /// # Errors
    /// The host's name cannot be verified by TLS.
    pub(crate) fn new(
        address: &Address,
        config: Option<Arc<ClientConfig>>,
        zero: Zero,
    ) -> Result<Self, String> {
        let host = address.host.clone();
        let name = || ServerName::try_from(host.clone()).map_err(|e| e.to_string());
        let tls = match config {
            Some(config) => Some((TlsConnector::from(config), name()?)),
            None => None,
        };
        Ok(Self {
            host: host.clone(),
            port: address.port,
            tls,
            zero,
            addresses: OnceCell::new(),
            turn: Cell::new(0),
        })
    }

    /// Opens a connection before the deadline; its moments go into `marks`.
    pub(crate) async fn open(&self, marks: &mut Vec<Mark>, deadline: Instant) -> Result<Wire, Failure> {
        let addresses = self.resolve(marks, deadline).await?;
        self.mark(marks, MarkName::ConnectStart);
        let stream = self.connect(addresses, deadline).await?;
        self.mark(marks, MarkName::ConnectEnd);
        // Without it the kernel would hold back the end of a request; a socket
        // that refuses the option still works.
        let _ = stream.set_nodelay(true);
        let log = Log::new(self.zero);
        let Some((connector, name)) = &self.tls else {
            return Ok(Wire::plain(Socket::new(stream, log)));
        };
        let socket = Socket::under_tls(stream, log);
        self.mark(marks, MarkName::TlsStart);
        let shake = timeout_at(deadline, connector.connect(name.clone(), socket));
        let fail = |cause, why: &str| {
            let detail = format!("TLS with {}: {why}", self.host);
            Failure::new(Stage::Tls, cause, detail)
        };
        let stream = shake
            .await
            .map_err(|_| fail(Cause::Timeout, "not done within the connect limit"))?
            .map_err(|e| fail(Cause::Tls, &chain(&e)))?;
        self.mark(marks, MarkName::TlsEnd);
        Ok(Wire::tls(stream))
    }

    fn mark(&self, marks: &mut Vec<Mark>, name: MarkName) {
        let at = Ns(self.zero.now());
        marks.push(Mark { name, at });
    }

    async fn resolve(
        &self,
        marks: &mut Vec<Mark>,
        deadline: Instant,
    ) -> Result<&RefCell<Vec<SocketAddr>>, Failure> {
        if let Some(known) = self.addresses.get() {
            return Ok(known);
        }
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            let literal = async || RefCell::new(vec![SocketAddr::new(ip, self.port)]);
            return Ok(self.addresses.get_or_init(literal).await);
        }
        self.mark(marks, MarkName::DnsStart);
        let fail = |cause, why: &str| {
            let detail = format!("resolve {}: {why}", self.host);
            Failure::new(Stage::Dns, cause, detail)
        };
        let look_up = async || {
            let found = tokio::net::lookup_host((self.host.as_str(), self.port))
                .await
                .map_err(|e| fail(Cause::Dns, &e.to_string()))?;
            let mut all: Vec<SocketAddr> = Vec::new();
            for address in found {
                if !all.contains(&address) {
                    all.push(address);
                }
            }
            if all.is_empty() {
                return Err(fail(Cause::Dns, "the name has no address"));
            }
            Ok(RefCell::new(all))
        };
        let found = timeout_at(deadline, self.addresses.get_or_try_init(look_up))
            .await
            .map_err(|_| fail(Cause::Timeout, "not done within the connect limit"))??;
        self.mark(marks, MarkName::DnsEnd);
        Ok(found)
    }

    /// Tries the addresses in turn. Those that fail while another works are dropped
    /// (a name that also resolves to an address family that leads nowhere).
    async fn connect(
        &self,
        addresses: &RefCell<Vec<SocketAddr>>,
        deadline: Instant,
    ) -> Result<TcpStream, Failure> {
        let all = addresses.borrow().clone();
        let first = self.turn.replace(self.turn.get().wrapping_add(1));
        let mut failed: Vec<SocketAddr> = Vec::new();
        let mut last = Failure::new(Stage::Connect, Cause::Connect, "no address to connect to");
        for i in 0..all.len() {
            let address = all[(first.wrapping_add(i)) % all.len()];
            let rest = u32::try_from(all.len() - i).unwrap_or(u32::MAX);
            match self.connect_one(address, share(deadline, rest)).await {
                Ok(stream) => {
                    addresses.borrow_mut().retain(|a| !failed.contains(a));
                    return Ok(stream);
                }
                Err(failure) => {
                    failed.push(address);
                    last = failure;
                }
            }
        }
        Err(last)
    }

    async fn connect_one(&self, address: SocketAddr, deadline: Instant) -> Result<TcpStream, Failure> {
        let fail = |cause, why: &str| {
            let detail = format!("connect to {address}: {why}");
            Failure::new(Stage::Connect, cause, detail)
        };
        timeout_at(deadline, TcpStream::connect(address))
            .await
            .map_err(|_| fail(Cause::Timeout, "not done within the connect limit"))?
            .map_err(|e| match local(&e) {
                Some(why) => fail(Cause::Local, why),
                None => fail(Cause::Connect, &e.to_string()),
            })
    }
}

/// What this machine lacks, where that is why no connection was opened.
fn local(error: &std::io::Error) -> Option<&'static str> {
    match Errno::from_io_error(error)? {
        Errno::MFILE => Some("this process may open no more files (see ulimit -n)"),
        Errno::NFILE => Some("this machine may open no more files"),
        Errno::ADDRNOTAVAIL => Some(
            "no local port is left for this address (see net.ipv4.ip_local_port_range, or keep connections alive)",
        ),
        Errno::NOBUFS | Errno::NOMEM => Some("this machine has no memory left for another connection"),
        _ => None,
    }
}

/// The deadline of the next of `rest` tries, each getting an equal share.
fn share(deadline: Instant, rest: u32) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now).max(Duration::ZERO);
    now + left / rest.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_no_fault_of_the_servers() {
        let said = |errno: Errno| local(&std::io::Error::from_raw_os_error(errno.raw_os_error()));
        assert!(said(Errno::MFILE).unwrap().contains("ulimit -n"));
        assert!(said(Errno::ADDRNOTAVAIL).unwrap().contains("ip_local_port_range"));
        assert!(said(Errno::NFILE).is_some() && said(Errno::NOBUFS).is_some());
        for other in [Errno::CONNREFUSED, Errno::NETUNREACH, Errno::TIMEDOUT, Errno::CONNRESET] {
            assert_eq!(said(other), None);
        }
        assert_eq!(local(&std::io::Error::other("x")), None);
    }
}
