//! Where events go: the endpoints that are on, as the dispatcher knows them, and which of them an event is for. Pure.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sautikit_api::ids::{NumberId, WebhookEndpointId, WorkspaceId};

use crate::webhooks::client::origin_of;
use crate::webhooks::kinds;
use crate::webhooks::signing::Signing;

/// An endpoint that is on.
pub struct Endpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of its settings: attempts of another one say nothing of this.
    pub generation: i64,
    /// Which change of it this is.
    pub revision: i64,
    /// The number whose calls' events go there; none for one that the workspace set up.
    pub number: Option<NumberId>,
    /// Where to; of a number's only the origin.
    pub url: Arc<str>,
    /// Kinds, or beginnings of kinds.
    pub events: Vec<String>,
    /// What signs; none when it does not open.
    pub signing: Option<Signing>,
}

/// What an event asks of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Whose event.
    pub workspace: WorkspaceId,
    /// The name of its kind.
    pub kind: &'a str,
    /// The call's number and `events_url`, where it has one.
    pub events_url: Option<(NumberId, &'a str)>,
}

/// Where an event goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To an endpoint; at this URL where it is not its own.
    Known(WebhookEndpointId, Option<String>),
    /// To an origin that no endpoint is for yet.
    New {
        /// Its number.
        number: NumberId,
        /// Scheme, host and port.
        origin: String,
        /// The whole URL.
        url: String,
    },
}

/// All endpoints, by what they are asked for.
#[derive(Default)]
pub struct Directory {
    by_id: HashMap<WebhookEndpointId, Arc<Endpoint>>,
    of_workspaces: HashMap<WorkspaceId, Vec<WebhookEndpointId>>,
    of_numbers: HashMap<(NumberId, Arc<str>), WebhookEndpointId>,
    /// Origins of numbers that were switched off: nothing is sent there.
    off: HashMap<(NumberId, Arc<str>), WebhookEndpointId>,
    /// URLs of origins that answered 410, with the generation that they did in: nothing more is sent there.
    gone: HashMap<WebhookEndpointId, (i64, HashSet<Arc<str>>)>,
}

/// What stands in place of an origin in the endpoint of all those that a number has beyond its most.
pub const FURTHER_ORIGINS: &str = "*";

/// URLs of one origin that are known to be gone; beyond, each is found out anew.
const MOST_GONE: usize = 1_000;

impl Directory {
    /// How many origins events of the number's calls go to, each by an endpoint of its own.
    pub fn origins_of(&self, number: NumberId) -> usize {
        let all = self.of_numbers.keys().chain(self.off.keys());
        all.filter(|(of, origin)| *of == number && **origin != *FURTHER_ORIGINS).count()
    }

    /// Adds an endpoint, or takes its new settings.
    pub fn put(&mut self, endpoint: Endpoint) {
        let id = endpoint.id;
        // One that was switched on again is asked anew.
        let gone = self.gone.remove(&id).filter(|(generation, _)| *generation == endpoint.generation);
        self.remove(id);
        self.gone.extend(gone.map(|gone| (id, gone)));
        match endpoint.number {
            Some(number) => drop(self.of_numbers.insert((number, endpoint.url.clone()), id)),
            None => self.of_workspaces.entry(endpoint.workspace).or_default().push(id),
        }
        self.by_id.insert(id, Arc::new(endpoint));
    }

    /// Notes that the origin of a number is off.
    pub fn put_off(&mut self, id: WebhookEndpointId, number: NumberId, origin: Arc<str>) {
        self.remove(id);
        self.off.insert((number, origin), id);
    }

    /// Notes that a URL of a number's origin answered 410, or took an event after all.
    pub fn heard(&mut self, id: WebhookEndpointId, url: &Arc<str>, is_gone: bool) {
        let Some(endpoint) = self.by_id.get(&id).filter(|endpoint| endpoint.number.is_some()) else { return };
        let (_, gone) = self.gone.entry(id).or_insert_with(|| (endpoint.generation, HashSet::new()));
        if !is_gone {
            gone.remove(url);
        } else if gone.len() < MOST_GONE {
            gone.insert(url.clone());
        }
    }

    /// Forgets an endpoint.
    pub fn remove(&mut self, id: WebhookEndpointId) {
        self.gone.remove(&id);
        self.off.retain(|_, other| *other != id);
        let Some(endpoint) = self.by_id.remove(&id) else { return };
        match endpoint.number {
            Some(number) => drop(self.of_numbers.remove(&(number, endpoint.url.clone()))),
            None => {
                if let Some(ids) = self.of_workspaces.get_mut(&endpoint.workspace) {
                    ids.retain(|other| *other != id);
                }
            }
        }
    }

    /// The endpoint of that id, if it is on.
    pub fn get(&self, id: WebhookEndpointId) -> Option<Arc<Endpoint>> {
        self.by_id.get(&id).cloned()
    }

    /// Whether no endpoint is on.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Where an event goes.
    pub fn targets(&self, wanted: &Wanted<'_>) -> Vec<Target> {
        let of_workspace = self.of_workspaces.get(&wanted.workspace).into_iter().flatten();
        let subscribed = of_workspace.filter(|id| {
            let endpoint = self.by_id.get(id);
            endpoint.is_some_and(|endpoint| endpoint.events.iter().any(|one| kinds::matches(one, wanted.kind)))
        });
        let mut targets: Vec<_> = subscribed.map(|id| Target::Known(*id, None)).collect();
        targets.extend(wanted.events_url.and_then(|(number, url)| self.target_of(number, url)));
        targets
    }

    fn target_of(&self, number: NumberId, url: &str) -> Option<Target> {
        // What can't be read was refused when it was written.
        self.target_at(number, origin_of(url)?, url)
    }

    /// Where an event for `url` goes by the endpoint of a number's origin, or of its further ones.
    pub fn target_at(&self, number: NumberId, origin: String, url: &str) -> Option<Target> {
        let key = (number, Arc::from(origin.as_str()));
        if self.off.contains_key(&key) {
            return None;
        }
        Some(match self.of_numbers.get(&key) {
            Some(id) if self.gone.get(id).is_some_and(|(_, gone)| gone.contains(url)) => return None,
            Some(id) => Target::Known(*id, Some(url.to_owned())),
            None => Target::New { number, origin, url: url.to_owned() },
        })
    }
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::WebhookEndpointId;
    use uuid::Uuid;

    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
    const NUMBER: NumberId = NumberId(Uuid::from_u128(2));

    fn endpoint(id: u128, number: Option<NumberId>, url: &str, events: &[&str]) -> Endpoint {
        Endpoint {
            id: WebhookEndpointId(Uuid::from_u128(id)),
            workspace: WORKSPACE,
            generation: 0,
            revision: 0,
            number,
            url: url.into(),
            events: events.iter().map(|one| (*one).to_owned()).collect(),
            signing: None,
        }
    }

    fn targets(directory: &Directory, kind: &str, events_url: Option<&str>) -> Vec<Target> {
        let events_url = events_url.map(|url| (NUMBER, url));
        directory.targets(&Wanted { workspace: WORKSPACE, kind, events_url })
    }

    #[test]
    fn an_event_goes_to_who_is_subscribed_in_its_workspace() {
        let mut directory = Directory::default();
        directory.put(endpoint(10, None, "https://a.example/", &["call.*"]));
        directory.put(endpoint(11, None, "https://b.example/", &["wallet.top_up", "call.failed"]));
        directory.put(Endpoint { workspace: WorkspaceId(Uuid::from_u128(9)), ..endpoint(12, None, "x", &["*"]) });
        let known = |id| Target::Known(WebhookEndpointId(Uuid::from_u128(id)), None);
        assert_eq!(targets(&directory, "call.failed", None), [known(10), known(11)]);
        assert_eq!(targets(&directory, "wallet.top_up", None), [known(11)]);
        assert_eq!(targets(&directory, "number.released", None), []);
        directory.put(endpoint(10, None, "https://a.example/", &["wallet.*"]));
        assert_eq!(targets(&directory, "call.answered", None), []);
        directory.remove(WebhookEndpointId(Uuid::from_u128(11)));
        assert_eq!(targets(&directory, "wallet.top_up", None), [known(10)]);
    }

    #[test]
    fn a_url_that_is_gone_is_sent_nothing_until_it_takes_something_or_its_origin_is_another() {
        let mut directory = Directory::default();
        let (one, other) = ("https://a.example/events?of=1", "https://a.example/events?of=2");
        let id = WebhookEndpointId(Uuid::from_u128(20));
        let sent = |directory: &Directory, url| targets(directory, "call.failed", Some(url)).len();
        directory.put(endpoint(20, Some(NUMBER), "https://a.example", &[]));
        directory.heard(id, &one.into(), true);
        // Another setting of it.
        directory.put(endpoint(20, Some(NUMBER), "https://a.example", &[]));
        assert_eq!((sent(&directory, one), sent(&directory, other)), (0, 1));
        directory.heard(id, &one.into(), false);
        assert_eq!(sent(&directory, one), 1, "somebody had one sent again by hand");
        directory.heard(id, &one.into(), true);
        directory.put(Endpoint { generation: 1, ..endpoint(20, Some(NUMBER), "https://a.example", &[]) });
        assert_eq!(sent(&directory, one), 1, "it was switched on again");
    }

    #[test]
    fn urls_of_one_origin_share_what_is_known_of_it() {
        let mut directory = Directory::default();
        let (one, other) = ("https://a.example/events?call=1", "https://a.example/events?call=2");
        let new = Target::New { number: NUMBER, origin: "https://a.example".to_owned(), url: one.to_owned() };
        assert_eq!(targets(&directory, "call.failed", Some(one)), [new]);
        let id = WebhookEndpointId(Uuid::from_u128(20));
        directory.put(endpoint(20, Some(NUMBER), "https://a.example", &[]));
        assert_eq!(targets(&directory, "call.failed", Some(other)), [Target::Known(id, Some(other.to_owned()))]);
        directory.put_off(id, NUMBER, "https://a.example".into());
        assert_eq!(targets(&directory, "call.failed", Some(one)), []);
        directory.put(endpoint(20, Some(NUMBER), "https://a.example", &[]));
        assert_eq!(targets(&directory, "call.failed", Some(one)), [Target::Known(id, Some(one.to_owned()))]);
    }

    #[test]
    fn further_origins_share_an_endpoint_that_is_none_of_the_numbers_origins() {
        let mut directory = Directory::default();
        let (further, url) = (|| FURTHER_ORIGINS.to_owned(), "https://b.example/events");
        let new = Target::New { number: NUMBER, origin: further(), url: url.to_owned() };
        assert_eq!(directory.target_at(NUMBER, further(), url), Some(new));
        let id = WebhookEndpointId(Uuid::from_u128(21));
        directory.put(endpoint(20, Some(NUMBER), "https://a.example", &[]));
        directory.put(endpoint(21, Some(NUMBER), FURTHER_ORIGINS, &[]));
        assert_eq!(directory.target_at(NUMBER, further(), url), Some(Target::Known(id, Some(url.to_owned()))));
        assert_eq!(directory.origins_of(NUMBER), 1);
        directory.heard(id, &url.into(), true);
        assert_eq!(directory.target_at(NUMBER, further(), url), None, "it answered 410");
    }
}
