//! Whose requests are remembered, and how many more may be ([`Room`]).

use std::collections::HashMap;

use super::config::Room;
use super::io::Party;

/// Requests of one dialog that are remembered at a time. Each stays for 32 s on UDP: as many as a person can press keys
/// in that time, and far more than a machine needs.
pub(crate) const MAX_OF_DIALOG: u16 = 256;

/// What is remembered now, outside dialogs.
#[derive(Debug, Default)]
pub(crate) struct Held {
    strangers: usize,
    connections: usize,
    users: usize,
    trunks: usize,
    of_user: HashMap<u64, usize>,
}

impl Held {
    /// Whether one more request of this party is remembered; `connected`: it came over a connection.
    pub(crate) fn has_room(&self, room: &Room, party: Party, connected: bool) -> bool {
        match party {
            Party::Stranger if connected => self.connections < room.connections,
            Party::Stranger => self.strangers < room.strangers,
            Party::User(user) => {
                self.users < room.users && self.of_user.get(&user).is_none_or(|held| *held < room.each_user)
            }
            Party::Trunk(_) => self.trunks < room.trunks,
        }
    }

    pub(crate) fn add(&mut self, party: Party, connected: bool) {
        match party {
            Party::Stranger if connected => self.connections += 1,
            Party::Stranger => self.strangers += 1,
            Party::User(user) => {
                self.users += 1;
                match self.of_user.get_mut(&user) {
                    Some(held) => *held += 1,
                    None => {
                        self.of_user.insert(user, 1);
                    }
                }
            }
            Party::Trunk(_) => self.trunks += 1,
        }
    }

    pub(crate) fn remove(&mut self, party: Party, connected: bool) {
        match party {
            Party::Stranger if connected => self.connections = self.connections.saturating_sub(1),
            Party::Stranger => self.strangers = self.strangers.saturating_sub(1),
            Party::User(user) => {
                self.users = self.users.saturating_sub(1);
                if let Some(held) = self.of_user.get_mut(&user) {
                    *held = held.saturating_sub(1);
                    if *held == 0 {
                        self.of_user.remove(&user);
                    }
                }
            }
            Party::Trunk(_) => self.trunks = self.trunks.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { strangers: 1, connections: 1, users: 3, each_user: 2, trunks: 1 };

    #[test]
    fn nobody_takes_the_room_of_another() {
        let mut held = Held::default();
        held.add(Party::Stranger, false);
        assert!(!held.has_room(&ROOM, Party::Stranger, false));
        assert!(held.has_room(&ROOM, Party::Stranger, true));
        held.add(Party::Stranger, true);
        assert!(!held.has_room(&ROOM, Party::Stranger, true));
        assert!(held.has_room(&ROOM, Party::Trunk(0), false) && held.has_room(&ROOM, Party::User(1), true));
        held.add(Party::User(1), true);
        held.add(Party::User(1), true);
        assert!(!held.has_room(&ROOM, Party::User(1), true) && held.has_room(&ROOM, Party::User(2), true));
        held.remove(Party::User(1), true);
        assert!(held.has_room(&ROOM, Party::User(1), true));
    }

    #[test]
    fn what_is_given_back_leaves_nothing() {
        let mut held = Held::default();
        for connected in [false, true] {
            for party in [Party::Stranger, Party::User(7), Party::Trunk(3)] {
                held.add(party, connected);
                held.remove(party, connected);
            }
        }
        assert_eq!((held.strangers, held.connections, held.users), (0, 0, 0));
        assert_eq!((held.trunks, held.of_user.len()), (0, 0));
    }
}
