//! What reading a voice document costs: CPU microseconds, of a menu as handlers answer it and of the longest that there is.
//!
//! Counts the CPU time of the measuring thread (Linux schedstat). Run with `cargo bench -p sautikit-api`.

use std::{error::Error, hint::black_box};

use sautikit_api::actions::{Asked, parse_answer};
use sautikit_api::numbers::Compat;

const TIMES: u32 = 20_000;

/// Nanoseconds that this thread has been on a CPU.
fn cpu_ns() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("empty schedstat")?.parse()?)
}

fn measure(name: &str, document: &str) -> Result<(), Box<dyn Error>> {
    let asked = Asked { url: "https://shop.example/voice", room: "room", compat: Compat::Sautikit };
    let begin = cpu_ns()?;
    for _ in 0..TIMES {
        black_box(parse_answer("", black_box(document.as_bytes()), &asked)?);
    }
    let each = (cpu_ns()? - begin) as f64 / f64::from(TIMES) / 1_000.0;
    println!("{name:<24} {:>7} bytes {each:>9.1} µs", document.len());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let json =
        r#"{"getDigits": {"numDigits": 1, "prompt": {"say": {"text": "Press 1 for sales."}}, "action": "/menu"}}"#;
    let xml = r#"<Gather numDigits="1" action="/menu"><Say>Press 1 for sales.</Say></Gather><Say>Goodbye.</Say>"#;
    measure("a menu in JSON", &format!("{{\"actions\": [{json}]}}"))?;
    measure("a menu in XML", &format!("<Response>{xml}</Response>"))?;
    measure("fifty actions in JSON", &format!("{{\"actions\": [{}]}}", vec![json; 50].join(",")))?;
    measure("fifty actions in XML", &format!("<Response>{}</Response>", vec![xml; 25].concat()))
}
