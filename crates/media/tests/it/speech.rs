//! An hour of speech, in which nobody presses a key: espeak-ng speaks three languages, and what it says is played at many pitches,
//! because to a detector of tones each is another voice.

use std::process::Command;

use media::dtmf::InBand;
use media::g711::Law;

/// Hertz of what espeak-ng gives.
const SPOKEN_HZ: f32 = 22_050.0;
const HEARD_HZ: f32 = 8_000.0;
/// The peak of speech at a usual level.
const PEAK: f32 = 14_000.0;

/// The text as samples at [`SPOKEN_HZ`].
fn spoken(voice: &str, pitch: u32, text: &str) -> Vec<f32> {
    let pitch = pitch.to_string();
    let said = Command::new("espeak-ng").args(["-v", voice, "-p", &pitch, "--stdout", text]).output();
    let wav = said.expect("espeak-ng, which the server's tests need too").stdout;
    let data = wav.windows(4).position(|four| four == b"data").expect("a WAV file") + 8;
    wav[data..].chunks_exact(2).map(|two| f32::from(i16::from_le_bytes([two[0], two[1]]))).collect()
}

/// The same, so much higher and faster, as a telephone carries it.
fn carried(speech: &[f32], factor: f32) -> Vec<i16> {
    let loudest = speech.iter().fold(1.0_f32, |loudest, sample| loudest.max(sample.abs()));
    let step = SPOKEN_HZ / HEARD_HZ * factor;
    let count = ((speech.len() - 4) as f32 / step) as usize;
    let samples = (0..count).map(|n| {
        let at = n as f32 * step;
        let (index, part) = (at as usize, at.fract());
        // Three samples about the place, which is filter enough for a test.
        let near = |shift: usize| (speech[index + shift] + speech[index + shift + 1] + speech[index + shift + 2]) / 3.0;
        let sample = (near(0) * (1.0 - part) + near(1) * part) * PEAK / loudest;
        Law::A.decode(Law::A.encode(sample as i16))
    });
    samples.collect()
}

#[test]
fn an_hour_of_speech_presses_no_key() {
    let texts = [
        ("en", "Your order number {} leaves at a quarter to nine, and the driver will call you from the gate. "),
        ("sw", "Agizo lako nambari {} litaondoka saa tatu kasorobo, na dereva atakupigia simu kutoka langoni. "),
        ("fr", "Votre commande numéro {} part à neuf heures moins le quart, et le chauffeur vous appellera. "),
    ];
    let (mut heard, mut samples) = (Vec::new(), 0);
    for (at, (voice, sentence)) in texts.into_iter().enumerate() {
        for pitch in [20, 50, 80] {
            let number = |n: usize| (n * 7_919 + 104_729 + at * 31 + pitch as usize).to_string();
            let text: String = (0..8).map(|n| sentence.replace("{}", &number(n))).collect();
            let speech = spoken(voice, pitch, &text);
            for step in 0..10 {
                let factor = 0.7 + 0.06 * step as f32;
                let audio = carried(&speech, factor);
                samples += audio.len();
                let mut keys = InBand::default();
                let found = audio.chunks(160).filter_map(|packet| keys.hear(packet.iter().copied()));
                heard.extend(found.map(|key| (voice, pitch, step, key.as_char())));
            }
        }
    }
    let seconds = samples / 8_000;
    assert!(seconds >= 3_600, "{seconds} s of speech");
    assert!(heard.is_empty(), "{heard:?} in {seconds} s");
}
