//! API keys.

catalogue! {
    /// API keys.
    Keys {
        title: "API keys" | "Funguo za API",
        text: "Your servers prove who they are with a key. Keep keys out of browsers and repositories." | "Seva zako hujitambulisha kwa ufunguo. Usiweke funguo kwenye vivinjari wala hazina za msimbo.",
        create: "Create a key" | "Unda ufunguo",
        name: "Name" | "Jina",
        name_hint: "Where it will be used, for instance “billing server”." | "Utakapotumika, kwa mfano “seva ya malipo”.",
        scopes: "Scopes" | "Mawanda",
        scopes_hint: "Choose only what it needs. None chosen means everything but keys, members and top-ups." | "Chagua unachohitaji tu. Bila kuchagua ni yote isipokuwa funguo, washiriki na kuongeza salio.",
        create_button: "Create key" | "Unda ufunguo",
        created: "Copy your new key now" | "Nakili ufunguo wako mpya sasa",
        created_text: "It is shown this once and never again; we keep only a hash of it." | "Unaonyeshwa mara hii moja tu; sisi tunahifadhi alama yake pekee.",
        first_call: "Your first call with it" | "Simu yako ya kwanza kwa ufunguo huu",
        list: "Keys" | "Funguo",
        none: "No keys yet" | "Bado hakuna funguo",
        none_text: "Create one to call the API from your own code." | "Unda mmoja ili kutumia API kutoka msimbo wako.",
        key: "Key" | "Ufunguo",
        created_at: "Created" | "Uliundwa",
        last_used: "Last used" | "Ulitumika mwisho",
        revoke: "Revoke" | "Batilisha",
        revoke_ask: "Programs that use “{}” will stop working at once." | "Programu zinazotumia “{}” zitaacha kufanya kazi mara moja.",
        revoke_sure: "Revoke key" | "Batilisha ufunguo",
        revoked: "Revoked" | "Umebatilishwa",
        expired: "Expires {}" | "Unaisha {}",
        active: "Active" | "Hai",
        all_scopes: "Everything but keys, members and top-ups" | "Yote isipokuwa funguo, washiriki na salio",
        was_revoked: "The key was revoked" | "Ufunguo umebatilishwa",
        was_revoked_text: "Requests with it are refused from now on." | "Maombi yenye ufunguo huo yanakataliwa kuanzia sasa.",
    }
}
