use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};

use super::*;

/// An authority of the test and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes a certificate for this name, and gives it.
    fn issue(&self, name: &str, folder: &Path) -> (CertificateDer<'static>, (PathBuf, PathBuf)) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let paths = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        fs::write(&paths.0, certificate.pem()).unwrap();
        fs::write(&paths.1, key.serialize_pem()).unwrap();
        (certificate.der().clone(), paths)
    }
}

fn settings(pairs: &[(PathBuf, PathBuf)], ca_file: PathBuf) -> config::Tls {
    let (certificate_files, key_files) = pairs.iter().cloned().unzip();
    config::Tls { certificate_files, key_files, ca_file }
}

/// 2026-11-30.
const NOW_US: i64 = 1_796_000_000_000_000;

#[test]
fn a_clients_certificate_proves_its_name_only_by_an_authority_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (trusted, other) = (Authority::new(), Authority::new());
    let ca_file = folder.path().join("ca.pem");
    fs::write(&ca_file, &trusted.pem).unwrap();
    let (own, _) = trusted.issue("sip.carrier.example", folder.path());
    let (foreign, _) = other.issue("sip.carrier.example", folder.path());
    let certificates = Certificates::from_config(&settings(&[], ca_file)).unwrap();
    let proven = certificates.proven(&[own], NOW_US).unwrap();
    assert!(proven.is_of("sip.carrier.example") && !proven.is_of("carrier.example"));
    assert!(certificates.proven(&[foreign], NOW_US).is_none());
    assert!(certificates.proven(&[], NOW_US).is_none());
}

#[test]
fn the_certificate_of_the_name_that_is_asked_for_is_shown_and_else_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (first, of_first) = authority.issue("voice.example", folder.path());
    let (second, of_second) = authority.issue("sip.example", folder.path());
    let chosen = Chosen::read(&[of_first, of_second], &ring::default_provider()).unwrap();
    let shown = |name: Option<&str>| chosen.for_name(name).unwrap().cert[0].clone();
    assert_eq!(shown(Some("sip.example")), second);
    assert_eq!(shown(Some("voice.example")), first);
    assert_eq!((shown(Some("other.example")), shown(None)), (first.clone(), first));
}

#[test]
fn a_renewed_certificate_is_taken_up_and_a_broken_one_leaves_the_former() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (_, paths) = authority.issue("voice.example", folder.path());
    let certificates = Certificates::from_config(&settings(std::slice::from_ref(&paths), PathBuf::new())).unwrap();
    let before = certificates.sip_server().unwrap();
    certificates.look();
    assert!(Arc::ptr_eq(&before, &certificates.sip_server().unwrap()), "nothing has changed");
    fs::write(&paths.0, "no certificate").unwrap();
    certificates.look();
    assert!(Arc::ptr_eq(&before, &certificates.sip_server().unwrap()), "the former stays");
    authority.issue("voice.example", folder.path());
    certificates.look();
    assert!(!Arc::ptr_eq(&before, &certificates.sip_server().unwrap()));
}

#[test]
fn what_can_not_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (_, one) = authority.issue("one.example", folder.path());
    let (_, two) = authority.issue("two.example", folder.path());
    let refused = |pair: (PathBuf, PathBuf)| {
        Certificates::from_config(&settings(&[pair], PathBuf::new())).err().unwrap().to_string()
    };
    assert!(refused((one.0.clone(), two.1)).contains("tls.key_files"));
    assert!(refused((folder.path().join("none.pem"), one.1.clone())).contains("none.pem"));
    assert!(refused((one.1.clone(), one.1)).contains("tls.certificate_files"));
}
