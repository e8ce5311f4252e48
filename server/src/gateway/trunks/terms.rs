//! What is agreed about calls by a trunk: the codecs that it speaks and how many calls it takes at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use media::Codec;
use parking_lot::Mutex;

use crate::config::SrtpPolicy;
use crate::gateway::figures::TrunkFigures;
use crate::gateway::leg::codecs;

/// The terms of one trunk; clones count the same calls. The default has none.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What it may be offered and may offer, the favourite first; `None`: whatever the transport carries.
    codecs: Option<Arc<[Codec]>>,
    places: Arc<Places>,
    pace: Arc<Pace>,
    /// Of a trunk, not of what has no terms.
    figures: Option<Arc<TrunkFigures>>,
    follows_redirects: bool,
    srtp: SrtpPolicy,
    /// Calls that we may begin by it within a second; [`NO_LIMIT`] where there is none.
    calls_per_second: u32,
}

/// Calls that began in a second.
#[derive(Debug, Default)]
struct Pace(Mutex<(u64, u32)>);

/// The calls that a trunk has and takes. A change of the limit counts those that run.
#[derive(Debug)]
struct Places {
    taken: AtomicU32,
    /// [`NO_LIMIT`] where there is none.
    limit: AtomicU32,
}

/// More calls than a node can have.
const NO_LIMIT: u32 = u32::MAX;

impl Default for Places {
    fn default() -> Self {
        Self { taken: AtomicU32::new(0), limit: AtomicU32::new(NO_LIMIT) }
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            codecs: None,
            places: Arc::default(),
            pace: Arc::default(),
            figures: None,
            follows_redirects: false,
            srtp: SrtpPolicy::default(),
            calls_per_second: NO_LIMIT,
        }
    }
}

/// One of the calls that a trunk takes at a time, until it is dropped.
#[derive(Debug, Default)]
pub struct Place(Option<Arc<Places>>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = &self.0 {
            places.taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The trunk has as many calls as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trunk has as many calls as it takes")]
pub struct Full;

impl Terms {
    /// Reads `codecs` (names as in SDP) and `max_calls` of a trunk. The name that is no codec of ours is given back.
    pub fn from_settings(names: &[String], max_calls: Option<u32>) -> Result<Self, &str> {
        let codecs =
            names.iter().map(|name| codecs::named(name).ok_or(name.as_str())).collect::<Result<Vec<_>, _>>()?;
        let terms = Self { codecs: (!codecs.is_empty()).then(|| codecs.into()), ..Self::counted() };
        terms.places.limit.store(max_calls.unwrap_or(NO_LIMIT), Ordering::Relaxed);
        Ok(terms)
    }

    fn counted() -> Self {
        Self { figures: Some(Arc::default()), ..Self::default() }
    }

    /// What has become of INVITEs by it.
    pub fn figures(&self) -> Option<&TrunkFigures> {
        self.figures.as_deref()
    }

    /// Those of a carrier that speaks G.711 and takes every call.
    pub fn g711() -> Self {
        Self { codecs: Some(Arc::new([Codec::Pcma, Codec::Pcmu])), ..Self::counted() }
    }

    /// The same with so many calls that we may begin within a second; none is no limit.
    #[must_use]
    pub fn paced(self, calls_per_second: Option<u32>) -> Self {
        Self { calls_per_second: calls_per_second.unwrap_or(NO_LIMIT), ..self }
    }

    /// The same, with calls going on to where it sends them.
    #[must_use]
    pub fn following_redirects(self, follows_redirects: bool) -> Self {
        Self { follows_redirects, ..self }
    }

    /// The same, with audio secured so.
    #[must_use]
    pub fn secured(self, srtp: SrtpPolicy) -> Self {
        Self { srtp, ..self }
    }

    /// How audio is secured.
    pub fn srtp(&self) -> SrtpPolicy {
        self.srtp
    }

    /// Whether calls go on to where it sends them.
    pub fn follows_redirects(&self) -> bool {
        self.follows_redirects
    }

    /// Whether one more call may begin by it in this second, and counts it.
    pub fn may_begin(&self, now: Duration) -> bool {
        let mut pace = self.pace.0.lock();
        if pace.0 != now.as_secs() {
            *pace = (now.as_secs(), 0);
        }
        let may = pace.1 < self.calls_per_second;
        pace.1 += u32::from(may);
        may
    }

    /// These terms from now on, with the calls that run under the former ones counted on.
    #[must_use]
    pub fn following(self, former: &Self) -> Self {
        let limit = self.places.limit.load(Ordering::Relaxed);
        former.places.limit.store(limit, Ordering::Relaxed);
        let figures = former.figures.clone().or(self.figures);
        Self { places: former.places.clone(), pace: former.pace.clone(), figures, ..self }
    }

    /// What it may be offered, the favourite first; `None`: whatever the transport carries.
    pub fn codecs(&self) -> Option<&[Codec]> {
        self.codecs.as_deref()
    }

    /// Calls that it has now.
    pub fn calls(&self) -> u32 {
        self.places.taken.load(Ordering::Relaxed)
    }

    /// Takes the place of one call.
    ///
    /// # Errors
    /// [`Full`].
    pub fn enter(&self) -> Result<Place, Full> {
        let limit = self.places.limit.load(Ordering::Relaxed);
        let one_more = |taken: u32| (taken < limit).then_some(taken + 1);
        let entered = self.places.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        entered.map(|_| Place(Some(self.places.clone()))).map_err(|_| Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn codecs_are_named_as_in_sdp() {
        let names = names(&["opus", "PCMU", "pcma"]);
        let terms = Terms::from_settings(&names, None).unwrap();
        assert_eq!(terms.codecs(), Some(&[Codec::Opus, Codec::Pcmu, Codec::Pcma][..]));
    }

    #[test]
    fn an_unknown_codec_is_given_back_and_none_means_all() {
        assert_eq!(Terms::from_settings(&names(&["PCMA", "G729"]), None).err(), Some("G729"));
        assert_eq!(Terms::from_settings(&[], None).unwrap().codecs(), None);
    }

    #[test]
    fn whatever_the_api_takes_for_a_codec_is_one() {
        assert!(Terms::from_settings(&names(&crate::trunks::CODECS), None).is_ok());
    }

    #[test]
    fn a_place_is_free_again_when_its_call_is_over() {
        let terms = Terms::from_settings(&[], Some(2)).unwrap();
        let same = terms.clone();
        let (first, _second) = (terms.enter().unwrap(), same.enter().unwrap());
        assert_eq!(terms.enter().err(), Some(Full));
        drop(first);
        assert!(same.enter().is_ok());
        assert!(Terms::default().enter().is_ok());
        assert!(Terms::from_settings(&[], Some(0)).unwrap().enter().is_err());
    }

    #[test]
    fn so_many_calls_begin_within_a_second_and_as_many_in_the_next() {
        let terms = Terms::from_settings(&[], None).unwrap().paced(Some(3));
        let begun = |at| (0..10).filter(|_| terms.clone().may_begin(at)).count();
        assert_eq!((begun(Duration::from_millis(900)), begun(Duration::from_millis(1_100))), (3, 3));
        assert_eq!((0..10).filter(|_| Terms::default().may_begin(Duration::ZERO)).count(), 10);
    }

    #[test]
    fn another_limit_counts_the_calls_that_run() {
        let former = Terms::from_settings(&[], None).unwrap();
        let places: Vec<_> = (0..3).map(|_| former.enter().unwrap()).collect();
        let now = Terms::from_settings(&[], Some(3)).unwrap().following(&former);
        assert_eq!((now.calls(), now.enter().err()), (3, Some(Full)));
        drop(places);
        assert_eq!(former.calls(), 0);
        assert!(now.enter().is_ok());
    }
}
