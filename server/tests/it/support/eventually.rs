//! Looking again until something is there.

use std::time::Duration;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Looks until there is something to see; fails the test after `deadline`.
pub(crate) async fn within<T>(deadline: Duration, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look().await {
                Some(seen) => return seen,
                None => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    };
    tokio::time::timeout(deadline, looking).await.unwrap_or_else(|_| panic!("not in {deadline:?}: {what}"))
}
