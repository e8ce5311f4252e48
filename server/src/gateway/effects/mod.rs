//! What a call's outputs do to the world, one file per output. None of them waits for the network: each starts work
//! whose result comes back through the call's inbox.

pub(super) mod conference;
pub(super) mod fetch;
pub(super) mod judge;
pub(super) mod leg;
pub(super) mod load;
pub(super) mod media;
pub(super) mod queue;
pub(super) mod record;
pub(super) mod recording;
pub(super) mod speak;
pub(super) mod stream;
pub(super) mod watch;
