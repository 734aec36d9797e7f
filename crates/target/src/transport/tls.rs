//! TLS: the client configuration with the system's root certificates.
//!
//! Main function: [`system_config`]. Must not offer a way to skip verification.

use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What TLS calls HTTP/1.1 …
pub(crate) const HTTP1: &[u8] = b"http/1.1";
/// … and HTTP/2.
pub(crate) const HTTP2: &[u8] = b"h2";

/// A configuration that trusts the system's roots, or those of `SSL_CERT_FILE`
/// or `SSL_CERT_DIR`.
///
/// # Errors
/// No root certificate was found; the text says what was tried.
pub(crate) fn system_config(alpn: &[u8]) -> Result<Arc<ClientConfig>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, unusable) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(config(roots, alpn));
    }
    Err(match found.errors.first() {
        Some(e) => e.to_string(),
        None => format!("{unusable} certificates found, none of them usable"),
    })
}

/// A configuration that trusts these roots and speaks that HTTP.
pub(crate) fn config(roots: RootCertStore, alpn: &[u8]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the ring provider supports the default TLS versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    Arc::new(config)
}
