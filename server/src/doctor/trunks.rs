//! Whether carriers answer: each is asked by OPTIONS, from a port of our own.

use std::net::SocketAddr;
use std::time::Duration;

use sip::message::{Headers, Method};
use sip::ua::OutsideRequest;
use tokio::time::timeout;

use super::{Finding, outside};
use crate::config::{SrtpPolicy, Trunk as Settings, TrunkTransport};
use crate::gateway::sip::{Connections, Endpoint, SipHandle, datagram_path};
use crate::gateway::trunks::Trunk;
use crate::state::AppState;
use crate::trunks;

/// For one carrier; all are asked at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn examine(app: &AppState) -> Vec<Finding> {
    let mut all = app.config.trunk.clone();
    let of_api = async { trunks::list_enabled(app, &mut *app.db.acquire().await?).await };
    // A database that is away was said before.
    all.extend(of_api.await.unwrap_or_default());
    if all.is_empty() {
        let alone = Finding::warning("trunk", "there is none, so that no call reaches a telephone", "Set one up.");
        let sandboxed = Finding::good("trunk", "there is none; the sandbox carrier answers");
        return vec![if app.config.has_sandbox() { sandboxed } else { alone }];
    }
    let endpoint = Endpoint {
        listen: SocketAddr::new(app.config.sip.listen.ip(), 0),
        public_ip: app.config.media.public_ip,
        domain: app.config.sip.domain.clone(),
        secure_web: false,
        product: concat!("Sautikit/", env!("CARGO_PKG_VERSION"), " doctor").to_owned(),
        seed: app.entropy.bytes(),
        clock: app.clock.clone(),
        stopping: app.stopping.clone(),
        connections: Some(Connections { app: app.clone(), tls_listen: None }),
        traced: None,
    };
    let sip = match endpoint.bind() {
        Ok(endpoint) => endpoint.start(None, &[]).0,
        Err(error) => return vec![Finding::failure("trunk", error.to_string(), "Change `sip.listen`.")],
    };
    let asked = all.iter().map(|settings| async {
        match Trunk::from_settings(settings, None, &app.entropy).await {
            Ok(trunk) => {
                let mut findings = vec![ask(app, &sip, &trunk).await];
                findings.extend(open_keys(settings));
                if trunk.hop.is_none() {
                    findings.extend(outside::on_the_way(app, &trunk.name, trunk.address).await);
                }
                findings
            }
            Err(error) => {
                let mend = "Correct it, or look at this host's DNS.";
                vec![Finding::failure("trunk", error.to_string(), mend)]
            }
        }
    });
    futures::future::join_all(asked).await.into_iter().flatten().collect()
}

/// Keys of SRTP stand in the signalling: whoever reads that on the way hears the call (RFC 4568 §7).
fn open_keys(settings: &Settings) -> Option<Finding> {
    let offers = matches!(settings.srtp, SrtpPolicy::Preferred | SrtpPolicy::Required);
    (offers && settings.transport != TrunkTransport::Tls).then(|| {
        let (name, transport) = (&settings.name, settings.transport.as_str());
        let message = format!("{name}: its audio is encrypted with keys that go to it by {transport} in clear");
        Finding::warning("trunk", message, "Set its `transport` to `tls`, if the carrier has it.")
    })
}

async fn ask(app: &AppState, sip: &SipHandle, trunk: &Trunk) -> Finding {
    let (name, address) = (&trunk.name, trunk.address);
    let path = match &trunk.hop {
        Some(hop) => sip.connect(hop.clone(), false).await,
        None => Some(datagram_path(address)),
    };
    let Some(path) = path else {
        let message = format!("{name}: no connection to {address} can be opened");
        return Finding::failure("trunk", message, "Check address, port and transport, and its certificate under TLS.");
    };
    let target = trunk.uri_of("");
    let request = OutsideRequest {
        method: Method::Options,
        path,
        from: format!("<sip:{}>", app.config.sip.domain),
        to: format!("<{target}>"),
        target,
        headers: Headers::new(),
        body: None,
        auth: None,
    };
    match timeout(ANSWER_WITHIN, sip.ask(request)).await {
        Ok(Some(status)) => Finding::good("trunk", format!("{name}: {address} answers OPTIONS ({status})")),
        Ok(None) | Err(_) => Finding::warning(
            "trunk",
            format!("{name}: {address} does not answer OPTIONS"),
            "Some carriers never do. Else check the address, our firewall, and whether the carrier knows our address.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_anybody_reads_on_the_way_are_worth_a_word() {
        for srtp in SrtpPolicy::ALL {
            for transport in TrunkTransport::ALL {
                let settings = Settings { srtp, transport, ..Settings::default() };
                let is_open =
                    transport != TrunkTransport::Tls && [SrtpPolicy::Preferred, SrtpPolicy::Required].contains(&srtp);
                assert_eq!(open_keys(&settings).is_some(), is_open, "{srtp:?} {transport:?}");
            }
        }
    }
}
