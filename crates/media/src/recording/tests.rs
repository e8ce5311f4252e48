use core::time::Duration;

use super::*;
use crate::g711::Law;

const FRAME: usize = 160;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A tone whose every sample tells its place, encoded, frame by frame.
fn frames(hz: f32, count: usize) -> (Vec<i16>, Vec<Vec<u8>>) {
    let samples: Vec<i16> = (0..count * FRAME)
        .map(|n| (9_000.0 * (core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin()) as i16)
        .collect();
    let frames = samples.chunks(FRAME).map(|frame| frame.iter().map(|s| Law::Mu.encode(*s)).collect()).collect();
    (samples, frames)
}

/// As the codec gives it back.
fn heard(samples: &[i16]) -> Vec<i16> {
    samples.iter().map(|sample| Law::Mu.decode(Law::Mu.encode(*sample))).collect()
}

fn channel(samples: &[i16], index: usize) -> Vec<i16> {
    samples.iter().skip(index).step_by(2).copied().collect()
}

#[test]
fn each_side_is_where_its_time_says_and_the_channels_are_not_exchanged() {
    let ((low, left), (high, right)) = (frames(300.0, 50), frames(1_100.0, 50));
    let mut mixdown = Mixdown::new(Layout::Dual);
    for (index, (left, right)) in (0_u64..).zip(left.iter().zip(&right)) {
        mixdown.push(Side::Said, ms(40 + index * 20), Codec::Pcmu, left);
        mixdown.push(Side::Heard, ms(index * 20), Codec::Pcmu, right);
    }
    let mut out = Vec::new();
    mixdown.finish(ms(1_040), &mut out);
    assert_eq!(out.len(), 2 * 8_320);
    let (said, answered) = (channel(&out, 0), channel(&out, 1));
    assert!(said[..320].iter().all(|sample| *sample == 0));
    assert_eq!(said[320..], heard(&low)[..]);
    assert_eq!(answered[..8_000], heard(&high)[..]);
    assert!(answered[8_000..].iter().all(|sample| *sample == 0));
}

#[test]
fn ten_minutes_with_loss_pauses_and_disorder_do_not_drift_by_a_sample() {
    let (samples, frames) = frames(440.0, 50);
    let mut mixdown = Mixdown::new(Layout::Said);
    let mut out = Vec::new();
    let count = 10 * 60 * 50_u64;
    // One in twenty is lost, there is a pause of a minute, and neighbours come the wrong way round.
    let is_lost = |index: u64| index % 20 == 7 || (10_000..13_000).contains(&index);
    for pair in 0..count / 2 {
        for index in [pair * 2 + 1, pair * 2] {
            if !is_lost(index) {
                let payload = &frames[usize::try_from(index % 50).unwrap()];
                mixdown.push(Side::Said, ms(index * 20), Codec::Pcmu, payload);
            }
        }
        mixdown.advance(ms((pair + 1) * 40), &mut out);
    }
    mixdown.finish(ms(count * 20), &mut out);
    assert_eq!(out.len() as u64, count * FRAME as u64);
    let expected = heard(&samples);
    for index in 0..count {
        let place = usize::try_from(index).unwrap() * FRAME;
        let frame = &out[place..place + FRAME];
        if is_lost(index) {
            assert!(frame.iter().all(|sample| *sample == 0), "frame {index} is a gap");
        } else {
            let at = usize::try_from(index % 50).unwrap() * FRAME;
            assert_eq!(frame, &expected[at..at + FRAME], "frame {index}");
        }
    }
}

#[test]
fn a_packet_that_comes_within_the_window_finds_its_place_and_a_later_one_is_left_out() {
    let (_, frames) = frames(500.0, 1);
    let mut mixdown = Mixdown::new(Layout::Mixed);
    let mut out = Vec::new();
    mixdown.push(Side::Said, ms(3_000), Codec::Pcmu, &frames[0]);
    mixdown.advance(ms(3_020), &mut out);
    assert_eq!(out.len(), 520 * 8, "what is older than the window is settled");
    mixdown.push(Side::Heard, ms(600), Codec::Pcmu, &frames[0]);
    mixdown.push(Side::Heard, ms(100), Codec::Pcmu, &frames[0]);
    mixdown.finish(ms(3_020), &mut out);
    let loud = |at_ms: usize| out[at_ms * 8..(at_ms + 20) * 8].iter().any(|sample| *sample != 0);
    assert!(loud(600) && loud(3_000) && !loud(100));
}

#[test]
fn both_sides_in_one_channel_are_summed_and_never_wrap() {
    let loud: Vec<u8> = vec![Law::Mu.encode(i16::MAX); FRAME];
    let mut mixdown = Mixdown::new(Layout::Mixed);
    mixdown.push(Side::Said, ms(0), Codec::Pcmu, &loud);
    mixdown.push(Side::Heard, ms(0), Codec::Pcmu, &loud);
    let mut out = Vec::new();
    mixdown.finish(ms(20), &mut out);
    assert!(out.iter().all(|sample| *sample == i16::MAX));
}

#[test]
fn a_message_is_cut_to_what_was_said_and_silence_is_no_message() {
    let (samples, _) = frames(440.0, 50);
    let mut extent = Extent::default();
    extent.hear(&[0; 8_000 * 3]);
    extent.hear(&samples);
    extent.hear(&[3; 8_000 * 5]);
    let span = extent.span(Duration::from_secs(9)).unwrap();
    assert_eq!(span, Span { from: ms(2_900), to: ms(4_100) });
    assert_eq!(span.length(), ms(1_200));
    let mut silence = Extent::default();
    silence.hear(&[0; 8_000]);
    assert_eq!(silence.span(Duration::from_secs(1)), None);
}

#[test]
fn a_picture_has_at_most_two_hundred_parts_of_any_length() {
    for seconds in [1, 20, 21, 3_600] {
        let mut waveform = Waveform::default();
        for second in 0..seconds {
            // Louder in the second half.
            waveform.hear(&[if second * 2 < seconds { 3_277 } else { 32_767 }; 8_000]);
        }
        let parts = waveform.percent();
        assert!((10..=PARTS).contains(&parts.len()), "{seconds} s: {}", parts.len());
        if seconds > 1 {
            assert_eq!((parts[0], parts[parts.len() - 1]), (10, 99), "{seconds} s");
        }
    }
    assert_eq!(Waveform::default().percent(), Vec::<u8>::new());
}

proptest::proptest! {
    #[test]
    fn whatever_a_file_says_the_length_is_as_told(
        packets in proptest::collection::vec((0_u64..100_000, proptest::bool::ANY, proptest::collection::vec(0_u8.., 0..200)), 0..60),
        until in 0_u64..60_000,
    ) {
        let mut mixdown = Mixdown::new(Layout::Dual);
        let mut out = Vec::new();
        for (at, said, payload) in packets {
            let side = if said { Side::Said } else { Side::Heard };
            for codec in Codec::ALL {
                mixdown.push(side, ms(at), codec, &payload);
            }
        }
        mixdown.advance(ms(until), &mut out);
        mixdown.finish(ms(until), &mut out);
        proptest::prop_assert_eq!(out.len() as u64, 2 * samples_in(ms(until)));
    }
}
