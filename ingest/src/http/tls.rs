//! TLS of HTTP: TLS 1.2 and 1.3 by rustls. The certificate's files are read again when they change, so that
//! a certificate is renewed without a restart; while what lies there fits nothing, the one before goes on.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::{sync::watch, time::sleep};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// What stands for the digest of files that cannot be read.
const UNREADABLE: [u8; 32] = [0; 32];

/// Why HTTP cannot be answered as the settings want it.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// Other machines would be answered in the clear.
    #[error(
        "MEDBOT_LISTEN={0} would answer other machines in the clear: name a certificate in MEDBOT_TLS_CERT_FILE and \
         its key in MEDBOT_TLS_KEY_FILE; or listen on 127.0.0.1; or, where a proxy ends TLS and nobody else reaches \
         this address, set MEDBOT_TLS_AT_PROXY=1"
    )]
    Plaintext(SocketAddr),
    /// A file cannot be read.
    #[error("the file {} of {setting} cannot be read", .path.display())]
    Unreadable {
        setting: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// There is no certificate in its file.
    #[error("the file {} of MEDBOT_TLS_CERT_FILE holds no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in its file.
    #[error(
        "the file {} of MEDBOT_TLS_KEY_FILE holds no private key in PEM, or one that a passphrase locks",
        .0.display()
    )]
    NoKey(PathBuf),
    /// They do not belong together, or are of a kind that is not known.
    #[error("the key of MEDBOT_TLS_KEY_FILE does not fit the certificate of MEDBOT_TLS_CERT_FILE")]
    Unfit(#[source] rustls::Error),
}

/// Where certificate and key lie.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and those that lead to its authority, in this order, in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM, not locked by a passphrase.
    pub key: PathBuf,
}

/// The certificate that is shown now.
pub struct Tls {
    files: TlsFiles,
    now: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// What stands before HTTP at an address: nothing where only this machine can ask, or where plaintext was
    /// allowed.
    pub(crate) fn of_listener(
        listen: SocketAddr,
        files: Option<&TlsFiles>,
        allow_plaintext: bool,
    ) -> Result<Option<Arc<Self>>, TlsError> {
        match files {
            Some(files) => Ok(Some(Arc::new(Self {
                files: files.clone(),
                now: RwLock::new(Read::of(files)?.config()?),
            }))),
            None if listen.ip().to_canonical().is_loopback() || allow_plaintext => Ok(None),
            None => Err(TlsError::Plaintext(listen)),
        }
    }

    /// What a connection that begins now is met with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&now))
    }

    /// Takes other files when they are there, until it is told to stop.
    pub(crate) async fn keep_fresh(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut seen = None;
        loop {
            let (tls, last) = (Arc::clone(&self), seen);
            // Small files, but of a disk that may hang.
            let looked = tokio::task::spawn_blocking(move || tls.look(last)).await;
            seen = looked.unwrap_or(seen);
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Takes the files if they are other than those seen last: their digest, or the same again.
    fn look(&self, seen: Option<[u8; 32]>) -> Option<[u8; 32]> {
        let read = match Read::of(&self.files) {
            Ok(read) => read,
            Err(error) => {
                if seen != Some(UNREADABLE) {
                    tracing::warn!(error = %Chain(&error), "the certificate of HTTP cannot be read again");
                }
                return Some(UNREADABLE);
            }
        };
        let digest = read.digest();
        if seen == Some(digest) {
            return seen;
        }
        match read.config() {
            Ok(config) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = config;
                if seen.is_some() {
                    tracing::info!("another certificate of HTTP is shown from now on");
                }
            }
            // Also what is seen between the writing of the one file and of the other.
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "another certificate of HTTP is not taken");
            }
        }
        Some(digest)
    }
}

/// An error with what it came from.
struct Chain<'a>(&'a TlsError);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        std::error::Error::source(self.0).map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

/// The files as they lie there.
struct Read<'a> {
    files: &'a TlsFiles,
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl<'a> Read<'a> {
    fn of(files: &'a TlsFiles) -> Result<Self, TlsError> {
        let read = |setting: &'static str, path: &Path| {
            fs::read(path).map_err(|source| TlsError::Unreadable {
                setting,
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self {
            files,
            certificate: read("MEDBOT_TLS_CERT_FILE", &files.certificate)?,
            key: read("MEDBOT_TLS_KEY_FILE", &files.key)?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let parts = [&self.certificate, &self.key].map(Sha256::digest);
        Sha256::digest(parts.concat()).into()
    }

    fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let no_certificate = || TlsError::NoCertificate(self.files.certificate.clone());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| no_certificate())?;
        if chain.is_empty() {
            return Err(no_certificate());
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| TlsError::NoKey(self.files.key.clone()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Unfit)?;
        // What `serve` speaks.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
