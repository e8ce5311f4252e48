//! Answering an invitation.

catalogue! {
    /// Answering an invitation.
    Invitation {
        title: "Invitation" | "Mwaliko",
        offer: "{} invites you to this workspace, as {}." | "{} anakualika kwenye eneo hili la kazi, kama {}.",
        accept: "Accept" | "Kubali",
        decline: "Decline" | "Kataa",
        sign_in: "Sign in" | "Ingia",
        sign_in_first: "Sign in with the address that the invitation was sent to, then open its link again." | "Ingia kwa anwani ambayo mwaliko ulitumwa, kisha fungua kiungo chake tena.",
    }
}
