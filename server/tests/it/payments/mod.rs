//! Payments against fakes of the providers' HTTP, with the faults that the real ones show.

mod daraja;
mod inquiry;
mod late;
mod mpesa;
mod paybill;
mod paystack;
mod random;
mod reconciling;

use std::time::Duration;

use sautikit::config::Mpesa;
use sautikit::{jobs, wallet};
use serde_json::Value;

use crate::support::{Answer, Client, Server};

/// A server with M-Pesa, and whoever tops up.
struct Shop {
    server: Server,
    daraja: daraja::Daraja,
    owner: Client,
}

impl Shop {
    async fn open(server: Server) -> Self {
        Self::open_with(server, |_| ()).await
    }

    /// With settings of M-Pesa that are changed so.
    async fn open_with(server: Server, change: impl FnOnce(&mut Mpesa)) -> Self {
        let daraja = daraja::Daraja::default();
        let base_url = daraja.serve().await;
        let server = server.configured(|config| {
            config.mpesa.base_url = base_url;
            config.mpesa.consumer_key = "key".to_owned();
            config.mpesa.consumer_secret = "secret".to_owned();
            config.mpesa.shortcode = "600638".to_owned();
            config.mpesa.passkey = "passkey".to_owned();
            config.mpesa.initiator = "sautikit".to_owned();
            config.mpesa.security_credential = "c2VhbGVk".to_owned();
            change(&mut config.mpesa);
        });
        let owner = server.onboarded("asha@example.com").await;
        Self { server, daraja, owner }
    }

    /// Runs what is due now.
    async fn run(&self) {
        jobs::run_due(&self.server.app).await.expect("the jobs");
    }

    /// Runs what becomes due in so many seconds.
    async fn run_for(&self, seconds: u64) {
        for _ in 0..seconds.div_ceil(10) {
            self.server.clock.advance(Duration::from_secs(10));
            self.run().await;
        }
    }

    async fn balance(&self) -> i64 {
        balance(&self.owner).await
    }

    async fn is_sound(&self) -> bool {
        let report = wallet::verify::verify(&self.server.app).await.expect("verified");
        if !report.is_sound() {
            eprintln!("{:?}", report.breaks);
        }
        report.is_sound()
    }

    /// What Daraja sends, to a path of ours.
    async fn tell(&self, path: &str, body: Value) -> Answer {
        self.tell_from("196.201.214.200", path, body).await
    }

    /// The same from another address.
    async fn tell_from(&self, address: &str, path: &str, body: Value) -> Answer {
        self.server.client().connected_from(address).post(path, body).await
    }
}

async fn balance(client: &Client) -> i64 {
    client.get("/v1/wallet/balance").await.expect(200).json["balance_minor"].as_i64().expect("a balance")
}

/// The path of a URL of this server.
fn path_of(url: &Value) -> String {
    url.as_str().and_then(|url| url.strip_prefix(crate::support::ORIGIN)).expect("a URL of ours").to_owned()
}
