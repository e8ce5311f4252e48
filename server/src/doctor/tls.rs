//! Certificates: whether they are for our names, and how long they last.

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::parse_x509_certificate;

use super::Finding;
use crate::state::AppState;
use crate::tls::Certificates;

/// Renewal by ACME happens a month before the end; later something is in its way.
const SOON_DAYS: i64 = 14;
const DAY_S: i64 = 86_400;

pub(super) fn certificates(app: &AppState) -> Vec<Finding> {
    let chains = app.part::<Certificates>().own();
    if chains.is_empty() {
        let message = "no certificates: SIP goes over UDP, TCP and WebSocket only";
        return vec![Finding::good("tls", message)];
    }
    let mut findings: Vec<_> = chains.iter().map(|own| lasting(own, app.now_us() / 1_000_000)).collect();
    let url = url::Url::parse(&app.public_url).ok();
    let web = url.as_ref().and_then(|url| url.host_str()).filter(|_| app.config.http.tls).map(str::to_owned);
    for (key, name) in [("http.public_url", web), ("sip.domain", Some(app.config.sip.domain.clone()))] {
        if let Some(name) = name
            && !chains.iter().any(|own| is_for(own, &name))
        {
            let mend = format!("Have the certificate issued to {name} too, or change `{key}`.");
            findings.push(Finding::warning("tls", format!("no certificate is for {name} (`{key}`)"), mend));
        }
    }
    findings
}

fn lasting(own: &CertificateDer<'_>, now_s: i64) -> Finding {
    let Ok((_, certificate)) = parse_x509_certificate(own) else {
        return Finding::failure("tls", "a certificate can't be read", "Have it issued anew.");
    };
    let left_s = certificate.validity().not_after.timestamp() - now_s;
    let subject = certificate.subject().to_string();
    let days = left_s / DAY_S;
    match left_s {
        left if left <= 0 => {
            let message = format!("the certificate of {subject} ended {} days ago", -days);
            Finding::failure("tls", message, "Renew it; the server takes up the new file by itself.")
        }
        left if left < SOON_DAYS * DAY_S => {
            let message = format!("the certificate of {subject} ends in {days} days");
            Finding::warning("tls", message, "Look why it was not renewed yet.")
        }
        _ => Finding::good("tls", format!("the certificate of {subject} lasts for {days} days")),
    }
}

fn is_for(own: &CertificateDer<'_>, name: &str) -> bool {
    let (Ok(certificate), Ok(name)) = (ParsedCertificate::try_from(own), ServerName::try_from(name)) else {
        return false;
    };
    verify_server_name(&certificate, &name).is_ok()
}
