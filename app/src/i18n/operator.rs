//! What operators of the installation see.

catalogue! {
    /// What operators of the installation see.
    Operator {
        workspaces: "Workspaces" | "Maeneo ya kazi",
        text: "Every workspace of this installation, newest first." | "Kila eneo la kazi la mfumo huu, jipya kwanza.",
        name: "Workspace" | "Eneo la kazi",
        country: "Country" | "Nchi",
        currency: "Currency" | "Sarafu",
        members: "Members" | "Washiriki",
        created: "Created" | "Liliundwa",
        status: "Status" | "Hali",
        search: "Name or id" | "Jina au kitambulisho",
        find: "Find" | "Tafuta",
        none: "No workspace matches" | "Hakuna eneo linalolingana",
        none_text: "Search for a part of its name, or for its whole id." | "Tafuta sehemu ya jina lake, au kitambulisho kizima.",
        all: "All workspaces" | "Maeneo yote",
        suspend: "Suspend" | "Simamisha",
        suspend_label: "Suspend {}" | "Simamisha {}",
        suspend_ask: "Calls and changes are refused from now on; reading and topping up go on. The reason stands in the workspace's audit log." | "Simu na mabadiliko yatakataliwa kuanzia sasa; kusoma na kuongeza salio kunaendelea. Sababu itaandikwa kwenye kumbukumbu za eneo hilo.",
        reason: "Reason" | "Sababu",
        suspend_sure: "Suspend workspace" | "Simamisha eneo",
        resume: "Resume" | "Rejesha",
        resume_label: "Resume {}" | "Rejesha {}",
        suspended: "The workspace is suspended" | "Eneo la kazi limesimamishwa",
        suspended_text: "You can resume it here at any time." | "Unaweza kulirejesha hapa wakati wowote.",
        resumed: "The workspace works again" | "Eneo la kazi linafanya kazi tena",
    }
}
