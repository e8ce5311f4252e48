//! What is given to a task's queue by somebody who may neither wait nor lose it: under a lock, or in a call's own turn.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Gives `item` to `queue`; where that is full, as soon as there is room. False when
/// nobody reads the queue any more.
///
/// Must be called within the runtime.
pub(super) fn put<T: Send + 'static>(queue: &mpsc::Sender<T>, item: T) -> bool {
    match queue.try_send(item) {
        Ok(()) => true,
        Err(TrySendError::Closed(_)) => false,
        Err(TrySendError::Full(item)) => {
            let queue = queue.clone();
            tokio::spawn(async move {
                // Who has gone meanwhile has no use for it.
                let _ = queue.send(item).await;
            });
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_a_full_queue_is_there_once_it_is_read() {
        let (queue, mut items) = mpsc::channel(2);
        for item in 0..5 {
            assert!(put(&queue, item));
        }
        let mut read = Vec::new();
        while read.len() < 5 {
            read.extend(items.recv().await);
        }
        assert_eq!(read, [0, 1, 2, 3, 4]);
        drop(items);
        assert!(!put(&queue, 5));
    }
}
