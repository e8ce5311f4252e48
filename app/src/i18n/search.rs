//! Search, the palette and the keys.

catalogue! {
    /// Search.
    Search {
        title: "Search" | "Tafuta",
        text: "Pages, numbers, calls and documentation; any id leads to what it names." | "Kurasa, nambari, simu na nyaraka; kitambulisho chochote hukupeleka kwenye kitu chake.",
        label: "Words, a number or an id" | "Maneno, nambari au kitambulisho",
        find: "Search" | "Tafuta",
        found: "What was found" | "Kilichopatikana",
        none: "Nothing was found" | "Hakuna kilichopatikana",
        none_text: "Try fewer letters. Ids have to be whole." | "Jaribu herufi chache. Vitambulisho lazima viwe kamili.",
        page: "Page" | "Ukurasa",
        all_calls: "All calls with {}" | "Simu zote na {}",
        close: "Close" | "Funga",
        keys: "Keyboard" | "Kibodi",
        keys_palette: "Search from anywhere" | "Tafuta kutoka popote",
        keys_home: "Home" | "Mwanzo",
        keys_calls: "Calls" | "Simu",
        keys_numbers: "Numbers" | "Nambari",
        keys_wallet: "Wallet" | "Pochi",
        keys_requests: "Request log" | "Kumbukumbu za maombi",
        keys_phone: "Softphone" | "Simu ya kivinjari",
        keys_docs: "Documentation" | "Nyaraka",
        keys_rows: "Next and previous row of a list" | "Safu inayofuata na iliyotangulia",
        keys_open: "Open the row" | "Fungua safu",
        keys_help: "This list" | "Orodha hii",
        keys_off: "Single keys do something" | "Vitufe vimoja vinafanya kazi",
    }
}
