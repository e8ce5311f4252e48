//! Home: checklist and the state of things.

catalogue! {
    /// Home.
    Home {
        hello: "Hello, {}" | "Habari, {}",
        text: "What your workspace is doing." | "Hali ya eneo lako la kazi.",
        get_started: "Get to your first call" | "Fika kwenye simu yako ya kwanza",
        done_of: "{} of 5 done" | "{} kati ya 5 zimekamilika",
        top_up: "Top up the wallet" | "Ongeza salio la pochi",
        top_up_text: "Numbers and calls are paid from it." | "Nambari na simu hulipwa kutoka humo.",
        claim: "Claim a number" | "Chukua nambari",
        claim_text: "Yours as long as its monthly rental is paid." | "Ni yako mradi kodi ya mwezi imelipwa.",
        route: "Route it" | "Ielekeze",
        route_text: "Say which URL answers calls to it." | "Sema ni URL ipi inajibu simu zake.",
        key: "Create an API key" | "Unda ufunguo wa API",
        key_text: "For your server to speak with ours." | "Ili seva yako izungumze na yetu.",
        call: "Make the first call" | "Piga simu ya kwanza",
        call_text: "From this browser, or with one curl command." | "Kutoka kivinjari hiki, au kwa amri moja ya curl.",
        do_top_up: "Top up" | "Ongeza",
        do_claim: "Choose a number" | "Chagua nambari",
        do_route: "Set routing" | "Weka uelekezaji",
        do_key: "Create key" | "Unda ufunguo",
        do_call: "Open softphone" | "Fungua simu",
        balance: "Available balance" | "Salio linalopatikana",
        held: "{} held by running calls" | "{} zimeshikiliwa na simu zinazoendelea",
        numbers: "Active numbers" | "Nambari hai",
        recent: "Recent calls" | "Simu za karibuni",
        all_calls: "All calls" | "Simu zote",
        talk_time: "Talk time, latest calls" | "Muda wa mazungumzo, simu za karibuni",
        live: "Live now" | "Zinazoendelea sasa",
    }
}
