//! The request log.

catalogue! {
    /// The request log.
    Requests {
        title: "Request log" | "Kumbukumbu za maombi",
        text: "Requests to the API by keys and people of this workspace, newest first." | "Maombi kwa API kutoka kwa funguo na watu wa eneo hili, mapya kwanza.",
        none: "No requests yet" | "Bado hakuna maombi",
        none_text: "Call the API with a key of yours; every request appears here at once." | "Tumia API kwa ufunguo wako; kila ombi huonekana hapa mara moja.",
        none_match: "No request matches these filters" | "Hakuna ombi linalolingana",
        none_match_text: "Clear a filter to see more." | "Ondoa kichujio ili kuona zaidi.",
        clear: "Clear filters" | "Ondoa vichujio",
        filter: "Filter" | "Chuja",
        any: "Any" | "Yoyote",
        when: "When" | "Lini",
        request: "Request" | "Ombi",
        status: "Status" | "Hali",
        method: "Method" | "Njia",
        path: "Path begins with" | "Njia inaanza na",
        error_page: "About {}" | "Kuhusu {}",
        who: "Who" | "Nani",
        duration: "Duration" | "Muda",
        key: "API key" | "Ufunguo wa API",
        succeeded: "Succeeded" | "Yaliyofaulu",
        refused: "Refused (4xx)" | "Yaliyokataliwa (4xx)",
        broken: "Broken (5xx)" | "Yaliyovunjika (5xx)",
    }
}
