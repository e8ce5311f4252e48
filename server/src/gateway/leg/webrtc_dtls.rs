//! The handshake of DTLS beside plain RTP (RFC 5763, RFC 5764): datagrams in and out through the leg's port, keys at its end.
//!
//! The certificate is the process's own and nobody vouches for it: who it is of says the fingerprint in the description, as
//! it says of the peer's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc::dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, VerifyPeerCertificateFn};
use rtc::dtls::crypto::Certificate;
use rtc::dtls::endpoint::{Endpoint, EndpointEvent};
use rtc::dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc::dtls::state::State;
use rtc::shared::TransportProtocol;
use rtc::shared::error::{Error, Result};
use rtc::srtp::config::{Config, LABEL_EXTRACTOR_DTLS_SRTP};
use rtc::srtp::protection_profile::ProtectionProfile;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use sip::sdp::{Fingerprint, Setup};
use tokio::sync::mpsc;

use super::media_end::MediaEndError;
use super::srtp::Dtls;
use crate::gateway::media::{Handshaker, Keys, KeysBy, MasterKey, Security, Suite};

/// Datagrams of a handshake that wait: a flight has five or six.
const DATAGRAMS: usize = 16;
/// Datagrams of a peer's that are read before its handshake is given up: ten times what one takes that is repeated often. Each of two
/// that do not take each other's certificate answers every datagram, without an end.
const MOST_READ: usize = 128;
/// By which the endpoint knows its one peer, wherever it is: where datagrams go and come from is the port's business.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// The suites that are offered and taken, the preferred first.
const PROFILES: [SrtpProtectionProfile; 3] = [
    SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
    SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32,
];
/// The hash of our fingerprint.
const HASH: &str = "sha-256";

/// What we show.
struct Own {
    certificate: Certificate,
    fingerprint: Fingerprint,
}

/// The certificate of this process.
fn own() -> Option<&'static Own> {
    static OWN: OnceLock<Option<Own>> = OnceLock::new();
    OWN.get_or_init(|| {
        let made = rtc::crypto::default_provider().map_err(|error| error.to_string()).and_then(|provider| {
            Certificate::generate_self_signed(vec!["sautikit".to_owned()], provider.crypto())
                .map_err(|error| error.to_string())
        });
        let certificate = made.inspect_err(|error| {
            tracing::error!(error, "no certificate for DTLS");
        });
        let certificate = certificate.ok()?;
        let digest = Sha256::digest(certificate.certificate.first()?).to_vec();
        Some(Own { certificate, fingerprint: Fingerprint { hash: HASH.to_owned(), digest } })
    })
    .as_ref()
}

/// The fingerprint that our descriptions have.
///
/// # Errors
/// [`MediaEndError::WebRtc`] where this process could make no certificate.
pub(super) fn fingerprint() -> core::result::Result<&'static Fingerprint, MediaEndError> {
    own().map(|own| &own.fingerprint).ok_or_else(|| MediaEndError::WebRtc(Box::new(Error::ErrNonCertificate)))
}

/// Begins a handshake with `peer` in our part `setup`. It goes on beside the leg until its port takes other security or is
/// closed; what comes of it the port is told.
///
/// # Errors
/// [`MediaEndError::WebRtc`] where it can't begin.
pub(super) fn begin(
    handshaker: Handshaker,
    peer: &Dtls,
    setup: Setup,
) -> core::result::Result<Security, MediaEndError> {
    let endpoint = endpoint(handshaker.time(), peer, setup).map_err(|error| MediaEndError::WebRtc(Box::new(error)))?;
    let (sender, datagrams) = mpsc::channel(DATAGRAMS);
    tokio::spawn(run(endpoint, datagrams, handshaker));
    Ok(Security::Handshaking(sender))
}

fn endpoint(now: Instant, peer: &Dtls, setup: Setup) -> Result<Endpoint> {
    let own = own().ok_or(Error::ErrNonCertificate)?;
    let provider = rtc::crypto::default_provider().map_err(|error| Error::Crypto(error.to_string()))?;
    let expected = peer.fingerprint.digest.clone();
    let verify: VerifyPeerCertificateFn =
        Arc::new(move |shown: &[Vec<u8>], _: &[CertificateDer<'static>]| match shown.first() {
            Some(certificate) if Sha256::digest(certificate)[..] == expected[..] => Ok(()),
            Some(_) => Err(Error::ErrNoMatchingCertificateFingerprint),
            None => Err(Error::ErrNonCertificate),
        });
    let is_client = setup == Setup::Active;
    let config = ConfigBuilder::default()
        .with_crypto_provider(provider)
        .with_certificates(vec![own.certificate.clone()])
        .with_srtp_protection_profiles(PROFILES.to_vec())
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        // The fingerprint says who it is, no authority does.
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(verify))
        .with_extended_master_secret(ExtendedMasterSecretType::Request)
        .build(is_client, None)?;
    let config = Arc::new(config);
    let server = (!is_client).then(|| config.clone());
    let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, server);
    if is_client {
        endpoint.connect(now, PEER, config, None)?;
    }
    Ok(endpoint)
}

async fn run(mut endpoint: Endpoint, mut datagrams: mpsc::Receiver<Bytes>, handshaker: Handshaker) {
    let mut read = 0;
    while read < MOST_READ {
        while let Some(out) = endpoint.poll_transmit() {
            handshaker.send(out.message.freeze());
        }
        let due = endpoint.poll_timeout(&PEER).map(|at| handshaker.until(at));
        let again = async {
            match due {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let datagram = tokio::select! {
            datagram = datagrams.recv() => match datagram {
                Some(datagram) => Some(datagram),
                // The leg is over, or secured in another way.
                None => return,
            },
            () = again => None,
        };
        let now = handshaker.time();
        let told = match datagram {
            Some(datagram) => {
                read += 1;
                endpoint.read(now, PEER, None, BytesMut::from(&datagram[..]))
            }
            None => endpoint.handle_timeout(PEER, now).map(|()| Vec::new()),
        };
        let done = match told {
            Ok(events) => events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)),
            Err(error) => {
                // Nothing passes without keys, and silence ends the call. A damaged datagram is nobody's end.
                tracing::debug!(%error, "a handshake of DTLS goes wrong");
                false
            }
        };
        if done {
            match endpoint.get_connection_state(PEER).map(keys) {
                Some(Ok(keys)) => handshaker.secure(keys),
                _ => tracing::debug!("a handshake of DTLS has led to no keys"),
            }
        }
    }
}

/// What the handshake has led to (RFC 5764 §4.2).
fn keys(state: &State) -> Result<Keys> {
    let (suite, profile) = match state.srtp_protection_profile() {
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => (Suite::AesGcm128, ProtectionProfile::AeadAes128Gcm),
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => (Suite::AesCm80, ProtectionProfile::Aes128CmHmacSha1_80),
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_32 => (Suite::AesCm32, ProtectionProfile::Aes128CmHmacSha1_32),
        _ => return Err(Error::ErrNoSuchSrtpProfile),
    };
    let mut config = Config { profile, ..Config::default() };
    let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], config.keying_material_len())?;
    config.set_session_keys_from_keying_material(material.as_ref(), state.is_client())?;
    let key =
        |key: Vec<u8>, salt: Vec<u8>| MasterKey::new(suite, [key, salt].concat()).ok_or(Error::ErrNoSuchSrtpProfile);
    let keys = config.keys;
    Ok(Keys {
        by: KeysBy::Dtls,
        send: key(keys.local_master_key, keys.local_master_salt)?,
        receive: key(keys.remote_master_key, keys.remote_master_salt)?,
        mki_length: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::leg::tests::support::{call, engine};
    use crate::gateway::media::LegId;

    /// Whether both sides come to keys, and the same ones; each expects a certificate of this fingerprint.
    fn agree(expected_by_server: &Fingerprint, expected_by_client: &Fingerprint) -> Option<(Keys, Keys)> {
        let media = engine();
        let (call, _events) = call(&media);
        let now = call.add_rtp(LegId(1)).unwrap().handshaker().time();
        let of = |fingerprint: &Fingerprint| Dtls { fingerprint: fingerprint.clone(), setup: Setup::ActPass };
        let mut server = endpoint(now, &of(expected_by_server), Setup::Passive).unwrap();
        let mut client = endpoint(now, &of(expected_by_client), Setup::Active).unwrap();
        let (mut complete, mut read) = (0, 0);
        while read < MOST_READ {
            let mut is_quiet = true;
            for forwards in [true, false] {
                let (from, to) = if forwards { (&mut client, &mut server) } else { (&mut server, &mut client) };
                while let Some(out) = from.poll_transmit() {
                    is_quiet = false;
                    read += 1;
                    // One side may refuse what the other says.
                    let events = to.read(now, PEER, None, out.message).unwrap_or_default();
                    complete += events.iter().filter(|event| matches!(event, EndpointEvent::HandshakeComplete)).count();
                }
            }
            if is_quiet {
                break;
            }
        }
        let of = |endpoint: &Endpoint| keys(endpoint.get_connection_state(PEER)?).ok();
        (complete == 2).then(|| Some((of(&client)?, of(&server)?))).flatten()
    }

    #[test]
    fn a_handshake_leads_to_the_same_keys_on_both_sides() {
        let own = fingerprint().unwrap();
        let (client, server) = agree(own, own).unwrap();
        assert_eq!((&client.send, &client.receive), (&server.receive, &server.send));
        assert_eq!((client.by, client.send.suite()), (KeysBy::Dtls, Suite::AesGcm128));
        assert_ne!(client.send, client.receive);
    }

    #[test]
    fn who_shows_another_certificate_than_the_described_one_comes_to_no_keys() {
        let own = fingerprint().unwrap();
        let other = Fingerprint { hash: HASH.to_owned(), digest: vec![7; 32] };
        assert!(agree(&other, own).is_none() && agree(own, &other).is_none());
    }
}
