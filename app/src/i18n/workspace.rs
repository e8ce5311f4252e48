//! The workspace itself: switcher, settings, making and deleting one.

catalogue! {
    /// The workspace itself.
    Workspace {
        workspace: "Workspace" | "Eneo la kazi",
        switch: "Switch workspace" | "Badilisha eneo la kazi",
        create: "Create a workspace" | "Unda eneo la kazi",
        create_text: "It has its own numbers, wallet and members. You become its owner." | "Lina nambari, pochi na washiriki wake. Utakuwa mmiliki wake.",
        settings: "Settings" | "Mipangilio",
        settings_text: "Name and country of this workspace." | "Jina na nchi ya eneo hili la kazi.",
        general: "General" | "Jumla",
        name: "Name" | "Jina",
        country: "Country" | "Nchi",
        country_hint: "How national numbers such as 0722… are read from here on. Fixed once money has moved." | "Jinsi nambari za kitaifa kama 0722… zinavyosomwa kuanzia sasa. Haibadiliki baada ya pesa kusogea.",
        currency: "Wallet currency" | "Sarafu ya pochi",
        id: "Workspace id" | "Kitambulisho cha eneo",
        status: "Status" | "Hali",
        active: "Active" | "Hai",
        suspended: "Suspended" | "Limesimamishwa",
        suspended_text: "The operator has suspended this workspace. You can read and top up; calls and changes are refused. Ask the operator for the reason; it also stands in the audit log." | "Mwendeshaji amesimamisha eneo hili la kazi. Unaweza kusoma na kuongeza salio; simu na mabadiliko yanakataliwa. Muulize mwendeshaji sababu; iko pia kwenye kumbukumbu za ukaguzi.",
        your_role: "Your role" | "Jukumu lako",
        saved: "Settings saved" | "Mipangilio imehifadhiwa",
        danger: "Danger zone" | "Eneo la hatari",
        delete: "Delete this workspace" | "Futa eneo hili la kazi",
        delete_text: "For good: members, keys and invitations end at once. First release its numbers and empty its wallet. Calls, ledger and audit log are kept, because money was moved by them." | "Kabisa: washiriki, funguo na mialiko huisha mara moja. Kwanza achilia nambari zake na maliza pochi yake. Simu, leja na kumbukumbu za ukaguzi huhifadhiwa, kwa sababu zilihamisha pesa.",
        delete_button: "Delete workspace" | "Futa eneo la kazi",
    }
}
