//! The customer's server: answers a call's first question with a `dial`, later ones with nothing.

use axum::{Router, routing::post};

use super::Outcome;

/// Who is dialled: any number of the carrier's.
pub(super) const CALLEE: &str = "+254722000042";

/// Serves on a free port of loopback; its URL.
pub(super) async fn serve() -> Outcome<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/voice", listener.local_addr()?);
    let service = Router::new().route("/voice", post(answer));
    tokio::spawn(async { axum::serve(listener, service).await });
    Ok(url)
}

async fn answer(form: String) -> String {
    let is_first = form.contains("CallStatus=ringing");
    if is_first { format!(r#"{{"actions":[{{"dial":{{"to":"{CALLEE}"}}}}]}}"#) } else { String::new() }
}
