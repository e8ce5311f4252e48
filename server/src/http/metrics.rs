//! `/metrics` in Prometheus' text format, served on the operator's port only.
//!
//! The gauges of the gateway say what is open right now: after the last call all of them but the transactions, which
//! outlive it by half a minute, are zero again, or something leaks.
//!
//! Each figure is counted where it happens and only printed here. The crate `prometheus-client` would keep them all a second
//! time, to print the same lines.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::calls::Hub;
use crate::calls::trace::SecurityMethod;
use crate::gateway::Gateway;
use crate::gateway::figures::{Attempt, Histogram};
use crate::jobs;
use crate::payments;
use crate::requests::Queue;
use crate::shadow;
use crate::state::AppState;
use crate::telemetry;
use crate::trunks::Registration;
use crate::wallet;
use crate::web::rate_limit::RateLimits;
use crate::webhooks::delivery::gauge;

pub(super) async fn metrics(
    State(app): State<AppState>,
    gateway: Option<Extension<Arc<Gateway>>>,
) -> impl IntoResponse {
    let mut page = Page::default();
    page.gauge("uptime_seconds", "Time since this process started.", app.clock.monotonic().as_secs());
    process(&mut page, &app);
    webhooks(&mut page, &app).await;
    payments(&mut page, &app).await;
    holds(&mut page, &app).await;
    background(&mut page, &app).await;
    if let Some(Extension(gateway)) = gateway {
        calls(&mut page, &gateway).await;
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page.text)
}

fn process(page: &mut Page, app: &AppState) {
    let (open, idle) = app.db.connections();
    let used = (open as usize).saturating_sub(idle);
    let connections = "database_connections";
    page.head(connections, "gauge", "Connections of this node's pool.");
    page.sample(connections, "{state=\"idle\"}", idle);
    page.sample(connections, "{state=\"used\"}", used);
    let most = app.config.database.max_connections;
    page.gauge("database_connections_max", "Most connections that this node opens.", most);
    let limited = "http_rate_limited_total";
    page.head(limited, "counter", "Requests refused because a key or an address sent too many.");
    for (limit, refused) in RateLimits::of(app).refused() {
        page.sample(limited, &format!("{{limit=\"{limit}\"}}"), refused);
    }
    let lost = "request_log_dropped_total";
    page.head(lost, "counter", "Requests that the request log lost because its queue was full or the database failed.");
    page.sample(lost, "", Queue::of(app).dropped());
    let left_out = "shadow_requests_dropped_total";
    page.head(
        left_out,
        "counter",
        "Copies to shadows that were not sent or not kept, because too many were under way.",
    );
    page.sample(left_out, "", shadow::Queue::of(app).dropped());
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    page.gauge("tasks", "Tasks that are running or waiting, HTTP connections among them.", tasks);
}

async fn webhooks(page: &mut Page, app: &AppState) {
    // Without the database other figures are worth all the more.
    let Ok(gauge) = gauge::read(app).await else { return };
    page.gauge("webhook_outbox_events", "Events that wait to be told, 10,000 at most.", gauge.outbox);
    page.gauge("webhook_outbox_age_seconds", "How long the oldest of them has waited.", gauge.outbox_age_seconds);
    page.gauge("webhook_deliveries_pending", "Deliveries that are not settled, 10,000 at most.", gauge.pending);
    let delivers = u8::from(gauge.of_dispatcher.is_some());
    page.gauge("webhook_is_dispatcher", "1 where this node delivers.", delivers);
    if let Some(own) = gauge.of_dispatcher {
        let lag = "How long what has waited longest for an attempt is due, endpoints that are paused left out.";
        page.gauge("webhook_lag_seconds", lag, own.lag_seconds);
        page.gauge("webhook_attempts_running", "Requests to endpoints that are on their way.", own.running);
    }
}

/// Money of customers that lies until an operator looks.
async fn payments(page: &mut Page, app: &AppState) {
    let Ok((waiting, age_seconds)) = payments::waiting_now(app).await else { return };
    page.gauge("payments_unmatched", "Payments that wait for an operator, 10,000 at most.", waiting);
    page.gauge("payments_unmatched_age_seconds", "How long the oldest of them has waited.", age_seconds);
}

/// What live calls of all nodes may still use up of customers' money.
async fn holds(page: &mut Page, app: &AppState) {
    let Ok(held) = wallet::held(app).await else { return };
    let (amount, wallets) = ("wallet_held_minor", "wallet_holds");
    page.head(amount, "gauge", "What live calls of all nodes hold of wallets, in minor units.");
    held.iter().for_each(|sum| page.sample(amount, &format!("{{currency=\"{}\"}}", sum.currency), sum.held_minor));
    page.head(wallets, "gauge", "Wallets of which live calls hold something.");
    held.iter().for_each(|sum| page.sample(wallets, &format!("{{currency=\"{}\"}}", sum.currency), sum.wallets));
}

/// Background work by its lane; without the database nothing is known of it.
async fn background(page: &mut Page, app: &AppState) {
    let Ok(counts) = jobs::counts(app).await else { return };
    let name = "jobs";
    page.head(name, "gauge", "Background jobs of all nodes: queued, running, and dead, which wait for people.");
    for count in counts {
        page.sample(name, &format!("{{lane=\"{}\",state=\"{}\"}}", count.lane, count.state), count.jobs);
    }
}

async fn calls(page: &mut Page, gateway: &Gateway) {
    let sip = gateway.sip.gauge().await;
    let media = gateway.media.gauge();
    let running = gateway.calls.lock().len();
    page.gauge("calls", "Calls that this node runs.", running);
    let talking = gateway.figures.talking().min(running);
    let by_state = "calls_by_state";
    page.head(by_state, "gauge", "Calls that this node runs: those that ring, and those that were answered.");
    page.sample(by_state, "{state=\"ringing\"}", running - talking);
    page.sample(by_state, "{state=\"answered\"}", talking);
    let ended = "calls_ended_total";
    page.head(ended, "counter", "Calls that have ended, by their status.");
    for (status, count) in gateway.figures.by_status() {
        page.sample(ended, &format!("{{status=\"{}\"}}", status.as_str()), count);
    }
    let lag = "How late this process came to what was due, when it was last looked: ten times a second.";
    page.gauge("event_loop_lag_seconds", lag, gateway.overload.lag().as_secs_f64());
    let (refused, limit) = gateway.overload.gauge();
    let overloaded = "calls_overloaded_total";
    page.head(overloaded, "counter", "Calls refused because they could not have been set up in time.");
    page.sample(overloaded, "", refused);
    page.gauge("calls_in_set_up_max", "Calls that may be in set-up at the same time.", limit);
    let writer = Hub::of(&gateway.app).writer();
    page.gauge("record_waiting", "Calls and legs that wait for their record.", writer.waiting());
    page.gauge(
        "record_flush_seconds",
        "How long the last flush of calls' records took.",
        writer.last_flush().as_secs_f64(),
    );
    let lag = "How far the ledger is behind what calls have used up, because the database does not take it.";
    page.gauge("ledger_lag_seconds", lag, writer.ledger_lag().as_secs_f64());
    let flushes = "record_flushes_total";
    page.head(flushes, "counter", "Flushes of calls' records.");
    page.sample(flushes, "", writer.flushes());
    let late = "record_late_dialogs_total";
    page.head(late, "counter", "Dialogs that a slow disk had not taken when their INVITE or 200 went out.");
    page.sample(late, "", writer.late_dialogs());
    let left_out = "log_lines_left_out_total";
    page.head(left_out, "counter", "Lines of the log that were not written, because whoever reads it is too slow.");
    page.sample(left_out, "", telemetry::lines_left_out());
    let written_off = "calls_written_off_total";
    page.head(written_off, "counter", "Calls that went on after another node had closed them.");
    page.sample(written_off, "", writer.written_off());
    page.gauge("record_is_away", "1 while calls can not be recorded.", u8::from(writer.is_away()));
    page.gauge("sip_sessions", "SIP calls, from INVITE to the end of BYE.", sip.sessions);
    page.gauge("sip_transactions", "SIP transactions.", sip.transactions);
    let door = gateway.door.gauge();
    page.gauge("sip_blocked_addresses", "Addresses that get silence for a while.", door.blocked);
    let silenced = "sip_silenced_total";
    page.head(silenced, "counter", "Datagrams of strangers that got no answer.");
    page.sample(silenced, "", door.silenced);
    let now = gateway.app.clock.monotonic();
    let registrations = "Registrations of browsers and devices that hold on this node.";
    page.gauge("sip_registrations", registrations, gateway.registrar.count(now));
    page.gauge("sip_websockets", "Open SIP connections: WebSockets, TCP and TLS.", sip.flows);
    trunks(page, gateway);
    page.gauge("media_ports", "Legs in the media engine.", media.ports);
    page.gauge("media_rtp_pairs", "RTP/RTCP port pairs in use.", media.rtp_pairs);
    page.gauge("webrtc_connections", "Browser media connections.", gateway.webrtc.connections());
    let over_tcp = "TCP connections of browsers' media, and those that have not shown yet whose they are.";
    page.gauge("webrtc_tcp_connections", over_tcp, gateway.webrtc.tcp_connections());
    let dropped = "media_dropped_total";
    page.head(dropped, "counter", "Packets dropped because a queue or socket was full.");
    page.sample(dropped, "{at=\"engine\"}", media.dropped);
    page.sample(dropped, "{at=\"webrtc\"}", gateway.webrtc.dropped());
    let secured = "media_secured_legs_total";
    page.head(secured, "counter", "Legs by how their audio is kept from others: none, sdes or dtls.");
    for method in SecurityMethod::ALL {
        let label = format!("{{method=\"{}\"}}", method.as_str());
        page.sample(secured, &label, gateway.media.security().legs(method));
    }
    let unproven = "media_unproven_packets_total";
    page.head(unproven, "counter", "Packets of encrypted legs that did not prove true, and were not heard.");
    page.sample(unproven, "", gateway.media.unproven());
    let sound = gateway.media.sound();
    let scores = "media_mos";
    page.head(scores, "histogram", "Opinion scores of what legs said, 1.0 to 4.5, one each five seconds of a leg.");
    page.histogram(scores, "", &sound.scores);
    let losses = "media_loss_ratio";
    page.head(losses, "histogram", "Share of a leg's packets that did not come, one each five seconds of a leg.");
    page.histogram(losses, "", &sound.losses);
}

/// Each open trunk of this node, by name.
fn trunks(page: &mut Page, gateway: &Gateway) {
    let table = gateway.trunks.table();
    let labels_of = |name: &str| format!("trunk=\"{name}\"");
    let labels = |name: &str| format!("{{{}}}", labels_of(name));
    let calls = "trunk_calls";
    page.head(calls, "gauge", "Calls by this trunk now.");
    table.open().for_each(|trunk| page.sample(calls, &labels(&trunk.name), trunk.terms.calls()));
    let figures: Vec<_> =
        table.open().filter_map(|trunk| Some((labels_of(&trunk.name), trunk.terms.figures()?))).collect();
    let attempts = "trunk_attempts_total";
    page.head(
        attempts,
        "counter",
        "INVITEs to this trunk: answered, at an end without an answer, or failed before anything rang.",
    );
    for (of, figures) in &figures {
        for attempt in Attempt::ALL {
            page.sample(attempts, &format!("{{{of},outcome=\"{}\"}}", attempt.as_str()), figures.attempts(attempt));
        }
    }
    let post_dial = "trunk_post_dial_seconds";
    page.head(post_dial, "histogram", "From the INVITE to the first ringing.");
    figures.iter().for_each(|(of, figures)| page.histogram(post_dial, of, &figures.post_dial));
    let answer = "trunk_answer_seconds";
    page.head(answer, "histogram", "From the INVITE to the answer.");
    figures.iter().for_each(|(of, figures)| page.histogram(answer, of, &figures.answer));
    let registered = "trunk_registered";
    page.head(
        registered,
        "gauge",
        "1 while the trunk holds our registration, 0 while it does not; those that we register with.",
    );
    let reachable = "trunk_reachable";
    let health: Vec<_> = table.open().map(|trunk| (trunk.name.clone(), gateway.trunks.health(&trunk.name))).collect();
    for (name, health) in &health {
        if let Some(registration) = health.registration {
            let is_held = matches!(registration, Registration::Held { .. });
            page.sample(registered, &labels(name), u8::from(is_held));
        }
    }
    page.head(reachable, "gauge", "1 while the trunk answers OPTIONS, 0 while it does not; those that are asked.");
    for (name, health) in &health {
        if let Some(is_reachable) = health.is_reachable {
            page.sample(reachable, &labels(name), u8::from(is_reachable));
        }
    }
}

/// The text format, version 0.0.4.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.sample(name, "", value);
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String never fails.
        let _ = writeln!(self.text, "# HELP sautikit_{name} {help}\n# TYPE sautikit_{name} {kind}");
    }

    /// The lines of a histogram with these labels, without braces; its head stands once before all.
    fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let (counts, sum) = histogram.read();
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, count) in &counts {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| bound.to_string());
            self.sample(&format!("{name}_bucket"), &format!("{{{labels}{comma}le=\"{bound}\"}}"), count);
        }
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        self.sample(&format!("{name}_sum"), &labels, sum);
        self.sample(&format!("{name}_count"), &labels, counts.last().map_or(0, |(_, count)| *count));
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.text, "sautikit_{name}{labels} {value}");
    }
}
