use std::io::Write;

use super::*;

fn load_file(text: &str) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Config::load(Some(file.path()), [], &[])
}

fn load_env(name: &str, value: &str) -> Result<Config, ConfigError> {
    Config::load(Some(Path::new("/dev/null")), [(name.to_owned(), value.to_owned())], &[])
}

#[test]
fn the_default_file_is_a_valid_configuration() {
    let config = Config::defaults().unwrap();
    assert!(config.is_development());
    assert_eq!(config.media.rtp_ports, PortRange { first: 20000, last: 29999 });
    assert_eq!(config.database.url, "sqlite://./data/sautikit.db");
}

#[test]
fn later_sources_win() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[sip]\ndomain = \"file\"\n[http]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let environment = [("SAUTIKIT__HTTP__LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
    let flags = [("http.listen", "127.0.0.1:3".to_owned())];
    let config = Config::load(Some(file.path()), environment, &flags).unwrap();
    assert_eq!(config.sip.domain, "file");
    assert_eq!(config.http.listen.port(), 3);
}

#[test]
fn an_unknown_key_is_named() {
    let error = load_file("[http]\nlisten_on = \"x\"\n").unwrap_err();
    assert!(error.to_string().contains("`http.listen_on`"), "{error}");
    let error = load_env("SAUTIKIT__HTTP__LISTENS", "x").unwrap_err();
    assert!(error.to_string().contains("SAUTIKIT__HTTP__LISTENS"), "{error}");
}

#[test]
fn a_wrong_value_is_named() {
    for (text, key) in [
        ("[http]\nlisten = \"nowhere\"\n", "`http.listen`"),
        ("[http]\nlisten = 4000\n", "`http.listen`"),
        ("[media]\nrtp_ports = \"9-1\"\n", "`media.rtp_ports`"),
        ("[media]\ntcp_port = \"0\"\n", "`media.tcp_port`"),
        ("[media]\ntcp_port = \"on\"\n", "`media.tcp_port`"),
        ("[log]\nformat = \"xml\"\n", "`log.format`"),
        ("env = \"staging\"\n", "`env`"),
        ("[tax]\nbasis_points = 10001\n", "`tax.basis_points`"),
        ("[tax]\ncountries = [\"Kenya 1600\"]\n", "`tax.countries`"),
        ("[tax]\nsupplier_number = \"P051234567X\"\n", "`tax.supplier`"),
        ("[tax]\nsupplier = \"a\\nb\"\n", "`tax.supplier`"),
        ("[customers]\nblocked_networks = [\"203.0.113.0/33\"]\n", "`customers.blocked_networks`"),
        ("[storage]\nprices = [\"extended KES much\"]\n", "`storage.prices`"),
        ("[storage]\nprices = [\"extended XXX 1\"]\n", "`storage.prices`"),
        ("[secrets]\nmaster_key = \"c2hvcnQ=\"\n", "`secrets.master_key`"),
    ] {
        let error = load_file(text).unwrap_err().to_string();
        assert!(error.contains(key), "{text} gave {error}");
    }
}

#[test]
fn media_over_tcp_are_at_the_same_port_another_or_none() {
    assert_eq!(Config::defaults().unwrap().media.tcp_port, TcpPort::Same);
    for (text, port) in [("off", TcpPort::Off), ("443", TcpPort::At(443))] {
        assert_eq!(load_env("SAUTIKIT__MEDIA__TCP_PORT", text).unwrap().media.tcp_port, port);
    }
}

#[test]
fn trunks_are_read_from_the_file() {
    let config = load_file("[[trunk]]\nname = \"a\"\naddress = \"127.0.0.1:5070\"\nprefixes = [\"+254\"]\n").unwrap();
    assert_eq!(config.trunk[0].codecs, ["PCMA", "PCMU"]);
    let error = load_file("[[trunk]]\nname = \"a\"\naddress = \"h\"\nprefixes = [\"+\"]\nspeed = 1\n").unwrap_err();
    assert!(error.to_string().contains("speed"), "{error}");
}

#[test]
fn a_pbx_has_a_name_of_its_own_and_a_secret_that_nobody_guesses() {
    let source = |name: &str, secret: &str| {
        format!("[[pbx_source]]\nname = \"{name}\"\nsecret = \"{secret}\"\nworkspaces = [\"w\"]\n")
    };
    let long = "0123456789abcdef0123456789abcdef";
    let config = load_file(&source("asterisk", long)).unwrap();
    assert!(config.pbx_source[0].may_tell_of("w") && !config.pbx_source[0].may_tell_of("v"));
    let twice = source("asterisk", long) + &source("asterisk", long);
    for (text, key) in [(twice, "pbx_source[1].name"), (source("asterisk", "short"), "pbx_source[0].secret")] {
        let error = load_file(&text).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
fn the_sandbox_serves_until_a_trunk_exists() {
    let trunk = "[[trunk]]\nname = \"a\"\naddress = \"127.0.0.1:5070\"\nprefixes = [\"+\"]\n";
    for (text, serves, alone) in [
        (String::new(), true, true),
        (trunk.to_owned(), false, false),
        (format!("[sandbox]\nenabled = \"auto\"\n{trunk}"), false, false),
        (format!("[sandbox]\nenabled = true\n{trunk}"), true, false),
        ("[sandbox]\nenabled = \"true\"\n".to_owned(), true, true),
        ("[sandbox]\nenabled = false\n".to_owned(), false, false),
    ] {
        let config = load_file(&text).unwrap();
        assert_eq!((config.has_sandbox(), config.is_sandbox_only()), (serves, alone), "{text}");
    }
    assert!(!load_env("SAUTIKIT__SANDBOX__ENABLED", "false").unwrap().has_sandbox());
    let error = load_file("[sandbox]\nenabled = \"maybe\"\n").unwrap_err().to_string();
    assert!(error.contains("`sandbox.enabled`") && error.contains("`auto`"), "{error}");
}

#[test]
fn development_refuses_to_listen_beyond_loopback() {
    let error = load_env("SAUTIKIT__HTTP__LISTEN", "0.0.0.0:4000").unwrap_err();
    assert!(error.to_string().contains("`http.listen`"), "{error}");
}

#[test]
fn production_refuses_development_settings() {
    let error = load_env("SAUTIKIT__ENV", "production").unwrap_err();
    assert!(error.to_string().contains("`secrets.master_key`"), "{error}");
}

#[test]
fn passwords_do_not_show_in_debug_output() {
    let config = load_env("SAUTIKIT__DATABASE__URL", "postgres://u:hunter2@h/n").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_pages_show_of_the_file_is_read() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut count = 0;
    for folder in ["concepts", "operations"] {
        for entry in std::fs::read_dir(docs.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let page = std::fs::read_to_string(&path).unwrap();
            for block in page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next()) {
                // Pages say how a secret is made, and show none; in development all is on loopback.
                let block = block.replace("32 characters or more", &"s".repeat(32)).replace("10.0.0.2", "127.0.0.1");
                load_file(&block).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                count += 1;
            }
        }
    }
    assert!(count >= 3, "{count} blocks");
}
