//! The flow playground.

catalogue! {
    /// The playground.
    Playground {
        title: "Flow playground" | "Uwanja wa majaribio",
        text: "Write what your server would answer, JSON or XML, and see how a call would read it. Nothing runs until you call." | "Andika jibu la seva yako, JSON au XML, uone jinsi simu ingelisoma. Hakuna kinachofanyika hadi upige.",
        document: "Answer" | "Jibu",
        compat: "Written for" | "Limeandikwa kwa",
        check: "Check" | "Kagua",
        good: "A call would run this" | "Simu ingefanya haya",
        bad: "A call would refuse this" | "Simu ingekataa hili",
        place: "line {}" | "mstari {}",
        runs: "What runs" | "Kinachofanyika",
        nothing: "Nothing: the call ends." | "Hakuna: simu inaisha.",
        skipped: "What is skipped" | "Kinachorukwa",
        call: "Run it as a call" | "Ifanye simu",
        call_text: "Calls a telephone from one of your numbers, and runs this when it answers. It costs what a call costs." | "Hupiga simu kutoka nambari yako na kufanya haya ikijibiwa. Inagharimu kama simu.",
        call_json: "A call takes actions in JSON: write them so to run them from here." | "Simu hupokea vitendo kwa JSON: viandike hivyo ili uvifanye kutoka hapa.",
        from: "From" | "Kutoka",
        to: "To" | "Kwenda",
        call_button: "Call" | "Piga",
    }
}
