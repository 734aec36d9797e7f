//! TLS on loopback with a certificate made here.

use super::*;
use crate::transport::tls::config;
use acidtest_record::MarkName;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

struct Made {
    server: Arc<ServerConfig>,
    roots: RootCertStore,
}

fn made(name: &str) -> Made {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Made { server: Arc::new(server), roots }
}

async fn serve_tls(server: Arc<ServerConfig>, acts: Vec<Act>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let (acceptor, acts) = (TlsAcceptor::from(server.clone()), acts.clone());
            tokio::task::spawn_local(async move {
                let stream = acceptor.accept(stream).await.ok()?;
                play(stream, acts).await
            });
        }
    });
    port
}

fn target(port: u16, roots: RootCertStore) -> HttpTarget {
    let alpn = crate::transport::tls::HTTP1;
    let address = Address::under(&format!("https://127.0.0.1:{port}/v1"), "/chat/completions").unwrap();
    let config = Some(config(roots, alpn));
    HttpTarget::with_tls(&spec(), &[address], &limits(), &secrets(), Zero::start(), config).unwrap()
}

#[test]
fn stamps_lie_under_tls() {
    run(async || {
        let made = made("127.0.0.1");
        let gap = || Act::Sleep(15);
        let acts = vec![
            Act::Request,
            gap(),
            write(SSE),
            gap(),
            chunk(&says("a")),
            gap(),
            chunk(STOP),
            gap(),
            last_chunk(),
            Act::Request,
            write(SSE),
            chunk(&says("b")),
            chunk(STOP),
            last_chunk(),
        ];
        let port = serve_tls(made.server, acts).await;
        let target = target(port, made.roots);
        let (attempt, parsed, _) = go(&target).await;
        assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
        let has = |n| attempt.marks.iter().any(|m| m.name == n);
        assert!(has(MarkName::TlsStart) && has(MarkName::TlsEnd));
        // Session tickets are no part of the answer: read 0 is the head.
        let reads: Vec<u32> = parsed.events.iter().map(|e| e.read).collect();
        assert_eq!(reads, [1, 2, 2]);
        assert!(parsed.reads[0].after > attempt.sent.unwrap());
        let (attempt, parsed, _) = go(&target).await;
        assert!(attempt.reused && parsed.answer.text() == "b", "{:?}", parsed.outcome);
    });
}

#[test]
fn a_certificate_that_is_not_trusted_is_a_tls_failure() {
    run(async || {
        let (ours, other) = (made("127.0.0.1"), made("127.0.0.1"));
        let named = made("example.org");
        for (server, roots, words) in [
            (ours.server, other.roots, "TLS with 127.0.0.1"),
            (named.server, named.roots, "not valid for name"),
        ] {
            let port = serve_tls(server, good()).await;
            let (attempt, parsed, _) = go(&target(port, roots)).await;
            let Outcome::Failed { stage, cause, detail, .. } = parsed.outcome else { panic!("it must fail") };
            assert_eq!((stage, cause), (Stage::Tls, Cause::Tls));
            assert!(detail.contains(words), "{detail}");
            assert_eq!(attempt.sent, None);
        }
    });
}

#[test]
fn a_server_without_tls_is_a_tls_failure() {
    run(async || {
        let acts = vec![write("HTTP/1.1 400 Bad Request\r\n\r\n")];
        let port = serve(vec![acts]).await;
        let (_, parsed, _) = go(&target(port, made("x").roots)).await;
        let Outcome::Failed { stage, cause, .. } = parsed.outcome else { panic!("it must fail") };
        assert_eq!((stage, cause), (Stage::Tls, Cause::Tls));
    });
}
