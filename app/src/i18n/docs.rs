//! The frame of the documentation.

catalogue! {
    /// The frame of the documentation.
    Docs {
        title: "Documentation" | "Nyaraka",
        all_pages: "All pages" | "Kurasa zote",
        on_this_page: "On this page" | "Kwenye ukurasa huu",
    }
}
