//! Many ports that hear each other: everyone hears the sum of all others, at 16 kHz where they and a speaker carry that.
//!
//! A mix with a wideband leg in it is summed at both rates: what is said is brought to the other rate once for each speaker,
//! whoever hears it. A coach hears everybody and is heard by the one that it coaches alone. Keys are reported as everywhere and
//! reach nobody else. Who may be in a mix, and how many, is the caller's rule.

use super::{
    Graph, GraphError, Link, PortId,
    playout::{FRAME_LEN, WIDE_LEN},
};
use crate::codec::{MAX_FRAME_LEN, Rate};

/// Names a mix within a [`Graph`]. The caller chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MixId(pub u64);

/// Who hears a port that is in a mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Voice {
    /// All others.
    #[default]
    Heard,
    /// Nobody: it is muted.
    Muted,
    /// This port alone, which it coaches.
    By(PortId),
}

/// Who is in a mix, and what all of them say in this tick.
#[derive(Debug)]
pub(super) struct Mix {
    members: Vec<Member>,
    sum: [i32; FRAME_LEN],
    /// The same at 16 kHz; kept up while a wideband leg is in.
    wide_sum: [i32; WIDE_LEN],
    is_wide: bool,
    speakers: usize,
}

/// A port in a mix.
#[derive(Debug, Clone, Copy)]
struct Member {
    id: PortId,
    voice: Voice,
}

/// What a member hears in a tick.
pub(super) struct Heard {
    rate: Rate,
    samples: [i16; MAX_FRAME_LEN],
}

impl Heard {
    pub(super) fn as_frame(&self) -> (Rate, &[i16]) {
        (self.rate, self.samples.get(..self.rate.frame_len()).unwrap_or_default())
    }
}

impl Graph {
    /// Lets a port hear all that are in the mix, and be heard as `voice` says. The mix exists while somebody is in it. The port
    /// leaves whatever it was joined to; [`Graph::split`] takes it out again. One that is in already only changes its voice.
    pub fn mix(&mut self, id: PortId, mix: MixId, voice: Voice) -> Result<(), GraphError> {
        if self.port(id)?.link == Link::Mix(mix)
            && let Some(member) = self.mixes.get_mut(&mix).and_then(|mix| mix.member_mut(id))
        {
            member.voice = voice;
            return Ok(());
        }
        self.split(id);
        let empty =
            || Mix { members: Vec::new(), sum: [0; FRAME_LEN], wide_sum: [0; WIDE_LEN], is_wide: false, speakers: 0 };
        self.mixes.entry(mix).or_insert_with(empty).members.push(Member { id, voice });
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
            let ports = &mut self.ports;
            let codec_of = |member: &Member| ports.get(member.id).map(|port| port.params.codec);
            mix.is_wide = mix.members.iter().filter_map(codec_of).any(|codec| codec.best_rate() == Rate::Wide);
            mix.sum = [0; FRAME_LEN];
            mix.wide_sum = [0; WIDE_LEN];
            mix.speakers = 0;
            for member in mix.members.iter().filter(|member| member.voice != Voice::Muted) {
                let Some(playout) = ports.get_mut(member.id).and_then(|port| port.playout.as_mut()) else { continue };
                if mix.is_wide {
                    playout.widen();
                }
                if let (Voice::Heard, Some(frame)) = (member.voice, playout.frame()) {
                    mix.speakers += 1;
                    add(&mut mix.sum, frame);
                    add(&mut mix.wide_sum, playout.wide_frame().map_or(&[][..], |frame| frame));
                }
            }
        }
    }

    /// What a member of a mix hears in this tick; nothing when all others are silent.
    pub(super) fn heard_in(&self, mix: MixId, id: PortId) -> Option<Heard> {
        let mix = self.mixes.get(&mix)?;
        let port = self.ports.get(id)?;
        let rate = if mix.is_wide { port.params.codec.best_rate() } else { Rate::Narrow };
        let said = |id: PortId| {
            let playout = self.ports.get(id)?.playout.as_ref()?;
            match rate {
                Rate::Narrow => playout.frame().map(|frame| &frame[..]),
                Rate::Wide => playout.wide_frame().map(|frame| &frame[..]),
            }
        };
        let is_heard = mix.members.iter().any(|member| member.id == id && member.voice == Voice::Heard);
        // What others alone hear of it, or nobody, is in no sum.
        let own = said(id).filter(|_| is_heard);
        let mut coaches = mix.members.iter().filter(|member| member.voice == Voice::By(id)).peekable();
        if mix.speakers == usize::from(own.is_some()) && coaches.peek().is_none() {
            return None;
        }
        let mut sum = [0; MAX_FRAME_LEN];
        let all = match rate {
            Rate::Narrow => &mix.sum[..],
            Rate::Wide => &mix.wide_sum[..],
        };
        sum.get_mut(..all.len())?.copy_from_slice(all);
        for (sum, said) in sum.iter_mut().zip(own.unwrap_or_default()) {
            *sum -= i32::from(*said);
        }
        for coach in coaches {
            add(&mut sum, said(coach.id).unwrap_or_default());
        }
        Some(Heard { rate, samples: sum.map(|sum| sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16) })
    }
}

impl Mix {
    fn member_mut(&mut self, id: PortId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }
}

fn add(sum: &mut [i32], frame: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(frame) {
        *sum += i32::from(*sample);
    }
}
