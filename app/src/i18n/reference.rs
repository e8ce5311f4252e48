//! The reference of the API.

catalogue! {
    /// The reference of the API, whose descriptions are English.
    Reference {
        requests: "Requests" | "Maombi",
        parameters: "Parameters" | "Vigezo",
        body: "Body" | "Mwili wa ombi",
        answers: "Answers" | "Majibu",
        refusals: "Errors of its own" | "Makosa yake yenyewe",
        refusals_all: "What every request can be refused with" | "Makosa ya maombi yote",
        objects: "Objects" | "Vitu",
        required: "required" | "lazima",
        nullable: "can be null" | "inaweza kuwa null",
        in_path: "in the path" | "kwenye njia",
        in_query: "in the query" | "kwenye swali",
        in_header: "header" | "kichwa",
        members: "Members of {}" | "Vilivyomo kwenye {}",
        told_at: "In the documentation" | "Kwenye hati",
        access_scope: "An API key with the scope {}, or a person who is signed in" | "Ufunguo wa API wenye ruhusa {}, au mtu aliyeingia",
        access_key: "Any API key, or a person who is signed in" | "Ufunguo wowote wa API, au mtu aliyeingia",
        access_session: "A person who is signed in, no API key" | "Mtu aliyeingia, si ufunguo wa API",
        access_operator: "An operator of this installation who is signed in" | "Mwendeshaji wa mfumo huu aliyeingia",
        access_open: "Anybody, without a credential" | "Yeyote, bila kitambulisho",
        roles: "Roles: {}" | "Majukumu: {}",
        answer_example: "Example of the answer" | "Mfano wa jibu",
        who: "Who may" | "Nani anaweza",
    }
}
