//! How a leg sounds in pieces of five seconds, and when nothing is heard of it or by it: the watch of one port.
//!
//! Pure: it is given the port's counts once a second and compares. What it tells is for people; a leg of which nothing comes
//! at all ends by the graph's own watchdog ([`crate::graph::MediaEvent::Stalled`]).

use core::time::Duration;

use crate::{codec::Codec, graph::PortStats, quality};

/// Length of a piece.
pub const PIECE: Duration = Duration::from_secs(5);
/// A last piece that is shorter says nothing.
const SHORTEST_PIECE: Duration = Duration::from_millis(1_000);
/// Silence is told after so long, and again after so long again.
pub const SILENT_AFTER: Duration = Duration::from_secs(10);
/// Audio below this is nobody: a quiet room on a telephone lies around −55 dBov, digital silence at −127.
const NOBODY_BELOW_DBOV: f32 = -62.0;
/// A leg that reports to have lost more than this hears nothing.
const HEARS_NOTHING: f32 = 0.95;

/// How a leg sounded for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// How long it was.
    pub span: Duration,
    /// Packets that came from the leg.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that the leg was sent.
    pub sent: u64,
    /// Interarrival jitter in milliseconds.
    pub jitter_ms: f32,
    /// Round-trip time, once a report of the leg's has shown it.
    pub round_trip_ms: Option<f32>,
    /// Share of our packets that the leg lost, by its last report.
    pub remote_loss: Option<f32>,
    /// Mean level of what it said, where that is decoded or read from its bytes.
    pub level_dbov: Option<f32>,
    /// Opinion score of what it said; none where nothing came.
    pub mos: Option<f32>,
}

/// Why somebody hears nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    /// No packet comes from the leg.
    NoPackets,
    /// Packets come from the leg, and nobody was heard in them yet.
    Nobody,
    /// The leg reports that what we send does not reach it.
    NotReached,
}

/// Whether something has begun or is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It goes on for [`SILENT_AFTER`], or for a multiple of it.
    Lasts(Silent),
    /// It is over.
    Over(Silent),
}

/// What one look has shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    /// A piece that is full.
    pub piece: Option<Piece>,
    /// What has changed.
    pub changes: Vec<Change>,
}

/// What the port knows beside its counts.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Its codec.
    pub codec: Codec,
    /// The leg is expected to send.
    pub receives: bool,
    /// We are to send to it.
    pub sends: bool,
    /// Energy and number of the samples that were measured since the last look.
    pub loudness: (u64, u32),
}

/// The watch.
#[derive(Debug)]
pub struct Watch {
    /// When the piece began, and what had been counted then.
    began: Duration,
    before: (u64, u64, u64),
    loudness: (u64, u64),
    /// Packets at the last look.
    packets: u64,
    no_packets: Since,
    nobody: Since,
    not_reached: Since,
    /// Somebody was heard: pauses are part of talking from then on.
    was_heard: bool,
}

/// Since when something lasts, and how often that was told.
#[derive(Debug, Default)]
struct Since {
    at: Option<Duration>,
    told: u32,
}

impl Since {
    fn look(&mut self, now: Duration, what: Silent, lasts: bool) -> Option<Change> {
        if !lasts {
            let was_told = self.told > 0;
            *self = Self::default();
            return was_told.then_some(Change::Over(what));
        }
        let since = *self.at.get_or_insert(now);
        if now.saturating_sub(since) < SILENT_AFTER * (self.told + 1) {
            return None;
        }
        self.told += 1;
        Some(Change::Lasts(what))
    }
}

impl Watch {
    /// Counts from `now`.
    pub fn new(now: Duration) -> Self {
        Self {
            began: now,
            before: (0, 0, 0),
            loudness: (0, 0),
            packets: 0,
            no_packets: Since { at: Some(now), told: 0 },
            nobody: Since::default(),
            not_reached: Since::default(),
            was_heard: false,
        }
    }

    /// Looks at the port's counts.
    pub fn look(&mut self, now: Duration, stats: &PortStats, seen: Seen) -> Look {
        let (energy, samples) = seen.loudness;
        self.loudness.0 = self.loudness.0.saturating_add(energy);
        self.loudness.1 += u64::from(samples);
        let came = stats.packets_in != self.packets;
        self.packets = stats.packets_in;
        let level = level_of(energy, samples.into());
        self.was_heard |= level.is_some_and(|level| level >= NOBODY_BELOW_DBOV);
        let unheard = came && level.is_some() && !self.was_heard && seen.receives;
        let lost_all = stats.remote_loss.is_some_and(|loss| loss >= HEARS_NOTHING) && seen.sends;
        let changes = [
            self.no_packets.look(now, Silent::NoPackets, seen.receives && !came),
            self.nobody.look(now, Silent::Nobody, unheard),
            self.not_reached.look(now, Silent::NotReached, lost_all),
        ];
        let is_full = now.saturating_sub(self.began) >= PIECE;
        let piece = is_full.then(|| self.piece(now, stats, seen.codec)).flatten();
        Look { piece, changes: changes.into_iter().flatten().collect() }
    }

    /// The last piece, where it is long enough to say anything.
    pub fn end(&mut self, now: Duration, stats: &PortStats, seen: Seen) -> Option<Piece> {
        self.loudness.0 = self.loudness.0.saturating_add(seen.loudness.0);
        self.loudness.1 += u64::from(seen.loudness.1);
        let is_long = now.saturating_sub(self.began) >= SHORTEST_PIECE;
        is_long.then(|| self.piece(now, stats, seen.codec)).flatten()
    }

    /// The piece that ends now; none where nothing went either way.
    fn piece(&mut self, now: Duration, stats: &PortStats, codec: Codec) -> Option<Piece> {
        let (received, lost, sent) = self.before;
        let span = now.saturating_sub(self.began);
        (self.began, self.before) = (now, (stats.packets_in, stats.lost_in, stats.packets_out));
        let (energy, samples) = core::mem::take(&mut self.loudness);
        // A new codec counts anew, and a late packet makes up for a lost one of the piece before.
        let received = stats.packets_in.checked_sub(received).unwrap_or(stats.packets_in);
        let lost = stats.lost_in.saturating_sub(lost);
        let sent = stats.packets_out.checked_sub(sent).unwrap_or(stats.packets_out);
        if received == 0 && sent == 0 {
            return None;
        }
        let share = lost as f32 / (received + lost).max(1) as f32;
        let round_trip = Duration::from_secs_f32(stats.round_trip_ms.unwrap_or_default().max(0.0) / 1_000.0);
        Some(Piece {
            span,
            received,
            lost,
            sent,
            jitter_ms: stats.jitter_ms,
            round_trip_ms: stats.round_trip_ms,
            remote_loss: stats.remote_loss,
            level_dbov: level_of(energy, samples),
            mos: (received > 0).then(|| quality::mos(codec, round_trip, stats.jitter_ms, share)),
        })
    }
}

fn level_of(energy: u64, samples: u64) -> Option<f32> {
    let samples = usize::try_from(samples).ok().filter(|samples| *samples > 0)?;
    Some(crate::level::dbov(energy, samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// Energy of a second of speech at some −26 dBov, and of digital silence.
    const SPEECH: (u64, u32) = (1_600 * 1_600_000, 1_600);
    const QUIET: (u64, u32) = (0, 1_600);

    fn seen(loudness: (u64, u32)) -> Seen {
        Seen { codec: Codec::Pcma, receives: true, sends: true, loudness }
    }

    /// Looks once a second for so long, with so many packets a second; all that was told, and the pieces.
    fn run(watch: &mut Watch, stats: &mut PortStats, from: u64, seconds: u64, rate: u64, seen: Seen) -> Look {
        let mut all = (Vec::new(), None);
        for second in from..from + seconds {
            stats.packets_in += rate;
            stats.packets_out += 50;
            let look = watch.look(SECOND * (second as u32 + 1), stats, seen);
            all.0.extend(look.changes);
            all.1 = look.piece.or(all.1);
        }
        Look { piece: all.1, changes: all.0 }
    }

    #[test]
    fn a_piece_has_what_was_counted_in_it() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        let first = run(&mut watch, &mut stats, 0, 5, 50, seen(SPEECH)).piece.unwrap();
        assert_eq!((first.received, first.lost, first.sent, first.span), (250, 0, 250, PIECE));
        assert!(first.mos.unwrap() > 4.2 && (-30.0..-20.0).contains(&first.level_dbov.unwrap()), "{first:?}");
        stats.lost_in += 25;
        let second = run(&mut watch, &mut stats, 5, 5, 45, seen(SPEECH)).piece.unwrap();
        assert_eq!((second.received, second.lost), (225, 25));
        assert!(second.mos.unwrap() < first.mos.unwrap() - 0.5, "{second:?}");
    }

    #[test]
    fn a_leg_of_which_no_packet_comes_is_told_every_ten_seconds_and_its_return_once() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        assert_eq!(run(&mut watch, &mut stats, 0, 9, 0, seen((0, 0))).changes, []);
        let lasts = Change::Lasts(Silent::NoPackets);
        assert_eq!(run(&mut watch, &mut stats, 9, 11, 0, seen((0, 0))).changes, [lasts, lasts]);
        assert_eq!(run(&mut watch, &mut stats, 20, 5, 50, seen(SPEECH)).changes, [Change::Over(Silent::NoPackets)]);
    }

    #[test]
    fn a_leg_that_is_held_owes_nothing() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        let held = Seen { receives: false, ..seen((0, 0)) };
        assert_eq!(run(&mut watch, &mut stats, 0, 60, 0, held).changes, []);
    }

    #[test]
    fn packets_without_anybody_in_them_are_told_and_pauses_in_talking_are_not() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        let told = run(&mut watch, &mut stats, 0, 12, 50, seen(QUIET)).changes;
        assert_eq!(told, [Change::Lasts(Silent::Nobody)]);
        assert_eq!(run(&mut watch, &mut stats, 12, 1, 50, seen(SPEECH)).changes, [Change::Over(Silent::Nobody)]);
        assert_eq!(run(&mut watch, &mut stats, 13, 60, 50, seen(QUIET)).changes, []);
    }

    #[test]
    fn a_leg_that_reports_to_hear_nothing_is_told() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        stats.remote_loss = Some(1.0);
        let told = run(&mut watch, &mut stats, 0, 11, 50, seen(SPEECH)).changes;
        assert_eq!(told, [Change::Lasts(Silent::NotReached)]);
        stats.remote_loss = Some(0.1);
        assert_eq!(run(&mut watch, &mut stats, 11, 1, 50, seen(SPEECH)).changes, [Change::Over(Silent::NotReached)]);
    }

    #[test]
    fn what_is_too_short_or_empty_is_no_piece() {
        let (mut watch, mut stats) = (Watch::new(Duration::ZERO), PortStats::default());
        assert_eq!(watch.end(SECOND * 4, &stats, seen((0, 0))), None, "nothing went either way");
        stats.packets_in = 10;
        assert_eq!(watch.end(SECOND * 4 + SECOND / 2, &stats, seen(SPEECH)), None, "half a second");
        assert_eq!(watch.end(SECOND * 6, &stats, seen(SPEECH)).map(|piece| piece.received), Some(10));
    }
}
