//! Mail leaves over SMTP, with a text and an HTML part.

use std::path::Path;

use sautikit::clock::SystemClock;
use sautikit::config::Config;
use sautikit::mail::{Mail, Mailer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

#[tokio::test]
async fn a_mail_reaches_the_relay_with_both_parts() {
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailer = mailer(&relay);
    mailer.send(&SystemClock::new(), mail("asha@example.com"));
    let received = receive(relay.accept().await.unwrap().0, "250 taken").await;
    assert!(received.envelope.contains("RCPT TO:<asha@example.com>"), "{}", received.envelope);
    assert!(received.data.contains("Subject: Hello"), "{}", received.data);
    assert!(received.data.contains("multipart/alternative"), "{}", received.data);
    assert!(received.data.contains("the plain part") && received.data.contains("<p>the other part</p>"));
}

#[tokio::test]
async fn a_refused_mail_does_not_stop_the_next() {
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mailer = mailer(&relay);
    mailer.send(&SystemClock::new(), mail("gone@example.com"));
    mailer.send(&SystemClock::new(), mail("asha@example.com"));
    receive(relay.accept().await.unwrap().0, "550 no such person").await;
    let received = receive(relay.accept().await.unwrap().0, "250 taken").await;
    assert!(received.envelope.contains("asha@example.com"));
}

fn mailer(relay: &TcpListener) -> Mailer {
    let url = format!("smtp://{}", relay.local_addr().unwrap());
    let config = Config::load(Some(Path::new("/dev/null")), [], &[("mail.smtp_url", url)]).unwrap();
    Mailer::from_config(&config, &TaskTracker::new()).unwrap()
}

fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Hello".to_owned(),
        text: "the plain part".to_owned(),
        html: "<p>the other part</p>".to_owned(),
        links: vec![],
    }
}

struct Received {
    envelope: String,
    data: String,
}

/// The receiving end of one SMTP connection (RFC 5321); `verdict` answers the mail's content.
async fn receive(stream: TcpStream, verdict: &str) -> Received {
    let mut stream = BufReader::new(stream);
    let mut received = Received { envelope: String::new(), data: String::new() };
    let mut in_data = false;
    stream.write_all(b"220 relay\r\n").await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap() > 0 {
        let reply = match (in_data, line.trim_end()) {
            (true, ".") => {
                stream.write_all(format!("{verdict}\r\n").as_bytes()).await.unwrap();
                break;
            }
            (true, _) => {
                received.data.push_str(&line);
                ""
            }
            (false, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            (false, _) => {
                received.envelope.push_str(&line);
                "250 relay\r\n"
            }
        };
        stream.write_all(reply.as_bytes()).await.unwrap();
        line.clear();
    }
    received
}
