//! The settings that the guides to PBXs and phones show, against what the gateway says and does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sip::message::{HeaderName, Method};

use super::devices::Device;
use super::support::{FROM, Live};

const ASTERISK: &str = include_str!("../../../../docs/guides/connect-asterisk.md");
const FREEPBX: &str = include_str!("../../../../docs/guides/connect-freepbx.md");
const LIKE_3CX: &str = include_str!("../../../../docs/guides/connect-3cx.md");
const PHONES: &str = include_str!("../../../../docs/guides/connect-sip-phones.md");

/// As they stand in all four.
const USERNAME: &str = "ts_0c4a9f3e";
const DOMAIN: &str = "voice.example";

/// What `pjsip.conf` takes in sections of each type, of all that there is (Asterisk 18 to 22) what the guide has.
const OPTIONS: [(&str, &[&str]); 5] = [
    ("transport", &["protocol", "bind", "method"]),
    (
        "registration",
        &[
            "transport",
            "server_uri",
            "client_uri",
            "contact_user",
            "outbound_auth",
            "expiration",
            "retry_interval",
            "line",
            "endpoint",
        ],
    ),
    ("auth", &["auth_type", "username", "password"]),
    ("aor", &["contact", "qualify_frequency"]),
    (
        "endpoint",
        &[
            "transport",
            "context",
            "aors",
            "outbound_auth",
            "from_user",
            "from_domain",
            "disallow",
            "allow",
            "dtmf_mode",
            "direct_media",
            "rtp_symmetric",
            "force_rport",
            "rewrite_contact",
            "media_encryption",
        ],
    ),
];

/// The blocks of configuration files on a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```ini\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The sections of a block: name and what is set.
fn sections(block: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            found.push((name.to_owned(), BTreeMap::new()));
        } else if let Some((name, value)) = line.split_once(" = ") {
            let (_, set) = found.last_mut().expect("a section before its settings");
            assert!(set.insert(name.to_owned(), value.to_owned()).is_none(), "{name} stands twice");
        } else {
            panic!("neither a section nor a setting: {line}");
        }
    }
    found
}

async fn config(live: &Live) -> Value {
    live.asha.get(&format!("/v1/numbers/{}/sip-config", live.number_id)).await.expect(200).json
}

/// Codecs by the names of Asterisk.
fn codec(name: &str) -> &'static str {
    match name {
        "opus" => "opus",
        "g722" => "G722",
        "alaw" => "PCMA",
        "ulaw" => "PCMU",
        other => panic!("{other} is no codec of the gateway"),
    }
}

#[tokio::test]
async fn asterisks_settings_are_such_as_the_gateway_takes() {
    let live = Live::with_money().await;
    let config = config(&live).await;
    let all = blocks(ASTERISK);
    let [trunk, plan, encrypted] = all.as_slice() else { panic!("{} blocks", all.len()) };
    let mut settings = sections(trunk);
    settings.extend(sections(encrypted));
    let names: BTreeSet<String> = settings.iter().map(|(name, _)| name.clone()).collect();
    let codecs: BTreeSet<&str> = config["codecs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (section, set) in &settings {
        let kind = set["type"].as_str();
        let (_, known) = OPTIONS.iter().find(|(known, _)| *known == kind).expect("a type of section");
        for (name, value) in set.iter().filter(|(name, _)| *name != "type") {
            assert!(known.contains(&name.as_str()), "[{section}] {name}");
            match name.as_str() {
                // What is named is there.
                "transport" | "outbound_auth" | "aors" | "endpoint" => {
                    assert!(names.contains(value), "{name} = {value}")
                }
                "protocol" => {
                    assert!(config["transports"].as_array().unwrap().contains(&json!(value)) || value == "tls")
                }
                "server_uri" | "contact" => assert!(value.starts_with(&format!("sip:{DOMAIN}:")), "{value}"),
                "client_uri" => assert_eq!(*value, format!("sip:{USERNAME}@{DOMAIN}")),
                "username" | "from_user" => assert_eq!(value, USERNAME),
                "from_domain" => assert_eq!(value, DOMAIN),
                "expiration" => {
                    let seconds: u64 = value.parse().expect("seconds");
                    assert!((60..=config["max_expires_seconds"].as_u64().unwrap()).contains(&seconds), "{seconds}");
                }
                "allow" => {
                    for name in value.split(',') {
                        let known = codecs.iter().any(|known| known.eq_ignore_ascii_case(codec(name)));
                        assert!(known, "{name} is none of {codecs:?}");
                    }
                }
                "dtmf_mode" => assert!(["rfc4733", "info"].contains(&value.as_str()), "{value}"),
                "media_encryption" => assert!(["no", "sdes", "dtls"].contains(&value.as_str()), "{value}"),
                _ => {}
            }
        }
    }
    // The dial plan has the extension at which calls arrive, in the context of the endpoint.
    let of = |kind: &str| settings.iter().find(|(_, set)| set["type"] == kind).map(|(_, set)| set).unwrap();
    let context = format!("[{}]", of("endpoint")["context"]);
    let extension = format!("exten => {},1,", of("registration")["contact_user"]);
    assert!(plan.contains(&context) && plan.contains(&extension), "{plan}");
    assert!(plan.contains("PJSIP/${EXTEN}@sautikit"), "{plan}");
}

#[test]
fn the_tables_of_forms_say_the_same() {
    for (name, page) in [("FreePBX", FREEPBX), ("3CX", LIKE_3CX), ("phones", PHONES)] {
        for value in [USERNAME, DOMAIN, "`5060`", "`600`"] {
            assert!(page.contains(value), "{name}: {value}");
        }
        for refused in ["999", "112", "911"] {
            assert!(page.contains(refused), "{name} says that emergency numbers are refused");
        }
    }
    for codec in ["opus", "g722", "alaw", "ulaw"] {
        assert!(FREEPBX.contains(&format!("`{codec}`")), "{codec}");
    }
    for codec in ["Opus", "G.722", "PCMA", "PCMU"] {
        assert!(LIKE_3CX.contains(&format!("`{codec}`")) && PHONES.contains(&format!("`{codec}`")), "{codec}");
    }
}

#[tokio::test]
async fn a_call_comes_to_the_contact_that_a_pbx_registered() {
    let live = Live::with_money().await;
    let mut pbx = Device::of(&live).await;
    let contact = format!("sip:254700000001@{};line=ozqlpdd", pbx.carrier.address);
    let header = format!("<{contact}>");
    let registered = pbx.asks(Method::Register, "", &[("Contact", header.as_str()), ("Expires", "600")]).await;
    assert_eq!(registered.status.code(), 200);
    live.asha.post("/v1/sandbox/inbound", json!({ "to": FROM, "from": "+254722000077" })).await.expect(202);
    let invite = pbx.carrier.asked(Method::Invite).await;
    // By which the PBX knows whose call it is; the name of the credential stands in To.
    assert_eq!(invite.uri.to_string(), contact);
    let to = invite.headers.text(&HeaderName::To).expect("a header").expect("To");
    assert!(to.contains(&pbx.username), "{to}");
    let from = invite.headers.text(&HeaderName::From).expect("a header").expect("From");
    assert!(from.contains("+254722000077"), "{from}");
}
