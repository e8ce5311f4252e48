//! Answering an invitation.

catalogue! {
    /// Answering an invitation.
    Invitation {
        title: "You are invited" | "Umealikwa",
        offer: "{} invites you to this workspace, as {}." | "{} anakualika kwenye eneo hili la kazi, kama {}.",
        accept: "Accept" | "Kubali",
        decline: "Decline" | "Kataa",
        sign_in_first: "It was sent to {}. Sign in with that address, and you come back here to answer it." | "Ulitumwa kwa {}. Ingia kwa anwani hiyo, nawe utarudi hapa kuujibu.",
        for_another: "It was sent to another address than yours. Sign in with the one that its mail came to, and you come back here to answer it." | "Ulitumwa kwa anwani nyingine. Ingia kwa anwani iliyopokea barua yake, nawe utarudi hapa kuujibu.",
        over: "This invitation is not open" | "Mwaliko huu hauko wazi",
        over_text: "It was answered or withdrawn, its 7 days are over, or its link is incomplete. Ask whoever invited you for a new one." | "Ulijibiwa au uliondolewa, siku zake 7 zimekwisha, au kiungo chake hakijakamilika. Mwombe aliyekualika mwaliko mpya.",
        declined: "You declined the invitation" | "Umekataa mwaliko",
        declined_text: "Nothing else happens. If you change your mind, ask for a new one." | "Hakuna kingine kinachotokea. Ukibadili nia, omba mwaliko mpya.",
    }
}
