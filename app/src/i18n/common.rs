//! The frame, errors, times and words that several pages share.

catalogue! {
    /// Shared words.
    Common {
        skip: "Skip to content" | "Ruka hadi yaliyomo",
        dev_banner: "Development mode: simulated money, sandbox carrier, loopback only." | "Hali ya usanidi: pesa za majaribio, mtoa huduma wa majaribio, kompyuta hii pekee.",
        dev_mail: "Open sent mail" | "Fungua barua zilizotumwa",
        menu: "Menu" | "Menyu",
        home: "Home" | "Mwanzo",
        calls: "Calls" | "Simu",
        softphone: "Softphone" | "Simu ya kivinjari",
        numbers: "Numbers" | "Nambari",
        wallet: "Wallet" | "Pochi",
        keys: "API keys" | "Funguo za API",
        sign_out: "Sign out" | "Ondoka",
        language: "Language" | "Lugha",
        available: "{} available" | "{} zinapatikana",
        request_id: "Request {}" | "Ombi {}",
        error_page: "About this error" | "Kuhusu hitilafu hii",
        error_unreadable: "The server gave an answer that the console could not read. Try again; if it stays, tell the operator." | "Seva imetoa jibu ambalo konsoli haikuweza kusoma. Jaribu tena; ikiendelea, mwambie mwendeshaji.",
        error_title: "That did not work" | "Haikufaulu",
        not_found_title: "There is no such page" | "Ukurasa huu haupo",
        not_found_text: "The address may be misspelt, or what was here is gone." | "Huenda anwani ina makosa, au kilichokuwa hapa kimeondolewa.",
        go_home: "Go home" | "Rudi mwanzo",
        next_page: "Next page" | "Ukurasa unaofuata",
        first_page: "First page" | "Ukurasa wa kwanza",
        open: "Open" | "Fungua",
        cancel: "Cancel" | "Ghairi",
        save: "Save" | "Hifadhi",
        never: "Never" | "Kamwe",
        months: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec" | "Jan Feb Mac Apr Mei Jun Jul Ago Sep Okt Nov Des",
    }
}
