//! How SIP travels to a trunk and how it is spoken to: what can be so. Pure.

use crate::config::Trunk;
use crate::trunks::{TrunkError, invalid};

/// Calls that begin within a second beyond which a limit means none.
const CALLS_PER_SECOND_MOST: u32 = 10_000;
/// Seconds between two OPTIONS: oftener is a burden, seldomer tells nobody anything.
const OPTIONS_EVERY_SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;
/// Headers that a trunk can hand on.
const PASSED_MOST: usize = 20;
/// Longest name of a host, in characters.
const HOST_MAX_CHARS: usize = 253;
/// Longest user part of From, in characters.
const USER_MAX_CHARS: usize = 128;

pub(super) fn check(settings: &Trunk) -> Result<(), TrunkError> {
    if let Some(proxy) = &settings.outbound_proxy {
        super::check_address(proxy).map_err(|_| {
            let message =
                "Give host and port, such as `sbc.carrier.example:5060`, a host with SRV records, or null for none.";
            invalid("outbound_proxy", message)
        })?;
    }
    if settings.domain.as_deref().is_some_and(|domain| !is_host(domain)) {
        return Err(invalid("domain", "Give a host name such as `carrier.example`, or null for the trunk's address."));
    }
    if settings.certificate_name.as_deref().is_some_and(|name| !is_host(name)) {
        return Err(invalid("certificate_name", "Give the host name that its certificate is for, or null for none."));
    }
    if settings.from_user.as_deref().is_some_and(|user| !is_user(user)) {
        let message =
            format!("Give 1 to {USER_MAX_CHARS} letters, digits and `+-._`, or null for the caller's number.");
        return Err(invalid("from_user", message));
    }
    if settings.register && settings.username.is_none() {
        return Err(invalid("register", "Registering needs a user name and a password."));
    }
    if settings.calls_per_second.is_some_and(|calls| !(1..=CALLS_PER_SECOND_MOST).contains(&calls)) {
        let message = format!("Give 1 to {CALLS_PER_SECOND_MOST} calls, or null for no limit.");
        return Err(invalid("calls_per_second", message));
    }
    if settings.options_every_seconds.is_some_and(|seconds| !OPTIONS_EVERY_SECONDS.contains(&seconds)) {
        let (least, most) = (OPTIONS_EVERY_SECONDS.start(), OPTIONS_EVERY_SECONDS.end());
        return Err(invalid("options_every_seconds", format!("Give {least} to {most} seconds, or null for never.")));
    }
    if settings.pass_headers.len() > PASSED_MOST {
        return Err(invalid("pass_headers", format!("Give {PASSED_MOST} names at most.")));
    }
    if let Some(name) = settings.pass_headers.iter().find(|name| !Trunk::may_pass(name)) {
        let message =
            format!("`{}` is no header that can be handed on, such as `X-Account` or `Identity`.", super::shown(name));
        return Err(invalid("pass_headers", message));
    }
    Ok(())
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= HOST_MAX_CHARS && text.split('.').all(is_label)
}

fn is_user(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.' | '_');
    (1..=USER_MAX_CHARS).contains(&text.len()) && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Trunk)) -> Option<&'static str> {
        let mut trunk = Trunk::default();
        change(&mut trunk);
        match check(&trunk) {
            Err(TrunkError::Invalid { field, .. }) => Some(field),
            _ => None,
        }
    }

    #[test]
    fn what_can_not_be_so_is_named() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(refused(|_| {}), None);
        assert_eq!(refused(|trunk| trunk.outbound_proxy = text("sbc.example:5080")), None);
        assert_eq!(refused(|trunk| trunk.outbound_proxy = text("sbc.example")), None);
        assert_eq!(refused(|trunk| trunk.outbound_proxy = text("sbc.example:sip")), Some("outbound_proxy"));
        assert_eq!(refused(|trunk| trunk.domain = text("carrier.example")), None);
        assert_eq!(refused(|trunk| trunk.domain = text("carrier example")), Some("domain"));
        assert_eq!(refused(|trunk| trunk.certificate_name = text("a..b")), Some("certificate_name"));
        assert_eq!(refused(|trunk| trunk.from_user = text("a@b")), Some("from_user"));
        assert_eq!(refused(|trunk| trunk.register = true), Some("register"));
        assert_eq!(refused(|trunk| trunk.calls_per_second = Some(0)), Some("calls_per_second"));
        assert_eq!(refused(|trunk| trunk.options_every_seconds = Some(1)), Some("options_every_seconds"));
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(refused(|trunk| trunk.pass_headers = named(&["X-Account", "identity", "User-to-User"])), None);
        for name in ["Via", "Authorization", "P-Asserted-Identity", "X-Sautikit-Error", "X-", "X-A\r\nVia", "Require"] {
            assert_eq!(refused(|trunk| trunk.pass_headers = named(&[name])), Some("pass_headers"), "{name}");
        }
        assert_eq!(refused(|trunk| trunk.pass_headers = named(&["X-A"; 21])), Some("pass_headers"));
    }
}
