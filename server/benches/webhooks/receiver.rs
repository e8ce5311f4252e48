//! A receiver that costs little: it reads a request, notes when which event came, and answers 200.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sautikit_api::ids::EventId;

use super::Outcome;

/// Between two looks at how many came.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How an event's id begins.
const ID: &str = "evt_";
/// Characters of a UUID.
const UUID_CHARS: usize = 36;

/// When each event came first.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    came: Arc<Mutex<HashMap<EventId, Instant>>>,
}

impl Receiver {
    /// Listens on a free port; a thread for each connection.
    pub(super) fn start() -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let receiver = Self { url: format!("http://{}/events", listener.local_addr()?), came: Arc::default() };
        let of_listener = receiver.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = of_listener.clone();
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        Ok(receiver)
    }

    /// Waits until so many came.
    pub(super) fn wait(&self, events: usize, patience: Duration) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let came = self.came.lock().unwrap_or_else(PoisonError::into_inner).len();
            if came >= events {
                return Ok(());
            }
            if began.elapsed() > patience {
                return Err(format!("only {came} of {events} events came").into());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// When the event came first.
    pub(super) fn at(&self, id: EventId) -> Option<Instant> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let (mut lines, mut answers) = (BufReader::new(stream.try_clone().ok()?), stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                let line = line.trim().to_ascii_lowercase();
                if let Some(given) = line.strip_prefix("content-length:") {
                    length = given.trim().parse().ok()?;
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            lines.read_exact(&mut body).ok()?;
            let now = Instant::now();
            let text = String::from_utf8(body).ok()?;
            let start = text.find(ID)? + ID.len();
            let id = text.get(start..start + UUID_CHARS)?.parse().ok()?;
            self.came.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_insert(now);
            answers.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
        }
    }
}
