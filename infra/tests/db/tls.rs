//! A remote database is believed by its certificate alone: a real PostgreSQL behind an end of TLS that
//! answers as a server of PostgreSQL does.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use infra::db::{Db, DbErrorKind, DbSettings};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::{
    certificates::{Authority, Signed},
    fresh::with_empty_database,
};

/// Loopback, and none of the names that this machine is known by: what the rules call remote.
const REMOTE: &str = "127.0.0.2";
/// With which a client asks for TLS (PostgreSQL's protocol, message `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What stands before the database.
struct Front {
    address: SocketAddr,
    /// Connections that said something past the question for TLS.
    heard: Arc<AtomicUsize>,
}

/// Listens; without a certificate it says that it has no TLS.
async fn front(signed: Option<&Signed>, database: SocketAddr) -> Front {
    let listener = TcpListener::bind((REMOTE, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = signed.map(acceptor);
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut asked = [0; 8];
                client.read_exact(&mut asked).await.unwrap();
                assert_eq!(asked, SSL_REQUEST);
                let Some(acceptor) = acceptor else {
                    client.write_all(b"N").await.unwrap();
                    if matches!(client.read(&mut asked).await, Ok(1..)) {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    return;
                };
                client.write_all(b"S").await.unwrap();
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                count.fetch_add(1, Ordering::SeqCst);
                let mut server = TcpStream::connect(database).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    Front { address, heard }
}

fn acceptor(signed: &Signed) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(signed.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(signed.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_remote_database_is_believed_by_its_certificate_alone() {
    with_empty_database(async |fresh| {
        let url: Url = fresh.url.parse().unwrap();
        let database = format!("127.0.0.1:{}", url.port().unwrap());
        let database: SocketAddr = database.parse().unwrap();
        let (known, other) = (Authority::new("known"), Authority::new("other"));
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("authority.pem");
        fs::write(&root, &known.pem).unwrap();
        for (case, signed, said) in [
            ("good", Some(known.sign(&[REMOTE], 2090)), None),
            (
                "of an unknown authority",
                Some(other.sign(&[REMOTE], 2090)),
                Some("UnknownIssuer"),
            ),
            (
                "of another name",
                Some(known.sign(&["127.0.0.3", "db.example"], 2090)),
                Some("not valid for name"),
            ),
            (
                "expired",
                Some(known.sign(&[REMOTE], 2001)),
                Some("expired"),
            ),
            ("none", None, Some("does not support TLS")),
        ] {
            let front = front(signed.as_ref(), database).await;
            let mut url = url.clone();
            url.set_host(Some(REMOTE)).unwrap();
            url.set_port(Some(front.address.port())).unwrap();
            let named = root.to_str().unwrap();
            url.query_pairs_mut().append_pair("sslrootcert", named);
            let db = Db::new(&DbSettings {
                url: url.into(),
                api_sessions: 1,
                worker_sessions: 1,
                allow_plaintext: false,
            })
            .unwrap();
            let migrated = db.migrate().await;
            let Some(said) = said else {
                migrated.unwrap();
                db.ready().await.unwrap();
                assert!(front.heard.load(Ordering::SeqCst) > 0, "{case}");
                db.close().await;
                continue;
            };
            let error = migrated.expect_err(case);
            assert_eq!(error.kind, DbErrorKind::Unavailable, "{case}: {error}");
            assert!(error.detail.contains(said), "{case}: {error}");
            let heard = front.heard.load(Ordering::SeqCst);
            assert_eq!(heard, 0, "{case}: no password was said");
        }
    })
    .await;
}
