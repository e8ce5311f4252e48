//! Conferences: CPU of the subject per participant, and whether each gets a frame every 20 ms.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, routing::post};

use super::{
    NUMBER, Outcome, customer,
    phone::{Caller, Dialog},
    server::Server,
    stream::{self, Stream},
    trunk_to,
};

/// Timers, retransmissions and jobs of setting up are over after this.
const CALM: Duration = Duration::from_secs(2);
/// A frame that comes so much later than 20 ms after the one before is heard as a gap by telephones with short buffers.
const LATE: Duration = Duration::from_millis(40);

/// Prints the figures of `conferences` with so many participants each, who talk for `seconds`.
pub(super) async fn measure(conferences: u32, people: u32, seconds: u32) -> Outcome<()> {
    let calls = usize::try_from(conferences * people)?;
    // Nobody is called: the trunk is there because calls come from it.
    let unused = Stream::open()?;
    let server = Server::start(&trunk_to(unused.local))?;
    let account = customer::open(&server.http, &serve(usize::try_from(people)?).await?).await?;
    let streams = (0..calls).map(|_| Stream::open()).collect::<Outcome<Vec<_>>>()?;
    let talked = tokio::task::block_in_place(|| talk(&server, &streams, Duration::from_secs(seconds.into())));
    let (cpu, heard) = talked?;
    let expected = usize::try_from(seconds * 50)?;
    let least = heard.each.iter().min().copied().unwrap_or_default();
    let per_participant = cpu / f64::from(seconds) / calls as f64 * 100.0;
    println!(
        "{conferences} conferences of {people}: {per_participant:.2} % of a core per participant; of {expected} frames the one with \
         the fewest got {least}; gaps p50 {:.2} ms, p99 {:.2} ms, most {:.1} ms; {} of {} frames more than {} ms late; {} sent",
        heard.gap_ms(0.5),
        heard.gap_ms(0.99),
        heard.gaps_us.last().map_or(f64::NAN, |us| f64::from(*us) / 1_000.0),
        heard.later_than(LATE),
        heard.gaps_us.len(),
        LATE.as_millis(),
        heard.sent,
    );
    customer::settled(&account).await?;
    Ok(())
}

fn talk(server: &Server, streams: &[Stream], time: Duration) -> Outcome<(f64, stream::Heard)> {
    let caller = Caller::new(server.subject.sip, NUMBER)?;
    let mut dialogs: Vec<Dialog> = Vec::with_capacity(streams.len());
    for (id, own) in streams.iter().enumerate() {
        let dialog = caller.call(id, own.local)?;
        own.connect(dialog.audio)?;
        dialogs.push(dialog);
    }
    std::thread::sleep(CALM);
    let before = server.subject.cpu_seconds()?;
    let heard = stream::hear(streams, time)?;
    let cpu = server.subject.cpu_seconds()? - before;
    dialogs.iter().try_for_each(|dialog| caller.hang_up(dialog))?;
    Ok((cpu, heard))
}

/// A customer's server that fills one conference after the other; its URL.
async fn serve(people: usize) -> Outcome<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/voice", listener.local_addr()?);
    let entered = Arc::new(AtomicUsize::new(0));
    let enter = move |State(entered): State<Arc<AtomicUsize>>, form: String| async move {
        if !form.contains("CallStatus=ringing") {
            return String::new();
        }
        let name = entered.fetch_add(1, Ordering::Relaxed) / people;
        format!(r#"{{"actions":[{{"conference":{{"name":"room {name}","beep":false}}}}]}}"#)
    };
    let service = Router::new().route("/voice", post(enter)).with_state(entered);
    tokio::spawn(async { axum::serve(listener, service).await });
    Ok(url)
}
