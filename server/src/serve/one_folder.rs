//! Several nodes with a folder each: said at the start, because nothing else would say it before a recording is missed.

use crate::calls;
use crate::db::Dialect;
use crate::state::AppState;
use crate::storage::shared;

/// Warns where another node that lives keeps its recordings in a folder that is not this one's.
///
/// # Errors
/// The database failed.
pub(super) async fn look(app: &AppState) -> Result<(), sqlx::Error> {
    let storage = &app.config.storage;
    if app.db.dialect() == Dialect::Sqlite || !storage.s3_bucket.is_empty() {
        return Ok(());
    }
    let folder = storage.dir_in(&app.config.data_dir);
    let others = calls::record::living_nodes(app).await?;
    match shared::elsewhere(&folder, &app.node_id, &others).await {
        Ok(elsewhere) if elsewhere.is_empty() => {}
        Ok(elsewhere) => tracing::warn!(
            folder = %folder.display(),
            nodes = ?elsewhere,
            "other nodes keep recordings in a folder that this one does not see, so that each finds its own only: \
             set `storage.s3_bucket`, or one `storage.dir` for all"
        ),
        Err(error) => {
            tracing::error!(folder = %folder.display(), %error, "the folder of recordings can't be written");
        }
    }
    Ok(())
}
