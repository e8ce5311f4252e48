//! Waiting for sockets: epoll, level-triggered.
//!
//! A socket that has more to read is told again by the next wait, so one datagram is read per turn and no read ends in
//! "nothing there". mio is edge-triggered: there each packet costs a second, empty read. Level-triggered takes turns by
//! itself too, so that a flood on one port does not starve the others.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

/// Sockets told by one wait; the others are told by the next.
const READY: usize = 256;

/// The token of the [`Waker`]; no socket has it.
const WAKE: u64 = u64::MAX;

/// The sockets of one thread.
#[derive(Debug)]
pub(super) struct Poller {
    epoll: OwnedFd,
    waker: Waker,
}

/// What a wait found. Made by the thread that waits.
pub(super) struct Ready(Vec<epoll::Event>);

/// Ends the wait of a thread from another; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
    /// Makes the current wait, or else the next, return at once.
    pub(super) fn wake(&self) -> io::Result<()> {
        match rustix::io::write(&*self.0, &1_u64.to_ne_bytes()) {
            // The counter is full: the thread is being woken anyway.
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn rest(&self) {
        // Empty when two wakes met one wait.
        let _ = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let waker = Waker(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?));
        epoll::add(&epoll, &*waker.0, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        Ok(Self { epoll, waker })
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Tells `token` from now on whenever the socket can be read.
    pub(super) fn watch(&self, socket: &impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, socket, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?)
    }

    /// Tells nothing more of a socket.
    pub(super) fn forget(&self, socket: &impl AsFd) {
        // One that was never watched is forgotten already.
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Waits until a socket can be read, somebody wakes or the time is over; `None` waits for ever.
    pub(super) fn wait(&self, ready: &mut Ready, time: Option<Duration>) -> io::Result<()> {
        let timeout = time.and_then(|time| Timespec::try_from(time).ok());
        ready.0.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut ready.0), timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if ready.0.iter().any(|event| event.data.u64() == WAKE) {
            self.waker.rest();
        }
        Ok(())
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self(Vec::with_capacity(READY))
    }
}

impl Ready {
    /// Tokens of the sockets that can be read.
    pub(super) fn tokens(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|event| event.data.u64()).filter(|token| *token != WAKE)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    const NOW: Option<Duration> = Some(Duration::ZERO);

    fn told(poller: &Poller) -> Vec<u64> {
        let mut ready = Ready::default();
        poller.wait(&mut ready, NOW).unwrap();
        ready.tokens().collect()
    }

    #[test]
    fn a_socket_is_told_until_it_is_empty() {
        let poller = Poller::new().unwrap();
        let (socket, peer) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        socket.set_nonblocking(true).unwrap();
        poller.watch(&socket, 7).unwrap();
        assert!(told(&poller).is_empty());
        for _ in 0..2 {
            peer.send_to(b"packet", socket.local_addr().unwrap()).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(told(&poller), [7]);
            socket.recv(&mut [0; 16]).unwrap();
        }
        assert!(told(&poller).is_empty());
        peer.send_to(b"packet", socket.local_addr().unwrap()).unwrap();
        poller.forget(&socket);
        assert!(told(&poller).is_empty());
    }

    #[test]
    fn a_wake_before_the_wait_ends_it_and_is_used_up() {
        let poller = Poller::new().unwrap();
        let waker = poller.waker();
        waker.wake().unwrap();
        waker.wake().unwrap();
        let mut ready = Ready::default();
        poller.wait(&mut ready, None).unwrap();
        assert_eq!((ready.0.len(), ready.tokens().count()), (1, 0));
        poller.wait(&mut ready, NOW).unwrap();
        assert!(ready.0.is_empty());
    }
}
