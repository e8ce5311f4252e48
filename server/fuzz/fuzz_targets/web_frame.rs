//! A browser's bytes after the upgrade: frames (RFC 6455) within the bounds of `gateway/sip/websocket.rs`, and the SIP messages
//! in them (RFC 7118).
#![no_main]

use std::io::{Cursor, Read, Write};

use libfuzzer_sys::fuzz_target;
use tungstenite::Message;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

/// As the server's.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What the client sent; what it is answered goes nowhere.
struct Client<'a>(Cursor<&'a [u8]>);

impl Read for Client<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Client<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES)).max_frame_size(Some(MAX_MESSAGE_BYTES));
    let mut socket = WebSocket::from_raw_socket(Client(Cursor::new(data)), Role::Server, Some(config));
    while let Ok(message) = socket.read() {
        let bytes = match message {
            Message::Text(text) => text.as_bytes().to_vec(),
            Message::Binary(bytes) => bytes.to_vec(),
            _ => continue,
        };
        assert!(bytes.len() <= MAX_MESSAGE_BYTES);
        if let Ok(message) = sip::parse::message(bytes) {
            assert_eq!(sip::parse::message(message.to_bytes()).as_ref(), Ok(&message));
        }
    }
});
