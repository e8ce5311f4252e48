//! User agents on simulated time over a simulated network: every race of a call, and what loss does to it.
//!
//! Nothing here waits: time jumps to the next arrival or timer. A failure prints the seed of its network.

mod bounds;
mod credentials;
mod flows;
mod forks;
mod glare;
mod hostile;
mod loops;
mod lossy;
mod network;
mod parties;
mod races;
mod registration;
mod reliable;
mod routes;
mod rules;
mod torture;
mod world;
