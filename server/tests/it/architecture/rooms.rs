//! Rooms of the server: who may write what, and who may call whom.

use super::floors::ROOMS;
use super::reader::{Name, names};
use super::{Source, none, sources};

fn server() -> Vec<Source> {
    sources("server/src", &[".rs"])
}

/// The room of a file of the server: `server/src/ROOM/…`.
fn room(source: &Source) -> &str {
    source.path.split('/').nth(2).unwrap_or_default()
}

#[test]
fn sql_is_only_in_stores_and_the_queue() {
    /// Not queries of a room: what opens, probes and tunes the connections and groups their writers.
    const DATABASE: &str = "server/src/db";
    let is_store = |source: &Source| source.path.ends_with("/store.rs") || source.path.contains("/store/");
    let rest = server().into_iter().filter(|source| {
        !is_store(source) && !source.path.starts_with(DATABASE) && source.path != "server/src/jobs/queue.rs"
    });
    let words =
        ["sqlx::query", "query_as(", "query_scalar(", "raw_sql(", "insert into ", "delete from ", "statements! {"];
    let breaks = rest.flat_map(|source| words.iter().flat_map(|word| source.says(word)).collect::<Vec<_>>()).collect();
    none("SQL stands in store.rs files and jobs/queue.rs", breaks);
}

#[test]
fn money_moves_only_in_the_wallet() {
    let writes = ["update wallets", "into wallets", "from wallets where", "into wallet_ledger", "balance_minor ="];
    let others = server().into_iter().filter(|source| room(source) != "wallet");
    let breaks =
        others.flat_map(|source| writes.iter().flat_map(|word| source.says(word)).collect::<Vec<_>>()).collect();
    none("wallets and their ledger are written in server/src/wallet", breaks);
}

#[test]
fn a_room_never_reads_the_store_of_another() {
    // `statements` lists all of them, and one test prepares what it lists on both engines.
    let others = names().iter().filter(|name| name.to_room().is_some_and(|to| to != name.room()));
    let stores = others.filter(|name| name.room() != "statements" && name.path[2..].iter().any(|step| step == "store"));
    none("a room calls the operations of another, never its store", stores.map(Name::shown).collect());
}

#[test]
fn rooms_know_http_only_at_their_edge() {
    /// `http.rs` is the edge and `error.rs` chooses its codes; statistics, the live stream and a listener's socket answer
    /// requests too.
    const EDGES: [&str; 7] = [
        "/http.rs",
        "/error.rs",
        "/calls/stats.rs",
        "/calls/stream.rs",
        "/live/answer.rs",
        "/recordings/playing.rs",
        "/listener/socket.rs",
    ];
    let inner = names().iter().filter(|name| ROOMS.contains(&name.room()) || name.room() == "jobs");
    let inner = inner.filter(|name| !EDGES.iter().any(|edge| name.file.ends_with(edge)));
    // Who asks is a value that rules and the audit log work with; answers that wait to be stored travel with their effect.
    let values = [["crate", "web", "caller"], ["crate", "web", "idempotency"]];
    let of_requests = |name: &&Name| name.begins(&["axum"]) || name.to_room() == Some("web");
    let breaks = inner.filter(of_requests).filter(|name| !values.iter().any(|value| name.begins(value)));
    none("below http.rs a room knows nothing of requests and answers", breaks.map(Name::shown).collect());
}

#[test]
fn every_part_is_put_in_at_the_start() {
    let all = server();
    let put_in =
        all.iter().find(|source| source.path == "server/src/serve/parts.rs").map(|source| source.text.as_str());
    let parts = all.iter().flat_map(|source| source.says("impl Part for "));
    let name = |line: &str| line.rsplit(" for ").next().unwrap_or_default().trim_matches([' ', '{', '}']).to_owned();
    // `Option<Google>` is made by `Google`.
    let made_by = |part: &str| part.trim_start_matches("Option<").trim_end_matches('>').to_owned();
    let missing = parts.filter(|line| !put_in.is_some_and(|text| text.contains(&made_by(&name(line)))));
    none("serve/parts.rs puts every part of a room into the state", missing.collect());
}

#[test]
fn webrtc_is_named_only_in_its_files() {
    // SRTP beside RTP is the same library's, without its connections.
    let is_theirs = |file: &str| file.contains("/gateway/leg/webrtc_") || file.contains("/gateway/media/srtp");
    let others = names().iter().filter(|name| !is_theirs(&name.file));
    let breaks = others.filter(|name| name.begins(&["webrtc"]) || name.begins(&["rtc"]));
    let rule = "the webrtc crate is named in gateway/leg/webrtc_*.rs and gateway/media/srtp.rs";
    none(rule, breaks.map(Name::shown).collect());
}

#[test]
fn time_is_read_at_the_clock_and_the_sockets() {
    /// Where, and why there.
    const READERS: [(&str, &str); 3] = [
        ("server/src/clock.rs", "the clock"),
        ("server/src/gateway/media/engine.rs", "stamps datagrams as they arrive"),
        ("server/src/gateway/leg/mux.rs", "stamps datagrams as they arrive"),
    ];
    // Constructors of our own types are called so too; a clock is another crate's and stands in a module of it.
    let reads = names().iter().filter(|name| name.path.len() > 2 && !name.begins(&["crate"]));
    let reads: Vec<_> = reads.filter(|name| name.path.last().is_some_and(|last| last == "now")).collect();
    let is_listed = |name: &Name| READERS.iter().any(|(file, _)| *file == name.file);
    let mut breaks: Vec<_> = reads.iter().filter(|name| !is_listed(name)).map(|name| name.shown()).collect();
    let listed = READERS.iter().map(|(file, _)| *file);
    let needless = listed.filter(|file| !reads.iter().any(|name| name.file == *file));
    breaks.extend(needless.map(|file| format!("{file} reads no time: strike it")));
    none("time is read in clock.rs and at the sockets", breaks);
}

#[test]
fn randomness_is_drawn_from_the_entropy_that_is_given() {
    // What has a generator of its own: the crate, and ids that draw from it.
    let sources: [&[&str]; 5] =
        [&["rand"], &["getrandom"], &["fastrand"], &["uuid", "Uuid", "new_v4"], &["uuid", "Uuid", "now_v7"]];
    let draws = names().iter().filter(|name| sources.iter().any(|source| name.begins(source)));
    let breaks = draws.filter(|name| name.file != "server/src/entropy.rs").map(Name::shown).collect();
    none("randomness is drawn in entropy.rs, so that tests can seed it", breaks);
}

#[test]
fn network_input_meets_no_panic() {
    let mut parsers = sources("crates", &[".rs"]);
    parsers.retain(|source| source.path.split('/').nth(2) == Some("src"));
    let mut outside = server();
    outside.retain(|source| ["gateway", "http", "webhooks"].contains(&room(source)));
    parsers.append(&mut outside);
    let words = [".unwrap()", ".expect(\"", "panic!(", "unreachable!(", "todo!(", "unimplemented!("];
    let breaks = parsers.iter().flat_map(|source| words.iter().flat_map(|word| source.says(word))).collect();
    none("what the network sends never panics", breaks);
}

#[test]
fn every_queue_has_a_named_bound() {
    let mut breaks = Vec::new();
    for source in server() {
        breaks.extend(source.says("unbounded_channel("));
        for call in ["mpsc::channel(", "broadcast::channel(", "Semaphore::new("] {
            let literal = |line: &String| {
                line.split(call).nth(1).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
            };
            // One message is no queue but a hand-over.
            breaks.extend(source.says(call).into_iter().filter(literal).filter(|line| !line.contains("channel(1)")));
        }
    }
    none("the bound of a queue is a named constant with its reason", breaks);
}

#[test]
fn logs_name_no_number_address_or_secret() {
    let private = ["e164", "phone", "email", "token", "secret", "password", "digits", "remote_number", "api_key"];
    let mut breaks = Vec::new();
    for source in server() {
        let code: Vec<_> = source.code().map(|(_, line)| line).collect();
        for entry in code
            .join("\n")
            .split("tracing::")
            .skip(1)
            .filter(|entry| entry.split('(').next().is_some_and(|name| name.ends_with('!')))
        {
            let arguments = entry.split_once('(').map_or("", |(_, rest)| rest.split(");").next().unwrap_or_default());
            // What stands in the sentence itself is ours; what is filled in comes from outside.
            let values: String = arguments.split('"').step_by(2).collect();
            let found = private
                .into_iter()
                .filter(|word| values.split(|c: char| !c.is_alphanumeric() && c != '_').any(|name| name == *word));
            breaks.extend(found.map(|word| format!("{}: {word} in {arguments}", source.path)));
        }
    }
    none("numbers, addresses and secrets stay out of logs", breaks);
}

#[test]
fn logs_show_no_row_that_the_database_refused() {
    // PostgreSQL's `Debug` holds it, and rows have numbers of people.
    none(
        "an error in a log is told by `db::Causes`",
        server().iter().flat_map(|source| source.says("?error")).collect(),
    );
}

#[test]
fn error_texts_show_no_number_address_or_secret() {
    let private = ["e164", "phone", "email", "number", "dialled", "remote", "from", "to", "target", "token", "secret"];
    let mut breaks = Vec::new();
    for source in server() {
        let code: Vec<_> = source.code().collect();
        for (at, line) in &code {
            let Some((_, text)) = line.split_once("#[error(\"") else { continue };
            let shown = text.split('{').skip(1).filter_map(|rest| rest.split(['}', ':', '.']).next());
            breaks.extend(
                shown.filter(|name| private.contains(name)).map(|name| format!("{}:{at}: {name}", source.path)),
            );
            // `{0}` shows what the variant below holds; its name tells what that is.
            let variant = code
                .iter()
                .find(|(below, line)| below > at && !line.trim().starts_with('#'))
                .map(|(_, line)| line.trim());
            let words = ["Number", "Phone", "Destination", "Dialled", "Address", "Mail"];
            let tells = |variant: &&str| {
                text.contains("{0}") && variant.contains("(String)") && words.iter().any(|word| variant.contains(word))
            };
            breaks.extend(variant.filter(tells).map(|variant| format!("{}:{at}: {variant}", source.path)));
        }
    }
    none("numbers, addresses and secrets stay out of error texts, which logs repeat", breaks);
}
