//! The server under measurement: the binary on free ports with an empty data folder.

use std::{
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use super::{Outcome, subject::Subject};

/// A running server; ends when dropped.
pub(super) struct Server {
    pub(super) subject: Subject,
    /// API and console.
    pub(super) http: String,
    _data: tempfile::TempDir,
}

impl Server {
    /// Starts it with the sections `settings`, such as a trunk.
    pub(super) fn start(settings: &str) -> Outcome<Self> {
        Self::start_with(settings, &[], Stdio::inherit())
    }

    /// [`Self::start`] with single keys of the configuration by their names in the environment; its log goes to `log`.
    pub(super) fn start_with(settings: &str, keys: &[(&str, String)], log: Stdio) -> Outcome<Self> {
        let data = tempfile::tempdir()?;
        let config = data.path().join("sautikit.toml");
        std::fs::write(
            &config,
            format!(
                "data_dir = {:?}\n\
                 [http]\nlisten = \"127.0.0.1:0\"\n\
                 [sip]\nlisten = \"127.0.0.1:0\"\n\
                 [media]\nlisten = \"127.0.0.1:0\"\n\
                 [metrics]\nlisten = \"127.0.0.1:0\"\n\
                 [log]\nfilter = \"error\"\n\
                 {settings}",
                data.path()
            ),
        )?;
        // Another build, to be compared with by the same generator.
        let binary = std::env::var("SAUTIKIT_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_sautikit").to_owned());
        let migrate = Command::new(&binary).arg("--config").arg(&config).arg("migrate").output()?;
        if !migrate.status.success() {
            return Err(String::from_utf8_lossy(&migrate.stderr).into());
        }
        let mut command = Command::new(&binary);
        command.arg("--config").arg(&config).envs(keys.iter().cloned());
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let output = process.stdout.take();
        // From here on it ends with us, whatever fails.
        let mut subject = Subject { processes: vec![process], sip: (Ipv4Addr::UNSPECIFIED, 0).into() };
        let mut lines = BufReader::new(output.ok_or("no stdout")?).lines();
        let ready = lines
            .by_ref()
            .find(|line| line.as_ref().is_ok_and(|line| line.starts_with("ready ")))
            .ok_or("the server did not become ready")??;
        // The server must never wait for a reader of its output.
        std::thread::spawn(move || lines.for_each(drop));
        let word = |name: &str| ready.split(' ').find_map(|word| word.strip_prefix(name)).map(str::to_owned);
        let http = word("http=").ok_or("no HTTP address")?;
        subject.sip = word("sip=").ok_or("no SIP address")?.parse()?;
        Ok(Self { subject, http: format!("http://{}", http.trim_start_matches("http://")), _data: data })
    }
}
