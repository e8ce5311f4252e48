//! `/metrics` in Prometheus' text format, served on the operator's port only.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::state::AppState;

pub(super) async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let (open, idle) = app.db.connections();
    let text = format!(
        "# HELP sautikit_uptime_seconds Time since this process started.\n\
         # TYPE sautikit_uptime_seconds gauge\n\
         sautikit_uptime_seconds {}\n\
         # HELP sautikit_database_connections Connections of this node's pool.\n\
         # TYPE sautikit_database_connections gauge\n\
         sautikit_database_connections{{state=\"idle\"}} {idle}\n\
         sautikit_database_connections{{state=\"used\"}} {}\n\
         # HELP sautikit_database_connections_max Most connections that this node opens.\n\
         # TYPE sautikit_database_connections_max gauge\n\
         sautikit_database_connections_max {}\n",
        app.clock.monotonic().as_secs(),
        (open as usize).saturating_sub(idle),
        app.config.database.max_connections,
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
