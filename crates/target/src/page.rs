//! A page that is fetched again and again beside a run: a server's `/metrics`.
//!
//! Main type: [`Page`], a plain GET over HTTP/1.1 that keeps its connection. Bounded in bytes
//! and time. Must not be used on a measuring thread, nor follow redirects.

use crate::address::{Address, AddressError};
use crate::transport::tls;
use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Why a page cannot be fetched, before the first try.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Its URL cannot be used.
    #[error(transparent)]
    Url(#[from] AddressError),
    /// It names no host that a certificate can hold, or no certificate can be verified.
    #[error("TLS: {0}")]
    Tls(String),
}

/// How much a fetch may take.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// For the whole of it, connecting too.
    pub time: Duration,
    /// Bytes of the body.
    pub bytes: usize,
}

/// A page; lives on one thread within a tokio `LocalSet`.
pub struct Page {
    address: Address,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    open: Option<SendRequest<Empty<Bytes>>>,
}

impl Page {
    /// The page at a URL.
    ///
    /// # Errors
    /// The URL cannot be used, or there is no root certificate for https.
    pub fn new(url: &str) -> Result<Self, PageError> {
        let address = Address::under(url, "")?;
        let tls = match address.tls {
            false => None,
            true => {
                let name =
                    ServerName::try_from(address.host.clone()).map_err(|e| PageError::Tls(e.to_string()))?;
                let config = tls::system_config(tls::HTTP1).map_err(PageError::Tls)?;
                Some((TlsConnector::from(config), name))
            }
        };
        Ok(Self { address, tls, open: None })
    }

    /// `/metrics` on the host of a target's base URL.
    ///
    /// # Errors
    /// The base URL cannot be used.
    pub fn metrics_beside(base: &str) -> Result<String, PageError> {
        let address = Address::under(base, "")?;
        let scheme = if address.tls { "https" } else { "http" };
        Ok(format!("{scheme}://{}/metrics", address.authority))
    }

    /// Fetches it. A connection that went away since the last time is opened again.
    ///
    /// # Errors
    /// One line of what went wrong.
    pub async fn get(&mut self, limits: PageLimits) -> Result<Bytes, String> {
        let found = tokio::time::timeout(limits.time, self.fetch(limits.bytes)).await;
        let found =
            found.unwrap_or_else(|_| Err(format!("no whole answer within {} s", limits.time.as_secs_f64())));
        if found.is_err() {
            self.open = None;
        }
        found
    }

    async fn fetch(&mut self, most: usize) -> Result<Bytes, String> {
        let kept = match self.open.take() {
            Some(mut kept) => kept.ready().await.is_ok().then_some(kept),
            None => None,
        };
        if let Some(mut kept) = kept {
            // The server may close it at this very moment: then once more on a new one.
            if let Ok(response) = kept.send_request(self.request()?).await {
                let body = read(response, most).await?;
                self.open = Some(kept);
                return Ok(body);
            }
        }
        let mut new = self.connect().await?;
        let response = new.send_request(self.request()?).await.map_err(|e| line(&e))?;
        let body = read(response, most).await?;
        self.open = Some(new);
        Ok(body)
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, String> {
        let path = if self.address.path.is_empty() { "/" } else { &self.address.path };
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        Request::get(path)
            .header(HOST, &self.address.authority)
            .header(ACCEPT, "text/plain;version=0.0.4, application/openmetrics-text;q=0.5, */*;q=0.1")
            .header(USER_AGENT, concat!("acidtest/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|e| e.to_string())
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, String> {
        let place = (self.address.host.as_str(), self.address.port);
        let stream = TcpStream::connect(place)
            .await
            .map_err(|e| format!("connect to {}: {e}", self.address.authority))?;
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => handshake(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                handshake(stream.map_err(|e| format!("TLS with {}: {e}", self.address.host))?).await
            }
        }
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Empty<Bytes>>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (send, connection) = Builder::new()
        .max_buf_size(64 << 10)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|e| line(&e))?;
    tokio::task::spawn_local(async move {
        // Its end shows at the next request.
        let _ = connection.await;
    });
    Ok(send)
}

async fn read(response: hyper::Response<hyper::body::Incoming>, most: usize) -> Result<Bytes, String> {
    let status = response.status();
    if !status.is_success() {
        return Err(format!("status {}", status.as_u16()));
    }
    match Limited::new(response.into_body(), most).collect().await {
        Ok(all) => Ok(all.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => Err(format!("the body is longer than {most} bytes")),
        Err(e) => Err(format!("the body broke off: {e}")),
    }
}

/// An error with its causes in one line.
fn line(error: &hyper::Error) -> String {
    crate::failure::chain(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    const LIMITS: PageLimits = PageLimits { time: Duration::from_millis(500), bytes: 1000 };

    /// Fetches `times` times from a server that gives each connection one of these bytes.
    fn check(said: &[&'static [u8]], times: usize) -> Vec<Result<String, String>> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics?a=b", listener.local_addr().unwrap());
        let said: Vec<&'static [u8]> = said.to_vec();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for bytes in said {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                let n = stream.read(&mut buffer).unwrap_or(0);
                assert!(buffer[..n].starts_with(b"GET /metrics?a=b HTTP/1.1\r\n"));
                let _ = stream.write_all(bytes);
                // One that says nothing stays open; all others close.
                if bytes.is_empty() {
                    open.push(stream);
                }
            }
            std::thread::sleep(Duration::from_secs(2));
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let mut page = Page::new(&url).unwrap();
            let mut all = Vec::new();
            for _ in 0..times {
                all.push(page.get(LIMITS).await.map(|b| String::from_utf8_lossy(&b).into_owned()));
            }
            all
        })
    }

    #[test]
    fn a_connection_that_went_away_is_opened_again() {
        let said: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na 1\n";
        assert_eq!(check(&[said, said], 2), [Ok("a 1\n".into()), Ok("a 1\n".into())]);
    }

    #[test]
    fn what_is_wrong_is_said_in_a_line() {
        let huge: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n";
        for (said, words) in [
            (&b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"[..], "status 404"),
            (b"HTTP/1.1 301 Moved\r\nlocation: http://h/\r\ncontent-length: 0\r\n\r\n", "status 301"),
            (b"nonsense\r\n\r\n", "invalid HTTP"),
            (huge, "broke off"),
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\na 1\r\n", "broke off"),
            (b"", "within 0.5 s"),
        ] {
            let found = check(&[said], 1).remove(0).unwrap_err();
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn addresses_are_checked_before_the_first_fetch() {
        for (url, words) in
            [("ftp://h/metrics", "scheme"), ("nonsense", "not a URL"), ("http://me:x@h/metrics", "user name")]
        {
            let error = Page::new(url).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{url}: {error}");
        }
        let beside = |url| Page::metrics_beside(url).unwrap();
        assert_eq!(beside("http://h:8000/v1"), "http://h:8000/metrics");
        assert_eq!(beside("https://[::1]/a/b?c"), "https://[::1]/metrics");
    }
}
