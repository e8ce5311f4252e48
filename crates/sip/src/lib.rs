//! SIP for both ends of a call, without sockets, clock or randomness.
