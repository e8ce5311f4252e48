//! Shadow requests.

catalogue! {
    /// Shadow requests.
    Shadow {
        title: "Shadow requests" | "Maombi kivuli",
        text: "A handler that you try on live traffic: each voice callback request is copied to the number's shadow URL, and what it answers is compared, never run." | "Kitendaji unachojaribu kwa simu halisi: kila ombi la sauti hunakiliwa kwa URL kivuli ya nambari, na jibu lake hulinganishwa, halifanywi.",
        none: "No copies yet" | "Bado hakuna nakala",
        none_text: "Set a shadow URL on a number's page; the next call is copied to it." | "Weka URL kivuli kwenye ukurasa wa nambari; simu ijayo itanakiliwa kwake.",
        none_match: "No copy matches these filters" | "Hakuna nakala inayolingana",
        none_match_text: "Clear a filter to see more." | "Ondoa kichujio ili kuona zaidi.",
        clear: "Clear filters" | "Ondoa vichujio",
        filter: "Filter" | "Chuja",
        all: "All" | "Zote",
        differing: "All that differ" | "Zote zinazotofautiana",
        same: "Same" | "Sawa",
        different: "Different" | "Tofauti",
        failed: "Shadow failed" | "Kivuli kimeshindwa",
        recovered: "Only the shadow answered" | "Kivuli pekee kimejibu",
        outcome: "Outcome" | "Matokeo",
        number: "Number" | "Nambari",
        when: "When" | "Lini",
        request: "Request" | "Ombi",
        actions: "Next actions" | "Vitendo vifuatavyo",
        is_final: "End of the call" | "Mwisho wa simu",
        status: "Status" | "Hali",
        call: "Call" | "Simu",
        live: "Live" | "Halisi",
        shadow: "Shadow" | "Kivuli",
        details: "What differs" | "Tofauti",
        place: "Place" | "Mahali",
        nothing: "nothing" | "hakuna",
        more: "{} places differ; the first are shown." | "Sehemu {} zinatofautiana; za kwanza zinaonyeshwa.",
        answer: "What the shadow answered" | "Jibu la kivuli",
        skipped: "Skipped by the shadow's reading" | "Kilichorukwa katika jibu la kivuli",
    }
}
