//! The person's own account.

catalogue! {
    /// The person's own account.
    Profile {
        title: "Profile" | "Wasifu",
        text: "You, in every workspace that you belong to." | "Wewe, katika kila eneo la kazi unaloshiriki.",
        about: "About you" | "Kukuhusu",
        name: "Your name" | "Jina lako",
        email: "E-mail address" | "Anwani ya barua pepe",
        email_hint: "Sign-in links go here." | "Viungo vya kuingia hutumwa hapa.",
        google: "Google account" | "Akaunti ya Google",
        google_linked: "Linked: you can sign in with Google too. Links by mail work in any case." | "Imeunganishwa: unaweza pia kuingia kwa Google. Viungo vya barua pepe vinafanya kazi kila wakati.",
        google_unlinked: "Not linked. Link one, of whatever address, to sign in with it too." | "Haijaunganishwa. Unganisha moja, ya anwani yoyote, ili kuingia nayo pia.",
        link_google: "Link Google" | "Unganisha Google",
        unlink_google: "Unlink" | "Ondoa",
        was_unlinked: "The Google account was unlinked" | "Akaunti ya Google imeondolewa",
        saved: "Your name was saved" | "Jina lako limehifadhiwa",
        sessions: "Where you are signed in" | "Mahali ulipoingia",
        sessions_text: "A session ends after 14 days without use, and after 90 days in any case." | "Kipindi huisha baada ya siku 14 bila matumizi, na baada ya siku 90 kwa vyovyote.",
        browser: "Browser" | "Kivinjari",
        unknown_browser: "Unknown browser" | "Kivinjari kisichojulikana",
        ip: "IP address" | "Anwani ya IP",
        since: "Signed in" | "Uliingia",
        used: "Last used" | "Kilitumika mwisho",
        here: "This browser" | "Kivinjari hiki",
        end: "Sign out" | "Ondoa",
        end_label: "Sign out {}" | "Ondoa {}",
        end_others: "Sign out everywhere else" | "Ondoka kwingine kote",
        ended: "That session was signed out" | "Kipindi hicho kimeondolewa",
        ended_text: "Its next click leads to the sign-in page." | "Hatua yake inayofuata itaongoza kwenye ukurasa wa kuingia.",
        others_ended: "You are signed out everywhere else" | "Umeondoka kwingine kote",
    }
}
