//! What happens to a leg in a test of its actor: drawn at random, and printed when it was too much.

use proptest::prelude::*;

use super::negotiation::{Choice, Said, choice, described};

/// What happens in an established call.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The peer offers in a re-INVITE.
    Reinvite(Said),
    /// The peer offers in an UPDATE.
    Update(Said),
    /// An UPDATE that says nothing of the session.
    Refresh,
    /// The peer asks for our offer, and answers it in its ACK.
    Asked(Choice),
    /// The same, but before its ACK it offers in an UPDATE.
    AskedAndOffered(Choice, Said),
    /// Two offers before the first has its answer.
    Twice(Said, Said),
    /// Half of the session interval passes, and the peer does this with our refresh.
    Ours(Taken),
}

/// What becomes of our refresh.
#[derive(Debug, Clone)]
pub(super) enum Taken {
    /// It is accepted, with this answer where it has an offer.
    Accepted(Choice),
    /// It is refused, and the session goes on as it was.
    Refused,
    /// The peer offered at the same time, then accepts our second try.
    Collided(Said, Choice),
}

/// How an established call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Theirs,
    Ours,
    /// The peer asks for our offer and acknowledges it without an answer.
    Unanswered,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let taken = prop_oneof![
        choice().prop_map(Taken::Accepted),
        Just(Taken::Refused),
        (described(), choice()).prop_map(|(said, choice)| Taken::Collided(said, choice)),
    ];
    prop_oneof![
        4 => described().prop_map(Step::Reinvite),
        4 => described().prop_map(Step::Update),
        1 => Just(Step::Refresh),
        2 => choice().prop_map(Step::Asked),
        1 => (choice(), described()).prop_map(|(choice, said)| Step::AskedAndOffered(choice, said)),
        1 => (described(), described()).prop_map(|(first, second)| Step::Twice(first, second)),
        2 => taken.prop_map(Step::Ours),
    ]
}

/// One call after its answer.
#[derive(Debug, Clone)]
pub(super) struct Talk {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
    pub(super) takes_update: bool,
    pub(super) is_timed: bool,
}

pub(super) fn talk() -> impl Strategy<Value = Talk> {
    let end = prop_oneof![2 => Just(End::Theirs), 2 => Just(End::Ours), 1 => Just(End::Unanswered)];
    (prop::collection::vec(step(), 0..10), end, any::<bool>(), any::<bool>())
        .prop_map(|(steps, end, takes_update, is_timed)| Talk { steps, end, takes_update, is_timed })
}

/// A leg that calls us.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    /// None: it asks for our offer.
    pub(super) offer: Result<Said, Choice>,
    pub(super) at_once: bool,
    pub(super) rings: bool,
    pub(super) early: bool,
    /// It offers again before it is answered.
    pub(super) hasty: Option<Said>,
    pub(super) talk: Talk,
}

pub(super) fn coming() -> impl Strategy<Value = Coming> {
    let offer = prop_oneof![3 => described().prop_map(Ok), 1 => choice().prop_map(Err)];
    let before = (any::<bool>(), any::<bool>(), any::<bool>(), prop::option::weighted(0.3, described()));
    (offer, before, talk()).prop_map(|(offer, (at_once, rings, early, hasty), talk)| Coming {
        offer,
        at_once,
        rings,
        early,
        hasty,
        talk,
    })
}

/// A leg that we call.
#[derive(Debug, Clone)]
pub(super) struct Going {
    /// 18x of forks: their place among the tags, and their answer, if they give one.
    pub(super) forks: Vec<(usize, Option<Choice>)>,
    /// One of them offers before it has answered.
    pub(super) hasty: Option<Said>,
    /// Who takes the call, and how; the first answer stands where it says nothing more.
    pub(super) taken: (usize, Option<Choice>),
    pub(super) talk: Talk,
}

pub(super) const TAGS: [&str; 4] = ["a", "b", "c", "d"];

pub(super) fn going() -> impl Strategy<Value = Going> {
    let fork = (0..TAGS.len(), prop::option::weighted(0.7, choice()));
    let taken = (0..TAGS.len(), prop::option::weighted(0.8, choice()));
    let hasty = prop::option::weighted(0.3, described());
    (prop::collection::vec(fork, 0..4), hasty, taken, talk()).prop_map(|(forks, hasty, taken, talk)| Going {
        forks,
        hasty,
        taken,
        talk,
    })
}
