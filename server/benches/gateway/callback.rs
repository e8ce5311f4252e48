//! The customer's server. `/voice` answers a call's first question with a `dial`, later ones with nothing; `/ivr` asks for
//! one digit and hangs up.

use axum::{Router, routing::post};

use super::Outcome;

/// Who is dialled: any number of the carrier's.
pub(super) const CALLEE: &str = "+254722000042";
/// A menu of one digit. The prompt is spoken once and then found spoken, as a menu's is.
const MENU: &str = r#"{"actions":[{"getDigits":{"numDigits":1,"prompt":{"say":{"text":"Press one to go on."}}}}]}"#;

/// Serves on a free port of loopback; the origin.
pub(super) async fn serve() -> Outcome<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let service = Router::new().route("/voice", post(dial)).route("/ivr", post(menu));
    tokio::spawn(async { axum::serve(listener, service).await });
    Ok(origin)
}

async fn dial(form: String) -> String {
    if is_first(&form) { format!(r#"{{"actions":[{{"dial":{{"to":"{CALLEE}"}}}}]}}"#) } else { String::new() }
}

async fn menu(form: String) -> &'static str {
    match form {
        form if is_first(&form) => MENU,
        form if form.contains("Digits=1") => r#"{"actions":[{"hangup":{}}]}"#,
        _ => "",
    }
}

fn is_first(form: &str) -> bool {
    form.contains("CallStatus=ringing")
}
