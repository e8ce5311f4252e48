//! Privacy: a person's number erased, the workspace exported.

catalogue! {
    /// Privacy.
    Privacy {
        title: "Privacy" | "Faragha",
        export: "Export everything" | "Pakua kila kitu",
        export_text: "One archive (tar) with calls and their timelines, recordings with their audio, and the ledger." | "Kumbukumbu moja (tar) yenye simu na mfuatano wake, rekodi na sauti zake, na leja.",
        erase: "Erase a person's number" | "Futa nambari ya mtu",
        erase_text: "Takes the number out of calls, timelines, events and logs, and deletes the recordings of its calls with their keys. Calls and ledger stay, without it. It can't be undone; you get a signed receipt." | "Huondoa nambari kwenye simu, mfuatano, matukio na kumbukumbu, na kufuta rekodi za simu zake pamoja na funguo zake. Simu na leja hubaki, bila nambari. Haiwezi kutenduliwa; utapata risiti iliyotiwa sahihi.",
        number: "Telephone number" | "Nambari ya simu",
        again: "The same once more" | "Hiyo hiyo tena",
        erase_button: "Erase for good" | "Futa kabisa",
        erased: "The number is erased" | "Nambari imefutwa",
        erased_nothing: "The number was not found" | "Nambari haikupatikana",
        erased_text: "{} recordings were deleted. Keep the receipt: the server does not know the number any more." | "Rekodi {} zilifutwa. Hifadhi risiti: seva haijui nambari tena.",
        receipt: "Receipt" | "Risiti",
    }
}
