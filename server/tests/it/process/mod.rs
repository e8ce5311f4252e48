//! The real binary as a process of its own: killed, told to stop, started again. Its carrier is a SIP peer on a UDP
//! socket of the test's, so that what reaches the telephone network can be seen.

mod carrier;
mod crash;
mod draining;
mod node;
mod storage;
