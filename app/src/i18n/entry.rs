//! Sign-in, link check, onboarding.

catalogue! {
    /// Sign-in, link check, onboarding.
    Entry {
        sign_in: "Sign in to Sautikit" | "Ingia Sautikit",
        sign_in_text: "We send you a link; there is no password to remember. New here? The same link makes your account." | "Tunakutumia kiungo; hakuna nywila ya kukumbuka. Mgeni? Kiungo hicho hicho kinafungua akaunti yako.",
        email: "E-mail address" | "Anwani ya barua pepe",
        continue_with_google: "Continue with Google" | "Endelea na Google",
        send_link: "Send me a link" | "Nitumie kiungo",
        sent: "Check your mail" | "Angalia barua pepe yako",
        sent_text: "A sign-in link is on its way to {}. It works once, within 15 minutes." | "Kiungo cha kuingia kimetumwa kwa {}. Kinafanya kazi mara moja, ndani ya dakika 15.",
        sent_dev: "Nothing leaves this machine in development: read the mail here." | "Katika usanidi hakuna kinachotoka kwenye kompyuta hii: soma barua hapa.",
        mails: "Sent mail" | "Barua zilizotumwa",
        mails_text: "What this server would have sent. Nothing leaves this machine in development." | "Kile ambacho seva hii ingetuma. Katika usanidi hakuna kinachotoka kwenye kompyuta hii.",
        mails_none: "No mail yet" | "Bado hakuna barua",
        mails_none_text: "Ask for a sign-in link; it appears here at once." | "Omba kiungo cha kuingia; kitaonekana hapa mara moja.",
        mails_open: "Open the link" | "Fungua kiungo",
        sign_in_short: "Sign in" | "Ingia",
        other_email: "Use another address" | "Tumia anwani nyingine",
        verify: "Finish signing in" | "Maliza kuingia",
        verify_text: "One click more, so that mail scanners that open links can't use yours up." | "Bonyeza mara moja zaidi, ili vichunguzi vya barua visitumie kiungo chako.",
        verify_button: "Sign in" | "Ingia",
        verify_missing: "This link is incomplete" | "Kiungo hiki hakijakamilika",
        verify_missing_text: "Copy the whole address from the mail, or ask for a new link." | "Nakili anwani yote kutoka kwenye barua, au omba kiungo kipya.",
        new_link: "Ask for a new link" | "Omba kiungo kipya",
        onboarding: "Set up your workspace" | "Andaa eneo lako la kazi",
        onboarding_text: "It owns your numbers, calls and wallet. You can invite others later." | "Linamiliki nambari, simu na pochi yako. Unaweza kualika wengine baadaye.",
        onboarding_invited: "Were you invited to a workspace? Open the link in the invitation's mail instead." | "Je, ulialikwa kwenye eneo la kazi? Badala yake fungua kiungo kilicho kwenye barua ya mwaliko.",
        your_name: "Your name" | "Jina lako",
        workspace_name: "Workspace name" | "Jina la eneo la kazi",
        workspace_hint: "Your company or project" | "Kampuni au mradi wako",
        country: "Country" | "Nchi",
        currency: "Wallet currency" | "Sarafu ya pochi",
        currency_hint: "Fixed from here on: prices, top-ups and statements of this workspace stay in it." | "Haibadiliki baada ya hapa: bei, malipo na taarifa za eneo hili zitabaki kwa sarafu hii.",
        create: "Create workspace" | "Unda eneo la kazi",
    }
}
