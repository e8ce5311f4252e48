//! Changes of what tenants have, told to all nodes at once. Whoever is not told believes what it knows until that is too old.

use super::AppState;

/// The channel. Its texts name the node that tells.
const CHANNEL: &str = "sautikit_tenants_changed";

/// Tells other nodes of this one's changes and hears of theirs until the server stops; returns at once where there can be no
/// others. Started once per node.
pub async fn exchange_until_stopped(app: AppState) {
    tokio::join!(hear(&app), tell(&app));
}

async fn hear(app: &AppState) {
    let heard = |text: Option<String>| {
        if text.as_deref() != Some(&*app.node_id) {
            app.tenant_changes.heard();
        }
    };
    let channel = (CHANNEL, "what other nodes change is noticed a second later");
    app.db.hear_until_stopped(&app.config.database, &app.stopping, channel, heard).await;
}

async fn tell(app: &AppState) {
    if !app.db.has_other_nodes() {
        return;
    }
    loop {
        tokio::select! {
            // Several at once are told as one.
            () = app.tenant_changes.noted() => {}
            () = app.stopping.cancelled() => return,
        }
        if let Err(error) = tell_once(app).await {
            tracing::warn!(%error, "other nodes notice a change of this one a second later");
        }
    }
}

async fn tell_once(app: &AppState) -> Result<(), sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    app.db.tell(&mut conn, CHANNEL, &app.node_id).await
}
