//! SIP telephones of the generator: one socket that calls and one that answers. Text templates, no retransmissions
//! (loopback loses nothing), so that what is measured shares no code with what measures.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use super::{
    Outcome,
    message::{Message, description},
};

/// The longest wait for any message; setting up a call takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

fn receive(socket: &UdpSocket) -> std::io::Result<(Message, SocketAddr)> {
    let mut buffer = vec![0; 65_535];
    let (length, source) = socket.recv_from(&mut buffer)?;
    buffer.truncate(length);
    Ok((Message(String::from_utf8_lossy(&buffer).into_owned()), source))
}

fn bind() -> Outcome<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Answers every INVITE at once with the next of its RTP addresses, in a thread of its own.
pub(super) struct Callee {
    pub(super) address: SocketAddr,
    /// Per answered call: which of the RTP addresses, and where its audio goes.
    pub(super) answered: std::sync::mpsc::Receiver<(usize, SocketAddr)>,
}

impl Callee {
    pub(super) fn start(rtp: Vec<SocketAddr>) -> Outcome<Self> {
        let socket = bind()?;
        socket.set_read_timeout(None)?;
        let address = socket.local_addr()?;
        let (sender, answered) = std::sync::mpsc::channel();
        std::thread::spawn(move || answer(&socket, &rtp, &sender));
        Ok(Self { address, answered })
    }
}

fn answer(socket: &UdpSocket, rtp: &[SocketAddr], answered: &std::sync::mpsc::Sender<(usize, SocketAddr)>) {
    let mut calls: HashMap<String, usize> = HashMap::new();
    let Ok(local) = socket.local_addr() else { return };
    while let Ok((request, source)) = receive(socket) {
        if request.status().is_some() || request.0.starts_with("ACK ") {
            continue;
        }
        let mut body = String::new();
        if request.asks("INVITE") {
            let next = calls.len();
            let index = *calls.entry(request.value("Call-ID").to_owned()).or_insert(next);
            let (Some(own), Some(peer)) = (rtp.get(index), request.audio()) else { continue };
            body = description(*own);
            if index == next && answered.send((index, peer)).is_err() {
                return;
            }
        }
        // The next message tells whether the peer is gone.
        let _ = socket.send_to(request.accept(local, &body).as_bytes(), source);
    }
}

/// Places calls to one SIP address.
pub(super) struct Caller {
    socket: UdpSocket,
    local: SocketAddr,
    target: SocketAddr,
    number: &'static str,
}

/// A call that is up: what its BYE needs.
pub(super) struct Dialog {
    id: usize,
    to: String,
    contact: String,
    routes: String,
    /// Where the caller's audio goes.
    pub(super) audio: SocketAddr,
}

impl Caller {
    pub(super) fn new(target: SocketAddr, number: &'static str) -> Outcome<Self> {
        let socket = bind()?;
        let local = socket.local_addr()?;
        Ok(Self { socket, local, target, number })
    }

    /// Calls, waits for the answer, acknowledges it.
    pub(super) fn call(&self, id: usize, rtp: SocketAddr) -> Outcome<Dialog> {
        let to = format!("<sip:{}@{}>", self.number, self.target);
        let uri = format!("sip:{}@{}", self.number, self.target);
        let body = description(rtp);
        let contact = format!("Contact: <sip:caller@{}>\r\nContent-Type: application/sdp\r\n", self.local);
        self.send(id, "INVITE", 1, &uri, &to, &contact, &body)?;
        loop {
            let (message, _) = receive(&self.socket)?;
            let is_ours = message.value("Call-ID") == self.call_id(id) && message.value("CSeq").ends_with("INVITE");
            match message.status().filter(|_| is_ours) {
                Some(200) => {
                    let contact = message.value("Contact").split(['<', '>']).nth(1).ok_or("no Contact")?.to_owned();
                    let mut routes: Vec<&str> = message.lines("Record-Route").collect();
                    routes.reverse();
                    let routes = routes.into_iter().filter_map(|line| line.split_once(':'));
                    let routes: String = routes.map(|(_, value)| format!("Route: {}\r\n", value.trim())).collect();
                    let audio = message.audio().ok_or("an answer without audio")?;
                    let dialog = Dialog { id, to: message.value("To").to_owned(), contact, routes, audio };
                    self.send(id, "ACK", 1, &dialog.contact, &dialog.to, &dialog.routes, "")?;
                    return Ok(dialog);
                }
                Some(status) if status >= 300 => return Err(format!("the call was refused with {status}").into()),
                _ => {}
            }
        }
    }

    /// Hangs up and waits for the answer.
    pub(super) fn hang_up(&self, dialog: &Dialog) -> Outcome<()> {
        self.send(dialog.id, "BYE", 2, &dialog.contact, &dialog.to, &dialog.routes, "")?;
        loop {
            let (message, _) = receive(&self.socket)?;
            let is_answer =
                message.value("Call-ID") == self.call_id(dialog.id) && message.value("CSeq").ends_with("BYE");
            if is_answer && message.status().is_some_and(|status| status >= 200) {
                return Ok(());
            }
        }
    }

    fn call_id(&self, id: usize) -> String {
        format!("bench-{}-{id}", self.local.port())
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a SIP request")]
    fn send(
        &self,
        id: usize,
        method: &str,
        sequence: u32,
        uri: &str,
        to: &str,
        headers: &str,
        body: &str,
    ) -> Outcome<()> {
        let request = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{id}{method};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:+254711000001@{local}>;tag=caller{id}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {sequence} {method}\r\n{headers}Content-Length: {length}\r\n\r\n{body}",
            local = self.local,
            call_id = self.call_id(id),
            length = body.len()
        );
        self.socket.send_to(request.as_bytes(), self.target)?;
        Ok(())
    }
}
