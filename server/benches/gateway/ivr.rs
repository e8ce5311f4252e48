//! IVR calls: a trunk calls, the callback asks for a digit and says so, the caller presses it (RFC 4733), the callback is
//! asked with it and hangs up.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use tokio::{net::UdpSocket, task::JoinSet};

use super::{
    Outcome, callback,
    caller::{self, Carrier},
    customer, free_port,
    site::{Engine, Site},
};

/// How long the key is held.
const PRESSED: Duration = Duration::from_millis(400);
/// Between two packets.
const FRAME: Duration = Duration::from_millis(20);
/// Samples of a frame at 8 kHz.
const FRAME_SAMPLES: u16 = 160;
/// The final packet is sent so often (RFC 4733 §2.5.1.4).
const ENDS: usize = 3;
/// The payload type of events in the generator's offer.
const EVENTS: u8 = 101;

/// Prints CPU seconds per 1,000 calls at `rate` calls per second and how long a call takes, on each engine.
pub(super) async fn measure(rate: u32, calls: u32) -> Outcome<()> {
    let callback = format!("{}/ivr", callback::serve().await?);
    for engine in Engine::all() {
        let site = Site::open(engine, ([127, 0, 0, 1], free_port()?).into(), &callback).await?;
        let carrier = Carrier::open(site.server.subject.sip).await?;
        // The prompt is spoken once, pools and caches fill.
        run(&site, &carrier, 0, 10, 20).await?;
        let before = (site.server.subject.cpu_seconds()?, site.server.subject.wakes()?);
        let done = run(&site, &carrier, 20, rate, calls).await?;
        let cpu = site.server.subject.cpu_seconds()? - before.0;
        let wakes = site.server.subject.wakes()? - before.1;
        println!(
            "IVR calls, {}: {calls} at {rate}/s: {:.2} CPU-s per 1,000, {:.0} wakes each, {} failed, in all p50 {:.0} ms, p99 {:.0} ms \
             ({} ms of them the digit's own)",
            engine.name(),
            cpu * 1_000.0 / done.took_ms.len().max(1) as f64,
            wakes as f64 / done.took_ms.len().max(1) as f64,
            done.failed,
            done.share(0.5),
            done.share(0.99),
            PRESSED.as_millis(),
        );
        if let Some(error) = done.error {
            println!("  the first failure: {error}");
        }
    }
    Ok(())
}

/// What the calls came to.
#[derive(Default)]
struct Done {
    /// From the INVITE to the BYE, in milliseconds, ascending.
    took_ms: Vec<f64>,
    failed: usize,
    error: Option<String>,
}

impl Done {
    fn share(&self, share: f64) -> f64 {
        let index = (self.took_ms.len() as f64 * share) as usize;
        self.took_ms.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// Places `calls` calls, `rate` a second, numbered from `first`, and waits until all is recorded.
async fn run(site: &Site, carrier: &Arc<Carrier>, first: u32, rate: u32, calls: u32) -> Outcome<Done> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut tasks = JoinSet::new();
    for index in first..first + calls {
        pace.tick().await;
        tasks.spawn(one(carrier.clone(), index));
    }
    let mut done = Done::default();
    while let Some(call) = tasks.join_next().await {
        match call? {
            Ok(took) => done.took_ms.push(took.as_secs_f64() * 1_000.0),
            Err(error) => {
                done.failed += 1;
                done.error.get_or_insert(error);
            }
        }
    }
    done.took_ms.sort_by(f64::total_cmp);
    site.quiet(&["calls", "record_waiting"]).await?;
    customer::settled(&site.account).await?;
    Ok(done)
}

/// One call, from the INVITE to the BYE.
async fn one(carrier: Arc<Carrier>, index: u32) -> Result<Duration, String> {
    let rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| error.to_string())?;
    let local = rtp.local_addr().map_err(|error| error.to_string())?;
    let began = caller::now();
    let call = carrier.call(index, local).await?;
    rtp.connect(call.audio).await.map_err(|error| error.to_string())?;
    press(&rtp).await.map_err(|error| error.to_string())?;
    call.hung_up().await?;
    Ok(began.elapsed())
}

/// Holds the key 1 for [`PRESSED`]: one event that grows packet by packet, then ends (RFC 4733 §2.5).
async fn press(rtp: &UdpSocket) -> std::io::Result<()> {
    let mut pace = tokio::time::interval(FRAME);
    let frames = u16::try_from(PRESSED.as_millis() / FRAME.as_millis()).unwrap_or(u16::MAX);
    for frame in 1..frames {
        pace.tick().await;
        rtp.send(&event(frame, frame * FRAME_SAMPLES, false)).await?;
    }
    pace.tick().await;
    // The last frame begins; the key is released at its end.
    pace.tick().await;
    rtp.send(&event(frames, frames * FRAME_SAMPLES, true)).await?;
    for _ in 1..ENDS {
        // The call may be over by the first: then nobody listens any more.
        let _ = rtp.send(&event(frames, frames * FRAME_SAMPLES, true)).await;
    }
    Ok(())
}

/// A packet of the event: payload RFC 4733 §2.3, one timestamp for the whole event.
fn event(sequence: u16, duration: u16, is_end: bool) -> [u8; 16] {
    let header =
        media::rtp::Header { marker: sequence == 1, payload_type: EVENTS, sequence, timestamp: 8_000, ssrc: 1 };
    let mut packet = [0; 16];
    packet[..12].copy_from_slice(&header.to_bytes());
    let [high, low] = duration.to_be_bytes();
    packet[12..].copy_from_slice(&[1, if is_end { 0x80 | 10 } else { 10 }, high, low]);
    packet
}
