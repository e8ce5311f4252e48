//! The frame of the documentation.

catalogue! {
    /// The frame of the documentation.
    Docs {
        title: "Documentation" | "Nyaraka",
        all_pages: "All pages" | "Kurasa zote",
        quickstart: "Quickstart" | "Anza haraka",
        search: "Search the documentation" | "Tafuta kwenye nyaraka",
        search_none: "Nothing was found" | "Hakuna kilichopatikana",
        own_number: "The examples on this page have your own number." | "Mifano ya ukurasa huu ina nambari yako mwenyewe.",
        key: "Make a key for this page" | "Tengeneza ufunguo wa ukurasa huu",
        key_made: "The code on this page has your new key. Copy it now: it is not shown again." | "Msimbo wa ukurasa huu una ufunguo wako mpya. Unakili sasa: hautaonyeshwa tena.",
        run: "Run it" | "Iendeshe",
        run_to: "Call from {} to" | "Piga kutoka {} kwenda",
        run_open: "Open the call's page" | "Fungua ukurasa wa simu",
        run_signed_out: "Signed in, with a number of your own, you have a button here that places this call." | "Ukiwa umeingia, na una nambari yako, hapa kuna kitufe kinachopiga simu hii.",
        on_this_page: "On this page" | "Kwenye ukurasa huu",
    }
}
