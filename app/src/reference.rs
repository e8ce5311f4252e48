//! The requests of the API as a page of the reference shows them, as the server reads them from its own description.
//!
//! Texts named `about` are HTML that is ours. Deliberately absent: OpenAPI and Markdown.

/// The requests of one subject, and the objects that they answer with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Requests, in the order of their paths.
    pub operations: Vec<Operation>,
    /// What several answers are made of, each described once.
    pub objects: Vec<Object>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its heading's anchor, unique on the page.
    pub anchor: String,
    /// What it does, in a few words.
    pub title: String,
    /// In upper case.
    pub method: &'static str,
    /// From the host on, with names in braces.
    pub path: String,
    /// What it does, at length; may be empty.
    pub about: String,
    /// Which credentials it takes.
    pub access: Access,
    /// Roles whose people may; empty where none is asked for.
    pub roles: Vec<&'static str>,
    /// Of the path, the query and the headers.
    pub parameters: Vec<Field>,
    /// Members of the body; empty when there is none.
    pub body: Vec<Field>,
    /// Answers of success.
    pub answers: Vec<Answer>,
    /// Codes that not almost every request can be answered with, with their status and title.
    pub refusals: Vec<(&'static str, u16, &'static str)>,
    /// The request in each language: its name, and the code.
    pub examples: Vec<(&'static str, String)>,
}

/// Who may send a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A key with this scope, or a person who is signed in.
    Scope(String),
    /// Any key, or a person who is signed in.
    Key,
    /// A person who is signed in, and no key.
    Session,
    /// A person who is signed in and runs this installation.
    Operator,
    /// Anybody.
    Open,
}

/// A parameter, or a member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it is sent.
    pub name: String,
    /// `path`, `query` or `header`; empty for a member.
    pub place: &'static str,
    /// What it takes, in words: type, choices, bounds.
    pub takes: String,
    /// It has to be there.
    pub required: bool,
    /// It can be null.
    pub nullable: bool,
    /// What it means.
    pub about: String,
    /// Members of its own, or of its rows.
    pub members: Vec<Field>,
    /// Address of where more is said of it.
    pub see: Option<String>,
}

/// What a request can be answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Of HTTP.
    pub status: String,
    /// What it says.
    pub about: String,
    /// What its body is, in words; empty for none.
    pub gives: String,
    /// Anchor of the object that is described on this page.
    pub object: Option<String>,
    /// The body, printed; its beginning where it is long.
    pub example: Option<String>,
}

/// What answers of several requests are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its heading's anchor, unique on the page.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What is in it.
    pub members: Vec<Field>,
}
