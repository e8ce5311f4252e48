//! Addresses that the server knows, addresses that it does not, and asking for their links.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Outcome;

/// Links that an address is sent in an hour of development.
const LINKS_PER_ADDRESS: usize = 100;
/// Links that one client address is sent in an hour of development are 600; each of ours asks for fewer.
const ASKS_PER_CLIENT: u32 = 500;

/// Whose address is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Has signed in.
    Known,
    /// The same, as a control.
    KnownToo,
    /// Was sent a link that nobody used.
    Unknown,
    /// Was sent as many as an hour allows, and gets none now.
    HadItsShare,
}

/// Asks from ever new addresses of the loopback network.
pub(super) struct Asker {
    http: Client,
    base: String,
    asked: u32,
}

impl Asker {
    pub(super) fn new(base: &str) -> Self {
        Self { http: Client::new(), base: base.to_owned(), asked: 0 }
    }

    /// That many addresses of the kind. Each has got a link, so that known and unknown ones differ in nothing but its use.
    pub(super) async fn prepare(&mut self, kind: Kind, count: usize) -> Outcome<Vec<String>> {
        let mut addresses = Vec::with_capacity(count);
        for number in 0..count {
            // Of one length.
            let address =
                format!("{:<11}{number:04}@example.com", format!("{kind:?}").to_lowercase()).replace(' ', "x");
            let links = if kind == Kind::HadItsShare { LINKS_PER_ADDRESS } else { 1 };
            for _ in 0..links {
                self.ask(&address).await?;
            }
            if kind != Kind::Unknown {
                self.sign_in().await?;
            }
            addresses.push(address);
        }
        Ok(addresses)
    }

    /// Asks for a link; how long the answer took.
    pub(super) async fn ask(&mut self, address: &str) -> Outcome<Duration> {
        let body = json!({ "email": address });
        let asked = Instant::now();
        let answer = self.post("/v1/auth/magic-link", &body).await?;
        // With its body, which is empty.
        answer.bytes().await?;
        Ok(asked.elapsed())
    }

    /// Uses the link that was sent last.
    async fn sign_in(&mut self) -> Outcome<()> {
        let mails: Value = self.http.get(format!("{}/dev/mail.json", self.base)).send().await?.json().await?;
        let link = mails[0]["links"][0].as_str().ok_or("no link was sent")?;
        let (_, token) = link.split_once("token=").ok_or("the link has no token")?;
        self.post("/v1/auth/magic-link/verify", &json!({ "token": token })).await?;
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Outcome<Response> {
        if self.asked.is_multiple_of(ASKS_PER_CLIENT) {
            let address = Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 1, 0).to_bits() + self.asked / ASKS_PER_CLIENT);
            self.http = Client::builder().no_proxy().local_address(IpAddr::V4(address)).build()?;
            // Opens the connection, which would count otherwise.
            self.http.get(format!("{}/healthz", self.base)).send().await?.bytes().await?;
        }
        self.asked += 1;
        Ok(self.http.post(format!("{}{path}", self.base)).json(body).send().await?.error_for_status()?)
    }
}
