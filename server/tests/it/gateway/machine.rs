//! Who answers: told from how a greeting is spaced, before the call goes on. Greetings are speech of the server's own voice.

use media::dtmf::InBand;
use serde_json::json;
use sip::message::Method;
use voice::{AssetId, Text};

use super::carrier::{Carrier, Manner};
use super::support::{FROM, Live};

async fn spoken(live: &Live, text: &str, language: &str) -> Vec<i16> {
    let (text, language, voice) = (text.to_owned(), language.to_owned(), "default".to_owned());
    let text = Text { asset: AssetId(0), text, markup: None, voice, language, rate_percent: 100 };
    live.gateway.gateway.speech.speak(&text).await.expect("espeak-ng").audio.narrow().to_vec()
}

fn silence(ms: usize) -> Vec<i16> {
    vec![0; ms * 8]
}

fn beep() -> Vec<i16> {
    let turn = |n: usize| (std::f32::consts::TAU * 1_000.0 * n as f32 / 8_000.0).sin();
    (0..4_000).map(|n| (turn(n) * 8_000.0) as i16).collect()
}

#[tokio::test]
async fn a_person_and_a_machine_are_told_apart_before_the_call_goes_on() {
    let greeting = "You have reached the voice mail of Simba Deliveries. We can not take your call at the moment. Please \
        leave your name and your number after the tone, and we will call you back.";
    for (mode, machine) in [("enable", false), ("enable", true), ("detect_message_end", true)] {
        let mut carrier = Carrier::that_answers(Manner::AtOnce).await;
        let live = Live::with_carrier(&carrier).await;
        let said = match machine {
            false => [silence(300), spoken(&live, "Hello?", "en").await].concat(),
            true => [silence(300), spoken(&live, greeting, "en").await, silence(300), beep()].concat(),
        };
        let lasts_ms = said.len() as u64 / 8;
        let call =
            json!({ "from": FROM, "to": "+254722000042", "machine_detection": mode, "actions": [{ "hangup": {} }] });
        let id = live.place(call).await;
        let offer = carrier.asked(Method::Invite).await;
        let speaking = carrier.says(&offer, said);
        let call = live.call_that_is(&id, "completed").await;
        let judged = live.event(&call, "machine.judged").await;
        let (who, heard_ms) = (judged["answered_by"].as_str().expect("text"), judged["heard_ms"].as_u64().expect("ms"));
        match (mode, machine) {
            (_, false) => {
                assert_eq!(who, "human", "{judged}");
                assert!(heard_ms < 3_500, "{judged}");
            }
            ("enable", true) => {
                assert_eq!(who, "machine_start", "{judged}");
                assert!(heard_ms < lasts_ms, "{judged}");
            }
            (_, true) => {
                assert_eq!(who, "machine_end_beep", "{judged}");
                assert!(heard_ms.abs_diff(lasts_ms) < 900, "{judged}, and the beep ends at {lasts_ms} ms");
            }
        }
        // What the actions do comes after it.
        let timeline = live.timeline(&id).await;
        let at = |kind: &str| timeline.iter().position(|event| event["kind"] == kind);
        assert!(at("machine.judged") < at("verb.started"), "{timeline:?}");
        speaking.abort();
    }
}

#[tokio::test]
async fn speech_presses_no_keys() {
    let live = Live::with_money().await;
    let mut seconds = 0;
    for (language, sentence) in [
        ("en", "Your order number {} leaves at a quarter to nine, and the driver will call you from the gate."),
        ("sw", "Agizo lako nambari {} litaondoka saa tatu kasorobo, na dereva atakupigia simu kutoka langoni."),
        ("fr", "Votre commande numéro {} part à neuf heures moins le quart, et le chauffeur vous appellera."),
    ] {
        let words: Vec<_> = (0..30).map(|n| sentence.replace("{}", &(n * 7_919 + 104_729).to_string())).collect();
        let speech = spoken(&live, &words.join(" "), language).await;
        seconds += speech.len() / 8_000;
        let mut keys = InBand::default();
        let heard: Vec<_> = speech.chunks(160).filter_map(|packet| keys.hear(packet.iter().copied())).collect();
        assert!(heard.is_empty(), "{language}: {heard:?}");
    }
    assert!(seconds > 240, "{seconds} s of speech");
}
