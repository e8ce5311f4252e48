//! Many ports that hear each other: everyone hears the sum of all others, at 8 kHz.
//!
//! Keys are reported as everywhere and reach nobody else. Who may be in a mix, and how many, is the caller's rule.

use super::{Graph, GraphError, Link, PortId, playout::FRAME_LEN};

/// Names a mix within a [`Graph`]. The caller chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MixId(pub u64);

/// Who is in a mix, and what all of them say in this tick.
#[derive(Debug)]
pub(super) struct Mix {
    members: Vec<Member>,
    sum: [i32; FRAME_LEN],
    speakers: usize,
}

/// A port in a mix.
#[derive(Debug, Clone, Copy)]
struct Member {
    id: PortId,
    /// It hears and is not heard.
    muted: bool,
}

impl Graph {
    /// Lets a port hear and, unless it is muted, be heard by all that are in the mix, which exists while somebody is in it. The port leaves
    /// whatever it was joined to; [`Graph::split`] takes it out again.
    pub fn mix(&mut self, id: PortId, mix: MixId, muted: bool) -> Result<(), GraphError> {
        self.port(id)?;
        self.split(id);
        let empty = || Mix { members: Vec::new(), sum: [0; FRAME_LEN], speakers: 0 };
        self.mixes.entry(mix).or_insert_with(empty).members.push(Member { id, muted });
        self.port(id)?.set_link(Link::Mix(mix));
        self.pace_port(id, 0);
        self.is_heard(id);
        Ok(())
    }

    /// Ports that are in the mix.
    pub fn mixed(&self, mix: MixId) -> usize {
        self.mixes.get(&mix).map_or(0, |mix| mix.members.len())
    }

    pub(super) fn leave_mix(&mut self, id: PortId, mix: MixId) {
        if let Some(left) = self.mixes.get_mut(&mix) {
            left.members.retain(|member| member.id != id);
            if left.members.is_empty() {
                self.mixes.remove(&mix);
            }
        }
    }

    /// Adds up what the members say in this tick.
    pub(super) fn sum_mixes(&mut self) {
        for mix in self.mixes.values_mut() {
            mix.sum = [0; FRAME_LEN];
            mix.speakers = 0;
            let frames = mix.members.iter().filter(|member| !member.muted);
            let frames = frames.filter_map(|member| self.ports.get(member.id)?.playout.as_ref()?.frame());
            for frame in frames {
                mix.speakers += 1;
                for (sum, sample) in mix.sum.iter_mut().zip(frame) {
                    *sum += i32::from(*sample);
                }
            }
        }
    }
}

impl Mix {
    /// What a member hears, which said `own`; nothing when all others are silent.
    pub(super) fn without(&self, id: PortId, own: Option<&[i16; FRAME_LEN]>) -> Option<[i16; FRAME_LEN]> {
        // What a muted one said is in no sum.
        let is_muted = self.members.iter().any(|member| member.id == id && member.muted);
        let own = own.filter(|_| !is_muted);
        if self.speakers == usize::from(own.is_some()) {
            return None;
        }
        let mut frame = [0; FRAME_LEN];
        let silence = [0; FRAME_LEN];
        for ((heard, sum), said) in frame.iter_mut().zip(&self.sum).zip(own.unwrap_or(&silence)) {
            let others = sum - i32::from(*said);
            *heard = others.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
        Some(frame)
    }
}
