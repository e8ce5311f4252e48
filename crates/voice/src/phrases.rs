//! What we say on our own behalf, in our default language.

use sautikit_api::actions::{Prompt, Say};

/// The customer's server could not be asked.
pub(crate) fn apology() -> Prompt {
    Prompt::Say(Say::text("We are sorry, this service has a problem at the moment. Please call again later."))
}

/// The call was placed without anything to do.
pub(crate) fn notice() -> Prompt {
    Prompt::Say(Say::text(
        "This call was placed without instructions. Set a voice callback to decide what happens here.",
    ))
}
