//! The files of certificates and keys, in PEM.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// What tells one state of a file from another; none where it can't be looked at.
pub(super) type Stamp = Option<(SystemTime, u64)>;

/// The state of every file.
pub(super) fn stamps(files: &[(PathBuf, PathBuf)], ca_file: &Path) -> Vec<Stamp> {
    let all = files.iter().flat_map(|(certificate, key)| [certificate.as_path(), key]).chain([ca_file]);
    all.map(|path| {
        let state = fs::metadata(path).ok()?;
        Some((state.modified().ok()?, state.len()))
    })
    .collect()
}

/// The certificates of a file, at least one.
pub(super) fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| TlsError::file(key, path, error))?;
    if read.is_empty() {
        return Err(TlsError::file(key, path, "no certificate in PEM stands in it"));
    }
    Ok(read)
}

/// The key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::file("key_files", path, error))
}
